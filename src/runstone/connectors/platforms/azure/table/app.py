"""What serves: App Service, API Management, workflows, and what stands before them."""

from runstone.connectors.platforms.azure import looks
from runstone.connectors.platforms.azure.kinds import Kind, Reference

PLAN = Kind(
    type="azure_appservice_plans",
    kind="AzureAppServicePlan",
    arm="Microsoft.Web/serverFarms",
    fields=(
        "status",
        "numberOfSites",
        "numberOfWorkers",
        "currentNumberOfWorkers",
        "maximumNumberOfWorkers",
        "perSiteScaling",
        "elasticScaleEnabled",
        "maximumElasticWorkerCount",
        "reserved",
        "zoneRedundant",
        "hostingEnvironmentProfile.id",
    ),
    health=looks.PLAN,
)
WEB_APP = Kind(
    type="azure_appservice_web_apps",
    kind="AzureWebApp",
    arm="Microsoft.Web/sites",
    fields=(
        "state",
        "enabled",
        "availabilityState",
        "usageState",
        "defaultHostName",
        "hostNames",
        "enabledHostNames",
        "httpsOnly",
        "publicNetworkAccess",
        "serverFarmId",
        "virtualNetworkSubnetId",
        "lastModifiedTimeUtc",
        "outboundIpAddresses",
        "reserved",
        "siteConfig.linuxFxVersion",
        "siteConfig.windowsFxVersion",
        "siteConfig.alwaysOn",
        "siteConfig.http20Enabled",
        "siteConfig.minTlsVersion",
        "siteConfig.numberOfWorkers",
        "siteConfig.healthCheckPath",
    ),
    references=(
        Reference("serverFarmId", "runs-on"),
        Reference("virtualNetworkSubnetId", "contains", inverse=True),
    ),
    health=looks.WEB_APP,
)
STATIC_SITE = Kind(
    type="azure_appservice_static_sites",
    kind="AzureStaticSite",
    arm="Microsoft.Web/staticSites",
    fields=("defaultHostname", "customDomains", "branch", "provider", "publicNetworkAccess"),
)
API_MANAGEMENT = Kind(
    type="azure_apimanagement_service",
    kind="AzureAPIManagement",
    arm="Microsoft.ApiManagement/service",
    fields=(
        "gatewayUrl",
        "gatewayRegionalUrl",
        "managementApiUrl",
        "developerPortalUrl",
        "publicIPAddresses",
        "privateIPAddresses",
        "publicNetworkAccess",
        "platformVersion",
        "virtualNetworkType",
        "virtualNetworkConfiguration.subnetResourceId",
        "targetProvisioningState",
        "createdAtUtc",
        "hostnameConfigurations.hostName",
        "hostnameConfigurations.type",
        "hostnameConfigurations.certificate.expiry",
        "disableGateway",
    ),
    references=(Reference("virtualNetworkConfiguration.subnetResourceId", "contains", inverse=True),),
)
LOGIC_APP = Kind(
    type="azure_logic_workflows",
    kind="AzureLogicApp",
    arm="Microsoft.Logic/workflows",
    fields=("state", "version", "createdTime", "changedTime", "integrationAccount.id"),
    health=looks.LOGIC_APP,
)
CDN_PROFILE = Kind(
    type="azure_cdn_profiles",
    kind="AzureCDNProfile",
    arm="Microsoft.Cdn/profiles",
    fields=("resourceState", "frontDoorId", "originResponseTimeoutSeconds"),
    health=looks.CDN,
)
REGISTRY = Kind(
    type="azure_containerregistry_registries",
    kind="AzureContainerRegistry",
    arm="Microsoft.ContainerRegistry/registries",
    fields=(
        "loginServer",
        "creationDate",
        "adminUserEnabled",
        "anonymousPullEnabled",
        "publicNetworkAccess",
        "zoneRedundancy",
        "policies.retentionPolicy",
        "policies.quarantinePolicy.status",
        "encryption.status",
    ),
)

ROWS = (WEB_APP, PLAN, API_MANAGEMENT, REGISTRY, LOGIC_APP, STATIC_SITE, CDN_PROFILE)
