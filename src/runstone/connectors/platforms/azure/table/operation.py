"""What watches over the rest: logs, insights, backups, automation."""

from runstone.connectors.platforms.azure import looks
from runstone.connectors.platforms.azure.kinds import Kind, Reference

LOG_WORKSPACE = Kind(
    type="azure_operationalinsights_workspaces",
    kind="AzureLogWorkspace",
    arm="Microsoft.OperationalInsights/workspaces",
    fields=(
        "customerId",
        "retentionInDays",
        "createdDate",
        "workspaceCapping.dailyQuotaGb",
        "workspaceCapping.dataIngestionStatus",
        "publicNetworkAccessForIngestion",
        "publicNetworkAccessForQuery",
    ),
    health=looks.LOG_WORKSPACE,
)
INSIGHTS = Kind(
    type="azure_applicationinsights_components",
    kind="AzureApplicationInsights",
    arm="Microsoft.Insights/components",
    fields=(
        "AppId",
        "Application_Type",
        "CreationDate",
        "IngestionMode",
        "RetentionInDays",
        "SamplingPercentage",
        "WorkspaceResourceId",
    ),
    references=(Reference("WorkspaceResourceId", "references"),),
)
METRIC_ALERT = Kind(
    type="azure_monitor_metric_alerts",
    kind="AzureMetricAlert",
    arm="Microsoft.Insights/metricAlerts",
    fields=(
        "enabled",
        "severity",
        "scopes",
        "evaluationFrequency",
        "windowSize",
        "autoMitigate",
        "targetResourceType",
        "actions.actionGroupId",
    ),
    references=(Reference("scopes", "references"),),
    health=looks.exists,
)
RECOVERY_VAULT = Kind(
    type="azure_recoveryservices_vaults",
    kind="AzureRecoveryVault",
    arm="Microsoft.RecoveryServices/vaults",
    fields=(
        "privateEndpointStateForBackup",
        "publicNetworkAccess",
        "redundancySettings.standardTierStorageRedundancy",
        "redundancySettings.crossRegionRestore",
        "securitySettings.softDeleteSettings.softDeleteState",
    ),
)
AUTOMATION = Kind(
    type="azure_automation_account",
    kind="AzureAutomationAccount",
    arm="Microsoft.Automation/automationAccounts",
    fields=("state", "creationTime", "lastModifiedTime", "publicNetworkAccess", "disableLocalAuth"),
    health=looks.AUTOMATION,
)
COGNITIVE = Kind(
    type="azure_cognitiveservices_accounts",
    kind="AzureAIService",
    arm="Microsoft.CognitiveServices/accounts",
    fields=(
        "endpoint",
        "customSubDomainName",
        "dateCreated",
        "disableLocalAuth",
        "publicNetworkAccess",
        "networkAcls.defaultAction",
        "networkAcls.virtualNetworkRules.id",
    ),
    references=(Reference("networkAcls.virtualNetworkRules.id", "references"),),
)

ROWS = (LOG_WORKSPACE, INSIGHTS, METRIC_ALERT, RECOVERY_VAULT, AUTOMATION, COGNITIVE)
