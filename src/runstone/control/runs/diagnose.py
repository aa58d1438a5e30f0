"""From Issues to ranked causes. Pure: Issues, the Map and the cause codes go in, a Diagnosis comes out.

The rule of the house: no evidence, no claim. A cause is an Issue's fact about one resource, whose code can be the end
of a search, with lines that its Task printed. It explains another Issue when that one's resource depends on its
resource (by the Map, or because the Task itself points there) and its code can bring the other's about. The deepest
one that explains the trigger's symptoms ranks first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from runstone.control.runs.focus import Focus
from runstone.control.workspaces.atlas import Atlas
from runstone.model.content import CauseCode
from runstone.model.resource import ResourceRef
from runstone.model.run import Cause, Diagnosis, Evidence, Grade, Issue, Remark, TaskRun

_REACH = 6
"""Relations between a symptom and its cause, at most: ingress, service, workload, service, workload, secret."""
_MAX_CAUSES = 5
_MAX_LINES = 6


@dataclass(frozen=True)
class Seen:
    """A TaskRun with the SLX subject it ran for: what the diagnosis reads."""

    run: TaskRun
    subject: ResourceRef


@dataclass(frozen=True)
class Fact:
    """An Issue, placed: which resource, which code, which lines of output show it."""

    issue: Issue
    resource: ResourceRef
    code: str
    said: bool
    """The Task itself gave the code; False when it was read out of the text."""
    evidence: tuple[Evidence, ...]
    task: str
    blames: frozenset[str]


@dataclass(frozen=True)
class _Candidate:
    facts: tuple[Fact, ...]
    explained: tuple[Fact, ...]
    relevant: bool
    """The trigger's focus depends on it, or is it."""
    distance: int
    depth: int
    """How many other candidates it explains."""
    covered: bool
    """Another candidate explains it."""

    @property
    def fact(self) -> Fact:
        return self.facts[0]


class Codebook:
    """The cause codes, with what each brings about, directly and in turn."""

    def __init__(self, codes: Iterable[CauseCode]) -> None:
        self.codes: dict[str, CauseCode] = {code.code: code for code in codes}

    def is_root(self, code: str) -> bool:
        """True when ``code`` can be the end of a search. An unknown code cannot."""
        return code in self.codes and self.codes[code].kind == "root"

    def explains(self, code: str, other: str) -> bool:
        """Whether ``code`` can bring ``other`` about. An Issue without a code may come from anything."""
        return not other or other in self._closure.get(code, frozenset())

    def read(self, text: str) -> str:
        """The code whose pattern stands in ``text``, roots before symptoms; empty when none does."""
        for code, patterns in self._patterns:
            if any(pattern.search(text) for pattern in patterns):
                return code
        return ""

    @cached_property
    def _closure(self) -> Mapping[str, frozenset[str]]:
        closed: dict[str, frozenset[str]] = {}
        for code in self.codes:
            reached: set[str] = set()
            frontier = [code]
            while frontier:
                for following in self.codes[frontier.pop()].explains:
                    if following in self.codes and following not in reached:
                        reached.add(following)
                        frontier.append(following)
            closed[code] = frozenset(reached)
        return closed

    @cached_property
    def _patterns(self) -> Sequence[tuple[str, tuple[re.Pattern[str], ...]]]:
        ordered = sorted(self.codes.values(), key=lambda code: code.kind != "root")
        return [(code.code, tuple(re.compile(p, re.IGNORECASE) for p in code.patterns)) for code in ordered]


def diagnose(seen: Sequence[Seen], focus: Sequence[Focus], atlas: Atlas, codebook: Codebook) -> Diagnosis:
    """Rank the causes that the Tasks so far give evidence for, and list what was excluded or could not be looked at."""
    facts = [place(issue, one, atlas, codebook) for one in seen for issue in one.run.issues]
    causes = _ranked(facts, focus, atlas, codebook)
    return Diagnosis(
        causes=tuple(causes),
        ruled_out=tuple(_unique(_ruled_out(seen))),
        could_not_check=tuple(_unique([*_could_not_check(seen), *_unread(atlas, focus)])),
    )


def place(issue: Issue, seen: Seen, atlas: Atlas, codebook: Codebook) -> Fact:
    """Find an Issue's resource, code and evidence lines; lines that its Task did not print are dropped."""
    resource = atlas.canonical(_resource_of(issue, seen.subject, atlas))
    text = "\n".join((issue.title, issue.actual, issue.details))
    said = issue.cause in codebook.codes
    code = issue.cause if said else codebook.read(text)
    printed = {line.strip() for line in _printed(issue, seen.run)}
    offered = issue.evidence or tuple(_telling(issue, code, codebook))
    lines = [line for line in dict.fromkeys(line.strip() for line in offered) if line in printed]
    return Fact(
        issue=issue,
        resource=resource,
        code=code,
        said=said,
        evidence=tuple(
            Evidence(task=seen.run.resolved_title, resource=resource, line=line) for line in lines[:_MAX_LINES]
        ),
        task=seen.run.title,
        blames=frozenset(atlas.canonical(ref).path for ref in issue.blames),
    )


def _printed(issue: Issue, run: TaskRun) -> list[str]:
    """Every line the Task put out: its report and console, and the text of the Issue itself."""
    return "\n".join((run.output, issue.details, issue.actual, issue.title)).splitlines()


def _telling(issue: Issue, code: str, codebook: Codebook) -> list[str]:
    """For an Issue that marks no evidence: the lines of its own text in which the code's pattern stands."""
    lines = [line for line in "\n".join((issue.details, issue.actual, issue.title)).splitlines() if line.strip()]
    return [line for line in lines if code and codebook.read(line) == code]


def _resource_of(issue: Issue, subject: ResourceRef, atlas: Atlas) -> ResourceRef:
    if issue.resource:
        return issue.resource
    text = f"{issue.title}\n{issue.actual}"
    names = set(re.findall(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?", text.lower()))
    near = [
        resource.ref
        for resource in atlas.resources.values()
        if resource.ref.name in names
        and resource.ref.namespace == (subject.namespace or subject.name)
        and resource.ref.kind.lower() in text.lower()
    ]
    return max(near, key=lambda ref: (atlas.health(ref) == "ill", len(ref.name), ref.path), default=subject)


def _ranked(facts: list[Fact], focus: Sequence[Focus], atlas: Atlas, codebook: Codebook) -> list[Cause]:
    groups = _grouped([fact for fact in facts if codebook.is_root(fact.code) and fact.evidence])
    candidates = [_candidate(group, facts, focus, atlas, codebook) for group in groups]
    candidates = [_placed(one, candidates, atlas, codebook) for one in candidates]
    deepest = [one for one in candidates if not one.covered and one.relevant]
    causes = [_cause(one, facts) for one in deepest] or _unexplained(facts, focus, atlas)
    causes.sort(key=lambda cause: (-cause.confidence, cause.resource.path, cause.code))
    return causes[:_MAX_CAUSES]


def _grouped(facts: Iterable[Fact]) -> list[tuple[Fact, ...]]:
    """Facts of one code about one resource are one; the one that says most comes first."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        groups.setdefault((fact.resource.path, fact.code), []).append(fact)
    return [
        tuple(sorted(group, key=lambda f: (not f.said, f.issue.severity, -len(f.evidence))))
        for group in groups.values()
    ]


def _candidate(
    group: tuple[Fact, ...], facts: Sequence[Fact], focus: Sequence[Focus], atlas: Atlas, codebook: Codebook
) -> _Candidate:
    head = group[0]
    explained = tuple(
        fact
        for fact in facts
        if fact not in group
        and fact.issue.severity <= 3
        and codebook.explains(head.code, fact.code)
        and _leads(fact, head.resource, facts, atlas)
    )
    distances = [_distance(one.ref, head.resource, facts, atlas) for one in focus]
    near = [distance for distance in distances if distance is not None]
    return _Candidate(
        facts=group,
        explained=explained,
        relevant=bool(near) or not focus,
        distance=min(near, default=0),
        depth=0,
        covered=False,
    )


def _placed(one: _Candidate, all_: Sequence[_Candidate], atlas: Atlas, codebook: Codebook) -> _Candidate:
    """Which candidates explain which: of two, the one further down the chain is the cause."""
    depth = sum(1 for other in all_ if other is not one and _explains(one, other))
    covered = any(other is not one and _explains(other, one) and not _explains(one, other) for other in all_)
    return replace(one, depth=depth, covered=covered)


def _explains(one: _Candidate, other: _Candidate) -> bool:
    return other.fact in one.explained


def _leads(fact: Fact, target: ResourceRef, facts: Sequence[Fact], atlas: Atlas) -> bool:
    return _distance(fact.resource, target, facts, atlas) is not None


def _distance(start: ResourceRef, target: ResourceRef, facts: Sequence[Fact], atlas: Atlas) -> int | None:
    """Steps from a resource to one it depends on, by relations of the Map or by what Issues blame; None if none."""
    reach = atlas.reach(start, _REACH)
    if target.path in reach:
        return reach[target.path]
    blamed = [
        reach[fact.resource.path] + 1 + further
        for fact in facts
        if fact.resource.path in reach
        for path in fact.blames
        for further in [atlas.reach(ResourceRef.parse(path), _REACH).get(target.path)]
        if further is not None
    ]
    return min(blamed, default=None)


def _cause(one: _Candidate, facts: Sequence[Fact]) -> Cause:
    head = one.fact
    own = [fact for fact in one.explained if fact.resource == head.resource]
    elsewhere = [fact for fact in one.explained if fact.resource != head.resource]
    confidence = 0.55 if head.said else 0.4
    confidence += {1: 0.12, 2: 0.1, 3: 0.03, 4: -0.1}[head.issue.severity]
    confidence += 0.14 if one.explained else 0.0
    confidence += 0.06 if elsewhere else 0.0
    confidence += 0.05 if len({evidence.line for fact in one.facts for evidence in fact.evidence}) > 1 else 0.0
    confidence += 0.04 if len({fact.task for fact in (*one.facts, *own)}) > 1 else 0.0
    confidence -= 0.02 * min(one.distance, 5)
    return Cause(
        resource=head.resource,
        reason=_reason(head),
        code=head.code,
        confidence=round(max(0.05, min(0.98, confidence)), 2),
        grade=_grade(one),
        evidence=_lines(one),
        explains=tuple(dict.fromkeys(fact.issue.title for fact in one.explained)),
    )


def _grade(one: _Candidate) -> Grade:
    """confirmed: the Task named it, showed it, and a symptom follows from it. likely: one of the two. Else possible."""
    head = one.fact
    if head.issue.severity == 4:
        return "possible"
    if head.said and one.explained:
        return "confirmed"
    return "likely" if head.said or one.explained else "possible"


def _lines(one: _Candidate) -> tuple[Evidence, ...]:
    """The cause's own lines first, then one line of each symptom it explains."""
    own = _first_of_each([evidence for fact in one.facts for evidence in fact.evidence])
    symptoms = _first_of_each([fact.evidence[0] for fact in one.explained if fact.evidence])
    return tuple(_first_of_each([*own[:_MAX_LINES], *symptoms[:_MAX_LINES]]))


def _first_of_each(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Each line once, however many Tasks printed it."""
    found: dict[str, Evidence] = {}
    for one in evidence:
        found.setdefault(one.line, one)
    return list(found.values())


def _reason(fact: Fact) -> str:
    title, actual = fact.issue.title.strip().rstrip("."), fact.issue.actual.strip()
    return f"{title}: {actual}" if actual and actual not in title else title


def _unexplained(facts: list[Fact], focus: Sequence[Focus], atlas: Atlas) -> list[Cause]:
    """With no root found: what is ill and furthest down, as a possibility."""
    wanted = [fact for fact in facts if fact.evidence and fact.issue.severity <= 2]
    relevant = [f for f in wanted if not focus or any(_leads_from(one, f, facts, atlas) for one in focus)]
    deepest = [
        fact
        for fact in relevant
        if not any(other.resource.path in fact.blames and other.resource != fact.resource for other in relevant)
    ]
    return [
        Cause(
            resource=fact.resource,
            reason=_reason(fact),
            code=fact.code,
            confidence=0.3 if fact.code else 0.2,
            grade="possible",
            evidence=fact.evidence,
            explains=(),
        )
        for fact in (group[0] for group in _grouped(deepest))
    ]


def _leads_from(focus: Focus, fact: Fact, facts: Sequence[Fact], atlas: Atlas) -> bool:
    return _distance(focus.ref, fact.resource, facts, atlas) is not None


def looked(run: TaskRun) -> bool:
    """Whether a Task saw its subject: one that only tells what it could not check knows nothing of it."""
    if run.state == "failed":
        return True
    return run.state == "passed" and (not run.notes or any(note.kind == "ruled_out" for note in run.notes))


def _ruled_out(seen: Sequence[Seen]) -> list[Remark]:
    remarks: list[Remark] = []
    for one in seen:
        notes = [note for note in one.run.notes if note.kind == "ruled_out"]
        remarks += [_remark(note.resource or one.subject, note.what, note.why, one) for note in notes]
        # A Task that could not look at all its things excludes nothing by being silent.
        if one.run.state == "passed" and not one.run.notes and not one.run.issues:
            remarks.append(_remark(one.subject, one.run.resolved_title, "it ran and raised no Issue", one))
    return remarks


def _could_not_check(seen: Sequence[Seen]) -> list[Remark]:
    remarks: list[Remark] = []
    for one in seen:
        notes = [note for note in one.run.notes if note.kind == "could_not_check"]
        remarks += [_remark(note.resource or one.subject, note.what, note.why, one) for note in notes]
        if one.run.state == "errored":
            remarks.append(
                _remark(one.subject, one.run.resolved_title, one.run.message or "the Task itself broke", one)
            )
    return remarks


def _unread(atlas: Atlas, focus: Sequence[Focus]) -> list[Remark]:
    """Scopes that discovery could not read where the trigger looks."""
    namespaces = {one.ref.namespace for one in focus}
    return [
        Remark(resource=None, what=f"Discovery of {reading.scope.kind}", why=reading.problem, task="")
        for reading in atlas.readings
        if not reading.complete and (not reading.scope.namespace or reading.scope.namespace in namespaces or not focus)
    ]


def _remark(resource: ResourceRef, what: str, why: str, one: Seen) -> Remark:
    return Remark(resource=resource, what=what, why=why, task=one.run.resolved_title)


def _unique(remarks: Iterable[Remark]) -> list[Remark]:
    found: dict[tuple[str, str, str], Remark] = {}
    for remark in remarks:
        found.setdefault((str(remark.resource), remark.what, remark.why), remark)
    return list(found.values())
