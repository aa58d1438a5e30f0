"""What traffic goes through: balancers, gateways, addresses, names, and the networks themselves."""

from runstone.connectors.platforms.azure import looks
from runstone.connectors.platforms.azure.kinds import Kind, Reference

_FRONT_IPS = Reference("frontendIPConfigurations.properties.publicIPAddress.id", "references")
_IN_FRONT_SUBNET = Reference("frontendIPConfigurations.properties.subnet.id", "contains", inverse=True)
_IN_GATEWAY_SUBNET = Reference("gatewayIPConfigurations.properties.subnet.id", "contains", inverse=True)
_IPS = Reference("ipConfigurations.properties.publicIPAddress.id", "references")
_IN_SUBNET = Reference("ipConfigurations.properties.subnet.id", "contains", inverse=True)
_OWN_IP = ("ipConfigurations.properties.subnet.id", "ipConfigurations.properties.publicIPAddress.id")
_RULE = (
    *("direction", "access", "priority", "protocol", "sourceAddressPrefix", "sourceAddressPrefixes"),
    *("sourcePortRange", "destinationAddressPrefix", "destinationPortRange", "destinationPortRanges"),
)

LOAD_BALANCER = Kind(
    type="azure_network_load_balancers",
    kind="AzureLoadBalancer",
    arm="Microsoft.Network/loadBalancers",
    fields=(
        "frontendIPConfigurations.name",
        "frontendIPConfigurations.properties.privateIPAddress",
        "frontendIPConfigurations.properties.subnet.id",
        "frontendIPConfigurations.properties.publicIPAddress.id",
        "backendAddressPools.name",
        "backendAddressPools.properties.backendIPConfigurations.id",
        "loadBalancingRules.name",
        "loadBalancingRules.properties.protocol",
        "loadBalancingRules.properties.frontendPort",
        "loadBalancingRules.properties.backendPort",
        "probes.name",
        "probes.properties.protocol",
        "probes.properties.port",
        "probes.properties.requestPath",
    ),
    references=(
        Reference("backendAddressPools.properties.backendIPConfigurations.id", "routes-to"),
        _FRONT_IPS,
        _IN_FRONT_SUBNET,
    ),
)
APPLICATION_GATEWAY = Kind(
    type="azure_network_application_gateways",
    kind="AzureApplicationGateway",
    arm="Microsoft.Network/applicationGateways",
    fields=(
        "operationalState",
        "enableHttp2",
        "autoscaleConfiguration",
        "gatewayIPConfigurations.properties.subnet.id",
        "frontendIPConfigurations.name",
        "frontendIPConfigurations.properties.privateIPAddress",
        "frontendIPConfigurations.properties.publicIPAddress.id",
        "frontendIPConfigurations.properties.subnet.id",
        "frontendPorts.properties.port",
        "backendAddressPools.name",
        "backendAddressPools.properties.backendAddresses",
        "backendAddressPools.properties.backendIPConfigurations.id",
        "backendHttpSettingsCollection.name",
        "backendHttpSettingsCollection.properties.port",
        "backendHttpSettingsCollection.properties.protocol",
        "httpListeners.name",
        "httpListeners.properties.hostName",
        "httpListeners.properties.hostNames",
        "httpListeners.properties.protocol",
        "probes.name",
        "probes.properties.host",
        "probes.properties.path",
        "firewallPolicy.id",
    ),
    references=(
        Reference("backendAddressPools.properties.backendIPConfigurations.id", "routes-to"),
        _FRONT_IPS,
        _IN_GATEWAY_SUBNET,
    ),
    health=looks.GATEWAY,
)
PUBLIC_IP = Kind(
    type="azure_network_public_ip_addresses",
    kind="AzurePublicIP",
    arm="Microsoft.Network/publicIPAddresses",
    fields=(
        "ipAddress",
        "publicIPAllocationMethod",
        "publicIPAddressVersion",
        "idleTimeoutInMinutes",
        "dnsSettings.fqdn",
        "dnsSettings.domainNameLabel",
        "ipConfiguration.id",
        "natGateway.id",
    ),
    references=(Reference("natGateway.id", "references", inverse=True),),
)
INTERFACE = Kind(
    type="azure_network_interfaces",
    kind="AzureNetworkInterface",
    arm="Microsoft.Network/networkInterfaces",
    fields=(
        "primary",
        "enableAcceleratedNetworking",
        "enableIPForwarding",
        "nicType",
        "virtualMachine.id",
        "networkSecurityGroup.id",
        "privateEndpoint.id",
        "ipConfigurations.name",
        "ipConfigurations.properties.privateIPAddress",
        *_OWN_IP,
    ),
    references=(
        Reference("networkSecurityGroup.id", "guards", inverse=True),
        Reference("privateEndpoint.id", "owns", inverse=True),
        _IPS,
        _IN_SUBNET,
    ),
)
NETWORK = Kind(
    type="azure_network_virtual_networks",
    kind="AzureVirtualNetwork",
    arm="Microsoft.Network/virtualNetworks",
    fields=(
        "addressSpace.addressPrefixes",
        "dhcpOptions.dnsServers",
        "enableDdosProtection",
        "subnets.id",
        "subnets.name",
        "subnets.properties.addressPrefix",
        "subnets.properties.addressPrefixes",
        "subnets.properties.networkSecurityGroup.id",
        "subnets.properties.routeTable.id",
        "subnets.properties.natGateway.id",
        "virtualNetworkPeerings.name",
        "virtualNetworkPeerings.properties.peeringState",
        "virtualNetworkPeerings.properties.remoteVirtualNetwork.id",
    ),
    references=(
        Reference("subnets.properties.networkSecurityGroup.id", "guards", inverse=True),
        Reference("subnets.properties.routeTable.id", "references"),
        Reference("subnets.properties.natGateway.id", "references"),
        Reference("virtualNetworkPeerings.properties.remoteVirtualNetwork.id", "references"),
    ),
    health=looks.network,
)
SECURITY_GROUP = Kind(
    type="azure_network_security_groups",
    kind="AzureSecurityGroup",
    arm="Microsoft.Network/networkSecurityGroups",
    fields=(
        "securityRules.name",
        *(f"securityRules.properties.{name}" for name in _RULE),
        "networkInterfaces.id",
        "subnets.id",
    ),
)
NAT_GATEWAY = Kind(
    type="azure_network_nat_gateways",
    kind="AzureNATGateway",
    arm="Microsoft.Network/natGateways",
    fields=("idleTimeoutInMinutes", "publicIpAddresses.id", "subnets.id"),
    references=(Reference("publicIpAddresses.id", "references"),),
)
ROUTE_TABLE = Kind(
    type="azure_network_route_tables",
    kind="AzureRouteTable",
    arm="Microsoft.Network/routeTables",
    fields=(
        "disableBgpRoutePropagation",
        "routes.name",
        "routes.properties.addressPrefix",
        "routes.properties.nextHopType",
        "routes.properties.nextHopIpAddress",
        "subnets.id",
    ),
)
PRIVATE_ENDPOINT = Kind(
    type="azure_network_private_endpoints",
    kind="AzurePrivateEndpoint",
    arm="Microsoft.Network/privateEndpoints",
    fields=(
        "subnet.id",
        "networkInterfaces.id",
        "customDnsConfigs.fqdn",
        "customDnsConfigs.ipAddresses",
        "privateLinkServiceConnections.properties.privateLinkServiceId",
        "privateLinkServiceConnections.properties.groupIds",
        "privateLinkServiceConnections.properties.privateLinkServiceConnectionState.status",
        "manualPrivateLinkServiceConnections.properties.privateLinkServiceId",
        "manualPrivateLinkServiceConnections.properties.privateLinkServiceConnectionState.status",
    ),
    references=(
        Reference("privateLinkServiceConnections.properties.privateLinkServiceId", "routes-to"),
        Reference("manualPrivateLinkServiceConnections.properties.privateLinkServiceId", "routes-to"),
        Reference("subnet.id", "contains", inverse=True),
    ),
    health=looks.private_endpoint,
)
NETWORK_GATEWAY = Kind(
    type="azure_network_virtual_network_gateways",
    kind="AzureVirtualNetworkGateway",
    arm="Microsoft.Network/virtualNetworkGateways",
    fields=("gatewayType", "vpnType", "active", "enableBgp", "vpnGatewayGeneration", *_OWN_IP),
    references=(_IPS, _IN_SUBNET),
)
FIREWALL = Kind(
    type="azure_network_azure_firewalls",
    kind="AzureFirewall",
    arm="Microsoft.Network/azureFirewalls",
    fields=("threatIntelMode", "firewallPolicy.id", "ipConfigurations.properties.privateIPAddress", *_OWN_IP),
    references=(_IPS, _IN_SUBNET),
)
BASTION = Kind(
    type="azure_network_bastion_hosts",
    kind="AzureBastion",
    arm="Microsoft.Network/bastionHosts",
    fields=("dnsName", "scaleUnits", "disableCopyPaste", "enableTunneling", *_OWN_IP),
    references=(_IPS, _IN_SUBNET),
)
EXPRESS_ROUTE = Kind(
    type="azure_network_express_route_circuits",
    kind="AzureExpressRoute",
    arm="Microsoft.Network/expressRouteCircuits",
    fields=(
        "circuitProvisioningState",
        "serviceProviderProvisioningState",
        "serviceProviderProperties.serviceProviderName",
        "serviceProviderProperties.peeringLocation",
        "serviceProviderProperties.bandwidthInMbps",
    ),
    health=looks.CIRCUIT,
)
DNS_ZONE = Kind(
    type="azure_dns_zones",
    kind="AzureDNSZone",
    arm="Microsoft.Network/dnsZones",
    fields=("zoneType", "numberOfRecordSets", "maxNumberOfRecordSets", "nameServers"),
    health=looks.exists,
)
PRIVATE_DNS_ZONE = Kind(
    type="azure_privatedns_private_zones",
    kind="AzurePrivateDNSZone",
    arm="Microsoft.Network/privateDnsZones",
    fields=("numberOfRecordSets", "numberOfVirtualNetworkLinks", "maxNumberOfRecordSets"),
)

ROWS = (
    LOAD_BALANCER,
    APPLICATION_GATEWAY,
    NETWORK,
    INTERFACE,
    PUBLIC_IP,
    SECURITY_GROUP,
    PRIVATE_ENDPOINT,
    NAT_GATEWAY,
    ROUTE_TABLE,
    NETWORK_GATEWAY,
    FIREWALL,
    BASTION,
    EXPRESS_ROUTE,
    DNS_ZONE,
    PRIVATE_DNS_ZONE,
)
