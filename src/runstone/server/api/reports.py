"""A session as people and programs read it: one JSON shape, the same in the API, the CLI and the page."""

from typing import Any

from runstone.control.clock import parse
from runstone.control.runs.store import Case
from runstone.model.resource import ResourceRef
from runstone.model.run import Cause, Evidence, Issue, Proposal, Remark


def report(case: Case) -> dict[str, Any]:
    """The session's outcome. Keys and types are part of the public API (docs/reference/session-json.md)."""
    found = case.session.diagnosis
    return {
        "session": case.session.id,
        "state": case.session.state,
        "reason": case.session.reason,
        "resolved": case.session.resolved,
        "causes": [_cause(cause) for cause in found.causes],
        "issues": [
            _issue(issue, ended.run.resolved_title, case.request(ended.request).slx)
            for ended in case.ended
            for issue in ended.run.issues
            if case.request(ended.request).purpose == "diagnose"
        ],
        "ruled_out": [_remark(remark) for remark in found.ruled_out],
        "could_not_check": [_remark(remark) for remark in found.could_not_check],
        "proposals": [_proposal(proposal) for proposal in case.proposals],
        "tasks_run": len(case.ended),
        "writes": sum(1 for ended in case.ended if case.request(ended.request).access != "read-only"),
        "llm_calls": 0,
        "elapsed_s": _elapsed(case),
    }


def timeline(case: Case) -> dict[str, Any]:
    """What was chosen, why, and what came of it, in the order of running."""
    runs = {(ended.request, ended.run.title): ended.run for ended in case.ended}
    return {
        "session": case.session.model_dump(mode="json", exclude={"diagnosis"}),
        "requests": [
            {
                **request.model_dump(mode="json", exclude={"choices", "overrides"}),
                "tasks": [
                    {
                        **choice.model_dump(mode="json"),
                        "run": run.model_dump(mode="json") if (run := runs.get((request.id, choice.title))) else None,
                    }
                    for choice in request.choices
                ],
            }
            for request in case.requests
        ],
    }


def _elapsed(case: Case) -> float:
    last = case.session.ended_at
    if last is None:
        starts = [parse(ended.run.started_at).timestamp() + ended.run.elapsed_s for ended in case.ended]
        return round(max(starts, default=parse(case.session.opened_at).timestamp()) - _opened(case), 3)
    return round(parse(last).timestamp() - _opened(case), 3)


def _opened(case: Case) -> float:
    return parse(case.session.opened_at).timestamp()


def _ref(ref: ResourceRef | None) -> dict[str, str | None] | None:
    if ref is None:
        return None
    return {"kind": ref.kind, "name": ref.name, "namespace": ref.namespace or None, "platform": ref.platform}


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "resource": _ref(cause.resource),
        "reason": cause.reason,
        "code": cause.code,
        "confidence": cause.confidence,
        "grade": cause.grade,
        "evidence": [_evidence(line) for line in cause.evidence],
        "explains": list(cause.explains),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {"task": evidence.task, "resource": _ref(evidence.resource), "line": evidence.line}


def _issue(issue: Issue, task: str, slx: str) -> dict[str, Any]:
    return {
        "resource": _ref(issue.resource),
        "title": issue.title,
        "severity": issue.severity,
        "expected": issue.expected,
        "actual": issue.actual,
        "details": issue.details,
        "next_steps": list(issue.next_steps),
        "code": issue.cause,
        "observed_at": issue.observed_at,
        "task": task,
        "slx": slx,
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {"resource": _ref(remark.resource), "what": remark.what, "why": remark.why, "task": remark.task}


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "task": proposal.title,
        "target": _ref(proposal.target),
        "parameters": proposal.parameters,
        "access": proposal.access,
        "expires": proposal.expires,
        "state": proposal.state,
        "digest": proposal.digest,
    }
