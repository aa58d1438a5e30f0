"""The Google Cloud platform against Cloud Asset Inventory in its wire format: what it finds, and its bad days.

The assets of tests/data/platforms/gcp, one at least of every row of the table, are read once (``whole``).
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance import reading
from tests.conformance.gcp_place import (
    DISK,
    LAB,
    LAB_NUMBER,
    NUMBER,
    ORGANIZATION,
    PROJECT,
    REDIS,
    SHOP,
    TOKEN,
    GcpPlace,
    disk,
    error,
    project,
    recorded,
)
from tests.conformance.reading import Reading, pattern
from tests.conformance.wire import Asked, Reply, Wire, wired

from runstone import plugins
from runstone.connectors.platforms import Batch, Platform, version
from runstone.connectors.platforms.gcp import names, table
from runstone.connectors.platforms.gcp.derive import derived, singular
from runstone.connectors.platforms.gcp.pace import Pace
from runstone.connectors.platforms.gcp.shape import Place, shaped
from runstone.connectors.platforms.gcp.table import KINDS, TYPES
from runstone.edge.discovery import references, subjects
from runstone.edge.discovery.relations import Objects
from runstone.errors import BadInput, Forbidden, Unreachable

Object = dict[str, Any]
DISKS, CACHES = "gcp_compute_disks", "gcp_redis_instances"
UID = "//compute.googleapis.com/projects/shop-prod"


@pytest.fixture
def place() -> GcpPlace:
    return GcpPlace()


@pytest.fixture
def gcp(place: GcpPlace) -> Iterator[Wire]:
    with wired(place) as wire:
        yield wire


@pytest.fixture(scope="module")
def whole() -> Reading:
    """Everything, read once for all tests that only look."""
    with wired(GcpPlace()) as wire:
        return asyncio.run(read(platform(wire)))


def platform(gcp: Wire, name: str = "prod", *types: str, **more: Any) -> Platform:
    settings: dict[str, Any] = {"endpoint_url": gcp.url, "token": lambda: TOKEN, "attempts": 1, "types": types, **more}
    return plugins.load("platforms", "gcp")(name, **settings)


async def read(platform: Platform, *extra: str) -> Reading:
    return await reading.read(platform, *extra, of="gcp", home=SHOP)


def refers(obj: Object, field: str) -> list[Object]:
    return [one for one in obj["_map"]["references"] if one["field"] == field]


# What is found ------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_is_read_whole_and_finds_what_there_is(whole: Reading) -> None:
    assert not [one.reading.problem for one in whole.batches.values() if one.reading.problem]
    found = {one.reading.scope.kind for one in whole.batches.values() if one.objects}
    assert found == {kind.kind for kind in (table.PROJECT, *KINDS)}
    assert len(whole.all()) == len(recorded())
    assert len(found) > 55


def test_every_object_is_what_the_protocol_asks_for(whole: Reading) -> None:
    for key, batch in whole.batches.items():
        for one in batch.objects:
            metadata = one["metadata"]
            assert (one["apiVersion"], f"{one['kind']}/{metadata['namespace']}") == ("gcp/v1", key)
            assert metadata["name"]
            assert metadata["uid"] == one["id"]
            assert one["tags"] == one["labels"] == metadata["labels"]
            assert (one["project_id"], one["project_name"]) == (SHOP, "Shop Production")
            assert one["auth_type"] == "gcp_adc"
            assert json.loads(json.dumps(one)) == one, "plain JSON"
            assert one["_map"]["health"] in ("ok", "ill", "unknown")
            assert set(one["_map"]["types"]) <= TYPES


def test_nothing_that_is_or_may_be_a_secret_is_kept(whole: Reading) -> None:
    assert json.dumps(recorded()).count("canary") > 50
    kept = json.dumps(whole.all())
    assert "canary" not in kept
    assert TOKEN not in kept
    container = whole.objects("CloudRunService")["europe-west4/cart"]["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [
        {"name": "API_KEY", "value": ""},
        {"name": "ORDERS_URL", "value": "orders.shop.internal:8080"},
    ]
    variables = whole.one("CloudFunctionV1")["environmentVariables"]["env"]
    assert variables == [{"name": "TOKEN", "value": ""}, {"name": "DB", "value": "orders-db.shop.internal:5432"}]


def test_every_field_of_a_row_but_few_is_in_its_recorded_answer(whole: Reading) -> None:
    """A path that is misspelled finds nothing anywhere."""
    for kind in KINDS:
        first = {field.partition(".")[0] for field in kind.fields}
        found = {name for one in whole.objects(kind.kind).values() for name in one}
        assert not first or first & found, kind.kind


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("GCPInstance", {"europe-west4-a/web-1", "europe-west4-a/batch-1", "europe-west4-b/web-1"}),
        ("GCPDisk", {"europe-west4-a/web-1", "europe-west4/ledger"}),
        ("GCPBackendService", {"web", "europe-west4/pg"}),
        ("GCPNetwork", {"shop-vpc"}),
        ("SpannerDatabase", {"ledger/entries"}),
        ("GKENodePool", {"europe-west4/shop/main"}),
        ("KMSKeyRing", {"global/main"}),
        ("KMSCryptoKey", {"global/main/orders"}),
        ("CloudSQLInstance", {"orders", "legacy", "idle"}),
        ("GCSBucket", {"shop-images", "shop-etl"}),
        ("CloudDNSZone", {"internal"}),
        ("GCPServiceAccount", {f"shop-run@{SHOP}.iam.gserviceaccount.com", f"old@{SHOP}.iam.gserviceaccount.com"}),
        ("DataflowJob", {"europe-west4/2026-01-18_01", "europe-west4/2026-01-19_01"}),
        ("ApigeeInstance", {f"{SHOP}/eu"}),
        ("AppEngineApp", {SHOP}),
    ],
)
def test_a_thing_is_named_by_where_it_lies_and_what_it_is_a_part_of(
    whole: Reading, kind: str, expected: set[str]
) -> None:
    assert set(whole.objects(kind)) == expected
    plain = {name.rpartition("/")[2] for name in expected}
    jobs = {"orders-to-bq"}
    assert {one["name"] for one in whole.objects(kind).values()} == (jobs if kind == "DataflowJob" else plain)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("GCPInstance", "europe-west4-a/web-1", ("europe-west4-a", "europe-west4", "europe-west4-a")),
        ("CloudRunService", "europe-west4/cart", (None, "europe-west4", "europe-west4")),
        ("BigQueryDataset", "sales", (None, None, "EU")),
        ("GCPNetwork", "shop-vpc", (None, None, "global")),
    ],
)
def test_zone_region_and_location_are_told_as_far_as_there_are_any(
    whole: Reading, kind: str, name: str, expected: tuple[str | None, ...]
) -> None:
    one = whole.objects(kind)[name]
    assert (one.get("zone"), one.get("region"), one.get("location")) == expected


def test_a_project_is_called_by_its_id_wherever_its_number_stands(whole: Reading) -> None:
    one = whole.one("GCPProject", "")
    assert (one["name"], one["metadata"]["name"], one["metadata"]["namespace"]) == (SHOP, SHOP, "")
    assert one["metadata"]["uid"] == f"//cloudresourcemanager.googleapis.com/projects/{SHOP}"
    assert (
        whole.one("GCPSecret")["metadata"]["uid"]
        == f"//secretmanager.googleapis.com/projects/{SHOP}/secrets/db-password"
    )
    network = refers(whole.one("AlloyDBCluster"), "networkConfig.network")[0]
    assert network["uid"] == f"{UID}/global/networks/shop-vpc"


def test_labels_are_found_wherever_a_service_keeps_them(whole: Reading) -> None:
    for kind, name in (
        ("GCPInstance", "europe-west4-a/web-1"),
        ("GKECluster", "europe-west4/shop"),
        ("CloudSQLInstance", "orders"),
        ("CloudRunService", "europe-west4/checkout"),
        ("GCPInstanceTemplate", "web-v7"),
        ("GCPAlertPolicy", "991"),
    ):
        assert whole.objects(kind)[name]["labels"]["team"] == "shop", kind
    assert whole.one("GCPProject", "")["labels"] == {"team": "shop"}


# What rules and templates read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "type_",
    [
        "project", "gcp_projects", "compute_instance", "apigee_organization", "apigee_instances",
        "gcp_apigateway_gateways", "gcp_apigee_organizations", "gcp_artifactregistry_repositories",
        "gcp_bigquery_datasets", "gcp_composer_environments", "gcp_compute_forwarding_rules", "gcp_compute_instances",
        "gcp_container_clusters", "gcp_databasemigration_migration_jobs", "gcp_functions_functions",
        "gcp_functionsv2_functions", "gcp_pubsub_subscriptions", "gcp_pubsub_topics", "gcp_run_revisions",
        "gcp_run_services", "gcp_spanner_instances", "gcp_sql_instances", "gcp_storage_buckets",
        "gcp_compute_instance_group_managers", "gcp_dataflow_jobs", "gcp_dataproc_clusters",
    ],
)  # fmt: skip
def test_every_type_that_public_rules_name_is_found_by_its_name(whole: Reading, type_: str) -> None:
    assert whole.matched(type_, pattern(".+", "name"))
    assert whole.matched(type_, pattern(SHOP, "project_id"))


def test_rules_find_the_fields_as_each_service_spells_them(whole: Reading) -> None:
    machines = "compute_instance"
    assert whole.matched(machines, pattern("e2-standard-2$", "machineType")) == ["web-1"]
    assert whole.matched(machines, pattern("/instanceGroupManagers/", "metadata/items/value")) == ["web-1"]
    assert whole.matched("gcp_sql_instances", pattern("POSTGRES", "databaseVersion")) == ["orders"]
    assert whole.matched("gcp_sql_instances", pattern("db-custom", "settings/tier")) == ["orders"]


def test_templates_find_the_project(whole: Reading) -> None:
    one = whole.subject(whole.objects("CloudSQLInstance")["orders"])
    seen = subjects.variables(one, subjects.Cluster(), {}, bare=False)
    assert seen["project"]["name"] == SHOP
    resource = seen["match_resource"]
    assert (resource["qualified_name"], resource["auth_type"]) == (f"{SHOP}/orders", "gcp_adc")
    assert (resource["resource"]["name"], resource["resource"]["project_id"]) == ("orders", SHOP)
    assert (resource["project_name"], resource["project_id"]) == ("Shop Production", SHOP)


async def test_templates_learn_how_tasks_log_in(gcp: Wire) -> None:
    prod = platform(gcp, "prod", CACHES, auth_secret="gcp-sa")
    one = (await read(prod)).one("MemorystoreRedis")
    assert (one["auth_type"], one["auth_secret"]) == ("gcp_service_account_secret", "gcp-sa")
    assert prod.attributes() == {"auth_type": "gcp_service_account_secret", "auth_secret": "gcp-sa"}


# Health and references ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("GCPInstance", "europe-west4-a/web-1", ("ok", "RUNNING")),
        ("GCPInstance", "europe-west4-a/batch-1", ("unknown", "TERMINATED")),
        ("GCPInstance", "europe-west4-b/web-1", ("ill", "REPAIRING: maintenance")),
        ("GKECluster", "europe-west4/shop", ("ill", "DEGRADED")),
        ("GKENodePool", "europe-west4/shop/main", ("ok", "RUNNING")),
        ("GCPInstanceGroupManager", "europe-west4-a/web", ("ok", "2 instances")),
        ("GCPAutoscaler", "europe-west4-a/web", ("ill", "ERROR")),
        ("GCPDisk", "europe-west4-a/web-1", ("ok", "READY")),
        ("CloudRunService", "europe-west4/checkout", ("ill", "not ready: HealthCheckContainerError")),
        ("CloudRunService", "europe-west4/cart", ("ok", "ready")),
        ("CloudRunRevision", "europe-west4/checkout-00007", ("ill", "not ready: HealthCheckContainerError")),
        ("CloudRunRevision", "europe-west4/checkout-00001", ("unknown", "retired")),
        ("CloudRunJob", "europe-west4/report", ("ok", "ready")),
        ("CloudFunctionV1", "europe-west4/resize", ("ill", "OFFLINE")),
        ("CloudFunction", "europe-west4/notify", ("ok", "ACTIVE")),
        ("AppEngineApp", SHOP, ("unknown", "USER_DISABLED")),
        ("ComposerEnvironment", "europe-west4/etl", ("ill", "ERROR")),
        ("DataprocCluster", "europe-west4/spark", ("ill", "ERROR")),
        ("DataflowJob", "europe-west4/2026-01-18_01", ("ill", "JOB_STATE_FAILED")),
        ("CloudSQLInstance", "orders", ("ok", "RUNNABLE")),
        ("CloudSQLInstance", "legacy", ("ill", "SUSPENDED: BILLING_ISSUE")),
        ("CloudSQLInstance", "idle", ("unknown", "stopped")),
        ("MemorystoreRedis", "europe-west4/carts", ("unknown", "REPAIRING")),
        ("PubSubTopic", "orders-dead", ("ill", "INGESTION_RESOURCE_ERROR")),
        ("GCPSSLCertificate", "shop", ("ill", "PROVISIONING_FAILED")),
        ("GCPVPNTunnel", "europe-west4/to-office", ("ill", "NO_INCOMING_PACKETS")),
        ("GCPAddress", "europe-west4/nat-1", ("ok", "in use")),
        ("KMSCryptoKey", "global/main/orders", ("ill", "DESTROY_SCHEDULED")),
        ("GCPServiceAccount", f"old@{SHOP}.iam.gserviceaccount.com", ("unknown", "disabled")),
        ("GCSBucket", "shop-images", ("unknown", "")),
    ],
)
def test_health_is_what_google_says_of_the_state(
    whole: Reading, kind: str, name: str, expected: tuple[str, str]
) -> None:
    said = whole.objects(kind)[name]["_map"]
    assert (said["health"], said["summary"]) == expected


def test_a_group_that_is_changing_is_on_its_way() -> None:
    asset = next(one for one in recorded() if one["assetType"].endswith("/InstanceGroupManager"))
    asset["resource"]["data"]["status"]["isStable"] = False
    one = shaped(table.BY_ASSET[asset["assetType"]], asset, Place(SHOP, SHOP))
    assert one is not None
    assert (one["_map"]["health"], one["_map"]["summary"]) == ("unknown", "2 instances, changing")


RELATED = f"""\
GCPProject/{SHOP} contains GCSBucket/shop-images
GCPProject/{SHOP} contains CloudRunService/europe-west4/checkout
GCPInstance/europe-west4-a/web-1 mounts GCPDisk/europe-west4-a/web-1
GCPInstance/europe-west4-a/web-1 references GCPServiceAccount/shop-run@{SHOP}.iam.gserviceaccount.com
GCPNetwork/shop-vpc contains GCPSubnetwork/europe-west4/shop-nodes
GCPSubnetwork/europe-west4/shop-nodes contains GKECluster/europe-west4/shop
GKECluster/europe-west4/shop contains GKENodePool/europe-west4/shop/main
GKENodePool/europe-west4/shop/main owns GCPInstanceGroupManager/europe-west4-a/web
GCPInstanceGroupManager/europe-west4-a/web owns GCPInstanceGroup/europe-west4-a/web
GCPAutoscaler/europe-west4-a/web scales GCPInstanceGroupManager/europe-west4-a/web
GCPGlobalForwardingRule/web-https routes-to GCPHTTPSProxy/web
GCPHTTPSProxy/web routes-to GCPURLMap/web
GCPURLMap/web routes-to GCPBackendService/web
GCPBackendService/web routes-to GCPInstanceGroup/europe-west4-a/web
GCPForwardingRule/europe-west4/internal routes-to GCPBackendService/europe-west4/pg
GCPFirewall/allow-lb guards GCPNetwork/shop-vpc
CloudRunService/europe-west4/checkout owns CloudRunRevision/europe-west4/checkout-00007
CloudFunction/europe-west4/notify owns CloudRunService/europe-west4/cart
PubSubTopic/orders routes-to PubSubSubscription/billing
PubSubTopic/orders routes-to CloudFunctionV1/europe-west4/resize
PubSubSubscription/billing routes-to PubSubTopic/orders-dead
PubSubSubscription/billing routes-to GCSBucket/shop-etl
SpannerInstance/ledger contains SpannerDatabase/ledger/entries
KMSKeyRing/global/main contains KMSCryptoKey/global/main/orders
GCPNetwork/shop-vpc contains CloudSQLInstance/orders
GCPNetwork/shop-vpc contains AlloyDBCluster/europe-west4/main
ComposerEnvironment/europe-west4/etl runs-on GKECluster/europe-west4/shop
CloudDNSZone/internal references GCPNetwork/shop-vpc
ApigeeOrganization/{SHOP} contains ApigeeInstance/{SHOP}/eu"""
"""What the recorded assets say of each other."""


def test_the_map_is_related_as_google_relates_it(whole: Reading) -> None:
    told = {
        (one.source.kind, one.source.name, one.type, one.target.kind, one.target.name)
        for one in references.relate(Objects("prod", whole.all()))
    }
    for line in RELATED.split("\n"):
        first, type_, second = line.split()
        source, target = first.partition("/"), second.partition("/")
        assert (source[0], source[2], type_, target[0], target[2]) in told, line
    within = {(one[3], one[4]) for one in told if one[2] == "contains"}
    assert {(one["kind"], one["metadata"]["name"]) for one in whole.all()} - within == {("GCPProject", SHOP)}


async def test_a_second_reading_of_an_unchanged_project_is_the_same(gcp: Wire, whole: Reading, place: GcpPlace) -> None:
    place.assets.reverse()
    again = await read(platform(gcp))
    for key, batch in whole.batches.items():
        assert [version(one) for one in batch.objects] == [version(one) for one in again.batches[key].objects]


# Pages, types, bad days ---------------------------------------------------------------------------------------


async def test_all_pages_are_read_to_the_last(gcp: Wire, place: GcpPlace) -> None:
    place.assets = [disk(number) for number in range(2500)]
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,)))
    assert len(found.objects("GCPDisk")) == 2500
    assert found.complete("GCPDisk")
    assert [one.one("pageToken") for one in gcp.asked if one.path.endswith("/assets")][-3:] == [
        "",
        "page-1000",
        "page-2000",
    ]


async def test_one_list_is_asked_for_per_project_however_many_types_there_are(gcp: Wire, place: GcpPlace) -> None:
    place.projects[LAB] = LAB_NUMBER
    await read(platform(gcp, projects=(SHOP, LAB)))
    assert sorted(one.path for one in gcp.asked) == [f"/v1/projects/{LAB}/assets", f"/v1/projects/{SHOP}/assets"]


async def test_a_page_that_names_itself_as_the_next_is_no_end(gcp: Wire) -> None:
    gcp.refused["/assets"] = Reply(200, {"assets": [disk(1)], "nextPageToken": "again"})
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,)))
    assert found.problem("GCPDisk") == "Google Cloud names the same page twice."
    assert list(found.objects("GCPDisk")) == ["europe-west4-a/disk-00001"]


async def test_types_the_inventory_does_not_know_cost_themselves_alone_and_are_asked_for_once(
    gcp: Wire, place: GcpPlace
) -> None:
    place.unknown = {"vpcaccess.googleapis.com/Connector", "dns.googleapis.com/ManagedZone"}
    prod = platform(gcp, projects=(SHOP,))
    found = await read(prod)
    unread = {key for key, one in found.batches.items() if not one.reading.complete}
    assert unread == {f"VPCConnector/{SHOP}", f"CloudDNSZone/{SHOP}"}
    assert found.problem("VPCConnector") == (
        "Cloud Asset Inventory does not know vpcaccess.googleapis.com/Connector (answers INVALID_ARGUMENT, HTTP 400)."
    )
    gcp.asked.clear()
    assert {key for key, one in (await read(prod)).batches.items() if not one.reading.complete} == unread
    assert len(gcp.asked) == 1


async def test_a_project_that_is_not_understood_is_not_taken_for_a_type_that_is_not(gcp: Wire, place: GcpPlace) -> None:
    place.projects[LAB] = LAB_NUMBER
    gcp.refused[f"/projects/{LAB}/assets"] = error(400, "INVALID_ARGUMENT")
    prod = platform(gcp, "prod", DISKS, CACHES, projects=(SHOP, LAB))
    for _ in range(2):
        found = await read(prod)
        assert found.problem("GCPDisk", LAB) == (
            f"Google Cloud does not understand the project {LAB} (answers INVALID_ARGUMENT, HTTP 400). "
            "Correct its id, or leave it out."
        )
        assert found.complete("GCPDisk")
    assert len(gcp.lines(f"/projects/{LAB}/")) == 4, "the list, and whether it is the project's fault; twice"


async def test_no_more_is_asked_in_a_minute_than_google_allows(gcp: Wire, place: GcpPlace) -> None:
    place.projects |= {LAB: LAB_NUMBER, "third": "3"}
    reading = platform(gcp, "prod", DISKS, projects=(SHOP, LAB, "third"), per_minute=2).read()
    told = [(await anext(reading)).reading.scope.namespace for _ in range(2)]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(reading), 0.2)
    assert (told, len(gcp.asked)) == ([SHOP, LAB], 2)


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=30))
def test_in_no_minute_is_more_asked_than_may_be(most: int, steps: list[float]) -> None:
    pace, now, asked = Pace(most), 0.0, list[float]()
    for step in steps:
        now += step
        while pause := pace.pause(now):
            assert 0 < pause <= 60 + 1e-6
            now += pause
        asked.append(now)
    assert all(later - first >= 60 - 1e-6 for first, later in zip(asked, asked[most:], strict=False))


async def test_throttling_that_passes_is_not_even_seen(gcp: Wire) -> None:
    spent = error(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", Retry_After="0")
    gcp.refused["/assets"] = [spent, spent]
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,), attempts=3))
    assert found.complete("GCPDisk")
    assert len(gcp.lines("/assets")) == 3


async def test_throttling_is_waited_for_as_long_as_google_asks(gcp: Wire) -> None:
    gcp.refused["/assets"] = [error(429, "RESOURCE_EXHAUSTED", Retry_After="1")]
    before = time.monotonic()
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,), attempts=2))
    assert time.monotonic() - before >= 1
    assert found.complete("GCPDisk")


async def test_throttling_that_would_last_too_long_is_said(gcp: Wire, place: GcpPlace) -> None:
    place.projects[LAB] = LAB_NUMBER
    gcp.refused[f"/projects/{LAB}/assets"] = error(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", Retry_After="3600")
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP, LAB), attempts=5))
    assert found.problem("GCPDisk", LAB) == (
        "Google Cloud was asked too often (answers RESOURCE_EXHAUSTED, RATE_LIMIT_EXCEEDED, HTTP 429). "
        "The next round tries again."
    )
    assert len(gcp.lines(f"/projects/{LAB}/")) == 1
    assert found.complete("GCPDisk")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (error(500, "INTERNAL"), "Google Cloud answers INTERNAL, HTTP 500."),
        (error(503, "UNAVAILABLE"), "Google Cloud answers UNAVAILABLE, HTTP 503."),
        (Reply(502, "<html>canary</html>"), "Google Cloud answers HTTP 502."),
        (error(404, "NOT_FOUND"), "Google Cloud answers NOT_FOUND, HTTP 404."),
        (Reply(200, "no JSON canary"), "Google Cloud answers with something that is no JSON object."),
        (Reply(200, []), "Google Cloud answers with something that is no JSON object."),
        (Reply(200, {"assets": {"canary": 1}}), "Google Cloud answers with assets that are none."),
        (Reply(200, {"assets": [None, 7, "canary"]}), "Google Cloud answers with assets that are none."),
        (
            Reply(200, {"assets": [{"name": "canary", "assetType": DISK}]}),
            "Google Cloud answers 1 assets that are none of the types asked for.",
        ),
        (Reply(200, {"assets": [{"assetType": DISK}, {"name": 7}]}), "Google Cloud answers 2 assets that are none of"),
        (
            error(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"),
            f"The account may not list assets of the project {LAB}. Grant it the role Cloud Asset Viewer "
            "(roles/cloudasset.viewer) there.",
        ),
        (
            error(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
            "The API is not enabled in the project that requests are counted for. Enable it there: gcloud services "
            "enable cloudasset.googleapis.com cloudresourcemanager.googleapis.com",
        ),
        (
            error(403, "PERMISSION_DENIED", "USER_PROJECT_DENIED"),
            "The account may not have its requests counted for the quota project. Grant it the role Service Usage "
            "Consumer (roles/serviceusage.serviceUsageConsumer) there.",
        ),
    ],
)
async def test_a_project_that_fails_costs_itself_alone(gcp: Wire, place: GcpPlace, reply: Reply, said: str) -> None:
    place.projects[LAB] = LAB_NUMBER
    gcp.refused[f"/projects/{LAB}/assets"] = reply
    found = await read(platform(gcp, "prod", DISKS, CACHES, projects=(SHOP, LAB)))
    for kind in ("GCPDisk", "MemorystoreRedis"):
        assert found.problem(kind, LAB).startswith(said)
        assert "canary" not in found.problem(kind, LAB)
        assert not found.objects(kind, LAB)
        assert found.complete(kind)
        assert found.objects(kind)
    assert set(found.objects("GCPProject", "")) == {SHOP, LAB}


async def test_a_project_that_is_denied_is_unread_and_not_empty(gcp: Wire) -> None:
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP, "hidden")))
    assert not found.complete("GCPDisk", "hidden")
    assert "the project hidden. Grant it the role Cloud Asset Viewer" in found.problem("GCPDisk", "hidden")
    assert "the project hidden." in found.problem("GCPProject", "")
    assert found.complete("GCPDisk")


async def test_a_second_page_that_fails_leaves_the_first_and_says_so(gcp: Wire, place: GcpPlace) -> None:
    place.assets, place.most = [project(SHOP, NUMBER), *(disk(number) for number in range(5))], 3
    gcp.refused["pageToken=page-3"] = error(500, "INTERNAL")
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,)))
    assert len(found.objects("GCPDisk")) == 2
    assert "HTTP 500" in found.problem("GCPDisk")


async def test_a_strange_asset_does_not_hide_the_others(gcp: Wire, place: GcpPlace) -> None:
    odd = {**disk(2), "resource": {"data": "none", "location": ["x"]}}
    odder = {**disk(3), "resource": None}
    labelled = {**disk(4), "resource": {"data": {"labels": ["x"], "users": 7, "status": {"a": 1}}}}
    place.assets = [disk(1), odd, odder, labelled]
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,)))
    assert [name.rpartition("-")[2] for name in found.objects("GCPDisk")] == ["00001", "00002", "00003", "00004"]
    assert {one["_map"]["health"] for one in found.objects("GCPDisk").values()} == {"ok", "unknown"}


async def test_a_project_that_is_not_answered_for_in_time_costs_itself_alone(gcp: Wire, place: GcpPlace) -> None:
    place.projects[LAB] = LAB_NUMBER
    gcp.silent.add(f"/projects/{LAB}/")
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP, LAB), timeout_s=0.3))
    assert found.problem("GCPDisk", LAB) == f"{gcp.url} does not answer in 0.3 s."
    assert found.complete("GCPDisk")


# Which projects -----------------------------------------------------------------------------------------------


async def test_all_projects_that_are_seen_are_read(gcp: Wire, place: GcpPlace) -> None:
    place.projects |= {LAB: LAB_NUMBER, "third": "3"}
    place.assets += [disk(1, LAB, LAB_NUMBER)]
    found = await read(platform(gcp, "prod", DISKS))
    assert set(found.objects("GCPProject", "")) == {SHOP, LAB, "third"}, "over two pages of the search"
    assert list(found.objects("GCPDisk", LAB)) == ["europe-west4-a/disk-00001"]
    assert found.one("GCPDisk", LAB)["project_name"] == "Shop-Lab", "as the search calls it"
    assert found.complete("GCPDisk", "third")
    assert not found.objects("GCPDisk", "third")


async def test_only_the_projects_wanted_are_read_each_once(gcp: Wire, place: GcpPlace) -> None:
    place.projects[LAB] = LAB_NUMBER
    found = await read(platform(gcp, "prod", DISKS, projects=(LAB, LAB)))
    assert set(found.batches) == {f"GCPDisk/{LAB}", "GCPProject/"}


async def test_an_organization_is_read_by_one_list_and_told_by_project(gcp: Wire, place: GcpPlace) -> None:
    bucket = {**disk(9, LAB, LAB_NUMBER), "name": "//storage.googleapis.com/lab-images"}
    bucket["assetType"] = "storage.googleapis.com/Bucket"
    place.assets += [project(), disk(1, LAB, LAB_NUMBER), bucket]
    found = await read(platform(gcp, organization=f"organizations/{ORGANIZATION}"))
    assert {one.path for one in gcp.asked} == {f"/v1/organizations/{ORGANIZATION}/assets"}
    assert set(found.objects("GCPProject", "")) == {SHOP, LAB}
    assert list(found.objects("GCPDisk", LAB)) == ["europe-west4-a/disk-00001"]
    assert list(found.objects("GCSBucket", LAB)) == ["lab-images"], "whose name says no project"
    assert found.complete("MemorystoreRedis", LAB)
    assert found.one("GCPDisk", LAB)["project_name"] == "Lab"


@pytest.mark.parametrize(
    ("reply", "raised", "said"),
    [
        (error(500, "INTERNAL"), Unreachable, "HTTP 500"),
        (error(403, "PERMISSION_DENIED"), Forbidden, f"may not list assets of the organization {ORGANIZATION}. Grant"),
        (error(400, "INVALID_ARGUMENT"), Forbidden, f"does not understand the organization {ORGANIZATION}"),
    ],
)
async def test_an_organization_that_fails_takes_no_project_for_gone(
    gcp: Wire, reply: Reply, raised: type[Exception], said: str
) -> None:
    gcp.refused["/assets"] = reply
    with pytest.raises(raised, match=said) as caught:
        await read(platform(gcp, "prod", DISKS, organization=ORGANIZATION))
    assert type(caught.value) is raised


async def test_an_organization_that_breaks_off_tells_what_came_and_takes_nothing_for_gone(
    gcp: Wire, place: GcpPlace
) -> None:
    place.assets, place.most = [project(), *(disk(number, LAB, LAB_NUMBER) for number in range(5))], 3
    gcp.refused["pageToken=page-3"] = error(500, "INTERNAL")
    told: list[Batch] = []
    with pytest.raises(Unreachable, match="HTTP 500"):
        async for batch in platform(gcp, "prod", DISKS, organization=ORGANIZATION).read():
            told.append(batch)  # noqa: PERF401  what came before the exception counts
    assert [(one.reading.scope.namespace, one.reading.complete, len(one.objects)) for one in told] == [(LAB, False, 2)]


async def test_a_project_may_be_wanted_by_its_number(gcp: Wire, place: GcpPlace) -> None:
    place.projects[NUMBER] = NUMBER
    found = await read(platform(gcp, "prod", DISKS, projects=(NUMBER,)))
    assert set(found.batches) == {f"GCPDisk/{SHOP}", "GCPProject/"}
    assert set(found.objects("GCPProject", "")) == {SHOP}


def test_projects_and_an_organization_are_not_both_wanted(gcp: Wire) -> None:
    with pytest.raises(BadInput, match="some projects or an organization, not both"):
        platform(gcp, projects=(SHOP,), organization=ORGANIZATION)


@pytest.mark.parametrize(
    ("reply", "raised", "said"),
    [
        (error(403, "PERMISSION_DENIED"), Forbidden, "may not search projects. Grant it the role Browser"),
        (error(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), Forbidden, "enable cloudasset.googleapis.com"),
        (error(500, "INTERNAL"), Unreachable, "HTTP 500"),
        (Reply(200, {}), Forbidden, "sees no project at http.*roles/browser"),
    ],
)
async def test_projects_that_cannot_be_searched_end_the_reading(
    gcp: Wire, reply: Reply, raised: type[Exception], said: str
) -> None:
    gcp.refused["projects:search"] = reply
    with pytest.raises(raised, match=said) as caught:
        await read(platform(gcp))
    assert type(caught.value) is raised


# Who may read what --------------------------------------------------------------------------------------------


async def test_a_token_that_is_not_taken_ends_the_reading(gcp: Wire) -> None:
    with pytest.raises(
        Forbidden, match=r"answers UNAUTHENTICATED, ACCESS_TOKEN_EXPIRED, HTTP 401\. Log in anew"
    ) as caught:
        await read(platform(gcp, token=lambda: "old"))
    assert TOKEN not in str(caught.value)
    assert len(gcp.asked) == 1


async def test_a_token_that_expires_meanwhile_ends_it_too_and_what_was_told_stays(gcp: Wire, place: GcpPlace) -> None:
    place.projects[LAB] = LAB_NUMBER
    gcp.refused[f"/projects/{LAB}/assets"] = error(401, "UNAUTHENTICATED")
    told: list[str] = []
    with pytest.raises(Forbidden, match="UNAUTHENTICATED"):
        async for batch in platform(gcp, "prod", DISKS, projects=(SHOP, LAB)).read():
            told.append(f"{batch.reading.scope.kind}/{batch.reading.scope.namespace}")  # noqa: PERF401  see above
    assert told == [f"GCPDisk/{SHOP}"]


async def test_who_may_read_nothing_at_all_is_told_so(gcp: Wire, place: GcpPlace) -> None:
    place.projects = {}
    with pytest.raises(Forbidden, match=f"can read nothing at {gcp.url}"):
        await read(platform(gcp, projects=(SHOP, LAB)))


async def test_a_google_that_only_throttles_is_out_of_reach_and_not_forbidden(gcp: Wire) -> None:
    gcp.refused["/assets"] = error(429, "RESOURCE_EXHAUSTED")
    with pytest.raises(Unreachable, match="can read nothing") as caught:
        await read(platform(gcp, "prod", DISKS, projects=(SHOP,)))
    assert not isinstance(caught.value, Forbidden)


async def test_a_google_that_cannot_be_reached_says_where_it_was_looked_for(gcp: Wire) -> None:
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached \(ConnectError\)\."):
        await read(platform(gcp, endpoint_url="http://127.0.0.1:9"))


# Types without a row ------------------------------------------------------------------------------------------


async def test_types_without_a_row_are_asked_for_by_the_type_they_mean(gcp: Wire, place: GcpPlace) -> None:
    backup = {**disk(1), "assetType": "alloydb.googleapis.com/Backup"}
    backup["name"] = f"//alloydb.googleapis.com/projects/{SHOP}/locations/europe-west4/backups/nightly"
    backup["resource"] = {"data": {"labels": {"a": "b"}, "secret": "canary"}, "location": "europe-west4"}
    place.assets.append(backup)
    prod = platform(gcp, "prod", DISKS, projects=(SHOP,))
    found = await read(prod, "gcp_alloydb_backups", "gcp_kms_import_jobs", "gcp_nonsense_things", "pods", "aws_x_y")
    one = found.one("GcpAlloydbBackups")
    assert (one["name"], one["tags"], one["_map"]["types"]) == ("nightly", {"a": "b"}, ["gcp_alloydb_backups"])
    assert one["_map"]["health"] == "unknown"
    assert "canary" not in json.dumps(one)
    assert found.complete("GcpKmsImportJobs"), "none there is known too"
    assert "does not know nonsense.googleapis.com/Thing" in found.problem("GcpNonsenseThings")
    assert found.complete("GCPDisk")


async def test_a_type_that_has_a_row_by_another_name_is_told_its_name(gcp: Wire) -> None:
    found = await read(platform(gcp, "prod", DISKS, projects=(SHOP,)), "gcp_sqladmin_instances", "gcp_secretmanager_")
    assert found.problem("gcp_sqladmin_instances", "") == (
        "gcp_sqladmin_instances is what gcp_sql_instances is. Name it so in the rule."
    )
    assert "No asset type can be told from gcp_secretmanager_" in found.problem("gcp_secretmanager_", "")


async def test_types_that_have_rows_are_not_asked_for_twice(gcp: Wire) -> None:
    await read(platform(gcp, projects=(SHOP,)), DISKS, "project", "compute_instance", "certificates.x.io")
    assert len(gcp.asked) == 1


# Check, settings, login ---------------------------------------------------------------------------------------


async def test_a_check_says_what_is_there_and_how_far_it_can_be_read(gcp: Wire) -> None:
    assert await platform(gcp).check() == f"prod: Google Cloud at {gcp.url}, {SHOP}"
    assert await platform(gcp, projects=(SHOP, "hidden")).check() == (
        f"prod: Google Cloud at {gcp.url}, {SHOP}; not readable: hidden (answers PERMISSION_DENIED, "
        "IAM_PERMISSION_DENIED, HTTP 403). Grant it the role Cloud Asset Viewer (roles/cloudasset.viewer) there."
    )
    assert (await platform(gcp, organization=ORGANIZATION).check()).endswith(f", organizations/{ORGANIZATION}")


async def test_a_check_that_can_read_nothing_says_what_to_grant(gcp: Wire) -> None:
    with pytest.raises(Forbidden, match="may not list assets of the project hidden. Grant it the role Cloud Asset"):
        await platform(gcp, projects=("hidden",)).check()
    with pytest.raises(Forbidden, match="HTTP 401"):
        await platform(gcp, token=lambda: "old").check()
    gcp.refused["projects:search"] = [Reply(200, {}), error(500, "INTERNAL")]
    with pytest.raises(Forbidden, match="sees no project"):
        await platform(gcp).check()
    with pytest.raises(Unreachable, match="HTTP 500"):
        await platform(gcp).check()


async def test_a_reading_may_be_left_early(gcp: Wire) -> None:
    reading = platform(gcp, projects=(SHOP,)).read()
    assert (await anext(reading)).reading.scope.kind == "GCPInstance"
    await reading.aclose()
    assert not [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]


def test_a_login_is_no_cluster(gcp: Wire) -> None:
    prod = platform(gcp)
    assert (prod.family, prod.context, prod.portable_kubeconfig()) == ("gcp", "", "")


def test_an_unknown_type_is_refused_when_it_is_configured(gcp: Wire) -> None:
    with pytest.raises(BadInput, match="No list of Google Cloud is read for gcp_disk. There are: .*gcp_compute_disks"):
        platform(gcp, "prod", "gcp_disk")


async def test_requests_are_counted_for_the_quota_project(gcp: Wire) -> None:
    await read(platform(gcp, "prod", DISKS, projects=(SHOP,), quota_project="billing-x"))
    assert {one.headers.get("x-goog-user-project") for one in gcp.asked} == {"billing-x"}


def key(wire: Wire, path: Path) -> Path:
    """A service account's key whose tokens are given out by ``wire``."""
    private = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    said = {"type": "service_account", "project_id": SHOP, "private_key_id": "1", "private_key": private.decode()}
    said |= {"client_email": "viewer@shop-prod.iam.gserviceaccount.com", "token_uri": f"{wire.url}/token"}
    path.write_text(json.dumps(said))
    return path


def tokens(asked: Asked) -> Reply:
    """Google's token endpoint: a signed assertion for a token."""
    assert "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer" in asked.body
    return Reply(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})


@pytest.mark.parametrize("how", ["setting", "environment"])
async def test_a_service_accounts_key_gives_the_token_and_it_is_kept_until_it_expires(
    gcp: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    with wired(tokens) as wire:
        file = str(key(wire, tmp_path / "key.json"))
        settings = {"key_file": file} if how == "setting" else {}
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere" if how == "setting" else file)
        prod = platform(gcp, "prod", DISKS, projects=(SHOP,), token=None, **settings)
        for _ in range(2):
            found = await read(prod)
            assert found.objects("GCPDisk")
        assert len(wire.asked) == 1
        told = {"setting": {"auth_type": "gcp_service_account_file"}, "environment": {"auth_type": "gcp_adc"}}
        assert prod.attributes() == told[how]
        assert "canary" not in str(vars(prod))


async def test_a_key_that_was_revoked_ends_the_reading(gcp: Wire, tmp_path: Path) -> None:
    def revoked(_: Asked) -> Reply:
        return Reply(400, {"error": "invalid_grant", "error_description": "canary: account not found"})

    with wired(revoked) as wire:
        file = key(wire, tmp_path / "key.json")
        with pytest.raises(Forbidden, match=r"lets nobody in with the key in .*key\.json \(RefreshError\)") as caught:
            await read(platform(gcp, projects=(SHOP,), token=None, key_file=str(file)))
    assert "canary" not in str(caught.value)
    assert not gcp.asked


async def test_a_key_that_is_replaced_is_read_anew(gcp: Wire, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    prod = platform(gcp, "prod", DISKS, projects=(SHOP,), token=None, key_file=str(file))
    with pytest.raises(Forbidden):
        await read(prod)
    with wired(tokens) as wire:
        key(wire, file)
        assert (await read(prod)).objects("GCPDisk")


@pytest.mark.parametrize("content", [None, "canary no JSON", '{"type": "service_account"}'])
async def test_a_file_that_is_no_key_is_said_without_what_is_in_it(
    gcp: Wire, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Forbidden, match=r"key in .*key\.json .*Put the JSON key of a service account") as caught:
        await read(platform(gcp, projects=(SHOP,), token=None, key_file=str(file)))
    assert "canary" not in repr(caught.value)


async def test_the_metadata_server_gives_the_token_where_nothing_else_does(gcp: Wire, tmp_path: Path) -> None:
    """Workload identity, asked at a server on loopback; in a process of its own, since google-auth reads it once."""

    def metadata(asked: Asked) -> Reply:
        flavor = {"Metadata-Flavor": "Google"}
        if asked.path.endswith("/token"):
            return Reply(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}, flavor)
        if asked.path.endswith("/project-id"):
            return Reply(200, SHOP, {**flavor, "Content-Type": "text/plain"})
        return Reply(200, {"email": "x@y", "scopes": [], "aliases": ["default"]}, flavor)

    program = (
        "import asyncio, sys\n"
        "from runstone import plugins\n"
        "prod = plugins.load('platforms', 'gcp')('prod', endpoint_url=sys.argv[1])\n"
        "print(asyncio.run(prod.check()))"
    )
    with wired(metadata) as wire:
        host = wire.url.removeprefix("http://")
        own = {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "CLOUDSDK_CONFIG": str(tmp_path)}
        hidden = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")
        env = {name: value for name, value in os.environ.items() if name not in hidden} | own
        asked = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, gcp.url, stdout=asyncio.subprocess.PIPE, env=env
        )
        said, _ = await asked.communicate()
    assert said.decode() == f"prod: Google Cloud at {gcp.url}, {SHOP}\n"


async def test_without_credentials_it_is_said_where_they_may_come_from(
    gcp: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(
        Forbidden, match="lets nobody in with the credentials there are. Set GOOGLE_APPLICATION_CREDENTIALS, run gcloud"
    ):
        await read(platform(gcp, token=None))


async def test_without_google_auth_it_is_said_what_to_install() -> None:
    program = (
        "import sys; sys.modules['google.auth'] = None\n"
        "from runstone import plugins, errors\n"
        "try: plugins.load('platforms', 'gcp')\n"
        "except errors.NotFound as err: print(err)"
    )
    asked = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await asked.communicate()
    assert said.decode() == (
        "'gcp' of platforms needs the Python package google.auth. Install it with: pip install 'runstone[gcp]'\n"
    )


# The table and what is pure -----------------------------------------------------------------------------------


def test_each_type_and_kind_has_one_row() -> None:
    rows = (table.PROJECT, *KINDS)
    words = [word for kind in rows for word in kind.words]
    assert len({kind.kind for kind in rows}) == len(rows)
    assert len(table.BY_ASSET) == sum(len(kind.assets) for kind in rows)
    assert len(set(words)) == len(words)
    reserved = {"name", "id", "kind", "metadata", "apiVersion", "_map", "project_id", "project_name", "labels", "tags"}
    assert not [field for kind in rows for field in kind.fields if field.partition(".")[0] in reserved]


def test_references_stand_in_fields_that_are_kept() -> None:
    for kind in KINDS:
        paths = {one.path for one in kind.references if not one.path.startswith("metadata.")}
        assert not [one for one in paths if not any(f"{one}.".startswith(f"{field}.") for field in kind.fields)], (
            kind.kind
        )


def test_the_reference_names_every_type_and_what_it_is_at_google() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/platform-gcp.md").read_text()
    rows = re.findall(r"^\| (`gcp_[^|]*) \| (\w+) \| (`[^|]*`) \|$", page, re.MULTILINE)
    told = {
        (tuple(re.findall(r"`(\w+)`", words)), kind, tuple(re.findall(r"`([\w./]+)`", assets)))
        for words, kind, assets in rows
    }
    assert told == {(kind.words, kind.kind, kind.assets) for kind in (table.PROJECT, *KINDS)}


NETWORKS = "projects/p/global/networks"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"https://www.googleapis.com/compute/v1/{NETWORKS}/n", f"//compute.googleapis.com/{NETWORKS}/n"),
        (f"https://compute.googleapis.com/compute/beta/{NETWORKS}/n", f"//compute.googleapis.com/{NETWORKS}/n"),
        (
            "https://container.googleapis.com/v1/projects/p/clusters/c",
            "//container.googleapis.com/projects/p/clusters/c",
        ),
        ("//pubsub.googleapis.com/projects/p/topics/t", "//pubsub.googleapis.com/projects/p/topics/t"),
        ("projects/7/topics/t", "//x.googleapis.com/projects/seven/topics/t"),
        ("organizations/1/instances/i", "//x.googleapis.com/organizations/1/instances/i"),
        ("default", ""),
        ("a@p.iam.gserviceaccount.com", ""),
        ("https://example.com/compute/v1/projects/p/x/y", ""),
        ("projects/p", ""),
        ("", ""),
    ],
)
def test_a_field_names_another_resource_in_any_of_three_ways(said: str, expected: str) -> None:
    assert names.full(said, "x.googleapis.com", {"7": "seven"}) == expected


PART = st.text(st.characters(categories=("Lu", "Ll", "Nd"), include_characters="-._()@"), min_size=1).filter(
    lambda part: part not in ("projects", "global")
)


@given(PART, st.lists(st.tuples(PART, PART), min_size=1, max_size=4))
def test_a_name_is_its_parts(project_: str, path: list[tuple[str, str]]) -> None:
    full = "//x.googleapis.com/" + "/".join(["projects", project_, *(part for pair in path for part in pair)])
    assert names.is_full(full)
    assert names.project_of(full) == project_
    assert names.own(full) == "/".join(name for _, name in path)
    assert names.full(full, "", {project_: "id"}) == full.replace(f"projects/{project_}/", "projects/id/", 1)
    assert f"{names.parent(full)}/{path[-1][0]}/{path[-1][1]}" == full
    assert names.leaf(full) == path[-1][1]


@pytest.mark.parametrize("said", ["", "web-1", "//", "//x.googleapis.com/", "//x.googleapis.com/a/", "projects/p/x/y"])
def test_what_is_no_full_name_is_none(said: str) -> None:
    assert not names.is_full(said)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("gcp_alloydb_backups", "alloydb.googleapis.com/Backup"),
        ("gcp_kms_import_jobs", "cloudkms.googleapis.com/ImportJob"),
        ("gcp_compute_ssl_policies", "compute.googleapis.com/SslPolicy"),
        ("gcp_compute_addresses", "compute.googleapis.com/Address"),
        ("gcp_storage", None),
        ("gcp_", None),
    ],
)
def test_names_of_tables_are_asset_types(type_: str, expected: str | None) -> None:
    found = derived(type_)
    assert (found.asset if found else None) == expected


@pytest.mark.parametrize(
    ("things", "one"),
    [("policies", "policy"), ("addresses", "address"), ("databases", "database"), ("access", "access"), ("x", "x")],
)
def test_things_are_called_by_one_of_them(things: str, one: str) -> None:
    assert singular(things) == one


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field.partition(".")[0] for kind in KINDS for field in (*kind.fields, kind.labels, kind.name)} - {""})


@given(
    st.sampled_from((table.PROJECT, *KINDS)), st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=6), ANYTHING
)
def test_whatever_google_answers_becomes_plain_json(kind: Any, data: Object, location: Any) -> None:
    name = f"//{kind.service}/projects/{SHOP}/things/x"
    asset = {"name": name, "assetType": kind.asset, "resource": {"data": data, "location": location}}
    one = shaped(kind, asset, Place(SHOP, SHOP))
    assert one is not None
    assert json.loads(json.dumps(one)) == one
    assert one["kind"] == kind.kind
    assert one["metadata"]["name"]


def test_a_projects_own_asset_is_no_object_of_its_lists(whole: Reading) -> None:
    assert PROJECT not in {one["asset_type"] for one in whole.all() if one["metadata"]["namespace"]}
    assert REDIS in {one["asset_type"] for one in whole.all()}
