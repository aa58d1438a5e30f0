"""What a system is operated with: alarms, logs, rules, images, roles, secrets by name, certificates, stacks."""

from runstone.connectors.platforms.aws import looks
from runstone.connectors.platforms.aws.kinds import INDEX, Call, Detail, Kind, Reference

ALARM = Kind(
    type="aws_cloudwatch_alarms",
    kind="CloudWatchAlarm",
    service="cloudwatch",
    steps=(Call("describe_alarms", "MetricAlarms", {"AlarmTypes": ["MetricAlarm"]}),),
    name=("AlarmName",),
    arn="AlarmArn",
    fields=(
        "AlarmName",
        "StateValue",
        "StateUpdatedTimestamp",
        "ActionsEnabled",
        "AlarmActions",
        "Namespace",
        "MetricName",
        "Dimensions",
        "ComparisonOperator",
        "Threshold",
        "Period",
        "EvaluationPeriods",
    ),
    tags=INDEX,
    health=looks.alarm,
    references=(
        Reference("AlarmActions", "", "references"),
        Reference("Dimensions.Value", "", "references"),
    ),
)
STATE_MACHINE = Kind(
    type="aws_stepfunctions_state_machines",
    kind="StateMachine",
    service="stepfunctions",
    steps=(Call("list_state_machines", "stateMachines"),),
    name=("name",),
    arn="stateMachineArn",
    fields=("name", "type", "creationDate"),
    tags=INDEX,
)
EVENT_RULE = Kind(
    type="aws_eventbridge_event_bus_rules",
    kind="EventRule",
    service="events",
    steps=(
        Call("list_event_buses", "EventBuses"),
        Call("list_rules", "Rules", given={"EventBusName": "Name"}),
    ),
    name=("EventBusName", "Name"),
    arn="Arn",
    fields=("Name", "EventBusName", "State", "ScheduleExpression", "RoleArn", "Targets.Id", "Targets.Arn"),
    tags="TagList",
    details=(
        Detail("TagList", Call("list_tags_for_resource", "Tags", given={"ResourceARN": "Arn"})),
        Detail(
            "Targets",
            Call("list_targets_by_rule", "Targets", given={"Rule": "Name", "EventBusName": "EventBusName"}),
        ),
    ),
    health=looks.states("State", "ENABLED"),
    references=(Reference("Targets.Arn", "", "routes-to"),),
)
REPOSITORY = Kind(
    type="aws_ecr_repositories",
    kind="ECRRepository",
    service="ecr",
    steps=(Call("describe_repositories", "repositories"),),
    name=("repositoryName",),
    arn="repositoryArn",
    fields=("repositoryName", "repositoryUri", "createdAt", "imageTagMutability"),
    tags="TagList",
    details=(Detail("TagList", Call("list_tags_for_resource", "tags", given={"resourceArn": "repositoryArn"})),),
)
ROLE = Kind(
    type="aws_iam_roles",
    kind="IAMRole",
    service="iam",
    steps=(Call("list_roles", "Roles"),),
    name=("RoleName",),
    arn="Arn",
    fields=("RoleName", "RoleId", "Path", "CreateDate", "MaxSessionDuration"),
    tags="TagList",
    details=(Detail("TagList", Call("list_role_tags", "Tags", given={"RoleName": "RoleName"})),),
    everywhere=True,
)
SECRET = Kind(
    type="aws_secretsmanager_secrets",
    kind="SecretsManagerSecret",
    service="secretsmanager",
    steps=(Call("list_secrets", "SecretList"),),
    name=("Name",),
    arn="ARN",
    fields=("Name", "RotationEnabled", "LastChangedDate", "LastRotatedDate", "NextRotationDate", "KmsKeyId"),
    tags="Tags",
    references=(Reference("KmsKeyId", "KMSKey", "references"),),
)
KEY = Kind(
    type="aws_kms_keys",
    kind="KMSKey",
    service="kms",
    steps=(Call("list_keys", "Keys"), Call("describe_key", "KeyMetadata", given={"KeyId": "KeyId"})),
    name=("KeyId",),
    arn="Arn",
    fields=("KeyId", "KeyState", "KeyManager", "KeyUsage", "CreationDate", "DeletionDate"),
    tags=INDEX,
    health=looks.states("KeyState", "Enabled Updating", "Disabled PendingDeletion PendingReplicaDeletion Unavailable"),
)
CERTIFICATE = Kind(
    type="aws_acm_certificates",
    kind="Certificate",
    service="acm",
    steps=(
        Call("list_certificates", "CertificateSummaryList"),
        Call("describe_certificate", "Certificate", given={"CertificateArn": "CertificateArn"}),
    ),
    name=("CertificateArn|",),
    arn="CertificateArn",
    fields=(
        "DomainName",
        "SubjectAlternativeNames",
        "Status",
        "FailureReason",
        "Type",
        "NotAfter",
        "RenewalEligibility",
        "RenewalSummary.RenewalStatus",
        "InUseBy",
    ),
    tags=INDEX,
    health=looks.states("Status", "ISSUED", "EXPIRED REVOKED FAILED VALIDATION_TIMED_OUT", why="FailureReason"),
    references=(Reference("InUseBy", "", "references", inverse=True),),
)
LOG_GROUP = Kind(
    type="aws_cloudwatchlogs_log_groups",
    kind="LogGroup",
    service="logs",
    steps=(Call("describe_log_groups", "logGroups"),),
    name=("logGroupName",),
    arn="arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}",
    fields=("logGroupName", "retentionInDays", "logGroupClass", "kmsKeyId"),
    tags=INDEX,
)
STACK = Kind(
    type="aws_cloudformation_stacks",
    kind="CloudFormationStack",
    service="cloudformation",
    steps=(Call("describe_stacks", "Stacks"),),
    name=("StackName",),
    arn="StackId",
    fields=("StackName", "StackId", "StackStatus", "CreationTime", "LastUpdatedTime", "DriftInformation"),
    tags="Tags",
    health=looks.states(
        "StackStatus",
        "CREATE_COMPLETE UPDATE_COMPLETE IMPORT_COMPLETE UPDATE_COMPLETE_CLEANUP_IN_PROGRESS DELETE_COMPLETE",
        "CREATE_FAILED ROLLBACK_COMPLETE ROLLBACK_FAILED DELETE_FAILED UPDATE_FAILED UPDATE_ROLLBACK_COMPLETE "
        "UPDATE_ROLLBACK_FAILED IMPORT_ROLLBACK_COMPLETE IMPORT_ROLLBACK_FAILED",
    ),
)

ROWS = (ALARM, STATE_MACHINE, EVENT_RULE, REPOSITORY, ROLE, SECRET, KEY, CERTIFICATE, LOG_GROUP, STACK)
