"""Which change to propose for a cause. Pure. Nothing here runs anything."""

from collections.abc import Sequence

from runstone.control.runs.diagnose import Fact
from runstone.control.workspaces.atlas import Atlas
from runstone.model import approval
from runstone.model.resource import ResourceRef
from runstone.model.run import Cause, Proposal
from runstone.model.workspace import SLX, BoundTask


def propose(
    session: str, causes: Sequence[Cause], facts: Sequence[tuple[Fact, str]], atlas: Atlas, expires: str
) -> list[Proposal]:
    """Proposals for every cause that is at least likely: Tasks bound to its resource that are tagged to remedy it.

    ``facts`` come with the SLX whose Task found them, so that the same Task can verify the change. Two causes that
    the same change would remedy give one Proposal.
    """
    proposals: dict[str, Proposal] = {}
    for cause in causes:
        if cause.grade == "possible":
            continue
        found_by = {
            (slx, fact.task) for fact, slx in facts if (fact.resource, fact.code) == (cause.resource, cause.code)
        }
        for slx, task in _remedies(cause.resource, cause.code, atlas):
            proposal = _proposal(session, slx, task, cause, tuple(sorted(found_by)), expires)
            proposals.setdefault(proposal.id, proposal)
    return list(proposals.values())


def _remedies(resource: ResourceRef, code: str, atlas: Atlas) -> list[tuple[SLX, BoundTask]]:
    return [
        (slx, task)
        for slx in atlas.slxs(resource)
        if slx.runbook
        for task in slx.runbook.tasks
        if task.access == "read-write" and f"remedy:{code}" in task.tags
    ]


def _proposal(
    session: str, slx: SLX, task: BoundTask, cause: Cause, verify: tuple[tuple[str, str], ...], expires: str
) -> Proposal:
    assert slx.runbook is not None, "a Task is bound by a Runbook"
    parameters = dict(slx.runbook.variables)
    code = approval.code_of(slx.runbook.bundle, slx.runbook.secrets)
    exact = approval.digest(task.title, slx.resources[0].path, parameters, code, expires)
    stable = approval.digest(task.title, slx.resources[0].path, parameters, code, "")
    return Proposal(
        id=f"{session}.{stable[:8]}",
        session=session,
        slx=slx.name,
        task=task.title,
        title=task.resolved_title,
        target=slx.resources[0],
        parameters=parameters,
        access="read-write",
        expires=expires,
        state="open",
        cause=cause.code,
        verify=verify,
        digest=exact,
    )
