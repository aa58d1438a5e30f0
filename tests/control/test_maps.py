"""The Map in the database and in memory, after any sequence of differences."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runstone.control.workspaces import lookup
from runstone.control.workspaces.atlas import Atlas
from runstone.errors import BadInput, NotFound
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading, Software
from runstone.model.wire import MapAnswer, MapUpdate, Related
from runstone.model.workspace import Map
from stage import Stage, slx, stage

KINDS = ("Deployment", "Service")
NAMES = ("a", "b", "c")


def ref(kind: str, name: str, platform: str = "c") -> ResourceRef:
    return ResourceRef(platform=platform, kind=kind, namespace="shop", name=name)


def resource(one: ResourceRef, health: str = "ok", facts: dict[str, str] | None = None) -> Resource:
    body = {"ref": one, "labels": {}, "health": health, "summary": "", "facts": facts or {}, "software": ()}
    return Resource.model_validate(body)


def reading(kind: str, *, complete: bool = True, platform: str = "c") -> ScopeReading:
    scope = Scope(platform=platform, kind=kind, namespace="")
    return ScopeReading(scope=scope, complete=complete, problem="" if complete else "may not")


def update(base: str, digest: str, **more: Any) -> MapUpdate:
    body: dict[str, Any] = {
        "location": "local",
        "platform": "c",
        "platforms": ("c",),
        "base": base,
        "digest": digest,
        "final": False,
        "readings": (),
        "scopes_gone": (),
        "resources": (),
        "gone": (),
        "related": (),
        "slxs": (),
        "slxs_gone": (),
    }
    return MapUpdate.model_validate(body | more)


def calls(source: ResourceRef, *targets: ResourceRef) -> Related:
    found = tuple(Relation(source=source, type="calls", target=target, detail="") for target in targets)
    return Related(source=source, relations=found)


def content(atlas: Atlas) -> tuple[Any, ...]:
    """All that an Atlas says, without regard to order."""
    map_ = atlas.map
    return (
        {one.ref.path: one for one in map_.resources},
        {(one.source.path, one.type, one.target.path) for one in map_.relations},
        {one.name: one for one in map_.slxs},
        {one.scope: one for one in map_.readings},
    )


@dataclass
class Model:
    """The same Map as plain dictionaries."""

    resources: dict[ResourceRef, Resource] = field(default_factory=dict[ResourceRef, Resource])
    relations: dict[ResourceRef, Related] = field(default_factory=dict[ResourceRef, Related])
    slxs: dict[str, Any] = field(default_factory=dict[str, Any])
    number: int = 0

    def random(self, draw: Any, *, whole: bool) -> MapUpdate:
        """A difference that changes the model, or all of it anew."""
        base = "" if whole or not self.number else str(self.number)
        self.number += 1
        if whole:
            self.resources, self.relations, self.slxs = {}, {}, {}
        put, gone, related, slxs, slxs_gone = [], [], [], [], []
        for kind in KINDS:
            for name in NAMES:
                match draw(st.integers(0, 4)):
                    case 0:
                        put.append(self._put(ref(kind, name), draw(st.sampled_from(["ok", "ill"]))))
                    case 1 if ref(kind, name) in self.resources:
                        gone.append(self._drop(ref(kind, name), slxs_gone))
                    case 2 if ref(kind, name) in self.resources:
                        related.append(self._relate(ref(kind, name), draw(st.sampled_from(NAMES))))
                    case 3 if ref(kind, name) in self.resources:
                        slxs.append(self._slx(f"{kind}/{name}"))
                    case _:
                        pass
        kinds = tuple(reading(kind) for kind in KINDS) if whole else ()
        more = {"resources": put, "gone": gone, "related": related, "slxs": slxs, "readings": kinds, "final": whole}
        return update(base, str(self.number), **more)

    def _put(self, one: ResourceRef, health: str) -> Resource:
        self.resources[one] = resource(one, health)
        return self.resources[one]

    def _drop(self, one: ResourceRef, slxs_gone: list[str]) -> ResourceRef:
        del self.resources[one]
        self.relations.pop(one, None)
        for name in [name for name, found in self.slxs.items() if found.resources[0] == one]:
            del self.slxs[name]
        return one

    def _relate(self, one: ResourceRef, to: str) -> Related:
        self.relations[one] = calls(one, ref("Service", to))
        return self.relations[one]

    def _slx(self, subject: str) -> Any:
        found = slx(subject)
        self.slxs[found.name] = found
        return found

    def content(self) -> tuple[Any, ...]:
        edges = {(r.source.path, r.type, r.target.path) for one in self.relations.values() for r in one.relations}
        return {one.path: found for one, found in self.resources.items()}, edges, self.slxs


@given(data=st.data(), wholes=st.lists(st.booleans(), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_differences_the_map_is_what_they_add_up_to(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, wholes: list[bool]
) -> None:
    asyncio.run(_history(tmp_path_factory.mktemp("maps"), data.draw, wholes))


async def _history(folder: Path, draw: Any, wholes: list[bool]) -> None:
    model = Model()
    async with stage(folder) as one:
        for whole in wholes:
            said = model.random(draw, whole=whole and model.number > 0)
            assert (await one.home.map_update(said)).fits
            again = await one.home.map_update(said)
            assert (again.fits, again.changed) == (True, 0), "a repeat changes nothing"
            assert content(await one.control.maps.atlas())[:3] == model.content()
        kept = content(await one.control.maps.atlas())
    async with stage(folder) as one:
        assert content(await one.control.maps.atlas()) == kept, "what is in memory is what was written"


async def first(one: Stage, *resources: Resource, **more: Any) -> MapAnswer:
    kinds = {found.ref.kind for found in resources}
    readings = tuple(reading(kind) for kind in sorted(kinds))
    return await one.home.map_update(update("", "1", final=True, readings=readings, resources=resources, **more))


async def test_a_difference_from_something_else_is_not_applied_and_what_is_held_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await first(one, resource(ref("Deployment", "a")))
        answer = await one.home.map_update(update("7", "8", resources=(resource(ref("Deployment", "b")),)))
        assert (answer.fits, answer.held, answer.changed) == (False, "1", 0)
        early = await one.home.map_update(update("", "9", resources=(resource(ref("Deployment", "b")),)))
        assert not early.fits, "a part that says it is all would take the rest away"
        assert list((await one.control.maps.atlas()).resources) == ["c/Deployment/shop/a"]


async def test_a_whole_update_keeps_what_is_in_a_scope_that_was_not_read(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await first(one, resource(ref("Deployment", "a")), resource(ref("Service", "s")), slxs=(slx("Deployment/a"),))
        unread = reading("Deployment", complete=False)
        await one.home.map_update(update("", "2", final=True, readings=(unread, reading("Service"))))
        atlas = await one.control.maps.atlas()
        assert list(atlas.resources) == ["c/Deployment/shop/a"]
        assert atlas.slx("deployment-a") is not None
        assert [found.problem for found in atlas.readings if not found.complete] == ["may not"]


async def test_a_platform_that_is_no_longer_read_leaves_the_map(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await first(one, resource(ref("Deployment", "a")), slxs=(slx("Deployment/a"),))
        other = (resource(ref("Deployment", "z", "d")),)
        await one.home.map_update(
            update("", "5", platform="d", platforms=("d",), final=True, resources=other, readings=())
        )
        atlas = await one.control.maps.atlas()
        assert list(atlas.resources) == ["d/Deployment/shop/z"]
        assert atlas.slx("deployment-a") is None


async def test_what_is_of_another_platform_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        said = update("", "1", resources=(resource(ref("Deployment", "a", "other")),)).model_dump_json()
        answer = await one.client.post("/runner/v1/map", content=said, headers=_runner())
        assert answer.status_code == 422
        assert "is of other, but this is an update of c" in answer.text


def _runner() -> dict[str, str]:
    return {"Authorization": "Bearer runner", "Content-Type": "application/json", "Runstone-Wire": "2"}


SHOP = (
    resource(ref("Deployment", "front"), facts={"image/c": "front:1", "env/c/LEVEL": "0a1b2c3d4e", "replicas": "1"}),
    resource(ref("Service", "cart")),
    resource(ref("Deployment", "cart")),
    resource(ref("Deployment", "far")),
)
EDGES = (
    calls(ref("Deployment", "front"), ref("Service", "cart")),
    Related(
        source=ref("Service", "cart"),
        relations=(
            Relation(source=ref("Service", "cart"), type="selects", target=ref("Deployment", "cart"), detail=""),
        ),
    ),
)


async def shop(one: Stage) -> None:
    await first(one, *SHOP, related=EDGES)


async def changes(one: Stage, query: str = "") -> list[tuple[str, str]]:
    answer = (await one.client.get(f"/api/v1/map/changes?{query}")).json()
    return [(found["resource"]["name"], found["said"]) for found in answer["changes"]]


async def test_what_was_there_from_the_start_is_no_news(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await shop(one)
        assert await changes(one) == []


async def test_images_replicas_configuration_health_and_coming_and_going_are_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await shop(one)
        front = resource(ref("Deployment", "front"), "ill", {"image/c": "front:2", "env/c/LEVEL": "ffffffffff"})
        new = resource(ref("Deployment", "new"))
        await one.home.map_update(update("1", "2", resources=(front, new), gone=(ref("Deployment", "far"),)))
        assert set(await changes(one)) == {
            ("front", "ok → ill"),
            ("front", "image/c: front:1 → front:2"),
            ("front", "env/c/LEVEL: changed"),
            ("front", "replicas: removed"),
            ("new", "appeared"),
            ("far", "gone"),
        }


async def test_what_changed_near_a_resource_is_asked_by_relations(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await shop(one)
        ill = (resource(ref("Deployment", "cart"), "ill"), resource(ref("Deployment", "far"), "ill"))
        await one.home.map_update(update("1", "2", resources=ill))
        assert await changes(one, "near=deploy/front&steps=2") == [("cart", "ok → ill")]
        assert await changes(one, "near=deploy/front&steps=1") == []
        assert await changes(one, "since=2000-01-01") == [("far", "ok → ill"), ("cart", "ok → ill")]
        later = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert await changes(one, f"since={later}") == []


async def test_configuration_of_an_edge_with_another_salt_is_no_news(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await shop(one)
        front = resource(ref("Deployment", "front"), facts={"image/c": "front:2", "env/c/LEVEL": "ffffffffff"})
        readings = (reading("Deployment"), reading("Service"))
        await one.home.map_update(
            update("", "9", final=True, resources=(front, *SHOP[1:]), related=EDGES, readings=readings)
        )
        assert set(await changes(one)) == {("front", "image/c: front:1 → front:2"), ("front", "replicas: removed")}


async def test_what_is_near_comes_with_the_way_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        await shop(one)
        up = (await one.client.get("/api/v1/map/near?of=front&steps=3")).json()
        assert [(found["path"], found["distance"]) for found in up["resources"]] == [
            ("c/Service/shop/cart", 1),
            ("c/Deployment/shop/cart", 2),
        ]
        assert [edge["type"] for edge in up["resources"][1]["way"]] == ["calls", "selects"]
        down = (await one.client.get("/api/v1/map/near?of=deploy/cart&direction=downstream")).json()
        assert [found["path"] for found in down["resources"]] == ["c/Service/shop/cart", "c/Deployment/shop/front"]


async def test_resources_are_listed_by_what_they_are_and_how_they_look(tmp_path: Path) -> None:
    known = Software(id="redis", name="Redis", category="cache", version="", role="is", confidence=0.9, evidence=("x",))
    async with stage(tmp_path) as one:
        await first(one, *SHOP, resource(ref("Service", "x"), "ill").model_copy(update={"software": (known,)}))
        for query, count in (("", 5), ("kind=Service", 2), ("health=ill", 1), ("software=redis", 1), ("q=CAR", 2)):
            answer = (await one.client.get(f"/api/v1/map/resources?{query}")).json()
            assert (query, answer["total"]) == (query, count)
        page = (await one.client.get("/api/v1/map/resources?limit=2&offset=4")).json()
        assert [found["ref"]["name"] for found in page["resources"]] == ["x"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("near?of=frnt", 404, "Near: front"),
        ("near?of=cart", 422, "Say which, as Kind/namespace/name"),
        ("near?of=front&steps=99", 422, "steps"),
        ("changes?since=yesterday", 422, "is no moment"),
        ("resource?of=nothing", 404, "There is no nothing"),
    ],
)
async def test_what_cannot_be_answered_is_explained(tmp_path: Path, path: str, status: int, said: str) -> None:
    async with stage(tmp_path) as one:
        await shop(one)
        answer = await one.client.get(f"/api/v1/map/{path}")
        assert (answer.status_code, said in answer.text) == (status, True)


async def test_nobody_reads_the_map_without_a_token(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        for path in ("", "/near?of=a", "/changes", "/resources", "/resource?of=a"):
            answer = await one.client.get(f"/api/v1/map{path}", headers={"Authorization": "Bearer wrong"})
            assert answer.status_code == 401


ATLAS = Atlas(
    Map(
        resources=tuple(map(resource, (ref("Deployment", "cart"), ref("Service", "cart"), ref("Pod", "web-1")))),
        relations=(),
        slxs=(),
        readings=(),
    )
)


@pytest.mark.parametrize(
    ("text", "namespace", "path"),
    [
        ("deploy/cart", "", "c/Deployment/shop/cart"),
        ("svc/cart", "shop", "c/Service/shop/cart"),
        ("deployments/cart", "", "c/Deployment/shop/cart"),
        ("Deployment/shop/cart", "", "c/Deployment/shop/cart"),
        ("c/Service/shop/cart", "", "c/Service/shop/cart"),
        ("web-1", "", "c/Pod/shop/web-1"),
    ],
)
def test_a_resource_is_found_by_the_words_people_have_for_it(text: str, namespace: str, path: str) -> None:
    assert lookup.resource(ATLAS, text, namespace).path == path


@pytest.mark.parametrize(("text", "error"), [("cart", BadInput), ("deploy/web-1", NotFound), ("", NotFound)])
def test_what_is_no_one_resource_is_said(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        lookup.resource(ATLAS, text)
