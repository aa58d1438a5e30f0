"""Whether a thing looks well by what Google Cloud says of it. Pure; states as each service's REST reference lists them.

``ill`` is said only of what is wrong now. What is on its way, or was stopped by someone, is ``unknown``.
"""

from runstone.connectors.items import Item, Looks, at, states, text, worst

PROJECT = worst(states("state", "ACTIVE"), states("lifecycleState", "ACTIVE"))
INSTANCE = states("status", "RUNNING", "REPAIRING", why="statusMessage")
DISK = states("status", "READY", "FAILED")
AUTOSCALER = states("status", "ACTIVE", "ERROR")
CLUSTER = states("status", "RUNNING", "ERROR DEGRADED")
NODE_POOL = states("status", "RUNNING", "ERROR RUNNING_WITH_ERROR")
FUNCTION = states("status", "ACTIVE", "OFFLINE UNKNOWN")
STATE = states("state", "ACTIVE READY RUNNING", "FAILED ERROR RESOURCE_ERROR INGESTION_RESOURCE_ERROR")
"""What most services call it: Composer, Functions, Redis, Filestore, AlloyDB, Pub/Sub, API Gateway, VPC connectors."""
MIGRATION = states("state", "RUNNING COMPLETED", "FAILED")
DATAPROC = states("status.state", "RUNNING", "ERROR ERROR_DUE_TO_UPDATE UNKNOWN")
DATAFLOW = states("currentState", "JOB_STATE_RUNNING JOB_STATE_DONE", "JOB_STATE_FAILED")
APPENGINE = states("servingStatus", "SERVING", "SYSTEM_DISABLED")
TUNNEL = states(
    "status",
    "ESTABLISHED",
    "AUTHORIZATION_ERROR NEGOTIATION_FAILURE NETWORK_FAILURE FAILED REJECTED NO_INCOMING_PACKETS",
)
CERTIFICATE = worst(
    states(
        "managed.status",
        "ACTIVE",
        "PROVISIONING_FAILED PROVISIONING_FAILED_PERMANENTLY RENEWAL_FAILED",
    ),
    states("managed.state", "ACTIVE", "FAILED"),
)
KEY = states("primary.state", "ENABLED", "DESTROYED DESTROY_SCHEDULED IMPORT_FAILED GENERATION_FAILED")


def sql(item: Item) -> Looks:
    """Cloud SQL: its state, unless it is switched off."""
    if text(item, "settings.activationPolicy") == "NEVER":
        return "unknown", "stopped"
    return states("state", "RUNNABLE", "FAILED SUSPENDED", why="suspensionReason")(item)


def knative(item: Item) -> Looks:
    """Cloud Run: its Ready condition, as Knative has it. One that is still being made ready is unknown."""
    ready = next((one for one in at(item, "status.conditions") if text(one, "type") in ("Ready", "Completed")), None)
    if ready is None:
        return "unknown", ""
    status, reason = text(ready, "status"), text(ready, "reason")
    if status == "True":
        return "ok", "ready"
    return ("ill" if status == "False" else "unknown"), f"not ready: {reason}" if reason else "not ready"


def revision(item: Item) -> Looks:
    """A revision that serves nothing any more is retired, not ill."""
    looks, said = knative(item)
    active = next((one for one in at(item, "status.conditions") if text(one, "type") == "Active"), None)
    retired = looks == "ill" and text(active, "reason") in ("Retired", "NoTraffic", "Inactive")
    return ("unknown", "retired") if retired else (looks, said)


def group_manager(item: Item) -> Looks:
    """On its way as long as it is not stable; why it is not, another API would have to be asked."""
    stable = text(item, "status.isStable") == "True"
    return ("ok" if stable else "unknown"), f"{text(item, 'targetSize')} instances{'' if stable else ', changing'}"


def account(item: Item) -> Looks:
    """A service account: whether someone disabled it."""
    return ("unknown", "disabled") if text(item, "disabled") == "True" else ("ok", "")


def address(item: Item) -> Looks:
    """An address: in use, or only reserved."""
    said = text(item, "status")
    return ("ok" if said in ("IN_USE", "RESERVED") else "unknown"), said.lower().replace("_", " ")
