"""What traffic goes through: load balancers, names, gateways, and the networks themselves."""

from runstone.connectors.platforms.aws import looks
from runstone.connectors.platforms.aws.kinds import INDEX, Call, Detail, Kind, Reference

_EC2 = "arn:{partition}:ec2:{region}:{account}:"
_IN_VPC = Reference("VpcId", "VPC", "contains", inverse=True)
_IN_SUBNET = Reference("SubnetId", "Subnet", "contains", inverse=True)

LOAD_BALANCER = Kind(
    type="aws_elbv2_load_balancers",
    kind="LoadBalancer",
    service="elbv2",
    steps=(Call("describe_load_balancers", "LoadBalancers"),),
    name=("LoadBalancerName",),
    arn="LoadBalancerArn",
    fields=(
        "LoadBalancerName",
        "DNSName",
        "CanonicalHostedZoneId",
        "Scheme",
        "Type",
        "State.Code",
        "VpcId",
        "SecurityGroups",
        "AvailabilityZones.ZoneName",
        "AvailabilityZones.SubnetId",
    ),
    tags=INDEX,
    health=looks.states("State.Code", "active", "failed active_impaired"),
    references=(
        _IN_VPC,
        Reference("AvailabilityZones.SubnetId", "Subnet", "contains", inverse=True),
        Reference("SecurityGroups", "SecurityGroup", "guards", inverse=True),
    ),
)
TARGET_GROUP = Kind(
    type="aws_elbv2_target_groups",
    kind="TargetGroup",
    service="elbv2",
    steps=(Call("describe_target_groups", "TargetGroups"),),
    name=("TargetGroupName",),
    arn="TargetGroupArn",
    fields=(
        "TargetGroupName",
        "Protocol",
        "Port",
        "TargetType",
        "VpcId",
        "HealthCheckPath",
        "HealthCheckPort",
        "LoadBalancerArns",
        "Health.Target",
        "Health.TargetHealth.State",
        "Health.TargetHealth.Reason",
    ),
    tags=INDEX,
    details=(
        Detail(
            "Health",
            Call("describe_target_health", "TargetHealthDescriptions", given={"TargetGroupArn": "TargetGroupArn"}),
        ),
    ),
    health=looks.targets,
    references=(
        Reference("LoadBalancerArns", "LoadBalancer", "routes-to", inverse=True),
        Reference("Health.Target.Id", "", "routes-to"),
        _IN_VPC,
    ),
)
CLASSIC = Kind(
    type="aws_elbv1_load_balancers",
    kind="ClassicLoadBalancer",
    service="elb",
    steps=(Call("describe_load_balancers", "LoadBalancerDescriptions"),),
    name=("LoadBalancerName",),
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{LoadBalancerName}",
    fields=(
        "LoadBalancerName",
        "DNSName",
        "Scheme",
        "VPCId",
        "Subnets",
        "SecurityGroups",
        "Instances",
        "AvailabilityZones",
    ),
    tags=INDEX,
    references=(
        Reference("Instances.InstanceId", "EC2Instance", "routes-to"),
        Reference("VPCId", "VPC", "contains", inverse=True),
        Reference("SecurityGroups", "SecurityGroup", "guards", inverse=True),
    ),
)
DISTRIBUTION = Kind(
    type="aws_cloudfront_distributions",
    kind="CloudFrontDistribution",
    service="cloudfront",
    steps=(Call("list_distributions", "DistributionList.Items"),),
    name=("Id",),
    arn="ARN",
    fields=("Id", "DomainName", "Status", "Enabled", "Aliases.Items", "Origins.Items.Id", "Origins.Items.DomainName"),
    tags=INDEX,
    health=looks.states("Status", "Deployed"),
    references=(Reference("Origins.Items.DomainName", "", "routes-to"),),
    everywhere=True,
)
ZONE = Kind(
    type="aws_route53_hosted_zones",
    kind="HostedZone",
    service="route53",
    steps=(Call("list_hosted_zones", "HostedZones"),),
    name=("Id|",),
    arn="arn:{partition}:route53:::hostedzone/{Id|}",
    fields=("Id", "Name", "Config.PrivateZone", "ResourceRecordSetCount"),
    tags="TagSets.Tags",
    details=(
        Detail(
            "TagSets",
            Call(
                "list_tags_for_resources",
                "ResourceTagSets",
                {"ResourceType": "hostedzone"},
                given={"ResourceIds": "Id|"},
                batch=10,
            ),
            by="ResourceId",
            of="Id|",
        ),
    ),
    everywhere=True,
)
REST_API = Kind(
    type="aws_apigateway_rest_apis",
    kind="RestAPI",
    service="apigateway",
    steps=(Call("get_rest_apis", "items"),),
    name=("id",),
    arn="arn:{partition}:apigateway:{region}::/restapis/{id}",
    fields=("id", "name", "createdDate", "endpointConfiguration.types"),
    tags="tags",
)
HTTP_API = Kind(
    type="aws_apigatewayv2_apis",
    kind="HTTPAPI",
    service="apigatewayv2",
    steps=(Call("get_apis", "Items"),),
    name=("ApiId",),
    arn="arn:{partition}:apigateway:{region}::/apis/{ApiId}",
    fields=("ApiId", "Name", "ProtocolType", "ApiEndpoint", "CreatedDate"),
    tags="Tags",
)
VPC = Kind(
    type="aws_ec2_vpcs",
    kind="VPC",
    service="ec2",
    steps=(Call("describe_vpcs", "Vpcs"),),
    name=("VpcId",),
    arn=_EC2 + "vpc/{VpcId}",
    fields=("VpcId", "CidrBlock", "State", "IsDefault", "DhcpOptionsId"),
    tags="Tags",
    health=looks.states("State", "available"),
)
SUBNET = Kind(
    type="aws_ec2_subnets",
    kind="Subnet",
    service="ec2",
    steps=(Call("describe_subnets", "Subnets"),),
    name=("SubnetId",),
    arn="SubnetArn",
    fields=("SubnetId", "VpcId", "CidrBlock", "AvailabilityZone", "State", "MapPublicIpOnLaunch"),
    tags="Tags",
    health=looks.states("State", "available", "failed failed-insufficient-capacity unavailable"),
    references=(_IN_VPC,),
)
SECURITY_GROUP = Kind(
    type="aws_ec2_security_groups",
    kind="SecurityGroup",
    service="ec2",
    steps=(Call("describe_security_groups", "SecurityGroups"),),
    name=("GroupId",),
    arn=_EC2 + "security-group/{GroupId}",
    fields=(
        "GroupId",
        "GroupName",
        "VpcId",
        "IpPermissions.IpProtocol",
        "IpPermissions.FromPort",
        "IpPermissions.ToPort",
        "IpPermissions.IpRanges.CidrIp",
        "IpPermissions.UserIdGroupPairs.GroupId",
    ),
    tags="Tags",
    references=(_IN_VPC,),
)
ROUTE_TABLE = Kind(
    type="aws_ec2_route_tables",
    kind="RouteTable",
    service="ec2",
    steps=(Call("describe_route_tables", "RouteTables"),),
    name=("RouteTableId",),
    arn=_EC2 + "route-table/{RouteTableId}",
    fields=(
        "RouteTableId",
        "VpcId",
        "Associations.Main",
        "Associations.SubnetId",
        "Routes.DestinationCidrBlock",
        "Routes.GatewayId",
        "Routes.NatGatewayId",
        "Routes.State",
    ),
    tags="Tags",
    health=looks.routes,
    references=(
        _IN_VPC,
        Reference("Routes.NatGatewayId", "NATGateway", "routes-to"),
        Reference("Associations.SubnetId", "Subnet", "routes-to", inverse=True),
    ),
)
NAT_GATEWAY = Kind(
    type="aws_ec2_nat_gateways",
    kind="NATGateway",
    service="ec2",
    steps=(
        Call(
            "describe_nat_gateways",
            "NatGateways",
            {"Filter": [{"Name": "state", "Values": ["pending", "failed", "available", "deleting"]}]},
        ),
    ),
    name=("NatGatewayId",),
    arn=_EC2 + "natgateway/{NatGatewayId}",
    fields=("NatGatewayId", "State", "FailureCode", "VpcId", "SubnetId", "ConnectivityType", "NatGatewayAddresses"),
    tags="Tags",
    health=looks.states("State", "available", "failed", why="FailureCode"),
    references=(_IN_VPC, _IN_SUBNET),
)
INTERNET_GATEWAY = Kind(
    type="aws_ec2_internet_gateways",
    kind="InternetGateway",
    service="ec2",
    steps=(Call("describe_internet_gateways", "InternetGateways"),),
    name=("InternetGatewayId",),
    arn=_EC2 + "internet-gateway/{InternetGatewayId}",
    fields=("InternetGatewayId", "Attachments"),
    tags="Tags",
    references=(Reference("Attachments.VpcId", "VPC", "contains", inverse=True),),
)
ENDPOINT = Kind(
    type="aws_ec2_vpc_endpoints",
    kind="VPCEndpoint",
    service="ec2",
    steps=(Call("describe_vpc_endpoints", "VpcEndpoints"),),
    name=("VpcEndpointId",),
    arn=_EC2 + "vpc-endpoint/{VpcEndpointId}",
    fields=("VpcEndpointId", "VpcEndpointType", "VpcId", "ServiceName", "State", "SubnetIds", "Groups"),
    tags="Tags",
    health=looks.states("State", "available", "failed rejected expired"),
    references=(_IN_VPC, Reference("Groups.GroupId", "SecurityGroup", "guards", inverse=True)),
)
ADDRESS = Kind(
    type="aws_ec2_eips",
    kind="ElasticIP",
    service="ec2",
    steps=(Call("describe_addresses", "Addresses"),),
    name=("AllocationId",),
    arn=_EC2 + "elastic-ip/{AllocationId}",
    fields=("AllocationId", "PublicIp", "AssociationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"),
    tags="Tags",
    references=(Reference("InstanceId", "EC2Instance", "routes-to"),),
)

FIRST = (LOAD_BALANCER, TARGET_GROUP, CLASSIC)
ROWS = (
    DISTRIBUTION,
    ZONE,
    REST_API,
    HTTP_API,
    VPC,
    SUBNET,
    SECURITY_GROUP,
    ROUTE_TABLE,
    NAT_GATEWAY,
    INTERNET_GATEWAY,
    ENDPOINT,
    ADDRESS,
)
