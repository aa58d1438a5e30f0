"""Whether a thing looks well by what Azure says of it. Pure; states as each provider's REST reference lists them.

``ill`` is said only of what is wrong now. What is on its way, or was stopped by someone, is ``unknown``.
"""

from runstone.connectors.items import Item, Looks, at, states, text, worst
from runstone.connectors.platforms.azure.kinds import PROVISIONED

SUBSCRIPTION = states("state", "Enabled", "Disabled PastDue Warned Expired")

VM_POWER = states("extended.instanceView.powerState.code", "PowerState/running")
WEB_APP = worst(
    states("availabilityState", "Normal", "Limited DisasterRecoveryMode"),
    states("usageState", "Normal", "Exceeded"),
    states("state", "Running"),
)
PLAN = worst(states("status", "Ready"), PROVISIONED)
GATEWAY = worst(states("operationalState", "Running"), PROVISIONED)
CIRCUIT = worst(states("serviceProviderProvisioningState", "Provisioned"), PROVISIONED)
STORAGE = worst(states("statusOfPrimary", "available", "unavailable"), PROVISIONED)
NAMESPACE = worst(states("status", "Active", "Disabled SendDisabled ReceiveDisabled"), PROVISIONED)
SERVER = worst(states("state", "Ready Active", "Inaccessible Dropping Disabled"), PROVISIONED)
"""SQL, MySQL and PostgreSQL; a flexible server also says Stopped, which someone did."""
SINGLE_SERVER = states("userVisibleState", "Ready", "Inaccessible Dropping Disabled")
DATABASE = states(
    "status",
    "Online AutoClosed",
    "Offline Suspect EmergencyMode Inaccessible RecoveryPending Shutdown",
)
"""An Azure SQL database. Paused ones were paused by someone, or by the serverless tier for want of use."""
CONTAINER_GROUP = worst(states("instanceView.state", "Running Succeeded", "Failed"), PROVISIONED)
CONTAINER_APP = worst(states("runningStatus", "Running Ready", "Failed"), PROVISIONED)
SEARCH = worst(states("provisioningState", "succeeded", "failed"), states("status", "running", "error degraded"))
LOGIC_APP = worst(states("state", "Enabled Completed"), PROVISIONED)
CDN = worst(states("resourceState", "Active"), PROVISIONED)
LOG_WORKSPACE = worst(
    states("workspaceCapping.dataIngestionStatus", "RespectQuota ApproachingQuota", "OverQuota SubscriptionSuspended"),
    PROVISIONED,
)
AUTOMATION = states("state", "Ok", "Suspended Unavailable")
ARC_SQL = states("status", "Connected", "Disconnected")
DISK = worst(states("diskState", "Attached Unattached Reserved ActiveSAS Frozen"), PROVISIONED)
_CONNECTION = "privateLinkServiceConnectionState.status"


def exists(_: Item) -> Looks:
    """Azure says nothing of its state."""
    return "unknown", ""


def virtual_machine(item: Item) -> Looks:
    """By whether it is switched on, and how its last change went."""
    looks, said = worst(VM_POWER, PROVISIONED)(item)
    return looks, said.rpartition("/")[2]


def cluster(item: Item) -> Looks:
    """AKS: whether it is switched on, how its last change went, and that of each of its node pools."""
    failed = [text(one, "name") for one in at(item, "agentPoolProfiles") if text(one, "provisioningState") == "Failed"]
    if failed:
        return "ill", f"node pool {', '.join(failed)} failed"
    return worst(states("powerState.code", "Running"), PROVISIONED)(item)


def network(item: Item) -> Looks:
    """Ill when the other side of a peering is gone."""
    lost = [
        text(one, "name")
        for one in at(item, "virtualNetworkPeerings")
        if text(one, "properties.peeringState") == "Disconnected"
    ]
    return ("ill", f"peering {', '.join(lost)} disconnected") if lost else PROVISIONED(item)


def private_endpoint(item: Item) -> Looks:
    """Ill when the other side does not take its connection (any more)."""
    said = [
        str(state)
        for path in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        for state in at(item, f"{path}.properties.{_CONNECTION}")
    ]
    refused = [state for state in said if state in ("Rejected", "Disconnected")]
    return ("ill", refused[0]) if refused else PROVISIONED(item)


def cosmos_account(item: Item) -> Looks:
    """By its state and that of each region it is in."""
    offline = [
        text(one, "locationName") for one in at(item, "locations") if text(one, "provisioningState") == "Offline"
    ]
    return ("ill", f"offline in {', '.join(offline)}") if offline else PROVISIONED(item)


def scale_set(item: Item) -> Looks:
    """By its state; instances are told only as a number wanted."""
    looks, said = PROVISIONED(item)
    wanted = text(item, "sku.capacity")
    return looks, f"{said}, {wanted} instances" if wanted and looks == "ok" else said


def available(looks: Looks, said: Item | None) -> Looks:
    """With what Resource Health says: ``Unavailable`` and ``Degraded`` are ill unless a customer did it."""
    state = text(said, "state")
    if state not in ("Unavailable", "Degraded"):
        return looks
    reason = text(said, "reason")
    if reason.replace(" ", "").lower() in ("customerinitiated", "userinitiated"):
        return looks if looks[0] == "ill" else ("unknown", f"{state}: {reason}")
    return ("ill", f"{state}: {reason}" if reason else state)
