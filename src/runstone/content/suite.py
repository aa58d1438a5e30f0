"""Runs one suite through an executor and tells what happens while it happens.

The suite itself runs in a process of its own (:mod:`runstone.content.engine`), which gets its order, secrets
included, on stdin. This module starts it, turns its lines into events, and answers for Tasks that it could not finish.
"""

import asyncio
import base64
import json
import os
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from runstone.connectors.executors import Executor, ExecutorOrder, ExecutorOutcome, Limits, Source, Warm
from runstone.content import contract, inputs, taskfile, tools
from runstone.content.dependencies import bytecode
from runstone.errors import BadInput
from runstone.model.content import CollectionRef

EventType = Literal["started", "output", "issue", "note", "metric", "command", "unresolved", "done"]
State = Literal["", "passed", "failed", "skipped", "errored"]

_ENGINE = "runstone.content.engine"
_BASH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where bash looks when it is given no PATH (Debian's and most others' build)."""
# What a suite may see of the runner's own environment: how to find programs, reach the network, and the ambient AWS
# identity of its machine. The same list as RW.CLI hands on to commands, and PATH, which bundles read to pass it on.
_PASSED_ON = re.compile(
    r"PATH|USER|LANG|LC_\w+|TZ|HTTPS?_PROXY|NO_PROXY|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|"
    r"AWS_(?:DEFAULT_)?REGION|AWS_ROLE_ARN|AWS_WEB_IDENTITY_TOKEN_FILE|AWS_CONTAINER_\w+|AWS_STS_REGIONAL_ENDPOINTS"
)


@dataclass(frozen=True)
class SuiteOrder:
    """One run of a suite. ``titles`` are unresolved, None means all; one that matches no Task is an error.

    ``workdir`` is a folder of this run alone; the caller removes it. ``context`` holds variables of the platform
    (``RW_WORKSPACE``, ``RW_SLX``, ``RW_SESSION_ID``, ``RW_RUNREQUEST_ID``, ``RW_LOCATION`` …).
    """

    root: Path
    bundle: Path
    robot: str
    titles: tuple[str, ...] | None
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    workdir: Path
    deadline_s: float
    context: Mapping[str, str]
    collection: CollectionRef | None = None
    """The address of ``root``, for an executor whose place is not this machine."""
    dependencies: tuple[Path, ...] = ()
    """Folders of what the collection's requirements ask for; see :mod:`runstone.content.dependencies`."""
    tool_path: str = ""
    """Where commands of Tasks look for programs when a Task gives them no PATH; empty for bash's own default."""
    limits: Limits = field(default_factory=Limits)
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    """Files to put below ``workdir``, readable by the run alone, such as a cloud's login state."""
    log: bool = False
    """Whether Robot keeps its own log, ``logs/log.html``: it records every value, so it is for authors only."""
    dry: bool = False
    """Only see whether libraries, keywords and arguments of a ``.robot`` file resolve: no step is executed."""
    commands: bool = False
    """Whether each command of RW.CLI that ended is an event: for authors, who want to know what failed unseen."""


@dataclass(frozen=True)
class SuiteEvent:
    """One thing that happened. ``title`` is unresolved, and empty when it belongs to the suite's setup. ``at`` is UTC.

    ``record`` of an ``issue``: severity (int 1..4), title, expected, actual, details, next_steps (list),
    reproduce_hint, observed_at, summary, resource, cause (text), evidence, blames (lists), and whatever else the Task
    gave. Of a ``note``: kind (``ruled_out``, ``could_not_check``, ``blocked``), resource, what, why. Of a ``metric``:
    name, sub_name, value, type, labels. ``done`` carries state, message and elapsed_s. Of a ``command`` (where the
    order asks for them): what, returncode, stderr (its end). ``unresolved`` (of a dry order alone) carries a message:
    what does not resolve. ``file`` and ``line`` say where that stands, or the innermost step that ended an errored
    Task: relative to the bundle where it lies in it; empty and 0 when it is not known.
    """

    type: EventType
    title: str
    resolved_title: str
    at: str
    text: str = ""
    record: dict[str, Any] = field(default_factory=dict[str, Any])
    state: State = ""
    message: str = ""
    elapsed_s: float = 0.0
    truncated: bool = False
    file: str = ""
    line: int = 0
    omitted: int = 0
    """Characters of output beyond the cap; they lie in ``workdir/rest/N.txt``, N the Task's place in the run."""


@dataclass(frozen=True)
class SuiteResult:
    """``ok`` False: the suite could not be run, or not to its end; ``message`` says why in a sentence."""

    ok: bool
    message: str
    exit_code: int
    timed_out: bool


def unready(order: SuiteOrder, executor: Executor) -> tuple[str, ...]:
    """Why a run would fail before it looked at anything: inputs, secrets and programs that are missing or wrong.

    One sentence each. Raises BadInput when the suite cannot be read.
    """
    found = contract.of(order.bundle / order.robot)
    name = order.bundle.name
    wrong = inputs.problems(name, found.suite, order.variables, {*order.secrets, *_keyed(order)})
    # Some bundles pass the runner's PATH on to their commands, others leave them to bash: either way is a way.
    path = os.pathsep.join(filter(None, (_tool_path(order), os.environ.get("PATH"), _BASH_PATH)))
    missing = tools.missing(found, order.titles, partial(shutil.which, path=path), name) if executor.local else ()
    return (*wrong, *missing)


def _keyed(order: SuiteOrder) -> set[str]:
    """Secrets that the suite's own libraries resolve, by a map of names and keys in the context; see RW.platform."""
    try:
        return set(json.loads(order.context.get("RW_SECRETS_KEYS") or "{}"))
    except (ValueError, TypeError):
        return set()


def _tool_path(order: SuiteOrder) -> str:
    return order.tool_path or order.context.get("RW_TOOL_PATH", "")


async def run(order: SuiteOrder, executor: Executor, on_event: Callable[[SuiteEvent], Awaitable[None]]) -> SuiteResult:
    """Run the suite. Every Task that began ends with a ``done`` event, whatever becomes of the process."""
    try:
        problem = _unfit(order) or ("" if order.dry else " ".join(await asyncio.to_thread(unready, order, executor)))
        if problem:
            return SuiteResult(ok=False, message=problem, exit_code=-1, timed_out=False)
        scripts = order.robot == taskfile.NAME
        manifest = taskfile.manifest(order.bundle / order.robot).model_dump(mode="json") if scripts else None
    except BadInput as err:
        return SuiteResult(ok=False, message=str(err), exit_code=-1, timed_out=False)
    order.workdir.mkdir(parents=True, exist_ok=True)
    story = _Story(on_event)
    outcome = await executor.run(_process(order, manifest), story.line)
    if outcome.timed_out:
        await story.close(f"It did not end within the {order.deadline_s:g} s of this run and was stopped.")
        message = f"Bundle {order.bundle.name}: the suite did not end within {order.deadline_s:g} s and was stopped."
        return SuiteResult(ok=False, message=message, exit_code=outcome.exit_code, timed_out=True)
    if story.end is None:
        message = f"Bundle {order.bundle.name}: {_cut_short(outcome)}{_last_words(outcome, order.workdir)}"
        await story.close(message)
        return SuiteResult(ok=False, message=message, exit_code=outcome.exit_code, timed_out=False)
    await story.close("The suite ended before this Task did.")
    return SuiteResult(bool(story.end["ok"]), str(story.end["message"]), outcome.exit_code, timed_out=False)


def _unfit(order: SuiteOrder) -> str:
    """Why the order cannot be carried out, empty when it can."""
    bundle = order.bundle.name
    if not (order.bundle / order.robot).is_file():
        return (
            f"Bundle {bundle} has no file {order.robot}. Correct the SLX's pathToRobot, or the commit it is taken from."
        )
    for name, value in {**order.variables, **order.context}.items():
        if not name or "=" in name or "\0" in name + value:
            return f"Bundle {bundle}: input {name!r} cannot be an environment variable. Correct its name or value."
    return ""


def _process(order: SuiteOrder, manifest: dict[str, Any] | None) -> ExecutorOrder:
    body = {
        "root": str(order.root.resolve()),
        "bundle": str(order.bundle.resolve()),
        "robot": order.robot,
        "titles": None if order.titles is None else list(order.titles),
        "variables": dict(order.variables),
        "secrets": dict(order.secrets),
        "workdir": str(order.workdir.resolve()),
        "context": dict(order.context),
        "files": {name: base64.b64encode(content).decode() for name, content in order.files.items()},
        "dependencies": [str(path) for path in order.dependencies],
        "log": order.log,
        "dry": order.dry,
        "commands": order.commands,
        "manifest": manifest,
    }
    env = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    home = str(order.workdir.resolve())
    tool_path = {"RW_TOOL_PATH": order.tool_path} if order.tool_path else {}
    return ExecutorOrder(
        # -P: the current folder is no place to import from; -s: neither is the user's own.
        argv=(sys.executable, "-P", "-s", "-m", _ENGINE),
        env={
            **env,
            **tool_path,
            "HOME": home,
            "TMPDIR": home,
            "PYTHONPYCACHEPREFIX": str(bytecode()),
        },
        cwd=order.workdir,
        stdin=json.dumps(body).encode(),
        deadline_s=order.deadline_s,
        reads=(*interpreter(), order.root, order.bundle, *order.dependencies, bytecode()),
        sources=_sources(order),
        limits=order.limits,
        # Our own keywords and Robot alone: a collection's code is first imported in the fork that runs it.
        warm=Warm(entry=f"{_ENGINE}.start:main", prime=f"{_ENGINE}.start:prime"),
    )


def _sources(order: SuiteOrder) -> tuple[Source, ...]:
    if order.collection is None:
        return ()
    site = order.dependencies[0] if order.dependencies else None
    return (Source(order.collection.url, order.collection.commit, order.root.resolve(), site),)


def interpreter() -> tuple[Path, ...]:
    """Where this Python and its packages lie, and the folders in which programs are looked for."""
    places = {sys.prefix, sys.base_prefix, *sys.path, *os.environ.get("PATH", "").split(os.pathsep)}
    return tuple(sorted({Path(place).resolve() for place in places if place and Path(place).exists()}))


class _Story:
    """Lines of the process in, events out; remembers which Task is open."""

    def __init__(self, on_event: Callable[[SuiteEvent], Awaitable[None]]) -> None:
        self._tell = on_event
        self._open: SuiteEvent | None = None
        self.end: dict[str, Any] | None = None

    async def line(self, raw: bytes) -> None:
        """One line. Lines that are no event of ours are not possible but by a fault; they are passed over."""
        try:
            said: Any = json.loads(raw)
            kind = said["type"]
        except (ValueError, TypeError, KeyError):
            return
        if kind == "end":
            self.end = said
            return
        event = _event(said)
        if event.type == "started":
            self._open = event
        elif event.type == "done":
            self._open = None
        await self._tell(event)

    async def close(self, message: str) -> None:
        """End the open Task, if there is one, as errored."""
        if self._open is None:
            return
        now = datetime.now(UTC)
        began = datetime.fromisoformat(self._open.at)
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        ended = SuiteEvent(
            type="done",
            title=self._open.title,
            resolved_title=self._open.resolved_title,
            at=at,
            state="errored",
            message=message,
            elapsed_s=(now - began).total_seconds(),
        )
        self._open = None
        await self._tell(ended)


def _event(said: dict[str, Any]) -> SuiteEvent:
    body: dict[str, Any] = dict(said)
    if said["type"] == "issue":
        body["record"] = issue_record(said["record"])
    return SuiteEvent(**body)


def issue_record(line: dict[str, Any]) -> dict[str, Any]:
    """A line of ``issues.jsonl`` as an event's record: our names, lists where there may be several."""
    known = ("reproduceHint", "nextSteps", "observedAt", "metadata", "taskName", "taskDoc", "taskStatus", "taskMessage")
    metadata = line.get("metadata")
    summary = cast("dict[str, Any]", metadata).get("summary") if isinstance(metadata, dict) else None
    return {
        **{name: value for name, value in line.items() if name not in known},
        "severity": int(line["severity"]),
        **{name: _text(line.get(name)) for name in ("title", "expected", "actual", "details", "resource", "cause")},
        "summary": _text(summary),
        "reproduce_hint": _text(line.get("reproduceHint")),
        "observed_at": _moment(_text(line.get("observedAt"))),
        "next_steps": [re.sub(r"^[-*•]\s+", "", one) for one in _several(line.get("nextSteps"), r"\n")],
        "evidence": [one for one in _several(line.get("evidence"), r"\n", strip=False) if one.strip()],
        "blames": _several(line.get("blames"), r"[\n,]"),
    }


def _moment(text: str) -> str:
    """UTC, ISO 8601, milliseconds; a moment without a zone is UTC. Empty when it is no moment."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return ""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _several(value: Any, border: str, strip: bool = True) -> list[str]:
    """A list given as one, or as text with borders between."""
    parts: list[Any] = (
        list(cast("list[Any]", value)) if isinstance(value, list | tuple) else re.split(border, _text(value))
    )
    texts = [_text(part).strip() if strip else _text(part).rstrip("\r") for part in parts]
    return [text for text in texts if text]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _cut_short(outcome: ExecutorOutcome) -> str:
    if outcome.stopped:
        return f"the run was stopped: {outcome.stopped}."
    code = outcome.exit_code
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"the suite's process {how} before the suite was over."


def _last_words(outcome: ExecutorOutcome, workdir: Path) -> str:
    """The last line the process wrote for people, when there is one: usually the reason."""
    try:
        said = (workdir / "logs" / "stdout.txt").read_text(errors="replace").strip() or outcome.last_words
    except OSError:
        said = outcome.last_words
    return f" Its last words: {said.splitlines()[-1][:300]}" if said else ""
