"""What keeps and carries data: databases, caches, buckets, queues, topics, streams."""

from runstone.connectors.platforms.aws import looks
from runstone.connectors.platforms.aws.kinds import INDEX, Call, Detail, Kind, Reference

_DB_ILL = (
    "failed incompatible-network incompatible-parameters incompatible-restore incompatible-option-group "
    "incompatible-credentials inaccessible-encryption-credentials storage-full restore-error insufficient-capacity"
)
"""The states that need someone to act, of Amazon RDS User Guide, *Viewing DB instance status*."""
_GUARDED = Reference("VpcSecurityGroups.VpcSecurityGroupId", "SecurityGroup", "guards", inverse=True)

DB_INSTANCE = Kind(
    type="aws_rds_instances",
    kind="RDSInstance",
    service="rds",
    steps=(Call("describe_db_instances", "DBInstances"),),
    name=("DBInstanceIdentifier",),
    arn="DBInstanceArn",
    fields=(
        "DBInstanceIdentifier",
        "DBInstanceClass",
        "DBInstanceStatus",
        "Engine",
        "EngineVersion",
        "Endpoint.Address",
        "Endpoint.Port",
        "MultiAZ",
        "PubliclyAccessible",
        "StorageType",
        "AllocatedStorage",
        "AvailabilityZone",
        "DBClusterIdentifier",
        "ReadReplicaSourceDBInstanceIdentifier",
        "ReadReplicaDBInstanceIdentifiers",
        "DBSubnetGroup.VpcId",
        "DBSubnetGroup.Subnets.SubnetIdentifier",
        "VpcSecurityGroups.VpcSecurityGroupId",
    ),
    tags="TagList",
    health=looks.states("DBInstanceStatus", "available backing-up storage-optimization", _DB_ILL),
    references=(
        Reference("DBClusterIdentifier", "RDSCluster", "owns", inverse=True),
        Reference("ReadReplicaSourceDBInstanceIdentifier", "RDSInstance", "references"),
        Reference("DBSubnetGroup.VpcId", "VPC", "contains", inverse=True),
        Reference("DBSubnetGroup.Subnets.SubnetIdentifier", "Subnet", "references"),
        _GUARDED,
    ),
)
DB_CLUSTER = Kind(
    type="aws_rds_clusters",
    kind="RDSCluster",
    service="rds",
    steps=(Call("describe_db_clusters", "DBClusters"),),
    name=("DBClusterIdentifier",),
    arn="DBClusterArn",
    fields=(
        "DBClusterIdentifier",
        "Status",
        "Engine",
        "EngineVersion",
        "Endpoint",
        "ReaderEndpoint",
        "Port",
        "MultiAZ",
        "DBClusterMembers.DBInstanceIdentifier",
        "DBClusterMembers.IsClusterWriter",
        "VpcSecurityGroups.VpcSecurityGroupId",
    ),
    tags="TagList",
    health=looks.states("Status", "available backing-up", _DB_ILL),
    references=(Reference("DBClusterMembers.DBInstanceIdentifier", "RDSInstance", "owns"), _GUARDED),
)
TABLE = Kind(
    type="aws_dynamodb_tables",
    kind="DynamoDBTable",
    service="dynamodb",
    steps=(Call("list_tables", "TableNames"), Call("describe_table", "Table", given={"TableName": "value"})),
    name=("TableName",),
    arn="TableArn",
    fields=(
        "TableName",
        "TableStatus",
        "CreationDateTime",
        "BillingModeSummary.BillingMode",
        "ProvisionedThroughput.ReadCapacityUnits",
        "ProvisionedThroughput.WriteCapacityUnits",
        "LatestStreamArn",
        "GlobalSecondaryIndexes.IndexName",
        "GlobalSecondaryIndexes.IndexStatus",
    ),
    tags="TagList",
    details=(Detail("TagList", Call("list_tags_of_resource", "Tags", given={"ResourceArn": "TableArn"})),),
    health=looks.states("TableStatus", "ACTIVE UPDATING", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
)
_CACHE_ILL = "incompatible-network restore-failed create-failed"
CACHE_CLUSTER = Kind(
    type="aws_elasticache_clusters",
    kind="ElastiCacheCluster",
    service="elasticache",
    steps=(Call("describe_cache_clusters", "CacheClusters", {"ShowCacheNodeInfo": True}),),
    name=("CacheClusterId",),
    arn="ARN",
    fields=(
        "CacheClusterId",
        "CacheClusterStatus",
        "CacheNodeType",
        "Engine",
        "EngineVersion",
        "NumCacheNodes",
        "PreferredAvailabilityZone",
        "ReplicationGroupId",
        "ConfigurationEndpoint",
        "CacheNodes.CacheNodeId",
        "CacheNodes.CacheNodeStatus",
        "CacheNodes.Endpoint",
        "SecurityGroups.SecurityGroupId",
    ),
    tags=INDEX,
    health=looks.states("CacheClusterStatus", "available snapshotting", _CACHE_ILL),
    references=(
        Reference("ReplicationGroupId", "ReplicationGroup", "owns", inverse=True),
        Reference("SecurityGroups.SecurityGroupId", "SecurityGroup", "guards", inverse=True),
    ),
)
REPLICATION_GROUP = Kind(
    type="aws_elasticache_replication_groups",
    kind="ReplicationGroup",
    service="elasticache",
    steps=(Call("describe_replication_groups", "ReplicationGroups"),),
    name=("ReplicationGroupId",),
    arn="ARN",
    fields=(
        "ReplicationGroupId",
        "Status",
        "MemberClusters",
        "AutomaticFailover",
        "MultiAZ",
        "ClusterEnabled",
        "CacheNodeType",
        "ConfigurationEndpoint",
        "NodeGroups.PrimaryEndpoint",
        "NodeGroups.ReaderEndpoint",
        "NodeGroups.Status",
    ),
    tags=INDEX,
    health=looks.states("Status", "available snapshotting", _CACHE_ILL),
    references=(Reference("MemberClusters", "ElastiCacheCluster", "owns"),),
)
SERVERLESS_CACHE = Kind(
    type="aws_elasticache_serverless_caches",
    kind="ServerlessCache",
    service="elasticache",
    steps=(Call("describe_serverless_caches", "ServerlessCaches"),),
    name=("ServerlessCacheName",),
    arn="ARN",
    fields=(
        "ServerlessCacheName",
        "Status",
        "Engine",
        "FullEngineVersion",
        "Endpoint",
        "SubnetIds",
        "SecurityGroupIds",
    ),
    tags=INDEX,
    health=looks.states("Status", "available", "create-failed"),
    references=(
        Reference("SecurityGroupIds", "SecurityGroup", "guards", inverse=True),
        Reference("SubnetIds", "Subnet", "references"),
    ),
)
_OF_BUCKET = {"Bucket": "Name"}
BUCKET = Kind(
    type="aws_s3_buckets",
    kind="S3Bucket",
    service="s3",
    steps=(Call("list_buckets", "Buckets"),),
    name=("Name",),
    arn="arn:{partition}:s3:::{Name}",
    fields=("Name", "CreationDate", "PolicyStatus"),
    tags="TagSet",
    details=(
        Detail("Location", Call("get_bucket_location", "LocationConstraint", given=_OF_BUCKET), one=True),
        Detail("TagSet", Call("get_bucket_tagging", "TagSet", given=_OF_BUCKET, absent=frozenset({"NoSuchTagSet"}))),
        Detail(
            "PolicyStatus",
            Call(
                "get_bucket_policy_status",
                "PolicyStatus",
                given=_OF_BUCKET,
                absent=frozenset({"NoSuchBucketPolicy"}),
            ),
            one=True,
        ),
    ),
    everywhere=True,
    region="Location.value",
)
QUEUE = Kind(
    type="aws_sqs_queues",
    kind="SQSQueue",
    service="sqs",
    steps=(
        Call("list_queues", "QueueUrls"),
        Call(
            "get_queue_attributes",
            "Attributes",
            {"AttributeNames": ["All"]},
            given={"QueueUrl": "value"},
            carry={"url": "value"},
        ),
    ),
    name=("url|",),
    arn="QueueArn",
    fields=(
        "url",
        "QueueArn",
        "RedrivePolicy",
        "VisibilityTimeout",
        "MessageRetentionPeriod",
        "DelaySeconds",
        "FifoQueue",
    ),
    tags=INDEX,
    references=(Reference("RedrivePolicy.deadLetterTargetArn", "SQSQueue", "references"),),
    written=("RedrivePolicy",),
)
TOPIC = Kind(
    type="aws_sns_topics",
    kind="SNSTopic",
    service="sns",
    steps=(Call("list_topics", "Topics"),),
    name=("TopicArn|",),
    arn="TopicArn",
    fields=("TopicArn",),
    tags=INDEX,
)
SUBSCRIPTION = Kind(
    type="aws_sns_subscriptions",
    kind="SNSSubscription",
    service="sns",
    steps=(Call("list_subscriptions", "Subscriptions"),),
    name=("TopicArn|", "SubscriptionArn|"),
    arn="SubscriptionArn",
    fields=("SubscriptionArn", "TopicArn", "Protocol", "Owner"),
    references=(
        Reference("TopicArn", "SNSTopic", "owns", inverse=True),
        Reference("Endpoint", "", "routes-to"),
    ),
)
STREAM = Kind(
    type="aws_kinesis_streams",
    kind="KinesisStream",
    service="kinesis",
    steps=(
        Call("list_streams", "StreamNames"),
        Call("describe_stream_summary", "StreamDescriptionSummary", given={"StreamName": "value"}),
    ),
    name=("StreamName",),
    arn="StreamARN",
    fields=("StreamName", "StreamStatus", "OpenShardCount", "RetentionPeriodHours", "StreamModeDetails.StreamMode"),
    tags="TagList",
    details=(
        Detail("TagList", Call("list_tags_for_stream", "Tags", {"Limit": 50}, given={"StreamName": "StreamName"})),
    ),
    health=looks.states("StreamStatus", "ACTIVE UPDATING"),
)
VOLUME = Kind(
    type="aws_ec2_ebs_volumes",
    kind="EBSVolume",
    service="ec2",
    steps=(Call("describe_volumes", "Volumes"),),
    name=("VolumeId",),
    arn="arn:{partition}:ec2:{region}:{account}:volume/{VolumeId}",
    fields=(
        "VolumeId",
        "State",
        "Size",
        "VolumeType",
        "AvailabilityZone",
        "Encrypted",
        "Iops",
        "Attachments.InstanceId",
    ),
    tags="Tags",
    health=looks.states("State", "available in-use", "error"),
)
FILE_SYSTEM = Kind(
    type="aws_efs_filesystems",
    kind="FileSystem",
    service="efs",
    steps=(Call("describe_file_systems", "FileSystems"),),
    name=("FileSystemId",),
    arn="FileSystemArn",
    fields=("FileSystemId", "Name", "LifeCycleState", "NumberOfMountTargets", "Encrypted", "PerformanceMode"),
    tags="Tags",
    health=looks.states("LifeCycleState", "available updating", "error"),
)

SEARCH = Kind(
    type="aws_opensearch_domains",
    aliases=("aws_elasticsearch_domains",),
    kind="OpenSearchDomain",
    service="opensearch",
    steps=(
        Call("list_domain_names", "DomainNames"),
        Call("describe_domains", "DomainStatusList", given={"DomainNames": "DomainName"}, batch=5),
    ),
    name=("DomainName",),
    arn="ARN",
    fields=(
        "DomainName",
        "EngineVersion",
        "Endpoint",
        "Endpoints",
        "DomainProcessingStatus",
        "Processing",
        "VPCOptions",
    ),
    tags="TagList",
    details=(Detail("TagList", Call("list_tags", "TagList", given={"ARN": "ARN"})),),
    references=(
        Reference("VPCOptions.VPCId", "VPC", "contains", inverse=True),
        Reference("VPCOptions.SecurityGroupIds", "SecurityGroup", "guards", inverse=True),
    ),
)
WAREHOUSE = Kind(
    type="aws_redshift_clusters",
    kind="RedshiftCluster",
    service="redshift",
    steps=(Call("describe_clusters", "Clusters"),),
    name=("ClusterIdentifier",),
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{ClusterIdentifier}",
    fields=(
        "ClusterIdentifier",
        "ClusterStatus",
        "ClusterAvailabilityStatus",
        "NodeType",
        "NumberOfNodes",
        "Endpoint.Address",
        "Endpoint.Port",
        "VpcId",
        "VpcSecurityGroups.VpcSecurityGroupId",
    ),
    tags="Tags",
    health=looks.states(
        "ClusterStatus",
        "available",
        "hardware-failure incompatible-hsm incompatible-network incompatible-parameters incompatible-restore "
        "storage-full unavailable",
    ),
    references=(Reference("VpcId", "VPC", "contains", inverse=True), _GUARDED),
)
KAFKA = Kind(
    type="aws_kafka_clusters",
    kind="KafkaCluster",
    service="kafka",
    steps=(Call("list_clusters_v2", "ClusterInfoList"),),
    name=("ClusterName",),
    arn="ClusterArn",
    fields=("ClusterName", "ClusterType", "State", "StateInfo.Code", "CreationTime", "CurrentVersion"),
    tags="Tags",
    health=looks.states("State", "ACTIVE UPDATING MAINTENANCE", "FAILED", why="StateInfo.Code"),
)

FIRST = (DB_INSTANCE, DB_CLUSTER, TABLE, CACHE_CLUSTER, REPLICATION_GROUP, SERVERLESS_CACHE, BUCKET, QUEUE, TOPIC)
ROWS = (SUBSCRIPTION, STREAM, SEARCH, WAREHOUSE, KAFKA, VOLUME, FILE_SYSTEM)
