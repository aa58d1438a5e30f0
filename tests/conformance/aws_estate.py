"""A small company's account, made in moto through boto3: at least one of every kind of thing that it can hold."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

HOME, OTHER = "eu-central-1", "us-west-2"
ACCOUNT = "123456789012"
TAGS = {"team": "shop", "Name": "jenkins-server"}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
LOWER_PAIRS = [{"key": key, "value": value} for key, value in TAGS.items()]
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


RECORDED = {
    "eks:GET /clusters/main/addons": {"addons": ["vpc-cni"]},
    "eks:GET /clusters/main/addons/vpc-cni": {
        "addon": {
            "addonName": "vpc-cni",
            "clusterName": "main",
            "addonArn": f"arn:aws:eks:{HOME}:{ACCOUNT}:addon/main/vpc-cni/1",
            "status": "DEGRADED",
            "health": {"issues": [{"code": "InsufficientNumberOfReplicas", "message": "canary-issue"}]},
            "tags": TAGS,
        }
    },
    "elasticache:DescribeServerlessCaches": (
        "<DescribeServerlessCachesResponse><DescribeServerlessCachesResult><ServerlessCaches><member>"
        "<ServerlessCacheName>quick</ServerlessCacheName><Status>create-failed</Status><Engine>valkey</Engine>"
        f"<ARN>arn:aws:elasticache:{HOME}:{ACCOUNT}:serverlesscache:quick</ARN></member></ServerlessCaches>"
        "</DescribeServerlessCachesResult></DescribeServerlessCachesResponse>"
    ),
}
"""What moto cannot do, for the gate before it, in AWS's wire format."""


@dataclass
class Estate:
    """What was made: names and ARNs by a word."""

    url: str
    made: dict[str, str] = field(default_factory=dict[str, str])

    def client(self, service: str, region: str = HOME) -> Any:
        """boto3 on moto."""
        keys = {"aws_access_key_id": "own", "aws_secret_access_key": "own"}
        return boto3.client(service, region_name=region, endpoint_url=self.url, **keys)  # type: ignore[call-overload]


def built(url: str) -> Estate:
    """The account, made from nothing."""
    estate = Estate(url)
    for make in (
        _roles,
        _network,
        _compute,
        _balancers,
        _functions,
        _containers,
        _databases,
        _buckets,
        _messages,
        _edge,
    ):
        make(estate)
    _operation(estate)
    return estate


def _roles(estate: Estate) -> None:
    iam = estate.client("iam")
    iam.create_account_alias(AccountAlias="shop-prod")
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST, Tags=PAIRS)
    estate.made["role"] = role["Role"]["Arn"]


def _network(estate: Estate) -> None:
    ec2, made = estate.client("ec2"), estate.made
    made["vpc"] = ec2.create_vpc(CidrBlock="10.1.0.0/16", **_tagged("vpc"))["Vpc"]["VpcId"]
    zones = (f"{HOME}a", f"{HOME}b")
    for number, zone in enumerate(zones):
        made[f"subnet{number}"] = ec2.create_subnet(
            VpcId=made["vpc"], CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=zone
        )["Subnet"]["SubnetId"]
    made["sg"] = ec2.create_security_group(GroupName="web", Description="web", VpcId=made["vpc"])["GroupId"]
    made["gateway"] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made["gateway"], VpcId=made["vpc"])
    made["address"] = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=made["subnet0"], AllocationId=made["address"])
    made["nat"] = nat["NatGateway"]["NatGatewayId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=made["vpc"], ServiceName=f"com.amazonaws.{HOME}.s3")
    made["endpoint"] = endpoint["VpcEndpoint"]["VpcEndpointId"]


def _compute(estate: Estate) -> None:
    ec2, made = estate.client("ec2"), estate.made
    image = "ami-12c6146b"
    common: dict[str, Any] = {"ImageId": image, "MinCount": 1, "MaxCount": 1}
    where = {"SubnetId": made["subnet0"], "SecurityGroupIds": [made["sg"]], "UserData": "canary-userdata"}
    for word in ("instance", "stopped", "terminated"):
        answer = ec2.run_instances(**common, **where, **_tagged("instance"))
        made[word] = answer["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[made["stopped"]])
    ec2.terminate_instances(InstanceIds=[made["terminated"]])
    far = estate.client("ec2", OTHER)
    made["far"] = far.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    scaling = estate.client("autoscaling")
    scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId=image, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=1,
        MaxSize=2,
        VPCZoneIdentifier=made["subnet0"],
        Tags=[{**pair, "PropagateAtLaunch": False} for pair in PAIRS],
    )


def _balancers(estate: Estate) -> None:
    elb, made = estate.client("elbv2"), estate.made
    balancer = elb.create_load_balancer(Name="front", Subnets=[made["subnet0"], made["subnet1"]], Tags=PAIRS)
    made["balancer"] = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=made["vpc"])
    made["targets"] = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=made["targets"], Targets=[{"Id": made["instance"]}])
    forward = [{"Type": "forward", "TargetGroupArn": made["targets"]}]
    elb.create_listener(LoadBalancerArn=made["balancer"], Protocol="HTTP", Port=80, DefaultActions=forward)
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    classic = estate.client("elb")
    classic.create_load_balancer(LoadBalancerName="old", Listeners=[listener], AvailabilityZones=[f"{HOME}a"])


def _functions(estate: Estate) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context): ...")
    variables = {
        "API_TOKEN": "canary-token",
        "DB": "postgres://user:canary-pass@db.shop.internal:5432/x",
        "MODE": "canary-mode",
    }
    functions = estate.client("lambda")
    answer = functions.create_function(
        FunctionName="resize",
        Runtime="python3.12",
        Role=estate.made["role"],
        Handler="handler.handle",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": variables},
        Tags=TAGS,
    )
    estate.made["function"] = answer["FunctionArn"]


def _containers(estate: Estate) -> None:
    eks, made = estate.client("eks"), estate.made
    network = {"subnetIds": [made["subnet0"], made["subnet1"]]}
    eks.create_cluster(name="main", roleArn=made["role"], resourcesVpcConfig=network, tags=TAGS)
    eks.create_nodegroup(
        clusterName="main", nodegroupName="workers", subnets=[made["subnet0"]], nodeRole=made["role"], tags=TAGS
    )
    eks.create_fargate_profile(
        fargateProfileName="jobs",
        clusterName="main",
        podExecutionRoleArn=made["role"],
        selectors=[{"namespace": "jobs"}],
    )
    ecs = estate.client("ecs")
    made["cluster"] = ecs.create_cluster(clusterName="apps", tags=LOWER_PAIRS)["cluster"]["clusterArn"]
    container = {
        "name": "web",
        "image": "web:1",
        "memory": 64,
        "environment": [
            {"name": "CART", "value": "http://cart.shop:8080/x"},
            {"name": "SALT", "value": "canary-salt"},
        ],
        "command": ["--password", "canary-command"],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/shop/web"}},
    }
    task = ecs.register_task_definition(family="web", containerDefinitions=[container], taskRoleArn=made["role"])
    made["task"] = task["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="apps", serviceName="web", taskDefinition="web:1", desiredCount=2, tags=LOWER_PAIRS)
    ecr = estate.client("ecr")
    ecr.create_repository(repositoryName="shop/web", tags=PAIRS)


def _databases(estate: Estate) -> None:
    rds = estate.client("rds")
    login = {"MasterUsername": "admin", "MasterUserPassword": "canary-master"}
    rds.create_db_cluster(DBClusterIdentifier="orders", Engine="aurora-postgresql", **login)
    rds.create_db_instance(
        DBInstanceIdentifier="orders-0",
        DBInstanceClass="db.r5.large",
        Engine="aurora-postgresql",
        DBClusterIdentifier="orders",
        Tags=PAIRS,
    )
    estate.client("dynamodb").create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=PAIRS,
    )
    cache = estate.client("elasticache")
    cache.create_cache_cluster(
        CacheClusterId="sessions", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1, Tags=PAIRS
    )
    cache.create_replication_group(
        ReplicationGroupId="replicas", ReplicationGroupDescription="replicas", CacheNodeType="cache.t3.micro"
    )
    search = estate.client("opensearch")
    search.create_domain(DomainName="products", TagList=PAIRS)
    redshift = estate.client("redshift")
    redshift.create_cluster(ClusterIdentifier="reports", NodeType="ra3.large", Tags=PAIRS, **login)
    brokers = {"InstanceType": "kafka.m5.large", "ClientSubnets": [estate.made["subnet0"]]}
    kafka = estate.client("kafka")
    kafka.create_cluster(
        ClusterName="log", KafkaVersion="3.6.0", NumberOfBrokerNodes=1, BrokerNodeGroupInfo=brokers, Tags=TAGS
    )
    efs = estate.client("efs")
    efs.create_file_system(CreationToken="shared", Tags=PAIRS)


def _buckets(estate: Estate) -> None:
    s3 = estate.client("s3")
    s3.create_bucket(Bucket="shop-images", CreateBucketConfiguration={"LocationConstraint": HOME})
    s3.put_bucket_tagging(Bucket="shop-images", Tagging={"TagSet": PAIRS})
    estate.client("s3", "us-east-1").create_bucket(Bucket="shop-logs")


def _messages(estate: Estate) -> None:
    sqs, made = estate.client("sqs"), estate.made
    dead = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
    made["dead"] = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": made["dead"], "maxReceiveCount": 3})
    queue = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": redrive}, tags=TAGS)["QueueUrl"]
    made["queue_url"] = queue
    made["queue"] = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = estate.client("lambda").create_event_source_mapping(EventSourceArn=made["queue"], FunctionName="resize")
    made["mapping"] = source["UUID"]
    sns = estate.client("sns")
    made["topic"] = sns.create_topic(Name="events", Tags=PAIRS)["TopicArn"]
    sns.subscribe(TopicArn=made["topic"], Protocol="sqs", Endpoint=made["queue"])
    sns.subscribe(TopicArn=made["topic"], Protocol="https", Endpoint="https://user:canary-hook@hooks.shop.example/x")
    estate.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    estate.client("kinesis").add_tags_to_stream(StreamName="clicks", Tags=TAGS)


def _edge(estate: Estate) -> None:
    origin = {
        "Id": "images",
        "DomainName": "shop-images.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behavior: dict[str, Any] = {
        "TargetOriginId": "images",
        "ViewerProtocolPolicy": "allow-all",
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
    }
    settings = {
        "CallerReference": "one",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behavior,
    }
    with_tags = {"DistributionConfig": settings, "Tags": {"Items": PAIRS}}
    answer = estate.client("cloudfront").create_distribution_with_tags(DistributionConfigWithTags=with_tags)
    estate.made["distribution"] = answer["Distribution"]["Id"]
    route53 = estate.client("route53")
    zone = route53.create_hosted_zone(Name="shop.example.", CallerReference="one")["HostedZone"]["Id"]
    estate.made["zone"] = zone.rpartition("/")[2]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=estate.made["zone"], AddTags=PAIRS)
    estate.made["rest"] = estate.client("apigateway").create_rest_api(name="orders", tags=TAGS)["id"]
    estate.made["http"] = estate.client("apigatewayv2").create_api(Name="carts", ProtocolType="HTTP", Tags=TAGS)[
        "ApiId"
    ]


def _operation(estate: Estate) -> None:
    made = estate.made
    alarms = estate.client("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName="high-cpu",
        MetricName="CPUUtilization",
        Namespace="AWS/EC2",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=90,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[made["topic"]],
        Dimensions=[{"Name": "InstanceId", "Value": made["instance"]}],
        Tags=PAIRS,
    )
    alarms.set_alarm_state(AlarmName="high-cpu", StateValue="ALARM", StateReason="canary-reason")
    machine = {"name": "ship", "definition": json.dumps({"Comment": "canary-definition"}), "roleArn": made["role"]}
    made["machine"] = estate.client("stepfunctions").create_state_machine(**machine, tags=LOWER_PAIRS)[
        "stateMachineArn"
    ]
    events = estate.client("events")
    events.create_event_bus(Name="own")
    events.put_rule(Name="shipped", EventPattern='{"source": ["shop"]}', EventBusName="own")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)", Tags=PAIRS)
    events.put_targets(Rule="nightly", Targets=[{"Id": "one", "Arn": made["function"], "Input": '"canary-input"'}])
    estate.client("secretsmanager").create_secret(Name="db/password", SecretString="canary-secret", Tags=PAIRS)
    key: Callable[..., Any] = estate.client("kms").create_key
    made["key"] = key(Tags=[{"TagKey": name, "TagValue": value} for name, value in TAGS.items()])["KeyMetadata"][
        "KeyId"
    ]
    certificate = estate.client("acm").request_certificate(DomainName="shop.example", Tags=PAIRS)
    made["certificate"] = certificate["CertificateArn"]
    estate.client("logs").create_log_group(logGroupName="/shop/web", tags=TAGS)
    resource = {"Type": "AWS::SNS::Topic"}
    template = json.dumps(
        {"Parameters": {"P": {"Type": "String", "Default": "canary-p"}}, "Resources": {"T": resource}}
    )
    estate.client("cloudformation").create_stack(StackName="base", TemplateBody=template, Tags=PAIRS)


def _tagged(type_: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": type_, "Tags": PAIRS}]}
