"""The AWS platform against a moto server over HTTP: what it finds, and what becomes of it when AWS does not answer.

One account with at least one thing of every kind is made once (``aws_estate``) and read once; what moto cannot do,
``aws_gate`` answers before it.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance import reading
from tests.conformance.aws_estate import ACCOUNT, HOME, OTHER, PAIRS, RECORDED, TAGS, Estate
from tests.conformance.aws_gate import Gate, gate
from tests.conformance.reading import Reading

from runstone import plugins
from runstone.connectors.platforms import Batch, Platform, version
from runstone.connectors.platforms.aws import looks
from runstone.connectors.platforms.aws.call import iam_action
from runstone.connectors.platforms.aws.explorer import answers
from runstone.connectors.platforms.aws.kinds import Call, Kind, Reference
from runstone.connectors.platforms.aws.shape import Place, shaped, snake
from runstone.connectors.platforms.aws.table import ACCOUNT as ACCOUNT_ROW
from runstone.connectors.platforms.aws.table import KINDS, TYPES
from runstone.errors import BadInput, Forbidden, Unreachable

Object = dict[str, Any]
FURTHER = {
    "ec2:DescribeRegions",
    "iam:ListAccountAliases",
    "resource-explorer-2:ListIndexes",
    "resource-explorer-2:ListResources",
    "tag:GetResources",
}
"""What is asked besides the table's own calls; sts:GetCallerIdentity needs no grant."""


@pytest.fixture
def aws(estate: Estate) -> Iterator[Gate]:
    with gate(estate.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(estate: Estate) -> Reading:
    """Everything, in two regions, read once for all tests that only look."""
    with gate(estate.url) as opened:
        opened.recorded |= RECORDED
        return asyncio.run(read(platform(opened, regions=(HOME, OTHER))))


def platform(aws: Gate, name: str = "prod", *types: str, **more: Any) -> Platform:
    settings: dict[str, Any] = {"endpoint_url": aws.url, "attempts": 1, "regions": (HOME,), "types": types, **more}
    return plugins.load("platforms", "aws")(name, **settings)


async def read(platform: Platform, *extra: str) -> Reading:
    return await reading.read(platform, *extra, of="aws", home=HOME)


def refers(obj: Object, field: str) -> list[Object]:
    return [one for one in obj["_map"]["references"] if one["field"] == field]


def test_every_row_of_the_table_is_read_whole_and_finds_what_there_is(whole: Reading) -> None:
    assert not [one.reading.problem for one in whole.batches.values() if one.reading.problem]
    found = {one.reading.scope.kind for one in whole.batches.values() if one.objects}
    assert found == {kind.kind for kind in KINDS} | {"AWSAccount"}
    assert len(found) > 50


def test_every_object_is_what_the_protocol_asks_for(whole: Reading) -> None:
    for key, batch in whole.batches.items():
        for one in batch.objects:
            metadata = one["metadata"]
            assert (one["apiVersion"], f"{one['kind']}/{metadata['namespace']}") == ("aws/v1", key)
            assert metadata["name"]
            assert metadata["uid"].startswith("arn:aws:")
            assert metadata["account"] == one["account_id"] == ACCOUNT
            assert json.loads(json.dumps(one)) == one, "plain JSON"
            assert one["_map"]["health"] in ("ok", "ill", "unknown")
            assert set(one["_map"]["types"]) <= TYPES


def test_nothing_that_is_or_may_be_a_secret_is_kept(whole: Reading) -> None:
    kept = json.dumps([batch.objects for batch in whole.batches.values()])
    assert "canary" not in kept
    function, task = whole.one("LambdaFunction"), whole.one("ECSTaskDefinition")
    assert {"name": "DB", "value": "db.shop.internal:5432"} in function["environment"]["Variables"]["env"]
    container = task["container_definitions"][0]
    assert container["environment"]["env"] == [
        {"name": "CART", "value": "cart.shop:8080"},
        {"name": "SALT", "value": ""},
    ]
    assert container["command"] == ["--password", ""]


@pytest.mark.parametrize(
    "kind",
    [
        "EC2Instance", "AutoScalingGroup", "EKSCluster", "EKSNodegroup", "EKSAddon", "ECSCluster", "ECSService",
        "LambdaFunction", "LoadBalancer", "RestAPI", "HTTPAPI", "RDSInstance", "DynamoDBTable", "ElastiCacheCluster",
        "SNSTopic", "SQSQueue", "KinesisStream", "FileSystem", "CloudWatchAlarm", "StateMachine", "EventRule",
        "ECRRepository", "SecretsManagerSecret", "KMSKey", "Certificate", "LogGroup", "CloudFormationStack", "VPC",
        "OpenSearchDomain", "RedshiftCluster", "KafkaCluster",
    ],
)  # fmt: skip
def test_tags_are_found_however_a_service_tells_them(whole: Reading, kind: str) -> None:
    tags = [one["tags"] for one in whole.objects(kind).values()]
    assert [one for one in tags if TAGS.items() <= one.items()]
    assert tags == [one["metadata"]["labels"] for one in whole.objects(kind).values()]


@pytest.mark.parametrize("kind", ["S3Bucket", "CloudFrontDistribution", "HostedZone", "IAMRole"])
def test_what_is_global_is_read_once_and_has_its_tags(whole: Reading, kind: str) -> None:
    assert [key for key in whole.batches if key.startswith(f"{kind}/")] == [f"{kind}/"]
    assert TAGS in [one["tags"] for one in whole.objects(kind, "").values()]


def test_a_bucket_is_told_with_its_own_region_and_whether_it_is_public(whole: Reading) -> None:
    buckets = whole.objects("S3Bucket", "")
    assert {name: one["region"] for name, one in buckets.items()} == {"shop-images": HOME, "shop-logs": "us-east-1"}
    assert [one["is_public"] for one in buckets.values()] == [False, False]


def test_each_region_is_a_scope_of_its_own(whole: Reading, estate: Estate) -> None:
    assert list(whole.objects("EC2Instance", OTHER)) == [estate.made["far"]]
    assert estate.made["far"] not in whole.objects("EC2Instance")
    assert whole.one("EC2Instance", OTHER)["region"] == OTHER


def test_what_is_terminated_does_not_exist(whole: Reading, estate: Estate) -> None:
    assert estate.made["terminated"] not in whole.objects("EC2Instance")


def test_rules_and_templates_find_the_fields_they_name(whole: Reading, estate: Estate) -> None:
    instance = whole.objects("EC2Instance")[estate.made["instance"]]
    assert instance["state"]["Name"] == "running"
    assert instance["tags"]["Name"] == "jenkins-server"
    assert instance["_map"]["types"] == ["aws_ec2_instances", "ec2_instance"]
    queue = whole.objects("SQSQueue")["orders"]
    assert (queue["name"], queue["region"]) == ("orders", HOME)
    assert queue["url"].endswith(f"/{ACCOUNT}/orders")
    assert {one["account_name"] for one in whole.objects("VPC").values()} == {"shop-prod"}
    account = whole.one("AWSAccount", "")
    assert (account["name"], account["alias"]) == (ACCOUNT, "shop-prod")
    assert account["_map"]["types"] == ["aws_iam_accounts", "account", "aws_account"]


def test_health_is_what_aws_says_of_the_state(whole: Reading, estate: Estate) -> None:
    def looks_of(kind: str, name: str) -> tuple[str, str]:
        said = whole.objects(kind)[name]["_map"]
        return said["health"], said["summary"]

    assert looks_of("EC2Instance", estate.made["instance"]) == ("ok", "running")
    assert looks_of("EC2Instance", estate.made["stopped"]) == ("unknown", "stopped: Client.UserInitiatedShutdown")
    assert looks_of("EKSAddon", "main/vpc-cni") == ("ill", "DEGRADED: InsufficientNumberOfReplicas")
    assert looks_of("ECSService", "apps/web") == ("ill", "0/2 running")
    assert looks_of("CloudWatchAlarm", "high-cpu") == ("ill", "ALARM")
    assert looks_of("Certificate", estate.made["certificate"].rpartition("/")[2]) == ("unknown", "PENDING_VALIDATION")
    assert looks_of("TargetGroup", "web") == ("ok", "1/1 healthy")


def test_references_name_what_a_thing_needs_and_what_governs_it(whole: Reading, estate: Estate) -> None:
    made = estate.made
    instance = whole.objects("EC2Instance")[made["instance"]]
    assert refers(instance, "subnet_id") == [
        {"relation": "contains", "inverse": True, "field": "subnet_id", "kind": "Subnet", "name": made["subnet0"]}
    ]
    assert refers(instance, "security_groups.GroupId")[0]["name"] == made["sg"]
    group = whole.one("TargetGroup")
    assert refers(group, "load_balancer_arns")[0]["uid"] == made["balancer"]
    assert refers(group, "health.Target.Id")[0]["name"] == made["instance"]
    assert refers(whole.one("LambdaFunction"), "role")[0]["uid"] == made["role"]
    mapping = whole.one("EventSourceMapping")
    assert [(one["uid"], one["inverse"]) for one in mapping["_map"]["references"]] == [
        (made["queue"], True),
        (made["function"], False),
    ]
    queue = whole.objects("SQSQueue")["orders"]
    assert refers(queue, "redrive_policy.deadLetterTargetArn")[0]["uid"] == made["dead"]
    assert refers(whole.one("CloudFrontDistribution", ""), "origins.Items.DomainName")[0]["name"] == "shop-images"
    assert refers(whole.one("ECSService"), "task_definition")[0]["uid"] == made["task"]
    assert refers(whole.one("RDSInstance"), "db_cluster_identifier")[0]["name"] == "orders"


def test_what_a_reference_names_by_its_arn_is_there_under_that_arn(whole: Reading) -> None:
    objects = [one for batch in whole.batches.values() for one in batch.objects]
    known = {one["metadata"]["uid"]: one["kind"] for one in objects}
    named = [one for obj in objects for one in obj["_map"]["references"] if "uid" in one]
    assert len(named) >= 15
    assert not [one for one in named if one["kind"] not in ("", known.get(one["uid"]))]


async def test_a_second_reading_of_an_unchanged_account_is_the_same(aws: Gate) -> None:
    types = ("aws_ec2_instances", "aws_sqs_queues", "aws_dynamodb_tables", "aws_s3_buckets", "aws_kms_keys")
    first, second = await read(platform(aws, "prod", *types)), await read(platform(aws, "prod", *types))
    for key, batch in first.batches.items():
        assert [version(one) for one in batch.objects] == [version(one) for one in second.batches[key].objects]


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "ThrottlingException", "AWS throttled dynamodb:ListTables in eu-central-1"),
        (400, "AccessDeniedException", "may not call dynamodb:ListTables in eu-central-1. Grant it"),
        (400, "ExpiredTokenException", "have expired (ExpiredTokenException)"),
        (400, "UnrecognizedClientException", "enable the region or service for the account"),
        (500, "InternalServerError", "dynamodb:ListTables in eu-central-1 failed: InternalServerError (HTTP 500)"),
    ],
)
async def test_a_list_that_fails_costs_itself_alone(aws: Gate, status: int, code: str, said: str) -> None:
    aws.refused["dynamodb:ListTables"] = (status, code)
    found = await read(platform(aws, "prod", "aws_dynamodb_tables", "aws_ec2_vpcs"))
    assert said in found.problem("DynamoDBTable")
    assert "canary" not in found.problem("DynamoDBTable")
    assert not found.batches[f"DynamoDBTable/{HOME}"].objects
    assert found.batches[f"VPC/{HOME}"].reading.complete
    assert found.one("VPC")


async def test_a_list_that_fails_in_one_region_is_whole_in_the_other(aws: Gate) -> None:
    aws.refused[f"ec2:DescribeVpcs@{OTHER}"] = (503, "RequestLimitExceeded")
    found = await read(platform(aws, "prod", "aws_ec2_vpcs", regions=(HOME, OTHER)))
    assert "throttled ec2:DescribeVpcs in us-west-2" in found.problem("VPC", OTHER)
    assert found.batches[f"VPC/{HOME}"].reading.complete


async def test_throttling_that_passes_is_not_even_seen(aws: Gate) -> None:
    aws.refused["dynamodb:ListTables"] = [(400, "ThrottlingException")]
    found = await read(platform(aws, "prod", "aws_dynamodb_tables", attempts=2))
    assert aws.asked.count(f"dynamodb:ListTables@{HOME}") == 2
    assert found.batches[f"DynamoDBTable/{HOME}"].reading.complete


async def test_wrong_keys_are_forbidden_and_not_out_of_reach(aws: Gate) -> None:
    aws.refused["sts:GetCallerIdentity"] = (403, "SignatureDoesNotMatch")
    with pytest.raises(Forbidden, match=r"sts:GetCallerIdentity in eu-central-1 \(SignatureDoesNotMatch\)"):
        await read(platform(aws))


async def test_a_service_that_does_not_answer_in_time_costs_itself_alone(aws: Gate) -> None:
    aws.silent.add("ec2:DescribeSubnets")
    found = await read(platform(aws, "prod", "aws_ec2_subnets", "aws_ec2_vpcs", timeout_s=0.3))
    assert "did not answer ec2:DescribeSubnets in 0.3 s" in found.problem("Subnet")
    assert found.batches[f"VPC/{HOME}"].reading.complete


async def test_a_service_that_is_not_there_is_tried_once_and_costs_itself_alone(
    aws: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_ELASTICACHE", "http://127.0.0.1:9")
    types = ("aws_elasticache_clusters", "aws_elasticache_replication_groups", "aws_ec2_vpcs")
    found = await read(platform(aws, "prod", *types, endpoint_url=""))
    problem = "http://127.0.0.1:9 cannot be reached for elasticache:DescribeCacheClusters (EndpointConnectionError)."
    assert [found.problem(kind) for kind in ("ElastiCacheCluster", "ReplicationGroup")] == [problem, problem]
    assert found.batches[f"VPC/{HOME}"].reading.complete


async def test_what_may_not_be_described_is_said_and_the_others_are_told(aws: Gate) -> None:
    aws.refused["sqs:GetQueueAttributes"] = (403, "AccessDenied")
    found = await read(platform(aws, "prod", "aws_sqs_queues", "aws_sns_topics"))
    assert "may not call sqs:GetQueueAttributes" in found.problem("SQSQueue")
    assert found.one("SNSTopic")


async def test_a_bucket_whose_tags_may_not_be_read_is_told_without_them(aws: Gate) -> None:
    aws.refused["s3:GET /shop-images"] = (403, "AccessDenied")
    found = await read(platform(aws, "prod", "aws_s3_buckets"))
    assert "may not call s3:Get" in found.problem("S3Bucket", "")
    assert found.objects("S3Bucket", "")["shop-images"]["tags"] == {}
    assert set(found.objects("S3Bucket", "")) == {"shop-images", "shop-logs"}


async def test_tags_that_may_not_be_read_are_missing_and_said(aws: Gate) -> None:
    aws.refused["tagging:GetResources"] = (400, "AccessDeniedException")
    found = await read(platform(aws, "prod", "aws_sns_topics"))
    assert "may not call tag:GetResources" in found.problem("SNSTopic")
    assert found.objects("SNSTopic")["events"]["tags"] == {}


async def test_tags_that_cannot_be_read_for_now_leave_everything_as_last_seen(aws: Gate) -> None:
    aws.refused["tagging:GetResources"] = (400, "ThrottlingException")
    found = await read(platform(aws, "prod", "aws_sns_topics", "aws_lambda_functions", "aws_ec2_vpcs"))
    for kind in ("SNSTopic", "LambdaFunction"):
        assert "throttled tag:GetResources" in found.problem(kind)
        assert found.batches[f"{kind}/{HOME}"].objects == ()
    assert found.batches[f"VPC/{HOME}"].reading.complete
    assert aws.asked.count(f"tagging:GetResources@{HOME}") == 1, "asked once a round and region"


async def test_rules_of_every_event_bus_are_read(aws: Gate) -> None:
    found = await read(platform(aws, "prod", "aws_eventbridge_event_bus_rules"))
    assert set(found.objects("EventRule")) == {"default/nightly", "own/shipped"}


async def test_a_thing_that_is_gone_between_two_calls_is_no_problem(aws: Gate) -> None:
    aws.refused["dynamodb:DescribeTable"] = (400, "ResourceNotFoundException")
    found = await read(platform(aws, "prod", "aws_dynamodb_tables"))
    assert found.batches[f"DynamoDBTable/{HOME}"].reading.complete
    assert found.batches[f"DynamoDBTable/{HOME}"].objects == ()


async def test_a_service_that_only_fails_is_not_asked_on_and_on(aws: Gate) -> None:
    aws.recorded["sqs:ListQueues"] = {"QueueUrls": [f"{aws.url}/{ACCOUNT}/q{number}" for number in range(50)]}
    aws.refused["sqs:GetQueueAttributes"] = (500, "InternalError")
    found = await read(platform(aws, "prod", "aws_sqs_queues", "aws_ec2_vpcs"))
    assert "sqs:GetQueueAttributes in eu-central-1 failed: InternalError (HTTP 500)" in found.problem("SQSQueue")
    assert aws.asked.count(f"sqs:GetQueueAttributes@{HOME}") == 3


async def test_credentials_that_have_expired_end_the_reading(aws: Gate) -> None:
    aws.refused["sts:GetCallerIdentity"] = (403, "ExpiredToken")
    with pytest.raises(Forbidden, match="have expired"):
        await read(platform(aws))
    assert aws.asked == ["sts:GetCallerIdentity@eu-central-1"]


async def test_credentials_that_expire_meanwhile_end_it_too_and_what_was_told_stays(aws: Gate) -> None:
    told: list[str] = []
    aws.refused["dynamodb:ListTables"] = (400, "ExpiredTokenException")
    aws.refused["sts:GetCallerIdentity"] = [None, (403, "ExpiredToken")]
    types = ("aws_ec2_instances", "aws_dynamodb_tables", "aws_kms_keys")
    with pytest.raises(Forbidden, match="have expired"):
        async for batch in platform(aws, "prod", *types, workers=1).read():
            told.append(batch.reading.scope.kind)  # noqa: PERF401  what came before the exception counts
    assert told == ["AWSAccount", "EC2Instance"]


async def test_credentials_that_aws_does_not_know_are_said(aws: Gate) -> None:
    aws.refused["sts:GetCallerIdentity"] = (403, "InvalidClientTokenId")
    with pytest.raises(Forbidden, match="AWS does not know the AWS credentials"):
        await platform(aws).check()


async def test_who_may_read_nothing_at_all_is_told_so(aws: Gate) -> None:
    aws.refused |= {"ec2:DescribeVpcs": (403, "UnauthorizedOperation"), "sqs:ListQueues": (403, "AccessDenied")}
    told: list[Batch] = []
    with pytest.raises(Forbidden, match=f"can read nothing of the account {ACCOUNT}"):
        async for batch in platform(aws, "prod", "aws_ec2_vpcs", "aws_sqs_queues").read():
            told.append(batch)  # noqa: PERF401  what came before the exception counts
    assert not [one for one in told if one.reading.complete and one.reading.scope.kind != "AWSAccount"]


async def test_an_account_that_only_throttles_is_out_of_reach_and_not_forbidden(aws: Gate) -> None:
    aws.refused["ec2:DescribeVpcs"] = (503, "RequestLimitExceeded")
    with pytest.raises(Unreachable, match="can read nothing"):
        await read(platform(aws, "prod", "aws_ec2_vpcs"))


async def test_an_account_that_cannot_be_reached_says_where_it_was_looked_for(login: None) -> None:
    nowhere = Gate("", url="http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached for sts:GetCallerIdentity"):
        await read(platform(nowhere))


async def test_without_credentials_it_is_said_where_they_may_come_from(
    login: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Forbidden, match="There are no AWS credentials. Set AWS_PROFILE"):
        await read(platform(Gate("", url="http://127.0.0.1:9")))


async def test_an_unknown_profile_is_said(login: None) -> None:
    with pytest.raises(BadInput, match="There is no AWS profile 'shop'"):
        await platform(Gate("", url="http://127.0.0.1:9"), profile="shop").check()


async def test_the_wrong_account_is_refused_before_anything_is_read(aws: Gate) -> None:
    with pytest.raises(Forbidden, match=f"for the account {ACCOUNT}, not 999999999999"):
        await read(platform(aws, account="999999999999"))


async def test_a_role_reads_another_account(aws: Gate, estate: Estate) -> None:
    role = "arn:aws:iam::210987654321:role/reader"
    other = platform(aws, "", "aws_s3_buckets", "aws_ec2_vpcs", role=role, external_id="for-shop")
    assert other.name == "210987654321"
    found = await read(other)
    assert found.one("AWSAccount", "")["account_id"] == "210987654321"
    assert found.batches["S3Bucket/"].objects == (), "none of the first account's"
    assert found.one("VPC")["metadata"]["uid"].startswith(f"arn:aws:ec2:{HOME}:210987654321:vpc/")


async def test_a_role_that_may_not_be_assumed_is_said(aws: Gate) -> None:
    aws.refused["sts:AssumeRole"] = (403, "AccessDenied")
    with pytest.raises(Forbidden, match="may not call sts:AssumeRole"):
        await read(platform(aws, role="arn:aws:iam::210987654321:role/reader"))


async def test_without_regions_all_that_are_enabled_are_read(aws: Gate) -> None:
    found = await read(platform(aws, "prod", "aws_dynamodb_tables", regions=()))
    regions = {key.partition("/")[2] for key in found.batches if key.startswith("DynamoDBTable/")}
    assert {HOME, OTHER, "us-east-1"} <= regions
    assert "me-central-1" not in regions, "not enabled"


async def test_a_region_that_is_not_enabled_is_unread_and_not_empty(aws: Gate) -> None:
    found = await read(platform(aws, "prod", "aws_ec2_vpcs", regions=(HOME, "me-central-1")))
    assert "me-central-1 is not enabled" in found.problem("VPC", "me-central-1")
    assert not [one for one in aws.asked if one.endswith("@me-central-1")]
    assert found.batches[f"VPC/{HOME}"].reading.complete


async def test_a_region_that_does_not_exist_is_one_sentence(aws: Gate) -> None:
    with pytest.raises(BadInput, match="There is no AWS region eu-centrl-1. There are: "):
        await read(platform(aws, regions=(HOME, "eu-centrl-1")))


async def test_regions_that_may_not_be_listed_leave_what_is_known_of_them(aws: Gate) -> None:
    aws.refused["ec2:DescribeRegions"] = (403, "UnauthorizedOperation")
    found = await read(platform(aws, "prod", "aws_ec2_vpcs", regions=()))
    assert "may not call ec2:DescribeRegions" in found.problem("aws_regions", "")
    assert found.batches[f"VPC/{HOME}"].reading.complete


async def test_an_alias_that_cannot_be_read_for_now_is_the_one_known_before(aws: Gate) -> None:
    account = platform(aws, "prod", "aws_ec2_vpcs")
    assert (await read(account)).one("VPC")["account_name"] == "shop-prod"
    aws.refused["iam:ListAccountAliases"] = (400, "Throttling")
    again = await read(account)
    assert again.one("VPC")["account_name"] == "shop-prod"
    assert "throttled iam:ListAccountAliases" in again.problem("AWSAccount", "")


async def test_types_without_a_row_come_from_resource_explorer(aws: Gate) -> None:
    listed = [
        explored("ssm:parameter", f"arn:aws:ssm:{OTHER}:{ACCOUNT}:parameter/shop/flag", OTHER),
        explored("ssm:document", f"arn:aws:ssm:{HOME}:{ACCOUNT}:document/shop", HOME),
    ]
    aws.recorded |= {
        "resource-explorer-2:POST /ListIndexes": {"Indexes": [{"Region": OTHER, "Type": "AGGREGATOR", "Arn": "arn"}]},
        "resource-explorer-2:POST /ListResources": {"Resources": listed},
    }
    found = await read(platform(aws, "prod", "aws_ec2_vpcs"), "aws_ssm_parameters", "aws_mq_brokers", "pods")
    parameter = found.one("SsmParameters", OTHER)
    assert (parameter["name"], parameter["tags"], parameter["region"]) == ("flag", TAGS, OTHER)
    assert parameter["_map"]["types"] == ["aws_ssm_parameters"]
    assert parameter["_map"]["health"] == "unknown"
    assert found.batches["MqBrokers/"].reading.complete, "none there is known too"
    assert f"resource-explorer-2:POST /ListResources@{OTHER}" in aws.asked, "where the index is"


async def test_a_type_without_a_row_is_unread_where_there_is_no_resource_explorer(aws: Gate) -> None:
    aws.recorded["resource-explorer-2:POST /ListIndexes"] = {"Indexes": []}
    found = await read(platform(aws, "prod", "aws_ec2_vpcs"), "aws_ssm_parameters")
    assert "Turn on AWS Resource Explorer" in found.problem("aws_ssm_parameters", "")
    aws.refused["resource-explorer-2:POST /ListIndexes"] = (403, "AccessDeniedException")
    found = await read(platform(aws, "prod", "aws_ec2_vpcs"), "aws_ssm_parameters")
    assert "may not call resource-explorer-2:ListIndexes" in found.problem("aws_ssm_parameters", "")


async def test_types_that_have_rows_are_not_asked_for_elsewhere(aws: Gate) -> None:
    await read(platform(aws, "prod", "aws_ec2_vpcs"), "aws_ec2_vpcs", "ec2_instance", "account", "certificates.x.io")
    assert not [one for one in aws.asked if one.startswith("resource-explorer-2")]


async def test_a_check_says_who_and_how_far_can_be_read(aws: Gate) -> None:
    aws.refused["sqs:ListQueues"] = (403, "AccessDenied")
    said = await platform(aws, "prod", "aws_sqs_queues", "aws_ec2_vpcs").check()
    assert said == (
        f"prod: AWS account {ACCOUNT} (shop-prod) as arn:aws:sts::{ACCOUNT}:user/moto, regions {HOME}; not readable: "
        f"arn:aws:sts::{ACCOUNT}:user/moto may not call sqs:ListQueues in {HOME}. Grant it to see what it lists."
    )


async def test_a_reading_may_be_left_early(aws: Gate) -> None:
    reading = platform(aws, "prod", "aws_ec2_vpcs", "aws_sqs_queues").read()
    assert (await anext(reading)).reading.scope.kind == "AWSAccount"
    await reading.aclose()


def test_an_account_is_no_cluster(login: None) -> None:
    account = platform(Gate("", url="http://127.0.0.1:9"))
    assert (account.context, account.portable_kubeconfig()) == ("", "")


def test_an_unknown_type_is_refused_when_it_is_configured(login: None) -> None:
    with pytest.raises(BadInput, match="No list of AWS is read for aws_ec2_vpc. There are: .*aws_ec2_vpcs"):
        platform(Gate(""), "prod", "aws_ec2_vpc")


async def test_without_boto3_it_is_said_what_to_install() -> None:
    program = (
        "import sys; sys.modules['boto3'] = None\n"
        "from runstone import plugins, errors\n"
        "try: plugins.load('platforms', 'aws')\n"
        "except errors.NotFound as err: print(err)"
    )
    asked = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await asked.communicate()
    assert said.decode() == (
        "'aws' of platforms needs the Python package boto3. Install it with: pip install 'runstone[aws]'\n"
    )


def test_each_type_and_kind_has_one_row_and_refers_to_kinds_that_exist() -> None:
    kinds = [kind.kind for kind in KINDS]
    words = [word for kind in KINDS for word in (kind.type, *kind.aliases)]
    assert len(set(kinds)) == len(kinds)
    assert len(set(words)) == len(words)
    assert {one.kind for kind in KINDS for one in kind.references} <= {*kinds, ""}
    reserved = {"kind", "metadata", "api_version", "_map"}
    assert not [field for kind in KINDS for field in kind.fields if snake(field.partition(".")[0]) in reserved]


def model(service: str) -> Any:
    """What boto3 itself knows of a service's answers."""
    return boto3.client(service, region_name=HOME).meta.service_model  # type: ignore[call-overload]


def shape_at(shape: Any, path: str) -> Any:
    """The shape at a path, lists and mappings opened. Fails where there is no such field."""
    for part in [one for one in path.removesuffix("|").split(".") if one]:
        shape = opened(shape)
        shape = shape.value if shape.type_name == "map" else shape.members[part]
    return opened(shape)


def opened(shape: Any) -> Any:
    while shape.type_name == "list":
        shape = shape.member
    return shape


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_every_field_of_a_row_is_one_that_the_service_answers(kind: Kind) -> None:
    served = model(kind.service)

    def answered(call: Call) -> Any:
        operation = served.operation_model(api_name(served, call))
        asked = set(operation.input_shape.members if operation.input_shape else ())
        assert {*call.arguments, *call.given} <= asked
        return shape_at(operation.output_shape, call.items)

    item = [answered(step) for step in kind.steps][-1]
    added = {detail.field: answered(detail.call) for detail in kind.details}
    elsewhere = {name for step in kind.steps for name in step.carry} | set(kind.written)
    named = (one.path for one in kind.references)
    for path in filter(None, [*kind.fields, *kind.name, *named, kind.region, *arn_paths(kind.arn)]):
        first, _, rest = path.removesuffix("|").partition(".")
        if first in added:
            shape_at(added[first], rest if rest != "value" else "")
        elif first not in elsewhere and item.type_name != "map":
            shape_at(item, path)


def api_name(served: Any, call: Call) -> str:
    return {xform_name(name): name for name in served.operation_names}[call.operation]


def arn_paths(arn: str) -> list[str]:
    found = re.findall(r"\{([^}]+)\}", arn) if "{" in arn else [arn]
    return [one for one in found if one not in ("partition", "region", "account")]


def test_the_reference_names_every_type_and_everything_that_must_be_granted() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/platform-aws.md").read_text()
    calls = [(kind.service, call) for kind in KINDS for call in (*kind.steps, *(one.call for one in kind.details))]
    models = {service: model(service) for service, _ in calls}
    needed = {iam_action(models[service].signing_name, api_name(models[service], call)) for service, call in calls}
    assert set(re.findall(r'^ *"([a-z0-9-]+:[A-Za-z0-9]+)",?$', page, re.MULTILINE)) == needed | FURTHER
    rows = set(re.findall(r"^\| `(aws_\w+)`[^|]*\| (\w+) \|", page, re.MULTILINE))
    assert rows == {(kind.type, kind.kind) for kind in (ACCOUNT_ROW, *KINDS)}


def explored(type_: str, arn: str, region: str) -> dict[str, Any]:
    return {
        "Arn": arn,
        "OwningAccountId": ACCOUNT,
        "Region": region,
        "ResourceType": type_,
        "Service": type_.partition(":")[0],
        "Properties": [{"Name": "tags", "Data": PAIRS}],
    }


@pytest.mark.parametrize(
    ("explorer", "type_", "expected"),
    [
        ("ssm:parameter", "aws_ssm_parameters", True),
        ("iam:policy", "aws_iam_policies", True),
        ("ec2:network-interface", "aws_ec2_network_interfaces", True),
        ("elasticbeanstalk:application", "aws_elasticbeanstalk_applications", True),
        ("ssm:document", "aws_ssm_parameters", False),
    ],
)
def test_resource_explorers_words_are_those_of_rules(explorer: str, type_: str, expected: bool) -> None:
    assert answers(explorer, type_) is expected


@pytest.mark.parametrize(
    ("judge", "item", "expected"),
    [
        (looks.instance, {"State": {"Name": "running"}, "Checks": {"SystemStatus": {"Status": "impaired"}}}, "ill"),
        (looks.instance, {"State": {"Name": "pending"}}, "unknown"),
        (looks.service, {"status": "ACTIVE", "desiredCount": 2, "runningCount": 2}, "ok"),
        (looks.service, {"status": "ACTIVE", "desiredCount": 0, "runningCount": 0}, "ok"),
        (looks.service, {"status": "DRAINING"}, "unknown"),
        (
            looks.service,
            {
                "status": "ACTIVE",
                "desiredCount": 2,
                "runningCount": 1,
                "deployments": [{"rolloutState": "IN_PROGRESS"}, {"rolloutState": "COMPLETED"}],
            },
            "unknown",
        ),
        (
            looks.service,
            {"status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "deployments": [{"rolloutState": "FAILED"}]},
            "ill",
        ),
        (looks.group, {"DesiredCapacity": 1, "Instances": [{"LifecycleState": "Pending"}]}, "ill"),
        (looks.targets, {"Health": []}, "unknown"),
        (looks.targets, {"Health": [{"TargetHealth": {"State": "unhealthy"}}]}, "ill"),
        (looks.targets, {"Health": [{"TargetHealth": {"State": "initial"}}]}, "unknown"),
        (looks.function, {"State": "Inactive"}, "ok"),
        (looks.function, {"State": "Failed"}, "ill"),
        (looks.function, {"State": "Active", "LastUpdateStatus": "Failed"}, "ill"),
        (looks.function, {}, "unknown"),
        (looks.routes, {"Routes": [{"State": "blackhole"}]}, "ill"),
        (looks.alarm, {"StateValue": "INSUFFICIENT_DATA"}, "unknown"),
    ],
)
def test_ill_is_only_what_is_wrong_now(judge: looks.Judge, item: Object, expected: str) -> None:
    assert judge(item)[0] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("DBInstanceIdentifier", "db_instance_identifier"),
        ("VpcId", "vpc_id"),
        ("AutoScalingGroupARN", "auto_scaling_group_arn"),
        ("roleArn", "role_arn"),
        ("DNSName", "dns_name"),
        ("url", "url"),
    ],
)
def test_columns_are_named_as_rules_know_them(written: str, expected: str) -> None:
    assert snake(written) == expected


ROW = Kind(
    type="aws_x_things",
    kind="Thing",
    service="x",
    steps=(Call("list_things", "Things"),),
    name=("Name",),
    arn="arn:{partition}:x:{region}:{account}:{Name}",
    fields=("Name", "Settings.Mode", "Environment.Variables"),
    references=(Reference("Other", "", "references"),),
)
HERE = Place("aws", ACCOUNT, "prod", HOME, HOME)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.datetimes() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["Settings", "Other", "Name", "Extra", "Environment"]), ANYTHING))
def test_whatever_a_service_answers_becomes_plain_json(item: Object) -> None:
    one = shaped(ROW, item, {}, HERE)
    assert json.loads(json.dumps(one)) == one
    assert "extra" not in one


@given(
    st.text(alphabet=st.characters(categories=("L", "N")), min_size=4), st.sampled_from(["TOKEN", "MODE", "DB_PASS"])
)
def test_no_value_of_an_environment_variable_is_kept(value: str, name: str) -> None:
    item = {"Name": "a", "Environment": {"Variables": {name: f"kept-{value}", "URL": f"https://u:{value}@host/x"}}}
    assert shaped(ROW, item, {}, HERE)["environment"]["Variables"]["env"] == [
        {"name": name, "value": ""},
        {"name": "URL", "value": "host"},
    ]
