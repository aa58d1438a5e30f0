"""Whether a thing looks well by what Azure DevOps says of it. Pure; states as its REST reference lists them.

``ill`` is said only of what is wrong now. What is on its way, or was stopped by someone, is ``unknown``.
"""

from runstone.connectors.items import Item, Looks, states, text

PROJECT = states("state", "wellFormed")
_RESULT = states("result", "succeeded", "failed partiallySucceeded")


def repository(item: Item) -> Looks:
    """Whether someone disabled it; of what is in it, its state says nothing."""
    if text(item, "isDisabled") == "True":
        return "unknown", "disabled"
    return "unknown", "" if text(item, "defaultBranch") else "empty"


def pipeline(item: Item) -> Looks:
    """By the last build that ended, if it was of the branch that counts: a branch under work may fail as it likes."""
    queue = text(item, "queueStatus")
    if queue in ("disabled", "paused"):
        return "unknown", queue
    build = next((one for one in [item.get("latestCompletedBuild")] if isinstance(one, dict)), None)
    looks, result = _RESULT(build or {})
    branch, counts = text(build, "sourceBranch"), text(item, "repository.defaultBranch")
    if build and branch and counts and _plain(branch) != _plain(counts):
        return "unknown", f"{result} on {_plain(branch)}"
    return looks, f"{result}: {text(build, 'buildNumber')}" if looks == "ill" else result


def release(item: Item) -> Looks:
    """Whether someone disabled it; how its deployments went, its definition does not say."""
    return "unknown", "disabled" if text(item, "isDisabled") == "True" else ""


def connection(item: Item) -> Looks:
    """Whether it could be set up. That it still lets in, only its use would tell."""
    if text(item, "isReady") == "True":
        return "ok", "ready"
    state = text(item, "operationStatus.state")
    return ("ill" if state.lower() == "failed" else "unknown"), state or "not ready"


def _plain(branch: str) -> str:
    return branch.removeprefix("refs/heads/").removeprefix("refs/")
