"""What a case expects against what came of it: pure, every difference a failure with its line."""

import re
from collections.abc import Iterator
from typing import Any

from runstone.content.suite import SuiteEvent
from runstone.content.trial import complaint, pattern
from runstone.content.trial.casefile import Trial
from runstone.content.trial.cases import ExpectedIssue
from runstone.content.trial.play import Call, Played
from runstone.content.trial.report import Failure
from runstone.model.content import Contract, PossibleIssue

_ORDER = ("", "skipped", "passed", "failed", "errored")
"""States of Tasks, the worst last."""
_SHOWN = 200
_WORKED_OUT = re.compile(r"[$@&%]\{[^}]*\}(?:\[[^\]]*\])?|\$\w+|\{[^}]*\}|\\\([^)]*\)|%[sd]")
"""Variables of Robot, bash, Python and jq in a text."""


def failures(trial: Trial, contract: Contract, seen: Played) -> tuple[Failure, ...]:
    """Everything that is not as the case wants it."""
    found = (
        *_broken(trial, contract, seen),
        *_state(trial, seen),
        *_missing(trial, contract, seen),
        *_others(trial, contract, seen),
        *_said(trial, seen),
        *_measured(trial, seen),
        *_unanswered(trial, contract, seen.calls),
        *_asked(trial, seen.calls),
    )
    return tuple(dict.fromkeys(found))


def told(trial: Trial, one: Call) -> str:
    """A call and what answered it, in a line."""
    line = 0 if one.answer is None else trial.answer_line(one.kind, one.answer)
    return f"{_short(one.text)} <- {f'{trial.file}:{line}' if line else 'no answer'}"


def note(event: SuiteEvent) -> str:
    """A note in a line."""
    record = event.record
    return f"{record.get('resource') or ''} {record['what']}: {record['why']}".strip()


def raises(possible: PossibleIssue, title: str) -> bool:
    """Whether an Issue of this title may come from there, as far as the source tells."""
    parts = _WORKED_OUT.split(possible.title.strip())
    return re.fullmatch(".*".join(map(re.escape, parts)) or ".*", title.strip(), re.DOTALL) is not None


def _broken(trial: Trial, contract: Contract, seen: Played) -> Iterator[Failure]:
    """The suite that could not be run, and Tasks that broke."""
    broken = [one for one in seen.done if one.state == "errored"]
    if seen.result.timed_out:
        waits = next((f" The last call was: {told(trial, one)}." for one in reversed(seen.calls)), "")
        yield Failure(message=seen.result.message + waits, file=trial.file, line=trial.line("deadline_s"))
        return
    if not seen.result.ok and not any(one.message and one.message in seen.result.message for one in broken):
        yield Failure(message=seen.result.message, file=contract.suite.file, line=0)
    if trial.case.expect.status == "errored":
        return
    setups: set[str] = set()
    for one in broken:
        # A setup that failed is said by every Task, and the suite.
        whole = not seen.result.ok and one.message == seen.result.message
        if whole and one.message in setups:
            continue
        setups.add(one.message)
        message = one.message if whole else f"Task {one.resolved_title!r} broke: {one.message}"
        file, line = _place(one, contract)
        yield Failure(message=message, file=file, line=line)


def _place(done: SuiteEvent, contract: Contract) -> tuple[str, int]:
    """Where a Task broke: the step, else what its script said, else the Task."""
    if done.file:
        return done.file, done.line
    scripts = {script for task in contract.tasks if task.title == done.title for script in task.scripts}
    file, line = complaint.place(done.message, scripts)
    lines = {task.title: task.line for task in contract.suite.tasks}
    return (file, line) if file else (contract.suite.file, lines.get(done.title, 0))


def _state(trial: Trial, seen: Played) -> Iterator[Failure]:
    wanted = trial.case.expect.status
    worst = max((one.state for one in seen.done), key=_ORDER.index, default="")
    if wanted and worst != wanted:
        text = f"The Tasks ended {worst or 'without one that ran'}, not {wanted}."
        yield _expected(trial, text, "status")


def _missing(trial: Trial, contract: Contract, seen: Played) -> Iterator[Failure]:
    """Expected Issues that were not raised, or not as often."""
    for number, wanted in enumerate(trial.case.expect.issues):
        found = [one for one in seen.issues if _fits(wanted, one.record)]
        if found and wanted.times in (None, len(found)):
            continue
        if found:
            text = f"{_wanted(wanted)} was raised {len(found)} times, not {wanted.times}."
        else:
            near = next((why for one in seen.issues if (why := _differs(wanted, one.record))), "")
            others = ", ".join(f"{_short(str(one.record['title']))!r}" for one in seen.issues) or "none"
            text = f"{_wanted(wanted)} was not raised. {near or f'Raised: {others}.'} {_source(wanted, contract, seen)}"
        yield _expected(trial, text.strip(), "issues", number)


def _others(trial: Trial, contract: Contract, seen: Played) -> Iterator[Failure]:
    if not trial.case.expect.no_other_issues:
        return
    for one in seen.issues:
        if any(_fits(wanted, one.record) for wanted in trial.case.expect.issues):
            continue
        title = str(one.record["title"])
        at = next(iter(_possible(contract, title, {one.title})), None)
        source = f" {at.file}:{at.line} raises it." if at else ""
        text = f"An Issue that is not expected: {title!r} of severity {one.record['severity']}, raised by"
        by = f"Task {one.resolved_title!r}" if one.title else "the suite's setup"
        yield _expected(trial, f"{text} {by}.{source}", "no_other_issues")


def _said(trial: Trial, seen: Played) -> Iterator[Failure]:
    """The report and the notes."""
    expect = trial.case.expect
    text = "".join(one.text for one in seen.events if one.type == "output")
    for number, wanted in enumerate(expect.report):
        if not pattern.fits(wanted, text):
            end = f"It ends: {text.strip()[-_SHOWN:]!r}." if text.strip() else "There is none."
            yield _expected(trial, f"The report does not fit {wanted!r}. {end}", "report", number)
    kinds = {"ruled_out": expect.ruled_out, "could_not_check": expect.could_not_check}
    for kind, patterns in kinds.items():
        notes = [note(one) for one in seen.events if one.type == "note" and one.record["kind"] == kind]
        for number, wanted in enumerate(patterns):
            if not any(pattern.fits(wanted, one) for one in notes):
                shown = "; ".join(map(_short, notes)) or "nothing"
                what = f"Nothing was said as {kind.replace('_', ' ')} that fits {wanted!r}."
                yield _expected(trial, f"{what} Said: {shown}.", kind, number)


def _measured(trial: Trial, seen: Played) -> Iterator[Failure]:
    expect = trial.case.expect
    pushed = {str(one.record["sub_name"]): float(one.record["value"]) for one in seen.events if one.type == "metric"}
    wanted = {**({"": expect.metric} if expect.metric is not None else {}), **expect.metrics}
    for name, number in wanted.items():
        what = f"The metric {name}" if name else "The metric"
        place = ("metrics", name) if name else ("metric",)
        if name not in pushed:
            known = ", ".join(f"{one or '(main)'} = {value:g}" for one, value in pushed.items()) or "none"
            yield _expected(trial, f"{what} was not pushed. Pushed: {known}.", *place)
        elif abs(pushed[name] - number) > 1e-9:
            yield _expected(trial, f"{what} is {pushed[name]:g}, not {number:g}.", *place)


def _unanswered(trial: Trial, contract: Contract, calls: tuple[Call, ...]) -> Iterator[Failure]:
    tools = [tool for task in contract.tasks for tool in task.tools]
    for one in dict.fromkeys(call for call in calls if call.answer is None):
        program = one.text.partition(" ")[0]
        at = next((tool for tool in tools if one.kind == "tools" and tool.name == program), None)
        source = f" {at.file}:{at.line} calls {program}." if at else ""
        text = f"Nothing in the case answers: {_short(one.text)}.{source} Add an answer below {one.kind}."
        yield Failure(message=text, file=trial.file, line=trial.line(one.kind))


def _asked(trial: Trial, calls: tuple[Call, ...]) -> Iterator[Failure]:
    for number, wanted in enumerate(trial.case.expect.calls):
        if not any(pattern.fits(wanted, one.text) for one in calls):
            yield _expected(trial, f"Nothing was asked that fits {wanted!r}.", "calls", number)
    for number, unwanted in enumerate(trial.case.expect.never):
        for one in dict.fromkeys(call.text for call in calls if pattern.fits(unwanted, call.text)):
            yield _expected(trial, f"This must never be asked, and was: {_short(one)}.", "never", number)


def _expected(trial: Trial, message: str, *place: str | int) -> Failure:
    return Failure(message=message, file=trial.file, line=trial.line("expect", *place))


def _wanted(wanted: ExpectedIssue) -> str:
    return f"The Issue {wanted.title!r}" + (f" of severity {wanted.severity}" if wanted.severity else "")


def _fits(wanted: ExpectedIssue, record: dict[str, Any]) -> bool:
    return pattern.fits(wanted.title, str(record["title"])) and not _differs(wanted, record)


def _differs(wanted: ExpectedIssue, record: dict[str, Any]) -> str:
    """In what an Issue of the wanted title is not the wanted one; empty when it is, or has another title."""
    if not pattern.fits(wanted.title, str(record["title"])):
        return ""
    if wanted.severity and wanted.severity != record["severity"]:
        return f"{record['title']!r} was, of severity {record['severity']}."
    for name in ("expected", "actual", "details", "next_steps", "resource", "cause"):
        want: str | None = getattr(wanted, name)
        said = "\n".join(record["next_steps"]) if name == "next_steps" else str(record.get(name) or "")
        if want is not None and not pattern.fits(want, said):
            return f"{record['title']!r} was, but its {name} do not fit {want!r}: {_short(said)!r}."
    return ""


def _source(wanted: ExpectedIssue, contract: Contract, seen: Played) -> str:
    """Where the Tasks that ran would raise it, by the words of the titles that the source gives."""
    if wanted.title.startswith("re:"):
        return ""
    places = dict.fromkeys(
        f"{one.file}:{one.line}"
        for task in contract.tasks
        for one in task.issues
        if task.title in seen.titles and one.title.strip() and pattern.meet(_as_glob(one), wanted.title)
    )
    return f"Where it could be raised: {', '.join(places)}." if places else ""


def _as_glob(possible: PossibleIssue) -> str:
    return _WORKED_OUT.sub("*", possible.title.strip())


def _possible(contract: Contract, title: str, tasks: set[str]) -> Iterator[PossibleIssue]:
    for task in contract.tasks:
        if task.title in tasks:
            yield from (one for one in task.issues if raises(one, title))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
