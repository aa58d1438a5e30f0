"""From what a suite said to what travels: an Issue or Note record of the suite becomes a noun, redacted. Pure."""

from typing import Any, Literal, cast

from runstone.model.redact import Redactor
from runstone.model.resource import ResourceRef
from runstone.model.run import Issue, Note

_TEXT_CAP = 20_000
"""Characters of one field of an Issue."""


def issue(record: dict[str, Any], subject: ResourceRef, redactor: Redactor, at: str) -> Issue:
    """The Issue in a suite's record. Resources the Task names are on the platform of the lease's ``subject``."""
    said = redactor.tree(record)
    return Issue(
        severity=cast("Literal[1, 2, 3, 4]", min(4, max(1, int(said.get("severity") or 4)))),
        title=_text(said.get("title")) or "untitled Issue",
        expected=_text(said.get("expected")),
        actual=_text(said.get("actual")),
        details=_text(said.get("details")),
        next_steps=tuple(step for step in map(_text, said.get("next_steps") or ()) if step),
        reproduce_hint=_text(said.get("reproduce_hint")),
        observed_at=_text(said.get("observed_at")) or at,
        resource=ref(said.get("resource"), subject.platform),
        cause=_text(said.get("cause")),
        evidence=tuple(line for line in map(_text, said.get("evidence") or ()) if line.strip()),
        blames=tuple(found for one in said.get("blames") or () if (found := ref(one, subject.platform))),
    )


def note(record: dict[str, Any], subject: ResourceRef, redactor: Redactor) -> Note:
    """The Note in a suite's record."""
    said = redactor.tree(record)
    kind = "ruled_out" if said.get("kind") == "ruled_out" else "could_not_check"
    return Note(
        kind=kind,
        resource=ref(said.get("resource"), subject.platform),
        what=_text(said.get("what")),
        why=_text(said.get("why")),
    )


def ref(text: Any, platform: str) -> ResourceRef | None:
    """``Kind/namespace/name`` (``Kind//name`` without a namespace) on ``platform``; None for any other form."""
    kind, _, rest = str(text or "").partition("/")
    namespace, slash, name = rest.partition("/")
    if not (kind and slash and name):
        return None
    return ResourceRef(platform=platform, kind=kind, namespace=namespace, name=name)


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:_TEXT_CAP]
