"""What keeps and carries data: databases, buckets, warehouses, topics, caches."""

from runstone.connectors.platforms.gcp import looks
from runstone.connectors.platforms.gcp.kinds import Kind, Reference

_COMPUTE = "compute.googleapis.com"

SQL = Kind(
    type="gcp_sql_instances",
    kind="CloudSQLInstance",
    asset="sqladmin.googleapis.com/Instance",
    fields=(
        "state",
        "suspensionReason",
        "databaseVersion",
        "databaseInstalledVersion",
        "instanceType",
        "backendType",
        "connectionName",
        "createTime",
        "gceZone",
        "secondaryGceZone",
        "ipAddresses.ipAddress",
        "ipAddresses.type",
        "masterInstanceName",
        "replicaNames",
        "settings.tier",
        "settings.activationPolicy",
        "settings.availabilityType",
        "settings.dataDiskSizeGb",
        "settings.dataDiskType",
        "settings.storageAutoResize",
        "settings.backupConfiguration.enabled",
        "settings.backupConfiguration.pointInTimeRecoveryEnabled",
        "settings.ipConfiguration.ipv4Enabled",
        "settings.ipConfiguration.requireSsl",
        "settings.ipConfiguration.sslMode",
        "settings.ipConfiguration.privateNetwork",
        "settings.maintenanceWindow",
        "serviceAccountEmailAddress",
        "selfLink",
    ),
    labels="settings.userLabels",
    references=(Reference("settings.ipConfiguration.privateNetwork", "contains", inverse=True, service=_COMPUTE),),
    health=looks.sql,
)
SPANNER = Kind(
    type="gcp_spanner_instances",
    kind="SpannerInstance",
    asset="spanner.googleapis.com/Instance",
    fields=("state", "displayName", "config", "nodeCount", "processingUnits", "edition", "instanceType", "createTime"),
    health=looks.STATE,
)
SPANNER_DATABASE = Kind(
    type="gcp_spanner_databases",
    kind="SpannerDatabase",
    asset="spanner.googleapis.com/Database",
    fields=("state", "createTime", "versionRetentionPeriod", "databaseDialect", "enableDropProtection"),
    health=looks.STATE,
    part=True,
)
ALLOYDB = Kind(
    type="gcp_alloydb_clusters",
    kind="AlloyDBCluster",
    asset="alloydb.googleapis.com/Cluster",
    fields=("state", "databaseVersion", "clusterType", "networkConfig.network", "createTime", "updateTime"),
    references=(Reference("networkConfig.network", "contains", inverse=True, service=_COMPUTE),),
    health=looks.STATE,
)
ALLOYDB_INSTANCE = Kind(
    type="gcp_alloydb_instances",
    kind="AlloyDBInstance",
    asset="alloydb.googleapis.com/Instance",
    fields=("state", "instanceType", "availabilityType", "ipAddress", "machineConfig", "gceZone", "createTime"),
    health=looks.STATE,
    part=True,
)
FIRESTORE = Kind(
    type="gcp_firestore_databases",
    kind="FirestoreDatabase",
    asset="firestore.googleapis.com/Database",
    fields=("type", "locationId", "concurrencyMode", "pointInTimeRecoveryEnablement", "deleteProtectionState"),
)
REDIS = Kind(
    type="gcp_redis_instances",
    kind="MemorystoreRedis",
    asset="redis.googleapis.com/Instance",
    fields=(
        "state",
        "statusMessage",
        "tier",
        "memorySizeGb",
        "redisVersion",
        "host",
        "port",
        "currentLocationId",
        "authorizedNetwork",
        "connectMode",
        "replicaCount",
        "transitEncryptionMode",
        "createTime",
    ),
    references=(Reference("authorizedNetwork", "contains", inverse=True, service=_COMPUTE),),
    health=looks.STATE,
)
FILESTORE = Kind(
    type="gcp_filestore_instances",
    kind="Filestore",
    asset="file.googleapis.com/Instance",
    fields=("state", "tier", "fileShares.name", "fileShares.capacityGb", "networks.network", "networks.ipAddresses"),
    health=looks.STATE,
)
BIGTABLE = Kind(
    type="gcp_bigtableadmin_instances",
    kind="BigtableInstance",
    asset="bigtableadmin.googleapis.com/Instance",
    fields=("state", "displayName", "type", "createTime"),
    health=looks.STATE,
)
DATASET = Kind(
    type="gcp_bigquery_datasets",
    kind="BigQueryDataset",
    asset="bigquery.googleapis.com/Dataset",
    fields=(
        "datasetReference",
        "creationTime",
        "lastModifiedTime",
        "defaultTableExpirationMs",
        "storageBillingModel",
        "maxTimeTravelHours",
        "selfLink",
    ),
)
BUCKET = Kind(
    type="gcp_storage_buckets",
    kind="GCSBucket",
    asset="storage.googleapis.com/Bucket",
    fields=(
        "storageClass",
        "locationType",
        "timeCreated",
        "updated",
        "versioning.enabled",
        "iamConfiguration.publicAccessPrevention",
        "iamConfiguration.uniformBucketLevelAccess.enabled",
        "lifecycle.rule.action",
        "retentionPolicy.retentionPeriod",
        "logging.logBucket",
        "selfLink",
    ),
    references=(Reference("logging.logBucket", "references", kind="GCSBucket"),),
)
TOPIC = Kind(
    type="gcp_pubsub_topics",
    kind="PubSubTopic",
    asset="pubsub.googleapis.com/Topic",
    fields=("state", "kmsKeyName", "messageRetentionDuration", "messageStoragePolicy", "schemaSettings.schema"),
    health=looks.STATE,
)
SUBSCRIPTION = Kind(
    type="gcp_pubsub_subscriptions",
    kind="PubSubSubscription",
    asset="pubsub.googleapis.com/Subscription",
    fields=(
        "state",
        "topic",
        "ackDeadlineSeconds",
        "messageRetentionDuration",
        "retainAckedMessages",
        "enableMessageOrdering",
        "detached",
        "deadLetterPolicy",
        "expirationPolicy",
        "retryPolicy",
        "bigqueryConfig.table",
        "cloudStorageConfig.bucket",
    ),
    references=(
        Reference("topic", "routes-to", inverse=True),
        Reference("deadLetterPolicy.deadLetterTopic", "routes-to"),
        Reference("cloudStorageConfig.bucket", "routes-to", kind="GCSBucket"),
    ),
    health=looks.STATE,
)
MIGRATION = Kind(
    type="gcp_databasemigration_migration_jobs",
    kind="MigrationJob",
    asset="datamigration.googleapis.com/MigrationJob",
    fields=(
        "state",
        "phase",
        "type",
        "displayName",
        "source",
        "destination",
        "duration",
        "createTime",
        "endTime",
        "error.code",
        "sourceDatabase.engine",
        "destinationDatabase.engine",
    ),
    health=looks.MIGRATION,
)
REPOSITORY = Kind(
    type="gcp_artifactregistry_repositories",
    kind="ArtifactRepository",
    asset="artifactregistry.googleapis.com/Repository",
    fields=("format", "mode", "sizeBytes", "createTime", "updateTime", "cleanupPolicyDryRun", "kmsKeyName"),
)

ROWS = (
    SQL,
    SPANNER,
    SPANNER_DATABASE,
    ALLOYDB,
    ALLOYDB_INSTANCE,
    REDIS,
    FILESTORE,
    BIGTABLE,
    FIRESTORE,
    BUCKET,
    TOPIC,
    SUBSCRIPTION,
    DATASET,
    MIGRATION,
    REPOSITORY,
)
