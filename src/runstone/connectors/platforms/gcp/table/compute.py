"""What runs: machines, their disks and groups, and clusters."""

from runstone.connectors.items import Item, items, text
from runstone.connectors.platforms.gcp import looks
from runstone.connectors.platforms.gcp.kinds import Kind, Reference

_IN_NETWORK = Reference("network", "contains", inverse=True)
_IN_SUBNETWORK = Reference("subnetwork", "contains", inverse=True)
_RUNS_AS = Reference("serviceAccounts.email", "references", kind="GCPServiceAccount")
_MADE_BY = frozenset({"created-by", "instance-template"})
"""Metadata that Compute Engine itself sets: names of resources. Any other value may be a secret, or a script."""


def _made_by(item: Item) -> Item:
    metadata = next(iter(items([item.get("metadata")])), {})
    kept = [one for one in items(metadata.get("items")) if one.get("key") in _MADE_BY]
    return {"metadata": {"items": [{"key": text(one, "key"), "value": text(one, "value")} for one in kept]}}


INSTANCE = Kind(
    type="gcp_compute_instances",
    aliases=("compute_instance",),
    kind="GCPInstance",
    asset="compute.googleapis.com/Instance",
    fields=(
        "status",
        "statusMessage",
        "machineType",
        "cpuPlatform",
        "creationTimestamp",
        "lastStartTimestamp",
        "lastStopTimestamp",
        "deletionProtection",
        "scheduling",
        "networkInterfaces.network",
        "networkInterfaces.subnetwork",
        "networkInterfaces.networkIP",
        "networkInterfaces.accessConfigs.natIP",
        "disks.source",
        "disks.boot",
        "disks.deviceName",
        "disks.mode",
        "serviceAccounts.email",
        "shieldedInstanceConfig",
        "selfLink",
    ),
    references=(
        Reference("disks.source", "mounts"),
        Reference("networkInterfaces.subnetwork", "contains", inverse=True),
        Reference("networkInterfaces.network", "contains", inverse=True),
        _RUNS_AS,
    ),
    health=looks.INSTANCE,
    own=_made_by,
)
GROUP_MANAGER = Kind(
    type="gcp_compute_instance_group_managers",
    kind="GCPInstanceGroupManager",
    asset="compute.googleapis.com/InstanceGroupManager",
    fields=(
        "baseInstanceName",
        "targetSize",
        "instanceGroup",
        "instanceTemplate",
        "currentActions",
        "status.isStable",
        "status.autoscaler",
        "status.versionTarget.isReached",
        "autoHealingPolicies.healthCheck",
        "autoHealingPolicies.initialDelaySec",
        "updatePolicy.type",
        "updatePolicy.maxSurge.calculated",
        "updatePolicy.maxUnavailable.calculated",
        "namedPorts",
        "targetPools",
        "creationTimestamp",
        "selfLink",
    ),
    references=(
        Reference("instanceGroup", "owns"),
        Reference("instanceTemplate", "references"),
        Reference("autoHealingPolicies.healthCheck", "references"),
    ),
    health=looks.group_manager,
)
GROUP = Kind(
    type="gcp_compute_instance_groups",
    kind="GCPInstanceGroup",
    asset="compute.googleapis.com/InstanceGroup",
    fields=("size", "namedPorts", "network", "subnetwork", "description", "creationTimestamp", "selfLink"),
    references=(_IN_NETWORK, _IN_SUBNETWORK),
)
TEMPLATE = Kind(
    type="gcp_compute_instance_templates",
    kind="GCPInstanceTemplate",
    asset="compute.googleapis.com/InstanceTemplate",
    fields=(
        "creationTimestamp",
        "properties.machineType",
        "properties.networkInterfaces.network",
        "properties.networkInterfaces.subnetwork",
        "properties.scheduling",
        "properties.serviceAccounts.email",
        "properties.disks.initializeParams.sourceImage",
        "properties.disks.initializeParams.diskType",
        "properties.disks.boot",
    ),
    labels="properties.labels",
    references=(
        Reference("properties.networkInterfaces.network", "references"),
        Reference("properties.serviceAccounts.email", "references", kind="GCPServiceAccount"),
    ),
)
AUTOSCALER = Kind(
    type="gcp_compute_autoscalers",
    kind="GCPAutoscaler",
    asset="compute.googleapis.com/Autoscaler",
    fields=(
        "status",
        "statusDetails.type",
        "target",
        "recommendedSize",
        "autoscalingPolicy.minNumReplicas",
        "autoscalingPolicy.maxNumReplicas",
        "autoscalingPolicy.mode",
        "autoscalingPolicy.cpuUtilization.utilizationTarget",
    ),
    references=(Reference("target", "scales"),),
    health=looks.AUTOSCALER,
)
DISK = Kind(
    type="gcp_compute_disks",
    kind="GCPDisk",
    asset="compute.googleapis.com/Disk",
    also=("compute.googleapis.com/RegionDisk",),
    fields=(
        "status",
        "sizeGb",
        "type",
        "users",
        "sourceImage",
        "sourceSnapshot",
        "creationTimestamp",
        "lastAttachTimestamp",
        "lastDetachTimestamp",
        "physicalBlockSizeBytes",
        "provisionedIops",
        "resourcePolicies",
        "replicaZones",
        "selfLink",
    ),
    references=(Reference("users", "mounts", inverse=True), Reference("sourceSnapshot", "references")),
    health=looks.DISK,
)
SNAPSHOT = Kind(
    type="gcp_compute_snapshots",
    kind="GCPSnapshot",
    asset="compute.googleapis.com/Snapshot",
    fields=(
        "status",
        "sourceDisk",
        "diskSizeGb",
        "storageBytes",
        "storageLocations",
        "autoCreated",
        "creationTimestamp",
        "selfLink",
    ),
    references=(Reference("sourceDisk", "references"),),
    health=looks.DISK,
)
CLUSTER = Kind(
    type="gcp_container_clusters",
    kind="GKECluster",
    asset="container.googleapis.com/Cluster",
    fields=(
        "status",
        "statusMessage",
        "conditions.code",
        "conditions.canonicalCode",
        "endpoint",
        "locations",
        "network",
        "subnetwork",
        "networkConfig.network",
        "networkConfig.subnetwork",
        "currentMasterVersion",
        "currentNodeVersion",
        "currentNodeCount",
        "initialClusterVersion",
        "createTime",
        "releaseChannel.channel",
        "autopilot.enabled",
        "privateClusterConfig.enablePrivateNodes",
        "privateClusterConfig.enablePrivateEndpoint",
        "nodePools.name",
        "nodePools.status",
        "nodePools.version",
        "nodePools.initialNodeCount",
        "nodePools.autoscaling",
        "nodePools.config.machineType",
        "loggingService",
        "monitoringService",
        "workloadIdentityConfig.workloadPool",
        "selfLink",
    ),
    labels="resourceLabels",
    references=(
        Reference("networkConfig.network", "contains", inverse=True, service="compute.googleapis.com"),
        Reference("networkConfig.subnetwork", "contains", inverse=True, service="compute.googleapis.com"),
    ),
    health=looks.CLUSTER,
)
NODE_POOL = Kind(
    type="gcp_container_node_pools",
    kind="GKENodePool",
    asset="container.googleapis.com/NodePool",
    fields=(
        "status",
        "version",
        "initialNodeCount",
        "autoscaling",
        "management",
        "locations",
        "config.machineType",
        "config.diskSizeGb",
        "config.diskType",
        "config.imageType",
        "config.preemptible",
        "config.spot",
        "config.serviceAccount",
        "instanceGroupUrls",
        "conditions.canonicalCode",
        "upgradeSettings",
        "selfLink",
    ),
    labels="config.resourceLabels",
    references=(
        Reference("instanceGroupUrls", "owns"),
        Reference("config.serviceAccount", "references", kind="GCPServiceAccount"),
    ),
    health=looks.NODE_POOL,
    part=True,
)

ROWS = (INSTANCE, CLUSTER, NODE_POOL, GROUP_MANAGER, GROUP, AUTOSCALER, DISK, SNAPSHOT, TEMPLATE)
