"""Status conditions: set one, keeping the time of its last turn."""

from runstone.sandbox.clock import stamp
from runstone.sandbox.objects import Obj


def put(
    conditions: list[Obj], now: float, kind: str, is_true: bool, reason: str, message: str, dated: bool = True
) -> None:
    """Set the condition `kind`, in place; `dated` adds lastUpdateTime, as Deployments have."""
    status = "True" if is_true else "False"
    before = next((one for one in conditions if one["type"] == kind), None)
    if before and (before["status"], before.get("reason"), before.get("message")) == (status, reason, message):
        return
    turned = before["lastTransitionTime"] if before and before["status"] == status else stamp(now)
    entry: Obj = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": turned}
    if dated:
        entry["lastUpdateTime"] = stamp(now)
    if before:
        conditions[conditions.index(before)] = entry
    else:
        conditions.append(entry)


def drop(conditions: list[Obj], kind: str) -> None:
    """Remove the condition `kind`, in place."""
    conditions[:] = [one for one in conditions if one["type"] != kind]
