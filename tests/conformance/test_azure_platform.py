"""The Azure platform against Resource Graph in its wire format: what it finds, and what becomes of it on bad days.

The resources of tests/data/platforms/azure, one at least of every row of the table, are read once (``whole``).
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance import reading
from tests.conformance.azure_place import HIDDEN, LAB, SHOP, TOKEN, AzurePlace, disk, error, lab, recorded
from tests.conformance.reading import Reading, pattern
from tests.conformance.wire import Asked, Reply, Wire, wired

from runstone import plugins
from runstone.connectors import rest
from runstone.connectors.items import snake, states, worst
from runstone.connectors.platforms import Batch, Platform, version
from runstone.connectors.platforms.azure import looks
from runstone.connectors.platforms.azure.arm import ArmId
from runstone.connectors.platforms.azure.derive import means
from runstone.connectors.platforms.azure.kinds import COMMON
from runstone.connectors.platforms.azure.rights import readable
from runstone.connectors.platforms.azure.shape import Place, shaped
from runstone.connectors.platforms.azure.table import BY_ARM, GROUP, KINDS, SUBSCRIPTION, TYPES
from runstone.edge.discovery import references, subjects
from runstone.edge.discovery.relations import Objects
from runstone.errors import BadInput, Forbidden, Unreachable

Object = dict[str, Any]


@pytest.fixture
def place() -> AzurePlace:
    return AzurePlace()


@pytest.fixture
def azure(place: AzurePlace) -> Iterator[Wire]:
    with wired(place) as wire:
        yield wire


@pytest.fixture(scope="module")
def whole() -> Reading:
    """Everything, read once for all tests that only look."""
    with wired(AzurePlace()) as wire:
        return asyncio.run(read(platform(wire)))


def platform(azure: Wire, name: str = "prod", *types: str, **more: Any) -> Platform:
    settings: dict[str, Any] = {
        "endpoint_url": azure.url,
        "token": lambda: TOKEN,
        "attempts": 1,
        "types": types,
        **more,
    }
    return plugins.load("platforms", "azure")(name, **settings)


async def read(platform: Platform, *extra: str) -> Reading:
    return await reading.read(platform, *extra, of="azure", home=SHOP)


def refers(obj: Object, field: str) -> list[Object]:
    return [one for one in obj["_map"]["references"] if one["field"] == field]


# What is found ------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_is_read_whole_and_finds_what_there_is(whole: Reading) -> None:
    assert not [one.reading.problem for one in whole.batches.values() if one.reading.problem]
    found = {one.reading.scope.kind for one in whole.batches.values() if one.objects}
    assert found == {kind.kind for kind in (SUBSCRIPTION, *KINDS)}
    assert len(found) > 50


def test_every_object_is_what_the_protocol_asks_for(whole: Reading) -> None:
    for key, batch in whole.batches.items():
        for one in batch.objects:
            metadata = one["metadata"]
            assert (one["apiVersion"], f"{one['kind']}/{metadata['namespace']}") == ("azure/v1", key)
            assert metadata["name"]
            assert metadata["uid"] == one["id"].lower()
            assert one["tags"] == metadata["labels"]
            assert one["subscription_id"] == SHOP
            assert one["auth_type"] == "azure_identity"
            assert json.loads(json.dumps(one)) == one, "plain JSON"
            assert one["_map"]["health"] in ("ok", "ill", "unknown")
            assert set(one["_map"]["types"]) <= TYPES


def test_nothing_that_is_or_may_be_a_secret_is_kept(whole: Reading) -> None:
    written = json.dumps(recorded("resources"))
    assert written.count("canary") > 50
    kept = json.dumps(whole.all())
    assert "canary" not in kept
    assert TOKEN not in kept
    assert whole.one("AzureContainerApp")["template"]["containers"][0]["env"] == [
        {"name": "DB_HOST", "value": "orders.postgres.database.azure.com:5432"},
        {"name": "API_KEY", "value": ""},
        {"name": "DB", "secret_ref": "db"},
    ]


def test_every_field_of_a_row_but_few_is_in_its_recorded_answer(whole: Reading) -> None:
    """A path that is misspelled finds nothing anywhere."""
    for kind in KINDS:
        first = {snake(field.partition(".")[0]) for field in kind.fields}
        found = {name for one in whole.objects(kind.kind).values() for name in one}
        assert not first or first & found, kind.kind


def test_two_groups_may_hold_machines_of_one_name(whole: Reading) -> None:
    machines = whole.objects("AzureVirtualMachine")
    assert set(machines) == {"SHOP-PROD/web-1", "other/web-1", "other/web-2"}
    assert {one["name"] for one in machines.values()} == {"web-1", "web-2"}


def test_a_part_of_another_resource_is_named_with_it(whole: Reading) -> None:
    assert list(whole.objects("AzureSQLDatabase")) == ["shop-prod/shop-sql/orders"]
    assert whole.one("AzureSQLDatabase")["name"] == "orders"
    assert list(whole.objects("AzureCosmosSQLDatabase")) == ["shop-prod/shop-cosmos/carts"]
    assert list(whole.objects("AzurePostgreSQLDatabase")) == ["shop-prod/old/archive"]


def test_a_group_is_spelled_as_its_own_list_spells_it(whole: Reading) -> None:
    machine = whole.objects("AzureVirtualMachine")["SHOP-PROD/web-1"]
    assert machine["resource_group"] == "shop-prod"
    assert machine["metadata"]["uid"].startswith(f"/subscriptions/{SHOP}/resourcegroups/shop-prod/providers/")


async def test_a_group_is_spelled_so_even_when_its_list_cannot_be_read_for_now(azure: Wire) -> None:
    prod = platform(azure, "prod", "virtual_machine")
    await read(prod)
    azure.refused["resourcecontainers"] = error(500, "InternalServerError")
    machine = (await read(prod)).objects("AzureVirtualMachine")["SHOP-PROD/web-1"]
    assert machine["resource_group"] == "shop-prod"


def test_tags_are_found(whole: Reading) -> None:
    assert whole.one("AzureKeyVault")["tags"] == {"team": "shop", "env": "prod"}
    assert whole.objects("AzureVirtualMachine")["other/web-2"]["tags"] == {}
    assert whole.objects("AzureResourceGroup")["shop-prod"]["tags"] == {"team": "shop", "env": "prod"}
    assert whole.one("AzureSubscription", "")["tags"] == {"owner": "shop"}


def test_a_subscription_is_called_by_its_display_name(whole: Reading) -> None:
    one = whole.one("AzureSubscription", "")
    assert (one["name"], one["metadata"]["name"], one["metadata"]["namespace"]) == ("Shop Production", SHOP, "")
    assert (one["subscription_id"], one["subscription_name"], one["resource_group"]) == (SHOP, "Shop Production", "")


# What rules and templates read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "type_",
    [
        "azure_apimanagement_service", "azure_appservice_plans", "azure_appservice_web_apps",
        "azure_azurearcdata_sql_server_instances", "azure_compute_disks", "azure_compute_snapshots",
        "azure_compute_virtual_machine_scale_sets", "azure_compute_virtual_machines",
        "azure_containerregistry_registries", "azure_containerservice_managed_clusters", "azure_cosmos_sql_databases",
        "azure_datafactory_factories", "azure_keyvault_keyvault", "azure_mysql_servers",
        "azure_mysqlflexibleservers_servers", "azure_network_application_gateways", "azure_network_load_balancers",
        "azure_postgresql_databases", "azure_redis_caches", "azure_servicebus_namespaces", "azure_storage_accounts",
        "azure_subscription_subscriptions", "resource_group", "virtual_machine", "azure_keyvault_vaults",
    ],
)  # fmt: skip
def test_every_type_that_public_rules_name_is_found_by_its_name(whole: Reading, type_: str) -> None:
    assert whole.matched(type_, pattern(".+", "name"))


def test_public_rules_tell_web_apps_from_function_apps_by_their_kind(whole: Reading) -> None:
    type_ = "azure_appservice_web_apps"
    assert whole.matched(type_, pattern("^app(?:,.*)?$", "kind")) == ["shop-web"]
    assert whole.matched(type_, pattern("^functionapp(?:,.*)?$", "kind")) == ["shop-fn"]
    view = subjects.variables(
        whole.subject(whole.objects("AzureWebApp")["shop-prod/shop-web"]), subjects.Cluster(), {}, bare=False
    )
    assert view["match_resource"]["resource"]["kind"] == "app,linux"


def test_rules_find_the_fields_of_azures_own_clients(whole: Reading) -> None:
    machines = "azure_compute_virtual_machines"
    assert whole.matched(machines, pattern("D2s_v5", "hardware_profile/vm_size")) == ["web-1"]
    assert whole.matched(machines, pattern("Failed", "provisioning_state")) == ["web-1"]
    assert whole.matched(machines, pattern("shop", "tag-values")) == ["web-1"]
    assert whole.matched("azure_compute_disks", pattern("Premium", "sku/name")) == ["web-1-data", "web-1-os"]
    assert whole.matched("azure_storage_accounts", pattern("StorageV2", "kind")) == ["shopimages"]


def test_templates_find_the_group_and_the_subscription(whole: Reading) -> None:
    one = whole.subject(whole.objects("AzureVirtualMachine")["SHOP-PROD/web-1"])
    seen = subjects.variables(one, subjects.Cluster(), {}, bare=False)
    assert seen["resource_group"]["name"] == "shop-prod"
    assert (seen["subscription_id"], seen["subscription_name"]) == (SHOP, "Shop Production")
    resource = seen["match_resource"]
    assert (resource["qualified_name"], resource["auth_type"]) == ("shop-prod/web-1", "azure_identity")
    assert resource["resource"]["id"].endswith("/virtualMachines/web-1")


async def test_templates_learn_which_secret_tasks_log_in_with(azure: Wire) -> None:
    prod = platform(azure, "prod", "azure_redis_caches", auth_secret="azure-sp")
    one = (await read(prod)).one("AzureRedisCache")
    assert (one["auth_type"], one["auth_secret"]) == ("azure_service_principal_secret", "azure-sp")
    assert prod.attributes() == {"auth_type": "azure_service_principal_secret", "auth_secret": "azure-sp"}


# Health and references ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("AzureVirtualMachine", "SHOP-PROD/web-1", ("ok", "running")),
        ("AzureVirtualMachine", "other/web-1", ("ill", "Failed")),
        ("AzureVirtualMachine", "other/web-2", ("unknown", "Unavailable: Customer Initiated")),
        ("AzureScaleSet", "shop-prod/workers", ("ok", "Succeeded, 3 instances")),
        ("AKSCluster", "shop-prod/shop-aks", ("ill", "node pool gpu failed")),
        ("AzureWebApp", "shop-prod/shop-web", ("ok", "Normal")),
        ("AzureWebApp", "shop-prod/shop-fn", ("unknown", "Stopped")),
        ("AzureContainerGroup", "shop-prod/importer", ("ill", "Failed")),
        ("AzureSQLDatabase", "shop-prod/shop-sql/orders", ("ill", "Suspect")),
        ("AzurePostgreSQLFlexibleServer", "shop-prod/orders", ("ok", "Ready")),
        ("AzureMySQLFlexibleServer", "shop-prod/legacy", ("unknown", "Stopped")),
        ("AzureMySQLServer", "shop-prod/older", ("ill", "Inaccessible")),
        ("AzureCosmosAccount", "shop-prod/shop-cosmos", ("ill", "offline in North Europe")),
        ("AzureRedisCache", "shop-prod/shop-redis", ("ill", "Degraded: Unplanned")),
        ("AzureEventHubs", "shop-prod/shop-events", ("ill", "Disabled")),
        ("AzureStorageAccount", "shop-prod/shopimages", ("ill", "unavailable")),
        ("ArcSQLServer", "shop-prod/store-17", ("ill", "Disconnected")),
        ("AzureApplicationGateway", "shop-prod/shop-agw", ("unknown", "Stopped")),
        ("AzureVirtualNetwork", "shop-prod/shop-vnet", ("ill", "peering to-hub disconnected")),
        ("AzurePrivateEndpoint", "shop-prod/shop-kv-pe", ("ill", "Rejected")),
        ("AzureBastion", "shop-prod/bastion", ("unknown", "Updating")),
        ("AzureLogWorkspace", "Monitoring/shop-logs", ("ill", "OverQuota")),
        ("AzureResourceGroup", "Monitoring", ("ill", "Failed")),
        ("AzureDNSZone", "shop-prod/example.com", ("unknown", "")),
    ],
)
def test_health_is_what_azure_says_of_the_state(
    whole: Reading, kind: str, name: str, expected: tuple[str, str]
) -> None:
    said = whole.objects(kind)[name]["_map"]
    assert (said["health"], said["summary"]) == expected


def test_references_name_what_a_thing_needs_and_what_governs_it(whole: Reading) -> None:
    machine = whole.objects("AzureVirtualMachine")["SHOP-PROD/web-1"]
    mounted = refers(machine, "storage_profile.os_disk.managed_disk.id")[0]
    assert (mounted["relation"], mounted["inverse"], mounted["kind"]) == ("mounts", False, "AzureDisk")
    assert mounted["uid"] == whole.objects("AzureDisk")["shop-prod/web-1-os"]["metadata"]["uid"], "in any case"
    pods = refers(whole.one("AKSCluster"), "agent_pool_profiles.vnet_subnet_id")
    assert [(one["kind"], one["relation"], one["inverse"]) for one in pods] == [
        ("AzureVirtualNetwork", "contains", True)
    ]
    balancer = refers(whole.one("AzureLoadBalancer"), "backend_address_pools.properties.backend_ip_configurations.id")
    assert {one["kind"] for one in balancer} == {"AzureNetworkInterface", "AzureScaleSet"}
    assert (
        refers(whole.objects("AzureWebApp")["shop-prod/shop-web"], "server_farm_id")[0]["kind"] == "AzureAppServicePlan"
    )


RELATED = f"""\
AzureSubscription/{SHOP} contains AzureResourceGroup/shop-prod
AzureResourceGroup/shop-prod contains AzureVirtualMachine/SHOP-PROD/web-1
AzureVirtualMachine/SHOP-PROD/web-1 mounts AzureDisk/shop-prod/web-1-data
AzureSQLServer/shop-prod/shop-sql contains AzureSQLDatabase/shop-prod/shop-sql/orders
AzureSecurityGroup/shop-prod/shop-nsg guards AzureNetworkInterface/shop-prod/web-1-nic
AzureVirtualNetwork/shop-prod/shop-vnet contains AzureContainerAppsEnvironment/shop-prod/shop-env
AzurePrivateEndpoint/shop-prod/shop-kv-pe routes-to AzureKeyVault/shop-prod/shop-kv
AzureLoadBalancer/MC_shop-prod_shop-aks_westeurope/kubernetes routes-to AzureScaleSet/shop-prod/workers
AzureWebApp/shop-prod/shop-web runs-on AzureAppServicePlan/shop-prod/shop-plan
AzureDatabricksWorkspace/shop-prod/shop-dbx owns AzureResourceGroup/other
AzureAvailabilitySet/shop-prod/web contains AzureVirtualMachine/SHOP-PROD/web-1"""
"""What the recorded resources say of each other."""


def test_the_map_is_related_as_azure_relates_it(whole: Reading) -> None:
    told = {
        (one.source.kind, one.source.name, one.type, one.target.kind, one.target.name)
        for one in references.relate(Objects("prod", whole.all()))
    }
    for line in RELATED.split("\n"):
        first, type_, second = line.split()
        source, target = first.partition("/"), second.partition("/")
        assert (source[0], source[2], type_, target[0], target[2]) in told
    within = {(one[3], one[4]) for one in told if one[2] == "contains"}
    assert {(one["kind"], one["metadata"]["name"]) for one in whole.all()} - within == {("AzureSubscription", SHOP)}


async def test_a_second_reading_of_an_unchanged_tenant_is_the_same(
    azure: Wire, whole: Reading, place: AzurePlace
) -> None:
    place.resources.reverse()
    again = await read(platform(azure))
    for key, batch in whole.batches.items():
        assert [version(one) for one in batch.objects] == [version(one) for one in again.batches[key].objects]


# Pages, quotas, bad days --------------------------------------------------------------------------------------


async def test_all_pages_are_read_to_the_last(azure: Wire, place: AzurePlace) -> None:
    place.resources, place.most = [disk(number) for number in range(2500)], 1000
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert len(found.objects("AzureDisk")) == 2500
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete
    assert len(azure.lines("'microsoft.compute/disks'")) == 3


async def test_few_queries_are_asked_however_many_subscriptions_there_are(azure: Wire, place: AzurePlace) -> None:
    place.subscriptions = [
        {**lab(), "subscriptionId": f"00000000-0000-4000-8000-{number:012}"} for number in range(301)
    ]
    place.resources = []
    await read(platform(azure, "prod", "azure_compute_disks"))
    assert sorted(len(one.body["subscriptions"]) for one in azure.asked if "disks" in one.line) == [1, 300]


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(azure: Wire, place: AzurePlace) -> None:
    place.resources = [disk(number) for number in range(400)]
    azure.refused['"$top": 1000'] = error(400, "ResponsePayloadTooLarge")
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert len(found.objects("AzureDisk")) == 400
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete


async def test_an_answer_beyond_all_bounds_is_not_taken_in(azure: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_LARGEST", 1024 * 1024)
    azure.refused["microsoft.cache/redis"] = Reply(200, "[" + "1," * 1024 * 1024 + "1]")
    found = await read(platform(azure, "prod", "azure_redis_caches", "azure_compute_disks"))
    assert found.problem("AzureRedisCache") == "Azure answers with more than 1 MB at once."
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete


async def test_a_spent_quota_is_waited_for(azure: Wire, place: AzurePlace) -> None:
    place.resources, place.most = [disk(number) for number in range(3)], 1
    place.headers = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:07"}
    found = await asyncio.wait_for(read(platform(azure, "prod", "azure_compute_disks", longest_wait_s=0.05)), 5)
    assert len(found.objects("AzureDisk")) == 3


async def test_throttling_that_passes_is_not_even_seen(azure: Wire) -> None:
    azure.refused["microsoft.compute/disks"] = [
        error(429, "RateLimiting", Retry_After="0"),
        error(429, "RateLimiting", Retry_After="0"),
    ]
    found = await read(platform(azure, "prod", "azure_compute_disks", attempts=3))
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete
    assert len(azure.lines("microsoft.compute/disks")) == 3


async def test_throttling_that_would_last_too_long_is_said(azure: Wire) -> None:
    azure.refused["microsoft.cache/redis"] = error(429, "RateLimiting", x_ms_user_quota_resets_after="01:00:00")
    found = await read(platform(azure, "prod", "azure_redis_caches", "azure_compute_disks", attempts=5))
    assert found.problem("AzureRedisCache") == (
        "Azure was asked too often (answers RateLimiting, HTTP 429). The next round tries again."
    )
    assert len(azure.lines("microsoft.cache/redis")) == 1
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (error(500, "InternalServerError"), "Azure answers InternalServerError, HTTP 500."),
        (error(503, "ServerTimeout"), "Azure answers ServerTimeout, HTTP 503."),
        (Reply(502, "<html>canary</html>"), "Azure answers HTTP 502."),
        (error(400, "BadRequest"), "Azure answers BadRequest, HTTP 400."),
        (Reply(200, "no JSON canary"), "Azure answers with something that is no JSON object."),
        (Reply(200, []), "Azure answers with something that is no JSON object."),
        (Reply(200, {"data": {"columns": []}}), "Azure answers with rows that are none."),
        (Reply(200, {"data": [None, 7, "x"]}), "Azure answers with rows that are none."),
        (Reply(200, {"data": [], "resultTruncated": "true"}), "Azure cuts its answer short."),
        (
            Reply(200, {"data": [{"id": "strange"}]}),
            "Azure answers 1 rows that are no resources of the types asked for.",
        ),
        (Reply(200, {"data": [{"name": "no id", "properties": 3}]}), "Azure answers 1 rows that are no resources"),
        (
            error(403, "AuthorizationFailed"),
            "The identity may not read Microsoft.Cache/Redis in the subscription Shop Production. Grant it the role "
            "Reader there.",
        ),
    ],
)
async def test_a_query_that_fails_costs_itself_alone(azure: Wire, reply: Reply, said: str) -> None:
    azure.refused["microsoft.cache/redis"] = reply
    found = await read(platform(azure, "prod", "azure_redis_caches", "azure_compute_disks"))
    assert found.problem("AzureRedisCache").startswith(said)
    assert "canary" not in found.problem("AzureRedisCache")
    assert not found.objects("AzureRedisCache")
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete
    assert found.objects("AzureDisk")


async def test_a_second_page_that_fails_leaves_the_first_and_says_so(azure: Wire, place: AzurePlace) -> None:
    place.resources, place.most = [disk(number) for number in range(5)], 2
    azure.refused["page-2"] = error(500, "InternalServerError")
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert len(found.objects("AzureDisk")) == 2
    assert "HTTP 500" in found.problem("AzureDisk")


async def test_a_strange_row_does_not_hide_the_others(azure: Wire, place: AzurePlace) -> None:
    place.resources = [disk(1), {**disk(2), "properties": "none", "tags": ["x"], "sku": 7}, disk(3)]
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert list(found.objects("AzureDisk")) == ["bulk/disk-00001", "bulk/disk-00002", "bulk/disk-00003"]


async def test_a_query_that_is_not_answered_in_time_costs_itself_alone(azure: Wire) -> None:
    azure.silent.add("microsoft.cache/redis")
    found = await read(platform(azure, "prod", "azure_redis_caches", "azure_compute_disks", timeout_s=0.3))
    assert found.problem("AzureRedisCache") == f"{azure.url} does not answer in 0.3 s."
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete


async def test_the_token_is_sent_to_no_other_address(azure: Wire, place: AzurePlace) -> None:
    with wired(place) as other:
        page = {"value": place.subscriptions, "nextLink": f"{other.url}/subscriptions?page=2"}
        azure.refused["GET /subscriptions?"] = Reply(200, page)
        with pytest.raises(Unreachable, match="it names a further page at another address"):
            await read(platform(azure))
        assert not other.asked


async def test_what_is_listed_below_another_costs_itself_alone(azure: Wire) -> None:
    azure.refused["/sqlDatabases"] = error(403, "AuthorizationFailed")
    found = await read(platform(azure, "prod", "azure_cosmos_sql_databases", "azure_postgresql_databases"))
    assert "may not read Microsoft.DocumentDB/databaseAccounts/sqlDatabases" in found.problem("AzureCosmosSQLDatabase")
    assert found.batches[f"AzurePostgreSQLDatabase/{SHOP}"].reading.complete
    assert found.objects("AzurePostgreSQLDatabase")


@pytest.mark.parametrize(
    ("reply", "complete"),
    [
        (error(404, "ResourceNotFound"), True),
        (error(400, "BadRequest"), True),
        (error(400, "NoRegisteredProviderFound"), False),
        (error(500, "InternalServerError"), False),
    ],
)
async def test_an_account_without_such_parts_is_no_problem(azure: Wire, reply: Reply, complete: bool) -> None:
    azure.refused["/sqlDatabases"] = reply
    found = await read(platform(azure, "prod", "azure_cosmos_sql_databases", "azure_compute_disks"))
    assert found.batches[f"AzureCosmosSQLDatabase/{SHOP}"].reading.complete is complete


async def test_resource_health_that_cannot_be_asked_leaves_what_it_said_before(azure: Wire) -> None:
    prod = platform(azure, "prod", "azure_redis_caches")
    assert (await read(prod)).one("AzureRedisCache")["_map"]["health"] == "ill"
    azure.refused["healthresources"] = error(500, "InternalServerError")
    again = await read(prod)
    assert again.one("AzureRedisCache")["_map"]["health"] == "ill"
    assert "HTTP 500" in again.problem("AzureResourceHealth", "")
    azure.refused.clear()
    assert "AzureResourceHealth/" not in (await read(prod)).batches


# Who may read what --------------------------------------------------------------------------------------------


async def test_all_subscriptions_that_are_seen_are_read(azure: Wire, place: AzurePlace) -> None:
    third = {"id": f"/subscriptions/{HIDDEN}", "subscriptionId": HIDDEN, "displayName": "Third"}
    place.subscriptions += [lab(), third]
    place.resources += [disk(1, LAB)]
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert set(found.objects("AzureSubscription", "")) == {SHOP, LAB, HIDDEN}, "over two pages of the list"
    assert list(found.objects("AzureDisk", LAB)) == ["bulk/disk-00001"]
    assert found.one("AzureDisk", LAB)["subscription_name"] == "Lab"


async def test_only_the_subscriptions_wanted_are_read(azure: Wire, place: AzurePlace) -> None:
    place.subscriptions += [lab()]
    found = await read(platform(azure, "prod", "azure_compute_disks", subscriptions=(LAB.upper(),)))
    assert set(found.objects("AzureSubscription", "")) == {LAB}
    assert f"AzureDisk/{SHOP}" not in found.batches


async def test_a_subscription_that_is_not_seen_is_unread_and_not_empty(azure: Wire) -> None:
    found = await read(platform(azure, "prod", "azure_compute_disks", subscriptions=(SHOP, HIDDEN)))
    assert found.problem("AzureDisk", HIDDEN) == (
        f"The identity does not see the subscription {HIDDEN}. Grant it the role Reader there, or leave it out."
    )
    assert HIDDEN in found.problem("AzureSubscription", "")
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete


async def test_one_subscription_that_denies_does_not_hide_the_others(azure: Wire, place: AzurePlace) -> None:
    place.subscriptions += [lab()]
    both = json.dumps([SHOP, LAB])
    azure.refused[f'{{"subscriptions": {both}, "query": "resources'] = error(403, "AccessDenied")
    azure.refused[f'{{"subscriptions": ["{LAB}"], "query": "resources'] = error(403, "AccessDenied")
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert "in the subscription Lab. Grant it the role Reader there." in found.problem("AzureDisk", LAB)
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete
    assert found.objects("AzureDisk")


async def test_a_right_to_a_part_of_a_subscription_is_no_complete_reading(azure: Wire, place: AzurePlace) -> None:
    place.permissions[SHOP] = [
        {"actions": ["Microsoft.Compute/*/read"], "notActions": ["Microsoft.Compute/snapshots/*"]}
    ]
    types = ("azure_compute_disks", "azure_compute_snapshots", "azure_redis_caches")
    found = await read(platform(azure, "prod", *types))
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete
    for kind in ("AzureSnapshot", "AzureRedisCache"):
        assert "in no more than a part of the subscription Shop Production. Grant it the role Reader" in found.problem(
            kind
        )
        assert found.objects(kind), "what may be read is told all the same"


async def test_a_role_on_a_group_alone_is_told_too(azure: Wire) -> None:
    azure.refused["/Microsoft.Authorization/permissions"] = error(403, "AuthorizationFailed")
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert "in no more than a part of" in found.problem("AzureDisk")


async def test_rights_that_cannot_be_asked_for_claim_nothing(azure: Wire) -> None:
    azure.refused["/Microsoft.Authorization/permissions"] = error(500, "InternalServerError")
    found = await read(platform(azure, "prod", "azure_compute_disks"))
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete


async def test_a_token_that_is_not_taken_ends_the_reading(azure: Wire) -> None:
    with pytest.raises(Forbidden, match=r"answers ExpiredAuthenticationToken, HTTP 401\.$") as caught:
        await read(platform(azure, token=lambda: "old"))
    assert TOKEN not in str(caught.value)
    assert len(azure.asked) == 1


async def test_a_token_that_expires_meanwhile_ends_it_too_and_what_was_told_stays(azure: Wire) -> None:
    azure.refused["microsoft.cache/redis"] = error(401, "ExpiredAuthenticationToken")
    told: list[str] = []
    with pytest.raises(Forbidden, match="ExpiredAuthenticationToken"):
        async for batch in platform(azure, "prod", "azure_compute_disks", "azure_redis_caches").read():
            told.append(batch.reading.scope.kind)  # noqa: PERF401  what came before the exception counts
    assert told == ["AzureSubscription", "AzureDisk"]


async def test_a_login_that_sees_no_subscription_is_told_so(azure: Wire, place: AzurePlace) -> None:
    place.subscriptions = []
    with pytest.raises(Forbidden, match="sees no subscription at http.* Grant it the role Reader"):
        await read(platform(azure))


async def test_who_may_read_nothing_at_all_is_told_so(azure: Wire) -> None:
    azure.refused["Microsoft.ResourceGraph"] = error(403, "AuthorizationFailed")
    told: list[Batch] = []
    with pytest.raises(Forbidden, match="can read nothing"):
        async for batch in platform(azure).read():
            told.append(batch)  # noqa: PERF401  what came before the exception counts
    assert [one.reading.scope.kind for one in told if one.reading.complete] == ["AzureSubscription"]


async def test_a_tenant_that_only_throttles_is_out_of_reach_and_not_forbidden(azure: Wire) -> None:
    azure.refused["Microsoft.ResourceGraph"] = error(429, "RateLimiting")
    with pytest.raises(Unreachable, match="can read nothing") as caught:
        await read(platform(azure, "prod", "azure_compute_disks"))
    assert not isinstance(caught.value, Forbidden)


async def test_an_azure_that_cannot_be_reached_says_where_it_was_looked_for(azure: Wire) -> None:
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached \(ConnectError\)\."):
        await read(platform(azure, endpoint_url="http://127.0.0.1:9"))


async def test_subscriptions_that_cannot_be_listed_are_read_as_far_as_they_are_named(azure: Wire) -> None:
    azure.refused["GET /subscriptions?"] = error(500, "InternalServerError")
    found = await read(platform(azure, "prod", "azure_compute_disks", subscriptions=(SHOP,)))
    assert found.batches[f"AzureDisk/{SHOP}"].reading.complete
    assert "HTTP 500" in found.problem("AzureSubscription", "")
    with pytest.raises(Unreachable, match="HTTP 500"):
        await read(platform(azure, "prod", "azure_compute_disks"))


# Types without a row ------------------------------------------------------------------------------------------


async def test_types_without_a_row_are_asked_for_by_the_type_they_mean(azure: Wire, place: AzurePlace) -> None:
    place.providers = {"Microsoft.Dashboard": ["grafana", "locations"], "Microsoft.Web": ["sites", "certificates"]}
    grafana = {**disk(1), "type": "microsoft.dashboard/grafana", "name": "ops", "tags": {"a": "b"}}
    grafana["id"] = f"/subscriptions/{SHOP}/resourceGroups/g/providers/Microsoft.Dashboard/grafana/ops"
    place.resources.append(grafana)
    prod = platform(azure, "prod", "azure_compute_disks")
    found = await read(prod, "azure_dashboard_grafana", "azure_appservice_certificates", "pods")
    one = found.one("AzureDashboardGrafana")
    assert (one["name"], one["tags"], one["_map"]["types"]) == ("ops", {"a": "b"}, ["azure_dashboard_grafana"])
    assert one["_map"]["health"] == "unknown"
    assert found.batches[f"AzureAppserviceCertificates/{SHOP}"].reading.complete, "none there is known too"
    azure.asked.clear()
    await read(prod, "azure_dashboard_grafana")
    assert not azure.lines("providers/Microsoft.dashboard"), "learned once"


async def test_a_type_that_means_none_of_azures_is_unread(azure: Wire, place: AzurePlace) -> None:
    place.providers = {"Microsoft.Storage": ["storageAccounts", "storageAccounts/blobServices"]}
    found = await read(platform(azure, "prod", "azure_compute_disks"), "azure_storage_containers", "azure_none_at_all")
    for type_ in ("azure_storage_containers", "azure_none_at_all"):
        assert f"no resource type that {type_} could mean" in found.problem(type_, "")


async def test_a_type_that_cannot_be_learned_for_now_is_unread(azure: Wire) -> None:
    azure.refused["/providers/Microsoft.dashboard"] = error(500, "InternalServerError")
    found = await read(platform(azure, "prod", "azure_compute_disks"), "azure_dashboard_grafana")
    assert "HTTP 500" in found.problem("azure_dashboard_grafana", "")


async def test_types_that_have_rows_are_not_asked_for_twice(azure: Wire) -> None:
    await read(platform(azure), "azure_compute_disks", "virtual_machine", "resource_group", "certificates.x.io")
    assert not azure.lines("?api-version=2021-04-01")


# Check, settings, login ---------------------------------------------------------------------------------------


async def test_a_check_says_what_is_there_and_how_far_it_can_be_read(azure: Wire, place: AzurePlace) -> None:
    assert await platform(azure).check() == f"prod: Azure at {azure.url}, subscriptions Shop Production"
    place.subscriptions += [lab()]
    place.permissions[LAB] = []
    said = await platform(azure, subscriptions=(SHOP, LAB, HIDDEN)).check()
    assert said == (
        f"prod: Azure at {azure.url}, subscriptions Shop Production, Lab; not readable: {HIDDEN} (not seen), "
        "Lab (only in part). Grant the role Reader there."
    )
    with pytest.raises(Forbidden, match="HTTP 401"):
        await platform(azure, token=lambda: "old").check()
    with pytest.raises(Forbidden, match="none of the subscriptions"):
        await platform(azure, subscriptions=(HIDDEN,)).check()


async def test_a_reading_may_be_left_early(azure: Wire) -> None:
    reading = platform(azure).read()
    assert (await anext(reading)).reading.scope.kind == "AzureSubscription"
    assert (await anext(reading)).reading.scope.kind == "AzureResourceGroup"
    assert (await anext(reading)).reading.scope.kind == "AzureVirtualMachine"
    await reading.aclose()
    assert not [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]


def test_a_login_is_no_cluster(azure: Wire) -> None:
    prod = platform(azure)
    assert (prod.family, prod.context, prod.portable_kubeconfig()) == ("azure", "", "")


def test_an_unknown_type_is_refused_when_it_is_configured(azure: Wire) -> None:
    with pytest.raises(BadInput, match="No list of Azure is read for azure_disk. There are: .*azure_compute_disks"):
        platform(azure, "prod", "azure_disk")


async def test_azure_identity_gives_the_token_where_none_is_given(
    azure: Wire, place: AzurePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through azure-identity's own managed identity, asked at a metadata service on loopback."""

    def imds(asked: Asked) -> Reply:
        if asked.headers.get("Metadata") != "true":
            return Reply(400, {"error": "invalid_request"})
        assert asked.one("resource") == "https://management.azure.com"
        return Reply(200, {"access_token": TOKEN, "expires_in": "3600", "token_type": "Bearer", "resource": ""})

    for name in (
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_TENANT_ID",
        "IDENTITY_ENDPOINT",
        "AZURE_AUTHORITY_HOST",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    with wired(imds) as metadata:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata.url)
        found = await read(platform(azure, "prod", "azure_compute_disks", token=None))
        assert found.objects("AzureDisk")
        assert len(metadata.asked) == 1, "kept until it expires"


async def test_without_credentials_it_is_said_where_they_may_come_from(
    azure: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(
        Forbidden, match="lets nobody in with the credentials there are. Set AZURE_TENANT_ID, AZURE_CLIENT_ID"
    ):
        await read(platform(azure, token=None))


async def test_without_azure_identity_it_is_said_what_to_install() -> None:
    program = (
        "import sys; sys.modules['azure.identity'] = None\n"
        "from runstone import plugins, errors\n"
        "try: plugins.load('platforms', 'azure')\n"
        "except errors.NotFound as err: print(err)"
    )
    asked = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await asked.communicate()
    assert said.decode() == (
        "'azure' of platforms needs the Python package azure.identity. Install it with: pip install 'runstone[azure]'\n"
    )


# The table and what is pure -----------------------------------------------------------------------------------


def test_each_type_and_kind_has_one_row() -> None:
    rows = (SUBSCRIPTION, *KINDS)
    words = [word for kind in rows for word in kind.words]
    assert len({kind.kind for kind in rows}) == len({kind.key for kind in rows}) == len(rows)
    assert len(set(words)) == len(words)
    reserved = {"metadata", "api_version", "_map", "resource_group", "subscription_id", "subscription_name", "tags"}
    assert not [field for kind in rows for field in kind.fields if snake(field.partition(".")[0]) in reserved]
    assert {kind.arm.rpartition("/")[0].lower() for kind in KINDS if kind.below} <= set(BY_ARM)


def test_references_stand_in_fields_that_are_kept() -> None:
    for kind in KINDS:
        kept = {*COMMON, *kind.fields}
        assert not [one.path for one in kind.references if one.path not in kept], kind.kind


def test_the_reference_names_every_type_and_what_it_is_in_azure() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/platform-azure.md").read_text()
    rows = re.findall(r"^\| (`azure_[^|]*) \| (\w+) \| `([\w./]+)` \|$", page, re.MULTILINE)
    told = {(tuple(re.findall(r"`(\w+)`", words)), kind, arm) for words, kind, arm in rows}
    assert told == {(kind.words, kind.kind, kind.arm) for kind in (SUBSCRIPTION, *KINDS)}


IN_GROUP = "/subscriptions/S/resourceGroups/G"


@pytest.mark.parametrize(
    ("said", "type_", "name"),
    [
        ("/subscriptions/S", "microsoft.resources/subscriptions", "S"),
        (IN_GROUP, "microsoft.resources/subscriptions/resourcegroups", "G"),
        (f"{IN_GROUP}/providers/Microsoft.Sql/servers/a/databases/b", "microsoft.sql/servers/databases", "G/a/b"),
        (f"{IN_GROUP}/providers/A.B/c/d/providers/Microsoft.X/y/z", "microsoft.x/y", "G/z"),
        ("/subscriptions/S/providers/Microsoft.X/y/z/", "microsoft.x/y", "z"),
    ],
)  # fmt: skip
def test_ids_are_read_in_any_case(said: str, type_: str, name: str) -> None:
    for spelled in (said, said.replace("resourceGroups", "RESOURCEGROUPS").replace("providers", "Providers")):
        arm = ArmId.parse(spelled)
        assert arm is not None
        assert (arm.type, arm.name) == (type_, name)


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        "",
        "web-1",
        "/subscriptions/",
        f"{IN_GROUP}/providers/",
        f"{IN_GROUP}/providers/A.B/c",
        f"https://x{IN_GROUP}",
    ],
)
def test_what_is_no_id_is_none(said: object) -> None:
    assert ArmId.parse(said) is None


PART = st.text(st.characters(categories=("Lu", "Ll", "Nd"), include_characters="-._()"), min_size=1).filter(
    lambda part: part.lower() != "providers"
)


@given(PART, PART, st.lists(st.tuples(PART, PART), min_size=1, max_size=3))
def test_an_id_is_its_parts(subscription: str, group: str, path: list[tuple[str, str]]) -> None:
    parts = "/".join(part for pair in path for part in pair)
    arm = ArmId.parse(f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.X/{parts}")
    assert arm == ArmId(subscription, group, "Microsoft.X", tuple(path))
    assert ArmId.parse(arm.uid).uid == arm.uid  # type: ignore[union-attr]
    assert (arm.nearest({arm.type}), arm.nearest(())) == (arm, arm)


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        ({"actions": ["*"]}, True),
        ({"actions": ["*/read"]}, True),
        ({"actions": ["Microsoft.Compute/*"]}, True),
        ({"actions": ["microsoft.compute/DISKS/read"]}, True),
        ({"actions": ["Microsoft.Compute/virtualMachines/*"]}, False),
        ({"actions": ["*/write"]}, False),
        ({"actions": ["*"], "notActions": ["Microsoft.Compute/*/read"]}, False),
        ({"actions": ["*"], "notActions": ["Microsoft.Compute/*/write"]}, True),
        ({}, False),
    ],
)
def test_permissions_are_patterns_with_exceptions(permission: Object, expected: bool) -> None:
    assert readable([permission], "Microsoft.Compute/disks") is expected


@pytest.mark.parametrize(
    ("arm", "things", "expected"),
    [
        ("Microsoft.Databricks/accessConnectors", "access_connectors", True),
        ("Microsoft.Dashboard/grafana", "grafana", True),
        ("Microsoft.Automation/automationAccounts", "automation_account", True),
        ("Microsoft.DBforMySQL/flexibleServers/databases", "flexible_servers_databases", True),
        ("Microsoft.Web/sites", "certificates", False),
        ("Microsoft.Web", "", False),
    ],
)
def test_names_of_tables_are_azures_types(arm: str, things: str, expected: bool) -> None:
    assert means(arm, things) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"x-ms-user-quota-resets-after": "00:01:05"}, 65.0),
        ({"retry-after": "3", "x-ms-user-quota-resets-after": "00:00:09"}, 3.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, 2.5),
        ({}, 2.5),
    ],
)
def test_an_api_says_how_long_to_wait(headers: dict[str, str], expected: float) -> None:
    assert rest.asked_to_wait(headers, 2.5) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"a": "Up", "b": "Fine"}, ("ok", "Up")),
        ({"a": "Up", "b": "Broken"}, ("ill", "Broken")),
        ({"a": "Starting", "b": "Fine"}, ("unknown", "Starting")),
        ({"b": "fine"}, ("ok", "fine")),
        ({}, ("unknown", "")),
    ],
)
def test_what_looks_worst_counts(item: Object, expected: tuple[str, str]) -> None:
    assert worst(states("a", "up", "down"), states("b", "Fine", "Broken"))(item) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, ("ok", "Succeeded")),
        ({"state": "Degraded", "reason": "Unplanned"}, ("ill", "Degraded: Unplanned")),
        ({"state": "Unavailable", "reason": ""}, ("ill", "Unavailable")),
        ({"state": "Unavailable", "reason": "Customer Initiated"}, ("unknown", "Unavailable: Customer Initiated")),
        ({"state": "Available"}, ("ok", "Succeeded")),
    ],
)
def test_resource_health_counts_unless_a_customer_did_it(said: Object | None, expected: tuple[str, str]) -> None:
    assert looks.available(("ok", "Succeeded"), said) == expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted(
    {field.partition(".")[0] for kind in KINDS for field in (*COMMON, *kind.fields)} | {"properties", "tags"}
)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=6), ANYTHING)
def test_whatever_azure_answers_becomes_plain_json(kind: Any, outside: Object, properties: Any) -> None:
    names = "/".join(f"{type_}/x" for type_ in kind.arm.split("/")[1:])
    id_ = f"/subscriptions/{SHOP}/resourceGroups/g"
    id_ = id_ if kind is GROUP else f"{id_}/providers/{kind.arm.split('/')[0]}/{names}"
    one = shaped(kind, {**outside, "properties": properties, "id": id_}, Place({}))
    assert one is not None
    assert json.loads(json.dumps(one)) == one
    assert one["kind"] == kind.kind
