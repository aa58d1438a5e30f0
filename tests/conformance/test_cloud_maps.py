"""From a cloud to a Map: what a platform reads is recognised, matched with rules, and rendered with its login.

The rules are like those of public collections; those themselves are tried where ``RUNSTONE_COLLECTIONS`` names them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.aws_estate import HOME, RECORDED, Estate
from tests.conformance.aws_gate import gate
from tests.conformance.azure_devops_place import PAT, DevOpsPlace
from tests.conformance.azure_place import TOKEN as AZURE_TOKEN
from tests.conformance.azure_place import AzurePlace
from tests.conformance.gcp_place import TOKEN as GCP_TOKEN
from tests.conformance.gcp_place import GcpPlace
from tests.conformance.wire import wired
from tests.mapping import mapped

from runstone import plugins
from runstone.connectors.platforms import Platform
from runstone.content import parse
from runstone.edge.discovery.binding import Source
from runstone.model.content import CollectionRef

SUITE = """*** Settings ***
Suite Setup    Read

*** Tasks ***
Check `${NAME}`
    [Documentation]    Looks at it.
    [Tags]    access:read-only
    No Operation

*** Keywords ***
Read
    RW.Core.Import User Variable    NAME
"""
RULES = """
apiVersion: runwhen.com/v1
kind: GenerationRules
spec:
  platform: {platform}
  generationRules:
  - resourceTypes: {types}
    matchRules: [{{type: pattern, pattern: ".", properties: [name]}}]
    slxs:
    - baseName: look
      qualifiers: {qualifiers}
      baseTemplateName: look
      levelOfDetail: basic
      outputItems: [{{type: slx}}, {{type: runbook}}]
"""
SLX_FILE = """
{{% include "standard-header.yaml" %}}
spec:
  alias: {{{{ match_resource.name }}}}
  statement: It works.
  additionalContext:
    {{% include "{cloud}-hierarchy.yaml" %}}
  tags:
    {{% include "{cloud}-tags.yaml" %}}
    - name: access
      value: read-only
"""
RUNBOOK = """
{{% include "standard-header.yaml" %}}
spec:
  codeBundle: {{repoUrl: "{{{{ repo_url }}}}", pathToRobot: codebundles/look/runbook.robot}}
  configProvided:
    - name: NAME
      value: {{{{ match_resource.name | tojson }}}}
  secretsProvided:
    {{% include "{auth}-auth.yaml" %}}
"""


def source(root: Path, platform: str, types: str, qualifiers: str, auth: str = "") -> Source:
    """A collection with one bundle for these types."""
    cloud = "azure" if platform == "azure_devops" else platform
    bundle = root / "codebundles" / "look"
    (bundle / ".runwhen" / "generation-rules").mkdir(parents=True)
    (bundle / ".runwhen" / "templates").mkdir()
    (bundle / "runbook.robot").write_text(SUITE)
    rules = RULES.format(platform=platform, types=types, qualifiers=qualifiers)
    (bundle / ".runwhen" / "generation-rules" / "look.yaml").write_text(rules)
    (bundle / ".runwhen" / "templates" / "look-slx.yaml").write_text(SLX_FILE.format(cloud=cloud))
    (bundle / ".runwhen" / "templates" / "look-runbook.yaml").write_text(RUNBOOK.format(auth=auth or cloud))
    return Source.of(
        parse.collection(root, CollectionRef(url="https://example.com/look", ref="main", commit="a" * 40)), root
    )


@pytest.fixture
def aws(estate: Estate) -> Iterator[Platform]:
    with gate(estate.url) as opened:
        opened.recorded |= RECORDED
        yield plugins.load("platforms", "aws")("prod", endpoint_url=opened.url, attempts=1, regions=(HOME,))


AWS_TYPES = (
    *("ec2_instance", "aws_eks_clusters", "aws_ecs_services", "aws_lambda_functions", "aws_rds_instances"),
    *("aws_s3_buckets", "aws_elbv2_load_balancers", "aws_sqs_queues", "aws_sns_topics", "aws_dynamodb_tables"),
    *("aws_elasticache_clusters", "aws_cloudfront_distributions", "aws_iam_roles", "aws_ec2_vpcs"),
    *("aws_route53_hosted_zones", "aws_ecr_repositories", "aws_cloudwatch_alarms", "aws_account"),
)


def test_an_account_becomes_slxs_with_their_login(tmp_path: Path, aws: Platform) -> None:
    bundle = source(tmp_path, "aws", str(list(AWS_TYPES)), "[resource, account_id, region]")
    found = mapped(tmp_path, aws, bundle)
    assert found.findings == []
    assert len(found.kinds()) >= 15, found.kinds()
    queue = next(one for one in found.slxs.values() if one.resources[0].kind == "SQSQueue")
    assert queue.runbook
    assert [(need.name, need.key) for need in queue.runbook.secrets] == [("aws_credentials", "aws:default@cli")]
    assert queue.runbook.tasks[0].resolved_title == f"Check `{queue.alias}`"
    assert {"platform", "account_name", "region", "resource_name", "access"} <= queue.tags.keys()
    software = found.software()
    assert "RDSInstance" in software["postgresql"]
    assert "ElastiCacheCluster" in software["redis"]


def test_a_subscription_becomes_slxs_with_their_login(tmp_path: Path) -> None:
    types = "[virtual_machine, azure_keyvault_vaults, azure_compute_disks, resource_group]"
    bundle = source(tmp_path, "azure", types, "[resource, resource_group]")
    with wired(AzurePlace()) as wire:
        platform = plugins.load("platforms", "azure")(
            "prod", endpoint_url=wire.url, token=lambda: AZURE_TOKEN, attempts=1
        )
        found = mapped(tmp_path, platform, bundle)
    assert found.findings == []
    assert len(found.kinds()) >= 3, found.kinds()
    machine = next(one for one in found.slxs.values() if "resource_group" in one.tags)
    assert machine.runbook
    assert [need.key for need in machine.runbook.secrets] == ["azure:identity@cli"]


def test_a_project_becomes_slxs_with_their_login(tmp_path: Path) -> None:
    types = "[compute_instance, gcp_storage_buckets, gcp_container_clusters, gcp_sql_instances, project]"
    bundle = source(tmp_path, "gcp", types, "[resource, project]")
    with wired(GcpPlace()) as wire:
        platform = plugins.load("platforms", "gcp")("prod", endpoint_url=wire.url, token=lambda: GCP_TOKEN, attempts=1)
        found = mapped(tmp_path, platform, bundle)
    assert found.findings == []
    assert len(found.kinds()) >= 3, found.kinds()
    assert {need.key for one in found.slxs.values() if one.runbook for need in one.runbook.secrets} == {"gcp:adc@cli"}


def test_an_organization_becomes_slxs_with_their_login(tmp_path: Path) -> None:
    bundle = source(
        tmp_path, "azure_devops", "[repository, pipeline]", "[resource, project.name, organization]", "azure-devops"
    )
    with wired(DevOpsPlace()) as wire:
        (tmp_path / "pat").write_text(PAT)
        made = plugins.load("platforms", "azure_devops")
        platform = made(organization="contoso", endpoint_url=wire.url, pat_file=str(tmp_path / "pat"), attempts=1)
        found = mapped(tmp_path, platform, bundle)
    assert found.findings == []
    assert len(found.kinds()) == 2, found.kinds()
    assert all({"organization", "project"} <= one.tags.keys() for one in found.slxs.values())


def test_rules_of_public_collections_match_in_an_account(tmp_path: Path, aws: Platform) -> None:
    named = os.environ.get("RUNSTONE_COLLECTIONS")
    if not named:
        pytest.skip("The public collections are not here: set RUNSTONE_COLLECTIONS to the folder that holds them.")
    roots = [root for root in sorted(Path(named).iterdir()) if (root / "codebundles").is_dir()]
    refs = [
        CollectionRef(url=f"https://github.com/runwhen-contrib/{root.name}.git", ref="main", commit="b" * 40)
        for root in roots
    ]
    sources = [Source.of(parse.collection(root, ref), root) for root, ref in zip(roots, refs, strict=True)]
    found = mapped(tmp_path, aws, *sources)
    assert {"EC2Instance", "EKSCluster", "LambdaFunction", "SQSQueue", "VPC"} <= found.kinds()
    assert [one for one in found.findings if "aws" in one] == []
