"""What a check says: one Finding per fact, what it excluded, what it could not see, and the lines that show it.

A Finding is one fact about one resource, the object that would have to be changed. Its evidence is made of lines that
the Task prints as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .cluster import Cluster, Object
from .failure import Forbidden

_MAX_LINES = 200
_LINE = 600


@dataclass(frozen=True)
class Finding:
    """One Issue to be. ``resource`` and ``blames`` are ``Kind/namespace/name``."""

    cause: str
    resource: str
    severity: int
    title: str
    actual: str
    expected: str
    evidence: tuple[str, ...]
    next_steps: tuple[str, ...] = ()
    blames: tuple[str, ...] = ()
    reproduce: str = ""


@dataclass(frozen=True)
class Remark:
    """Something excluded, or something that could not be looked at."""

    what: str
    why: str
    resource: str


class Inquiry:
    """A check at work: asks the cluster, remembers what it was refused, and gathers what it has to say."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.lines: list[str] = []
        self.findings: list[Finding] = []
        self.ruled_out: list[Remark] = []
        self.unseen: list[Remark] = []
        self.broken = ""
        """Why nothing at all could be looked at; empty when something could."""

    @property
    def now(self) -> datetime:
        """The cluster's time."""
        return self.cluster.now

    def list(self, kind: str, namespace: str = "", selector: str = "", fields: str = "") -> list[Object]:
        """Objects of a kind; none, and a remark, where we may not look."""
        return self.try_list(kind, namespace, selector, fields) or []

    def try_list(self, kind: str, namespace: str = "", selector: str = "", fields: str = "") -> list[Object] | None:
        """As :meth:`list`, but None where we may not look."""
        try:
            return self.cluster.list(kind, namespace, selector, fields)
        except Forbidden as err:
            self.could_not_check(f"{kind}s", str(err))
            return None

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object; None when there is none, or (with a remark) where we may not look."""
        try:
            return self.cluster.get(kind, namespace, name)
        except Forbidden as err:
            self.could_not_check(f"{kind} {name}", str(err), f"{kind}/{namespace}/{name}")
            return None

    def exists(self, kind: str, namespace: str, name: str) -> bool | None:
        """Whether there is such an object; None, with a remark, where we may not look."""
        try:
            return self.cluster.get(kind, namespace, name) is not None
        except Forbidden as err:
            self.could_not_check(f"Existence of {kind} {name}", str(err), f"{kind}/{namespace}/{name}")
            return None

    def log(self, namespace: str, pod: str, container: str, previous: bool = False, tail: int = 200) -> list[str]:
        """The last lines of a container, each beginning with its time."""
        try:
            return self.cluster.log(namespace, pod, container, previous, tail)
        except Forbidden as err:
            self.could_not_check(f"Logs of pod {pod}", str(err))
            return []

    def show(self, line: str, keep: bool = False) -> str:
        """Print a line; the line as printed comes back, to serve as evidence. ``keep``: however many there are."""
        shown = " ".join(line.split())[:_LINE]
        if shown not in self.lines and (keep or len(self.lines) < _MAX_LINES):
            self.lines.append(shown)
        return shown

    def find(self, finding: Finding) -> None:
        """Say what is ill. The same fact is said once."""
        shown = tuple(dict.fromkeys(self.show(line, keep=True) for line in finding.evidence if line.strip()))
        known = {(one.cause, one.resource, one.title) for one in self.findings}
        if (finding.cause, finding.resource, finding.title) not in known:
            self.findings.append(replace(finding, evidence=shown))

    def rule_out(self, what: str, why: str, resource: str) -> None:
        """Say what was looked at and is not the reason."""
        self.ruled_out.append(Remark(what, why, resource))

    def could_not_check(self, what: str, why: str, resource: str = "") -> None:
        """Say what could not be looked at, once."""
        remark = Remark(what, why[:1].upper() + why[1:], resource)
        if remark not in self.unseen:
            self.unseen.append(remark)


def ref(kind: str, namespace: str, name: str) -> str:
    """``Kind/namespace/name``."""
    return f"{kind}/{namespace}/{name}"


def name_of(item: Object) -> str:
    """Its name."""
    return str((item.get("metadata") or {}).get("name") or "")


def namespace_of(item: Object) -> str:
    """Its namespace, empty when it has none."""
    return str((item.get("metadata") or {}).get("namespace") or "")


def labels_of(item: Object) -> dict[str, str]:
    """Its labels."""
    return (item.get("metadata") or {}).get("labels") or {}


def annotations_of(item: Object) -> dict[str, str]:
    """Its annotations."""
    return (item.get("metadata") or {}).get("annotations") or {}


def condition(item: Object, kind: str) -> Object:
    """A condition of its status by type; empty when it has none of that type."""
    conditions: Iterable[Any] = (item.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == kind), {})


def counted(number: int, noun: str) -> str:
    """``1 pod``, ``2 pods``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Iterable[str], most: int = 6) -> str:
    """``a, b and 3 more``; ``none`` for nothing."""
    every = list(dict.fromkeys(words))
    if not every:
        return "none"
    more = len(every) - most
    return ", ".join(every) if more <= 0 else f"{', '.join(every[:most])} and {more} more"
