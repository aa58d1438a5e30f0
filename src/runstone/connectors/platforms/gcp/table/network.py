"""What traffic goes through: balancers in all their parts, addresses, names, tunnels, and the networks themselves."""

from runstone.connectors.platforms.gcp import looks
from runstone.connectors.platforms.gcp.kinds import Kind, Reference

_IN_NETWORK = Reference("network", "contains", inverse=True)
_IN_SUBNETWORK = Reference("subnetwork", "contains", inverse=True)
_RULE_FIELDS = (
    "IPAddress",
    "IPProtocol",
    "portRange",
    "ports",
    "target",
    "backendService",
    "loadBalancingScheme",
    "network",
    "subnetwork",
    "networkTier",
    "creationTimestamp",
    "selfLink",
)
_RULE_REFERENCES = (
    Reference("target", "routes-to"),
    Reference("backendService", "routes-to"),
    _IN_NETWORK,
    _IN_SUBNETWORK,
)
_ADDRESS_FIELDS = ("address", "addressType", "purpose", "status", "users", "network", "subnetwork", "selfLink")
_ADDRESS_REFERENCES = (Reference("users", "references", inverse=True), _IN_SUBNETWORK)

FORWARDING_RULE = Kind(
    type="gcp_compute_forwarding_rules",
    kind="GCPForwardingRule",
    asset="compute.googleapis.com/ForwardingRule",
    fields=_RULE_FIELDS,
    references=_RULE_REFERENCES,
)
GLOBAL_FORWARDING_RULE = Kind(
    type="gcp_compute_global_forwarding_rules",
    kind="GCPGlobalForwardingRule",
    asset="compute.googleapis.com/GlobalForwardingRule",
    fields=_RULE_FIELDS,
    references=_RULE_REFERENCES,
)
BACKEND_SERVICE = Kind(
    type="gcp_compute_backend_services",
    kind="GCPBackendService",
    asset="compute.googleapis.com/BackendService",
    also=("compute.googleapis.com/RegionBackendService",),
    fields=(
        "protocol",
        "port",
        "portName",
        "timeoutSec",
        "loadBalancingScheme",
        "sessionAffinity",
        "healthChecks",
        "backends.group",
        "backends.balancingMode",
        "backends.maxUtilization",
        "connectionDraining",
        "enableCDN",
        "securityPolicy",
        "selfLink",
    ),
    references=(Reference("backends.group", "routes-to"), Reference("healthChecks", "references")),
)
URL_MAP = Kind(
    type="gcp_compute_url_maps",
    kind="GCPURLMap",
    asset="compute.googleapis.com/UrlMap",
    fields=(
        "defaultService",
        "hostRules.hosts",
        "hostRules.pathMatcher",
        "pathMatchers.name",
        "pathMatchers.defaultService",
        "pathMatchers.pathRules.paths",
        "pathMatchers.pathRules.service",
    ),
    references=(
        Reference("defaultService", "routes-to"),
        Reference("pathMatchers.defaultService", "routes-to"),
        Reference("pathMatchers.pathRules.service", "routes-to"),
    ),
)
HTTP_PROXY = Kind(
    type="gcp_compute_target_http_proxies",
    kind="GCPHTTPProxy",
    asset="compute.googleapis.com/TargetHttpProxy",
    fields=("urlMap", "proxyBind"),
    references=(Reference("urlMap", "routes-to"),),
)
HTTPS_PROXY = Kind(
    type="gcp_compute_target_https_proxies",
    kind="GCPHTTPSProxy",
    asset="compute.googleapis.com/TargetHttpsProxy",
    fields=("urlMap", "sslCertificates", "sslPolicy", "quicOverride", "certificateMap"),
    references=(Reference("urlMap", "routes-to"), Reference("sslCertificates", "references")),
)
CERTIFICATE = Kind(
    type="gcp_compute_ssl_certificates",
    kind="GCPSSLCertificate",
    asset="compute.googleapis.com/SslCertificate",
    fields=(
        "type",
        "managed.status",
        "managed.domains",
        "managed.domainStatus",
        "subjectAlternativeNames",
        "creationTimestamp",
        "expireTime",
    ),
    health=looks.CERTIFICATE,
)
HEALTH_CHECK = Kind(
    type="gcp_compute_health_checks",
    kind="GCPHealthCheck",
    asset="compute.googleapis.com/HealthCheck",
    fields=(
        "type",
        "checkIntervalSec",
        "timeoutSec",
        "healthyThreshold",
        "unhealthyThreshold",
        "httpHealthCheck.port",
        "httpHealthCheck.requestPath",
        "tcpHealthCheck.port",
    ),
)
NETWORK = Kind(
    type="gcp_compute_networks",
    kind="GCPNetwork",
    asset="compute.googleapis.com/Network",
    fields=(
        "autoCreateSubnetworks",
        "mtu",
        "routingConfig.routingMode",
        "peerings.name",
        "peerings.state",
        "peerings.network",
        "creationTimestamp",
        "selfLink",
    ),
    references=(Reference("peerings.network", "references"),),
)
SUBNETWORK = Kind(
    type="gcp_compute_subnetworks",
    kind="GCPSubnetwork",
    asset="compute.googleapis.com/Subnetwork",
    fields=(
        "ipCidrRange",
        "secondaryIpRanges",
        "network",
        "purpose",
        "privateIpGoogleAccess",
        "gatewayAddress",
        "enableFlowLogs",
        "creationTimestamp",
        "selfLink",
    ),
    references=(_IN_NETWORK,),
)
FIREWALL = Kind(
    type="gcp_compute_firewalls",
    kind="GCPFirewall",
    asset="compute.googleapis.com/Firewall",
    fields=(
        "network",
        "direction",
        "priority",
        "disabled",
        "allowed",
        "denied",
        "sourceRanges",
        "destinationRanges",
        "sourceTags",
        "targetTags",
        "sourceServiceAccounts",
        "targetServiceAccounts",
        "selfLink",
    ),
    references=(Reference("network", "guards"),),
)
ADDRESS = Kind(
    type="gcp_compute_addresses",
    kind="GCPAddress",
    asset="compute.googleapis.com/Address",
    fields=_ADDRESS_FIELDS,
    references=_ADDRESS_REFERENCES,
    health=looks.address,
)
GLOBAL_ADDRESS = Kind(
    type="gcp_compute_global_addresses",
    kind="GCPGlobalAddress",
    asset="compute.googleapis.com/GlobalAddress",
    fields=_ADDRESS_FIELDS,
    references=_ADDRESS_REFERENCES,
    health=looks.address,
)
ROUTER = Kind(
    type="gcp_compute_routers",
    kind="GCPRouter",
    asset="compute.googleapis.com/Router",
    fields=("network", "bgp.asn", "nats.name", "nats.natIpAllocateOption", "nats.natIps", "interfaces.name"),
    references=(_IN_NETWORK, Reference("nats.natIps", "references")),
)
TUNNEL = Kind(
    type="gcp_compute_vpn_tunnels",
    kind="GCPVPNTunnel",
    asset="compute.googleapis.com/VpnTunnel",
    fields=("status", "peerIp", "ikeVersion", "router", "vpnGateway", "peerExternalGateway", "creationTimestamp"),
    references=(Reference("router", "references"),),
    health=looks.TUNNEL,
)
ZONE = Kind(
    type="gcp_dns_managed_zones",
    kind="CloudDNSZone",
    asset="dns.googleapis.com/ManagedZone",
    fields=(
        "dnsName",
        "visibility",
        "nameServers",
        "dnssecConfig.state",
        "privateVisibilityConfig.networks.networkUrl",
    ),
    references=(Reference("privateVisibilityConfig.networks.networkUrl", "references"),),
    name="name",
)
CONNECTOR = Kind(
    type="gcp_vpcaccess_connectors",
    kind="VPCConnector",
    asset="vpcaccess.googleapis.com/Connector",
    fields=("state", "ipCidrRange", "machineType", "minInstances", "maxInstances", "minThroughput", "maxThroughput"),
    health=looks.STATE,
)

ROWS = (
    FORWARDING_RULE,
    GLOBAL_FORWARDING_RULE,
    BACKEND_SERVICE,
    URL_MAP,
    HTTP_PROXY,
    HTTPS_PROXY,
    CERTIFICATE,
    HEALTH_CHECK,
    NETWORK,
    SUBNETWORK,
    FIREWALL,
    ADDRESS,
    GLOBAL_ADDRESS,
    ROUTER,
    TUNNEL,
    ZONE,
    CONNECTOR,
)
