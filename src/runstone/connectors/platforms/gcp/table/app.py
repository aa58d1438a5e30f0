"""What serves and works: Cloud Run, functions, App Engine, API gateways, pipelines."""

from runstone.connectors.platforms.gcp import looks
from runstone.connectors.platforms.gcp.kinds import Kind, Reference

_TEMPLATE = "spec.template.spec"
_ACCOUNT = "GCPServiceAccount"
_CONDITIONS = ("status.conditions.type", "status.conditions.status", "status.conditions.reason")


def _containers(path: str) -> tuple[str, ...]:
    return tuple(f"{path}.containers.{name}" for name in ("name", "image", "ports", "resources", "env"))


RUN_SERVICE = Kind(
    type="gcp_run_services",
    kind="CloudRunService",
    asset="run.googleapis.com/Service",
    fields=(
        *_CONDITIONS,
        "status.url",
        "status.latestReadyRevisionName",
        "status.latestCreatedRevisionName",
        "status.traffic",
        "spec.traffic",
        *_containers(_TEMPLATE),
        f"{_TEMPLATE}.containerConcurrency",
        f"{_TEMPLATE}.timeoutSeconds",
        f"{_TEMPLATE}.serviceAccountName",
    ),
    labels="metadata.labels",
    references=(Reference(f"{_TEMPLATE}.serviceAccountName", "references", kind=_ACCOUNT),),
    health=looks.knative,
)
RUN_REVISION = Kind(
    type="gcp_run_revisions",
    kind="CloudRunRevision",
    asset="run.googleapis.com/Revision",
    fields=(
        *_CONDITIONS,
        "status.imageDigest",
        "spec.containerConcurrency",
        "spec.timeoutSeconds",
        "spec.serviceAccountName",
        *_containers("spec"),
    ),
    labels="metadata.labels",
    references=(
        Reference("metadata.ownerReferences.name", "owns", inverse=True, kind="CloudRunService"),
        Reference("spec.serviceAccountName", "references", kind=_ACCOUNT),
    ),
    health=looks.revision,
)
RUN_JOB = Kind(
    type="gcp_run_jobs",
    kind="CloudRunJob",
    asset="run.googleapis.com/Job",
    fields=(
        *_CONDITIONS,
        "status.executionCount",
        "status.latestCreatedExecution.name",
        "status.latestCreatedExecution.completionTimestamp",
        "spec.template.spec.taskCount",
        *_containers("spec.template.spec.template.spec"),
        "spec.template.spec.template.spec.serviceAccountName",
    ),
    labels="metadata.labels",
    references=(Reference("spec.template.spec.template.spec.serviceAccountName", "references", kind=_ACCOUNT),),
    health=looks.knative,
)
FUNCTION = Kind(
    type="gcp_functions_functions",
    kind="CloudFunctionV1",
    asset="cloudfunctions.googleapis.com/CloudFunction",
    fields=(
        "status",
        "entryPoint",
        "runtime",
        "timeout",
        "availableMemoryMb",
        "maxInstances",
        "minInstances",
        "ingressSettings",
        "serviceAccountEmail",
        "updateTime",
        "versionId",
        "vpcConnector",
        "httpsTrigger.url",
        "eventTrigger.eventType",
        "eventTrigger.resource",
        "environmentVariables",
    ),
    references=(
        Reference("serviceAccountEmail", "references", kind=_ACCOUNT),
        Reference("eventTrigger.resource", "routes-to", inverse=True, service="pubsub.googleapis.com"),
        Reference("vpcConnector", "references", service="vpcaccess.googleapis.com"),
    ),
    health=looks.FUNCTION,
)
FUNCTION_V2 = Kind(
    type="gcp_functionsv2_functions",
    kind="CloudFunction",
    asset="cloudfunctions.googleapis.com/Function",
    fields=(
        "state",
        "environment",
        "url",
        "updateTime",
        "stateMessages.severity",
        "stateMessages.type",
        "buildConfig.runtime",
        "buildConfig.entryPoint",
        "serviceConfig.service",
        "serviceConfig.timeoutSeconds",
        "serviceConfig.availableMemory",
        "serviceConfig.maxInstanceCount",
        "serviceConfig.ingressSettings",
        "serviceConfig.serviceAccountEmail",
        "serviceConfig.vpcConnector",
        "serviceConfig.environmentVariables",
        "eventTrigger.eventType",
        "eventTrigger.pubsubTopic",
    ),
    references=(
        Reference("serviceConfig.service", "owns", service="run.googleapis.com"),
        Reference("serviceConfig.serviceAccountEmail", "references", kind=_ACCOUNT),
        Reference("serviceConfig.vpcConnector", "references", service="vpcaccess.googleapis.com"),
        Reference("eventTrigger.pubsubTopic", "routes-to", inverse=True, service="pubsub.googleapis.com"),
    ),
    health=looks.STATE,
)
APP = Kind(
    type="gcp_appengine_apps",
    kind="AppEngineApp",
    asset="appengine.googleapis.com/Application",
    fields=("servingStatus", "defaultHostname", "locationId", "databaseType", "serviceAccount"),
    references=(Reference("serviceAccount", "references", kind=_ACCOUNT),),
    health=looks.APPENGINE,
)
GATEWAY = Kind(
    type="gcp_apigateway_gateways",
    kind="APIGateway",
    asset="apigateway.googleapis.com/Gateway",
    fields=("state", "displayName", "apiConfig", "defaultHostname", "createTime", "updateTime"),
    health=looks.STATE,
)
API = Kind(
    type="gcp_apigateway_apis",
    kind="GatewayAPI",
    asset="apigateway.googleapis.com/Api",
    fields=("state", "displayName", "managedService", "createTime", "updateTime"),
    health=looks.STATE,
)
APIGEE = Kind(
    type="gcp_apigee_organizations",
    aliases=("apigee_organization", "apigee_organizations"),
    kind="ApigeeOrganization",
    asset="apigee.googleapis.com/Organization",
    fields=(
        "state",
        "displayName",
        "projectId",
        "environments",
        "analyticsRegion",
        "authorizedNetwork",
        "runtimeType",
        "billingType",
        "subscriptionType",
        "createdAt",
        "expiresAt",
    ),
    health=looks.STATE,
)
APIGEE_INSTANCE = Kind(
    type="gcp_apigee_instances",
    aliases=("apigee_instances",),
    kind="ApigeeInstance",
    asset="apigee.googleapis.com/Instance",
    fields=("state", "location", "host", "port", "runtimeVersion", "peeringCidrRange", "createdAt"),
    health=looks.STATE,
    part=True,
)
COMPOSER = Kind(
    type="gcp_composer_environments",
    kind="ComposerEnvironment",
    asset="composer.googleapis.com/Environment",
    fields=(
        "state",
        "uuid",
        "createTime",
        "updateTime",
        "config.gkeCluster",
        "config.dagGcsPrefix",
        "config.airflowUri",
        "config.nodeCount",
        "config.environmentSize",
        "config.softwareConfig.imageVersion",
        "config.softwareConfig.schedulerCount",
        "config.workloadsConfig",
        "config.nodeConfig.network",
        "config.nodeConfig.subnetwork",
        "config.nodeConfig.serviceAccount",
    ),
    references=(
        Reference("config.gkeCluster", "runs-on", service="container.googleapis.com"),
        Reference("config.nodeConfig.subnetwork", "contains", inverse=True, service="compute.googleapis.com"),
        Reference("config.nodeConfig.serviceAccount", "references", kind=_ACCOUNT),
    ),
    health=looks.STATE,
)
DATAPROC = Kind(
    type="gcp_dataproc_clusters",
    kind="DataprocCluster",
    asset="dataproc.googleapis.com/Cluster",
    fields=(
        "clusterUuid",
        "status.state",
        "status.substate",
        "status.stateStartTime",
        "config.configBucket",
        "config.masterConfig.numInstances",
        "config.masterConfig.machineTypeUri",
        "config.workerConfig.numInstances",
        "config.workerConfig.machineTypeUri",
        "config.softwareConfig.imageVersion",
        "config.gceClusterConfig.subnetworkUri",
        "config.gceClusterConfig.serviceAccount",
    ),
    references=(
        Reference("config.configBucket", "references", kind="GCSBucket"),
        Reference("config.gceClusterConfig.subnetworkUri", "contains", inverse=True, service="compute.googleapis.com"),
        Reference("config.gceClusterConfig.serviceAccount", "references", kind=_ACCOUNT),
    ),
    health=looks.DATAPROC,
)
DATAFLOW = Kind(
    type="gcp_dataflow_jobs",
    kind="DataflowJob",
    asset="dataflow.googleapis.com/Job",
    fields=("type", "currentState", "currentStateTime", "requestedState", "createTime", "startTime"),
    name="name",
    repeats=True,
    health=looks.DATAFLOW,
)

ROWS = (
    RUN_SERVICE,
    RUN_REVISION,
    RUN_JOB,
    FUNCTION_V2,
    FUNCTION,
    APP,
    GATEWAY,
    API,
    APIGEE,
    APIGEE_INSTANCE,
    COMPOSER,
    DATAPROC,
    DATAFLOW,
)
