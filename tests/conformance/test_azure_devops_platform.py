"""The Azure DevOps platform against its REST API in its wire format: what it finds, and what becomes of it on bad days.

The organization of tests/data/platforms/azure_devops is read once (``whole``).
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance import reading
from tests.conformance.azure_devops_place import LAB, LAB_ID, PAT, SHOP, SHOP_ID, DevOpsPlace, basic, error, recorded
from tests.conformance.reading import Reading, pattern
from tests.conformance.wire import Asked, Reply, Wire, wired

from runstone import plugins
from runstone.connectors.platforms import Platform, version
from runstone.connectors.platforms.azure_devops import looks
from runstone.connectors.platforms.azure_devops.kinds import BY_TYPE, KINDS, ORGANIZATION, PROJECT
from runstone.connectors.platforms.azure_devops.place import found as placed
from runstone.connectors.platforms.azure_devops.round import Wanted
from runstone.connectors.platforms.azure_devops.shape import Within, shaped
from runstone.edge.discovery import references, subjects
from runstone.edge.discovery.relations import Objects
from runstone.errors import BadInput, Forbidden, Unreachable

Object = dict[str, Any]
REPOSITORIES, PIPELINES = "/git/repositories", "/build/definitions"


@pytest.fixture(autouse=True)
def pat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", PAT)


@pytest.fixture
def place() -> DevOpsPlace:
    return DevOpsPlace()


@pytest.fixture
def devops(place: DevOpsPlace) -> Iterator[Wire]:
    with wired(place) as wire:
        yield wire


@pytest.fixture(scope="module")
def whole() -> Reading:
    """Everything, read once for all tests that only look."""
    with wired(DevOpsPlace()) as wire, pytest.MonkeyPatch.context() as patched:
        patched.setenv("AZURE_DEVOPS_EXT_PAT", PAT)
        return asyncio.run(read(platform(wire)))


def platform(devops: Wire, *types: str, **more: Any) -> Platform:
    settings: dict[str, Any] = {"organization": "contoso", "endpoint_url": devops.url, "attempts": 1, "types": types}
    return plugins.load("platforms", "azure_devops")(**{**settings, **more})


async def read(platform: Platform, *extra: str) -> Reading:
    return await reading.read(platform, *extra, of="azure_devops", home=SHOP, prefix="AzureDevOps")


# What is found ------------------------------------------------------------------------------------------------


def test_everything_there_is_is_found_in_every_project(whole: Reading) -> None:
    assert not [one.reading.problem for one in whole.batches.values() if one.reading.problem]
    assert set(whole.objects("Organization", "")) == {"contoso"}
    assert set(whole.objects("Project", "")) == {SHOP, LAB}
    assert set(whole.objects("Repository")) == {"checkout", "cart", "attic"}
    assert set(whole.objects("Repository", LAB)) == {"checkout"}
    assert set(whole.objects("Pipeline")) == {
        *("checkout-ci", "cart-ci", "shop/prod/deploy", "shop/test/deploy", "legacy-ci", "nightly", "new"),
    }
    assert set(whole.objects("Release")) == {"prod/shop-release", "old-release"}
    assert set(whole.objects("ServiceConnection")) == {"prod-subscription", "github", "staging"}
    assert whole.objects("Pipeline", LAB) == {}
    assert whole.complete("Pipeline", LAB), "none there is known too"


def test_every_object_is_what_the_protocol_asks_for(whole: Reading) -> None:
    uids = [one["metadata"]["uid"] for one in whole.all()]
    assert len(set(uids)) == len(uids)
    for key, batch in whole.batches.items():
        for one in batch.objects:
            assert (one["apiVersion"], f"{one['kind']}/{one['metadata']['namespace']}") == ("azure_devops/v1", key)
            assert one["metadata"]["name"]
            assert (one["organization"], one["auth_type"]) == ("contoso", "ado_pat")
            assert {"id", "name", "url"} <= one.keys()
            assert json.loads(json.dumps(one)) == one, "plain JSON"
            assert set(one["_map"]["types"]) <= BY_TYPE.keys()


def test_nothing_that_is_or_may_be_a_secret_is_kept(whole: Reading) -> None:
    assert json.dumps(recorded()).count("canary") > 50
    kept = json.dumps(whole.all())
    assert "canary" not in kept
    assert PAT not in kept
    assert whole.objects("ServiceConnection")["github"]["url"] == "https://management.azure.com/"


def test_every_field_of_a_row_is_in_its_recorded_answer(whole: Reading) -> None:
    """A path that is misspelled finds nothing anywhere."""
    for kind in (PROJECT, *KINDS):
        of_kind = [one for one in whole.all() if one["kind"] == kind.kind]
        found = {name for one in of_kind for name in one}
        assert {field.partition(".")[0] for field in kind.fields} <= found, kind.kind


# What rules and templates read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "qualifiers", "expected"),
    [
        ("organization", ("resource",), ["contoso"]),
        ("project", ("organization", "resource"), [LAB, SHOP]),
        ("repository", ("organization", "project", "resource"), ["attic", "cart", "checkout", "checkout"]),
        ("release", ("organization", "project.name", "resource"), ["old-release", "shop-release"]),
        ("service_connection", ("project", "resource"), ["github", "github", "prod-subscription", "staging"]),
    ],
)
def test_types_that_rules_name_are_found_with_their_qualifiers(
    whole: Reading, type_: str, qualifiers: tuple[str, ...], expected: list[str]
) -> None:
    assert whole.matched(type_, pattern(".+", "name"), qualifiers=qualifiers) == expected


def test_rules_find_id_url_revision_and_the_fields_of_the_api(whole: Reading) -> None:
    assert whole.matched("pipeline", pattern("^7$", "revision"), pattern("^1$", "id")) == ["checkout-ci"]
    assert whole.matched("pipeline", pattern("prod", "path")) == ["deploy"]
    assert whole.matched("pipeline", pattern("GitHub", "repository/type")) == ["legacy-ci"]
    assert whole.matched("repository", pattern("_apis/git", "url")) == ["attic", "cart", "checkout", "checkout"]


def test_templates_find_the_organization_and_the_project(whole: Reading) -> None:
    one = whole.subject(whole.objects("Repository")["cart"])
    seen = subjects.variables(one, subjects.Cluster(), {}, bare=False)
    assert seen["organization"] == "contoso"
    assert seen["project"]["name"] == SHOP
    resource = seen["match_resource"]
    assert str(resource["project"]) == SHOP, "public templates write {{ match_resource.project }}"
    assert resource["qualified_name"] == f"contoso/{SHOP}/cart"
    assert (resource["organization"], resource["resource"]["name"]) == ("contoso", "cart")
    project = subjects.variables(whole.subject(whole.objects("Project", "")[SHOP]), subjects.Cluster(), {}, bare=False)
    assert project["match_resource"]["qualified_name"] == f"contoso/{SHOP}"


async def test_templates_learn_how_tasks_log_in(devops: Wire) -> None:
    told = platform(devops, auth_secret="ado-pat")
    assert told.attributes() == {"auth_type": "ado_pat_secret", "auth_secret": "ado-pat"}
    assert platform(devops, token=lambda: "x").attributes() == {"auth_type": "ado_managed_identity"}


# Health and relations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Pipeline", "checkout-ci", ("ill", "failed: 20260120.501")),
        ("Pipeline", "cart-ci", ("ok", "succeeded")),
        ("Pipeline", "shop/prod/deploy", ("unknown", "failed on feature/x")),
        ("Pipeline", "shop/test/deploy", ("ill", "partiallySucceeded: 20260120.505")),
        ("Pipeline", "legacy-ci", ("unknown", "canceled")),
        ("Pipeline", "nightly", ("unknown", "disabled")),
        ("Pipeline", "new", ("unknown", "")),
        ("Repository", "cart", ("unknown", "")),
        ("Repository", "attic", ("unknown", "disabled")),
        ("Release", "prod/shop-release", ("unknown", "")),
        ("Release", "old-release", ("unknown", "disabled")),
        ("ServiceConnection", "prod-subscription", ("ok", "ready")),
        ("ServiceConnection", "github", ("ill", "Failed")),
        ("ServiceConnection", "staging", ("unknown", "InProgress")),
    ],
)
def test_health_is_what_azure_devops_says_of_the_state(
    whole: Reading, kind: str, name: str, expected: tuple[str, str]
) -> None:
    said = whole.objects(kind)[name]["_map"]
    assert (said["health"], said["summary"]) == expected


def test_a_repository_without_a_branch_is_empty(whole: Reading) -> None:
    assert whole.objects("Repository", LAB)["checkout"]["_map"]["summary"] == "empty"
    assert whole.objects("Project", "")[SHOP]["_map"]["health"] == "ok"


RELATED = f"""\
Organization contoso contains Project {SHOP}
Project {SHOP} contains Repository checkout
Project {LAB} contains ServiceConnection github
Pipeline checkout-ci references Repository checkout
Pipeline legacy-ci references ServiceConnection github
Release prod/shop-release references Pipeline checkout-ci"""


def test_the_map_is_related_as_azure_devops_relates_it(whole: Reading) -> None:
    told = {
        f"{one.source.kind} {one.source.name} {one.type} {one.target.kind} {one.target.name}".replace("AzureDevOps", "")
        for one in references.relate(Objects("contoso", whole.all()))
    }
    assert set(RELATED.split("\n")) <= told
    built = [one for one in references.relate(Objects("contoso", whole.all())) if one.type == "references"]
    assert {(one.source.namespace, one.target.namespace) for one in built} == {(SHOP, SHOP)}, "not that of the Lab"
    within = {line.partition(" contains ")[2] for line in told if " contains " in line}
    assert len(within) == len({(one["kind"], one["metadata"]["name"]) for one in whole.all()}) - 1


async def test_a_second_reading_of_an_unchanged_organization_is_the_same(devops: Wire, place: DevOpsPlace) -> None:
    first = await read(platform(devops))
    for lists in ("repositories", "pipelines", "releases", "connections"):
        for found in place.content[lists].values():
            found.reverse()
    place.content["projects"].reverse()
    again = await read(platform(devops))
    for key, batch in first.batches.items():
        assert [version(one) for one in batch.objects] == [version(one) for one in again.batches[key].objects]


# Pages, limits, bad days --------------------------------------------------------------------------------------


async def test_all_pages_are_read_to_the_last(devops: Wire, place: DevOpsPlace) -> None:
    first = place.content["pipelines"][SHOP][0]
    place.content["pipelines"][SHOP] = [{**first, "id": n, "name": f"p{n:04}"} for n in range(1200)]
    place.most = 500
    found = await read(platform(devops, "pipeline"))
    assert len(found.objects("Pipeline")) == 1200
    assert [one.one("continuationToken") for one in devops.asked if SHOP_ID in one.path] == ["", "500", "1000"]


async def test_projects_are_paged_too(devops: Wire, place: DevOpsPlace) -> None:
    first = place.content["projects"][0]
    place.content["projects"] = [{**first, "id": f"{n}", "name": f"P{n}"} for n in range(5)]
    found = await read(platform(devops, "repository"))
    assert set(found.objects("Project", "")) == {"P0", "P1", "P2", "P3", "P4"}


async def test_a_page_that_names_itself_as_the_next_is_no_end(devops: Wire) -> None:
    again = {"x-ms-continuationtoken": "again"}
    devops.refused[f"{SHOP_ID}/_apis{PIPELINES}"] = Reply(200, {"value": [{"id": 1, "name": "x"}]}, again)
    found = await read(platform(devops, "pipeline"))
    assert found.problem("Pipeline") == "Azure DevOps names the same page twice."


async def test_a_second_page_that_fails_leaves_the_first_and_says_so(devops: Wire) -> None:
    devops.refused["continuationToken=2"] = error(500, "VssServiceException")
    found = await read(platform(devops, "pipeline"))
    assert len(found.objects("Pipeline")) == 2
    assert found.problem("Pipeline") == "Azure DevOps answers VssServiceException, HTTP 500."


async def test_throttling_that_passes_is_not_even_seen(devops: Wire) -> None:
    spent = error(429, "RequestBlockedException", Retry_After="0")
    devops.refused[f"{SHOP_ID}/_apis{REPOSITORIES}"] = [spent, spent]
    found = await read(platform(devops, "repository", attempts=3))
    assert found.complete("Repository")
    assert len(devops.lines(f"{SHOP_ID}/_apis{REPOSITORIES}")) == 3


async def test_throttling_that_would_last_too_long_is_said(devops: Wire) -> None:
    devops.refused[f"{SHOP_ID}/_apis{REPOSITORIES}"] = error(429, "RequestBlockedException", Retry_After="3600")
    found = await read(platform(devops, "repository", attempts=5))
    assert found.problem("Repository") == (
        "Azure DevOps was asked too often (answers RequestBlockedException, HTTP 429). The next round tries again."
    )
    assert len(devops.lines(f"{SHOP_ID}/_apis{REPOSITORIES}")) == 1
    assert found.complete("Repository", LAB)


async def test_a_warning_before_throttling_is_heeded(devops: Wire, place: DevOpsPlace) -> None:
    place.headers = {"Retry-After": "30"}
    before = time.monotonic()
    found = await read(platform(devops, "repository", longest_wait_s=0.1, at_once=1))
    assert len(devops.asked) == 4, "projects, rights, and two lists"
    assert 0.2 <= time.monotonic() - before < 5
    assert found.complete("Repository")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (error(500, "VssServiceException"), "Azure DevOps answers VssServiceException, HTTP 500."),
        (Reply(503, "<html>canary</html>"), "Azure DevOps answers HTTP 503."),
        (error(404, "ProjectDoesNotExistException"), "Azure DevOps answers ProjectDoesNotExistException, HTTP 404."),
        (Reply(200, "no JSON canary"), "Azure DevOps answers with something that is no JSON object."),
        (Reply(200, []), "Azure DevOps answers with something that is no JSON object."),
        (Reply(200, {"value": {"canary": 1}}), "Azure DevOps answers with a list of things that are none."),
        (Reply(200, {"value": [None, "canary"]}), "Azure DevOps answers with a list of things that are none."),
        (Reply(200, {}), "Azure DevOps answers with a list of things that are none."),
        (
            Reply(200, {"value": [{"id": "canary"}, {"name": "canary"}]}),
            "Azure DevOps answers 2 things without an id or a name.",
        ),
        (
            error(403, "AccessCheckException"),
            f"The identity may not read git/repositories in the project {SHOP}. Give its token the scope Code (Read), "
            "and make it a member (Reader) of the project.",
        ),
    ],
)
async def test_a_list_that_fails_costs_itself_alone(devops: Wire, reply: Reply, said: str) -> None:
    devops.refused[f"{SHOP_ID}/_apis{REPOSITORIES}"] = reply
    found = await read(platform(devops))
    assert found.problem("Repository") == said
    assert not found.objects("Repository")
    assert found.complete("Repository", LAB)
    assert found.complete("Pipeline")
    assert found.objects("Pipeline")


async def test_a_list_that_is_not_answered_in_time_costs_itself_alone(devops: Wire) -> None:
    devops.silent.add(f"{SHOP_ID}/_apis{REPOSITORIES}")
    found = await read(platform(devops, "repository", timeout_s=0.3))
    assert found.problem("Repository") == f"{devops.url}/contoso does not answer in 0.3 s."
    assert found.complete("Repository", LAB)


async def test_a_strange_thing_does_not_hide_the_others(devops: Wire, place: DevOpsPlace) -> None:
    odd = {"id": 99, "name": "odd", "path": 7, "repository": "none", "latestCompletedBuild": [3], "queueStatus": {}}
    place.content["pipelines"][SHOP].append(odd)
    found = await read(platform(devops, "pipeline"))
    assert len(found.objects("Pipeline")) == 8
    assert found.objects("Pipeline")["7/odd"]["_map"]["health"] == "unknown"


# Who may read what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [error(401, "UnauthorizedRequestException"), Reply(203, "<html>"), Reply(302, "")])
async def test_a_token_without_the_scope_of_one_kind_is_not_taken_for_one_that_expired(
    devops: Wire, refusal: Reply
) -> None:
    devops.refused["/release/definitions"] = refusal
    found = await read(platform(devops))
    assert "Give its token the scope Release (Read)" in found.problem("Release")
    assert "Give its token the scope Release (Read)" in found.problem("Release", LAB)
    assert found.complete("Pipeline")


async def test_a_right_to_a_part_of_a_project_is_no_complete_reading(devops: Wire, place: DevOpsPlace) -> None:
    place.denied = {f"repoV2/{SHOP_ID}", LAB_ID}
    found = await read(platform(devops))
    assert found.problem("Repository") == (
        f"The identity may see git/repositories in no more than a part of the project {SHOP}. Make it a member "
        "(Reader) of the project to know that this is all."
    )
    assert found.objects("Repository"), "what may be seen is told all the same"
    assert "build/definitions in no more than a part" in found.problem("Pipeline", LAB)
    assert found.complete("Repository", LAB)
    assert found.complete("Pipeline")
    (asked,) = (one.body for one in devops.asked if one.method == "POST")
    assert asked["evaluations"][0] == {
        "securityNamespaceId": "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87", "token": f"repoV2/{SHOP_ID}", "permissions": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    "reply",
    [
        error(403, "AccessCheckException"),
        error(500, "VssServiceException"),
        Reply(203, "<html>"),
        Reply(200, {"evaluations": [{"value": False}]}),
        Reply(200, {"evaluations": None}),
        Reply(200, {"evaluations": [{}] * 4}),
    ],
)
async def test_rights_that_are_not_told_claim_nothing(devops: Wire, reply: Reply) -> None:
    devops.refused["/security/permissionevaluationbatch"] = reply
    assert not [one for one in (await read(platform(devops))).batches.values() if not one.reading.complete]


async def test_a_token_that_is_not_taken_ends_the_reading(devops: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", "old")
    with pytest.raises(Forbidden, match=f"^{devops.url}/contoso asks to sign in. Renew the"):
        await read(platform(devops))
    assert len(devops.asked) == 1


async def test_a_token_that_expires_meanwhile_ends_it_too_and_what_was_told_stays(
    devops: Wire, place: DevOpsPlace
) -> None:
    reading = platform(devops, "repository", "pipeline", at_once=1).read()
    told = [(await anext(reading)).reading.scope.kind for _ in range(2)]
    place.accepted.clear()
    with pytest.raises(Forbidden, match="asks to sign in"):
        async for batch in reading:
            told.append(batch.reading.scope.kind)  # noqa: PERF401  what came before the exception counts
    assert told == ["AzureDevOpsOrganization", "AzureDevOpsProject"]
    assert not [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]


@pytest.mark.parametrize(
    ("reply", "raised", "said"),
    [
        (error(403, "AccessCheckException"), Forbidden, r"may not list projects. Give its token the scope Project and"),
        (error(500, "VssServiceException"), Unreachable, "HTTP 500"),
        (error(429, "RequestBlockedException"), Unreachable, "asked too often"),
        (Reply(404, "<html>"), Unreachable, "There is no organization at http.*/contoso. Correct its name."),
        (Reply(200, {"value": []}), Forbidden, r"sees no project at http.*Make it a member \(Reader\)"),
    ],
)
async def test_projects_that_cannot_be_listed_end_the_reading(
    devops: Wire, reply: Reply, raised: type[Exception], said: str
) -> None:
    devops.refused["/contoso/_apis/projects"] = reply
    with pytest.raises(raised, match=said) as caught:
        await read(platform(devops))
    assert type(caught.value) is raised


async def test_a_list_of_projects_that_breaks_off_takes_no_project_for_gone(devops: Wire, place: DevOpsPlace) -> None:
    place.most = 1
    devops.refused["projects?api-version=7.1&$top=200&continuationToken=1"] = error(500, "VssServiceException")
    with pytest.raises(Unreachable, match="HTTP 500"):
        await read(platform(devops))


async def test_projects_that_are_named_are_read_without_their_list(devops: Wire) -> None:
    devops.refused["/contoso/_apis/projects"] = error(500, "VssServiceException")
    named = platform(devops, "repository", "pipeline", projects=(SHOP,))
    found = await read(named)
    assert set(found.objects("Repository")) == {"checkout", "cart", "attic"}
    assert found.complete("Repository")
    assert "HTTP 500" in found.problem("Project", "")
    repository = found.objects("Repository")["cart"]
    assert {"uid": f"project/{SHOP_ID}"}.items() <= repository["_map"]["references"][0].items()
    with pytest.raises(Unreachable):
        await read(platform(devops, projects=(SHOP, "L.*")))


async def test_who_may_read_nothing_at_all_is_told_so(devops: Wire) -> None:
    for part in (REPOSITORIES, PIPELINES, "/release/definitions", "/serviceendpoint/endpoints"):
        devops.refused[part] = error(403, "AccessCheckException")
    with pytest.raises(Forbidden, match="can read nothing in the projects of http.*/contoso"):
        await read(platform(devops))


async def test_an_organization_that_only_throttles_is_out_of_reach_and_not_forbidden(devops: Wire) -> None:
    devops.refused[REPOSITORIES] = error(429, "RequestBlockedException")
    with pytest.raises(Unreachable, match="can read nothing") as caught:
        await read(platform(devops, "repository"))
    assert not isinstance(caught.value, Forbidden)


async def test_an_organization_that_cannot_be_reached_says_where_it_was_looked_for(devops: Wire) -> None:
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9/contoso cannot be reached \(ConnectError\)\."):
        await read(platform(devops, endpoint_url="http://127.0.0.1:9"))


# Which projects -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("projects", "without", "expected"),
    [
        ((), (), {SHOP, LAB}),
        (("web shop",), (), {SHOP}),
        (("W.*", "L.b"), (), {SHOP, LAB}),
        ((), ("la[b]",), {SHOP}),
        (("Web",), (), None),
        ((".*",), ("Lab", "web.*"), None),
    ],
)
async def test_only_the_projects_wanted_are_read(
    devops: Wire, projects: tuple[str, ...], without: tuple[str, ...], expected: set[str] | None
) -> None:
    wanted = platform(devops, "repository", projects=projects, exclude_projects=without)
    if expected is None:
        with pytest.raises(Forbidden, match="sees none of the projects wanted"):
            await read(wanted)
        return
    found = await read(wanted)
    assert set(found.objects("Project", "")) == expected
    assert {key for key in found.batches if "Repository" in key} == {f"AzureDevOpsRepository/{one}" for one in expected}


async def test_a_project_that_is_not_seen_is_unread_and_not_empty(devops: Wire) -> None:
    found = await read(platform(devops, "repository", projects=(SHOP, "Hidden")))
    assert found.problem("Repository", "Hidden") == (
        "The identity does not see the project Hidden. Make it a member there, or leave it out."
    )
    assert found.problem("Project", "") == "The identity does not see the project Hidden."
    assert found.complete("Repository")


async def test_a_type_that_is_not_read_is_unread_and_not_empty(devops: Wire) -> None:
    found = await read(platform(devops, "repository"), "agent_pool", "repository", "azure_redis_caches", "a.b.c", "pod")
    assert found.batches["agent_pool/"].reading.problem.startswith("Of Azure DevOps no agent_pool is read. There are:")
    assert not found.batches["agent_pool/"].objects
    assert {"azure_redis_caches/", "a.b.c/", "repository/"}.isdisjoint(found.batches)


# Check, settings, login ---------------------------------------------------------------------------------------


async def test_a_check_says_what_is_there_and_how_far_it_can_be_read(devops: Wire) -> None:
    where = f"{devops.url}/contoso"
    assert await platform(devops).check() == f"contoso: Azure DevOps at {where}, projects {SHOP}, {LAB}"
    devops.refused["/release/definitions"] = error(403, "AccessCheckException")
    assert await platform(devops, projects=(SHOP, "Hidden")).check() == (
        f"contoso: Azure DevOps at {where}, projects {SHOP}; not readable: Hidden (not seen), release/definitions in "
        f"{SHOP} (answers AccessCheckException, HTTP 403; scope Release (Read))."
    )


async def test_a_check_that_can_read_nothing_says_what_to_grant(devops: Wire) -> None:
    with pytest.raises(Forbidden, match="sees none of the projects wanted"):
        await platform(devops, projects=("Hidden",)).check()
    with pytest.raises(Forbidden, match="asks to sign in"):
        await platform(devops, token=lambda: "x").check()
    devops.refused["/_apis/projects"] = error(500, "VssServiceException")
    with pytest.raises(Unreachable, match="HTTP 500"):
        await platform(devops).check()


async def test_a_reading_may_be_left_early(devops: Wire) -> None:
    reading = platform(devops).read()
    for _ in range(3):
        last = await anext(reading)
    assert last.reading.scope.kind == "AzureDevOpsRepository"
    await reading.aclose()
    assert not [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]


def test_an_organization_is_no_cluster(devops: Wire) -> None:
    found = platform(devops)
    assert (found.name, found.family, found.context, found.portable_kubeconfig()) == (
        *("contoso", "azure_devops", "", ""),
    )
    assert platform(devops, name="ours").name == "ours"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"types": ("pipelines",)}, "no pipelines is read. There are: organization, project, repository, pipeline"),
        ({"projects": ("*",)}, "neither a project's name nor a regular expression"),
        ({"organization": ""}, "'' is no organization of Azure DevOps. Set organization to its name"),
        ({"organization": "a b"}, "is no organization"),
        ({"organization": "https://dev.azure.com/", "endpoint_url": ""}, "names no organization"),
        ({"organization": "https://user:canary@dev.azure.com/x", "endpoint_url": ""}, "is no organization"),
    ],
)
def test_settings_that_are_wrong_are_refused(devops: Wire, more: Object, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        platform(devops, **more)


@pytest.mark.parametrize(
    ("said", "name", "address", "releases"),
    [
        ("contoso", "contoso", "https://dev.azure.com/contoso", "https://vsrm.dev.azure.com/contoso"),
        ("https://dev.azure.com/contoso/", "contoso", "https://dev.azure.com/contoso", "https://vsrm.dev.azure.com/contoso"),
        ("https://contoso.visualstudio.com", "contoso", "https://contoso.visualstudio.com", "https://contoso.vsrm.visualstudio.com"),
        ("https://tfs.example/tfs/Main", "Main", "https://tfs.example/tfs/Main", "https://tfs.example/tfs/Main"),
    ],
)  # fmt: skip
def test_an_organization_is_found_by_its_name_and_by_its_address(
    said: str, name: str, address: str, releases: str
) -> None:
    found = placed(said)
    assert (found.name, found.address, found.releases) == (name, address, releases)


async def test_a_token_is_taken_from_its_file_and_anew_when_that_is_replaced(
    devops: Wire, place: DevOpsPlace, tmp_path: Path
) -> None:
    file = tmp_path / "pat"
    ours = platform(devops, "repository", pat_file=str(file))
    with pytest.raises(Forbidden, match="pat holds no token that can be read"):
        await read(ours)
    place.accepted = {basic("first")}
    file.write_text("first\n")
    assert (await read(ours)).complete("Repository")
    place.accepted = {basic("second")}
    file.write_text("second")
    assert (await read(ours)).complete("Repository")


async def test_without_a_token_of_its_own_entra_id_gives_one(
    devops: Wire, place: DevOpsPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through azure-identity's own managed identity, asked at a metadata service on loopback."""

    def imds(asked: Asked) -> Reply:
        if asked.headers.get("Metadata") != "true":
            return Reply(400, {"error": "invalid_request"})
        assert asked.one("resource") == "499b84ac-1321-427f-aa17-267ca6975798"
        return Reply(200, {"access_token": "of-entra", "expires_in": "3600", "token_type": "Bearer", "resource": ""})

    for name in ("AZURE_DEVOPS_EXT_PAT", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    place.accepted = {"Bearer of-entra"}
    with wired(imds) as metadata:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata.url)
        ours = platform(devops, "repository")
        assert (await read(ours)).complete("Repository")
        assert len(metadata.asked) == 1, "kept until it expires"
    assert ours.attributes() == {"auth_type": "ado_managed_identity"}


async def test_without_azure_identity_it_is_said_what_to_install() -> None:
    program = (
        "import sys; sys.modules['azure.identity'] = None\n"
        "from runstone import plugins, errors\n"
        "try: plugins.load('platforms', 'azure_devops')\n"
        "except errors.NotFound as err: print(err)"
    )
    asked = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await asked.communicate()
    assert said.decode() == (
        "'azure_devops' of platforms needs the Python package azure.identity. Install it with: pip install "
        "'runstone[azure_devops]'\n"
    )


# The table and what is pure -----------------------------------------------------------------------------------


def test_rows_name_no_field_that_the_protocol_uses() -> None:
    reserved = {"name", "id", "url", "kind", "metadata", "apiVersion", "_map", "organization", "project", "data"}
    assert not [field for kind in BY_TYPE.values() for field in kind.fields if field.partition(".")[0] in reserved]
    assert {one.type for kind in KINDS for one in kind.references} <= BY_TYPE.keys()


def test_the_reference_names_every_type_and_the_scope_it_needs() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/platform-azure-devops.md").read_text()
    told = set(re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]* \| ([^|]+) \|$", page, re.MULTILINE))
    assert told == {(kind.type, kind.kind, kind.right) for kind in (ORGANIZATION, PROJECT, *KINDS)}


@given(st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_a_project_is_wanted_by_its_own_name_whatever_it_is_made_of(name: str, other: str) -> None:
    try:
        re.compile(name)
    except re.error:
        return
    assert Wanted((name,)).takes(name)
    assert not Wanted((name,), (name,)).takes(name)
    assert Wanted().takes(other)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field.partition(".")[0] for kind in KINDS for field in kind.fields} | {"url", "project", "path"})


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=6))
def test_whatever_azure_devops_answers_becomes_plain_json(kind: Any, item: Object) -> None:
    one = shaped(kind, {**item, "id": 7, "name": "x"}, Within("contoso", "https://x", SHOP, SHOP_ID))
    assert one is not None
    assert json.loads(json.dumps(one)) == one
    assert (one["kind"], one["name"], one["id"]) == (kind.kind, "x", "7")


@pytest.mark.parametrize("branch", ["main", "refs/heads/main"])
def test_branches_are_compared_however_they_are_written(branch: str) -> None:
    build = {"result": "failed", "sourceBranch": "refs/heads/main", "buildNumber": "1"}
    item = {"latestCompletedBuild": build, "repository": {"defaultBranch": branch}}
    assert looks.pipeline(item) == ("ill", "failed: 1")
    pulled = {**item, "latestCompletedBuild": {**build, "sourceBranch": "refs/pull/7/merge"}}
    assert looks.pipeline(pulled) == ("unknown", "failed on pull/7/merge")


def test_ids_of_one_connection_in_two_projects_are_two(whole: Reading) -> None:
    ids = {one["metadata"]["uid"] for one in whole.all() if one["name"] == "github"}
    connection = "cccccccc-0000-4000-8000-000000000002"
    assert ids == {f"service_connection/{SHOP_ID}/{connection}", f"service_connection/{LAB_ID}/{connection}"}
