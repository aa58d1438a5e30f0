"""Whatever happens to a platform between rounds, what home has afterwards is what is there."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runstone.connectors.platforms import Batch, Change, Platform
from runstone.edge.discovery.binding import Source
from runstone.edge.discovery.documents import Setting
from runstone.edge.discovery.inventory import Inventory
from runstone.edge.discovery.scan import Scanner
from runstone.errors import RunstoneError, Unreachable
from runstone.model.content import CodeBundle, CodeCollection, CollectionRef
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.wire import MapAnswer, MapUpdate
from runstone.model.workspace import SLX

KINDS = ("Namespace", "Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "PersistentVolumeClaim", "Pod")
RULES = """
spec:
  generationRules:
  - resourceTypes: [deployment]
    matchRules: [{type: pattern, pattern: ".", properties: [name]}]
    slxs:
    - {baseName: depl, qualifiers: [resource, namespace, cluster], outputItems: [{type: slx}]}
    - {baseName: all, qualifiers: [namespace], outputItems: [{type: slx, templateName: depl-slx.yaml}]}
"""
TEMPLATE = "spec:\n  alias: {{match_resource.name}}\n  statement: {{child_resource_names | join('+')}}\n"


def obj(kind: str, name: str, namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "" if kind == "Namespace" else namespace}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, **fields}


def deployment(name: str, calls: str = "") -> dict[str, Any]:
    env = [{"name": "TO", "value": calls}] if calls else []
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "env": env}]}}
    return obj("Deployment", name, spec={"replicas": 1, "template": template}, status={"readyReplicas": 1})


def service(name: str) -> dict[str, Any]:
    return obj("Service", name, spec={"selector": {"app": name}})


class Scripted(Platform):
    """A platform that has what the test says; kinds named in ``refused`` cannot be read, ``held`` never come."""

    def __init__(self, *objects: dict[str, Any], name: str = "c") -> None:
        self.name = name
        self.context = "ctx"
        self.objects = list(objects)
        self.refused: set[str] = set()
        self.held: set[str] = set()
        self.apart: set[str] = set()
        """Kinds of which the namespace shop can be read by itself though all together cannot."""
        self.error: Exception | None = None
        self.kinds: tuple[str, ...] = KINDS

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        if self.error:
            raise self.error
        for kind in self.kinds:
            if kind in self.held:
                await asyncio.sleep(3600)
            problem = f"You may not list {kind}." if kind in self.refused else ""
            scope = Scope(platform=self.name, kind=kind, namespace="")
            found = [] if problem else [one for one in self.objects if one["kind"] == kind]
            yield Batch(ScopeReading(scope=scope, complete=not problem, problem=problem), tuple(found))
            if kind in self.apart:
                shop = Scope(platform=self.name, kind=kind, namespace="shop")
                found = [one for one in self.objects if one["kind"] == kind]
                yield Batch(ScopeReading(scope=shop, complete=True, problem=""), tuple(found))

    async def check(self) -> str:
        return ""

    def portable_kubeconfig(self) -> str:
        return ""


@dataclass
class Home:
    """What a receiver that follows MapUpdate's contract has after each update."""

    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    relations: dict[str, set[Relation]] = field(default_factory=dict[str, set[Relation]])
    slxs: dict[str, SLX] = field(default_factory=dict[str, SLX])
    readings: dict[Scope, ScopeReading] = field(default_factory=dict[Scope, ScopeReading])
    held: dict[str, str] = field(default_factory=dict[str, str])
    updates: list[MapUpdate] = field(default_factory=list[MapUpdate])
    first: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    @property
    def unread(self) -> list[ScopeReading]:
        return [reading for reading in self.readings.values() if not reading.complete]

    async def take(self, update: MapUpdate) -> MapAnswer:
        if self.away:
            raise Unreachable("home is away")
        held = self.held.get(update.platform, "")
        if update.base != held and (update.base or not update.final):
            return MapAnswer(changed=0, fits=False, held=held)
        if not update.base and held:
            self._clear(update)
        self.updates.append(update)
        self._apply(update)
        self.held[update.platform] = update.digest
        self.first.set()
        return MapAnswer(changed=1, fits=True, held=update.digest)

    def _clear(self, update: MapUpdate) -> None:
        """A whole update: what it does not say is gone, but for scopes that were not completely read."""
        unsure = [reading.scope for reading in update.readings if not reading.complete]
        for path, one in list(self.resources.items()):
            if one.ref.platform == update.platform and not any(self._in(one, scope) for scope in unsure):
                self._drop(path)
        self.readings = {scope: one for scope, one in self.readings.items() if scope.platform != update.platform}

    def _apply(self, update: MapUpdate) -> None:
        for ref in update.gone:
            self._drop(ref.path)
        self.resources |= {resource.ref.path: resource for resource in update.resources}
        for related in update.related:
            self.relations[related.source.path] = set(related.relations)
        self.slxs |= {slx.name: slx for slx in update.slxs}
        for name in update.slxs_gone:
            self.slxs.pop(name, None)
        self.readings |= {reading.scope: reading for reading in update.readings}
        for scope in update.scopes_gone:
            del self.readings[scope]

    def _drop(self, path: str) -> None:
        self.resources.pop(path, None)
        self.relations.pop(path, None)
        self.slxs = {name: slx for name, slx in self.slxs.items() if slx.resources[0].path != path}

    def _in(self, resource: Resource, scope: Scope) -> bool:
        ref = resource.ref
        return (ref.platform, ref.kind) == (scope.platform, scope.kind) and scope.namespace in ("", ref.namespace)

    def told(self) -> set[tuple[str, str, str]]:
        """Relations by name, without those that say where a resource lies."""
        every = [relation for found in self.relations.values() for relation in found]
        return {(one.source.name, one.type, one.target.name) for one in every if one.type != "contains"}

    def names(self, kind: str) -> set[str]:
        return {one.ref.name for one in self.resources.values() if one.ref.kind == kind}

    def look(self, kind: str, name: str) -> tuple[str, str]:
        (found,) = [one for one in self.resources.values() if (one.ref.kind, one.ref.name) == (kind, name)]
        return found.health, found.summary

    def all(self) -> tuple[Any, ...]:
        related = {path: found for path, found in self.relations.items() if found}
        return self.resources, related, self.slxs


def bundle(root: Path, rules: str = RULES, template: str = TEMPLATE) -> tuple[CodeCollection, Path]:
    folder = root / "codebundles" / "b" / ".runwhen"
    for name, file, text in (("generation-rules", "r.yaml", rules), ("templates", "depl-slx.yaml", template)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / file).write_text(text)
    file = "codebundles/b/.runwhen/generation-rules/r.yaml"
    one = CodeBundle(name="b", path="codebundles/b", suites={}, rule_files=(file,), findings=())
    ref = CollectionRef(url="https://example.com/c.git", ref="main", commit="0" * 40)
    return CodeCollection(ref=ref, bundles=(one,), causes=(), findings=()), root


def scanner(tmp_path: Path, *platforms: Platform, collection: tuple[CodeCollection, Path] | None = None) -> Scanner:
    return Scanner(
        platforms,
        [Source.of(*(collection or bundle(tmp_path)))],
        setting=Setting("w", "l", {}),
        inventory=Inventory(tmp_path / "inventory.sqlite"),
        now=lambda: dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    )


async def round_of(scan: Scanner, home: Home) -> list[MapUpdate]:
    """What a round sent."""
    before = len(home.updates)
    await scan.scan(home.take)
    sent = home.updates[before:]
    assert {update.platform for update in sent if update.final} == set(sent[-1].platforms)
    return sent


@contextlib.asynccontextmanager
async def scanning(scan: Scanner, home: Home, focus: tuple[str, ...] = ()) -> AsyncGenerator[None]:
    """While a round is under way."""
    task = asyncio.create_task(scan.scan(home.take, focus))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def empty(update: MapUpdate) -> bool:
    return not (update.readings or update.resources or update.gone or update.related or update.slxs or update.slxs_gone)


async def test_a_round_in_which_nothing_changed_sends_one_empty_final_update(tmp_path: Path) -> None:
    scan, home = scanner(tmp_path, Scripted(deployment("a", "b:80"), service("b"))), Home()
    await round_of(scan, home)
    (update,) = await round_of(scan, home)
    assert empty(update)


async def test_that_holds_across_a_restart(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a", "b:80"), service("b")), Home()
    await round_of(scanner(tmp_path, platform), home)
    (update,) = await round_of(scanner(tmp_path, platform), home)
    assert empty(update)


async def test_what_is_gone_goes_with_its_relations_and_slxs(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a", "b:80"), service("b")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    assert any("depl" in name for name in home.slxs)
    platform.objects = [service("b")]
    await round_of(scan, home)
    assert home.names("Deployment") == set()
    assert home.told() == set()
    assert home.slxs == {}


async def test_a_relation_that_is_gone_goes_though_its_source_is_unchanged(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a", "b:80"), service("b")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    assert ("a", "calls", "b") in home.told()
    platform.objects = [deployment("a"), service("b")]
    await round_of(scan, home)
    assert home.told() == set()


async def test_what_is_pointed_to_and_surely_not_there_is_shown_as_not_found(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a", "gone:80")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    assert home.look("Service", "gone") == ("ill", "not found")
    platform.objects.append(service("gone"))
    await round_of(scan, home)
    assert home.look("Service", "gone") != ("ill", "not found")


async def test_what_may_not_be_looked_at_is_not_said_to_be_missing(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a", "gone:80")), Home()
    platform.refused = {"Service"}
    await round_of(scanner(tmp_path, platform), home)
    assert home.names("Service") == set()
    assert ("a", "calls", "gone") in home.told()
    assert [reading.problem for reading in home.unread] == ["You may not list Service."]


async def test_a_kind_that_can_no_longer_be_read_takes_nothing_off_the_map(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a", "b:80"), service("a"), service("b")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    before = home.all()
    platform.refused = {"Service"}
    await round_of(scan, home)
    assert home.all() == before
    assert [reading.scope.kind for reading in home.unread] == ["Service"]
    (update,) = await round_of(scan, home)
    assert empty(update)


async def test_relations_to_what_can_no_longer_be_read_stay(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a"), service("a")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    platform.refused = {"Deployment"}
    await round_of(scan, home)
    assert ("a", "selects", "a") in home.told()
    assert any("-depl-" in name for name in home.slxs)


async def test_what_comes_back_as_it_was_gets_its_slxs_back(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    before = home.all()
    platform.objects = []
    await round_of(scan, home)
    platform.objects = [deployment("a")]
    await round_of(scan, home)
    assert home.all() == before


async def test_a_relation_of_an_owner_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    owners = [{"kind": "Deployment", "name": "hidden"}]
    pod = obj("Pod", "p")
    pod["metadata"]["ownerReferences"] = owners
    platform, home = Scripted(pod), Home()
    platform.refused = {"Deployment"}
    await round_of(scanner(tmp_path, platform), home)
    assert home.told() == set()


async def test_a_type_whose_kind_is_not_known_this_time_takes_nothing_off_the_map(tmp_path: Path) -> None:
    platform, home = Scripted(obj("Widget", "w")), Home()
    platform.kinds = (*KINDS, "Widget")
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    platform.kinds = (*KINDS, "widgets.example.com")
    platform.refused = {"widgets.example.com"}
    await round_of(scan, home)
    assert home.names("Widget") == {"w"}


async def test_a_namespace_that_is_read_by_itself_is_believed_over_an_older_view_of_all(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a"), deployment("b")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    platform.objects = [deployment("a")]
    platform.refused = {"Deployment"}
    platform.apart = {"Deployment"}
    await round_of(scan, home)
    assert home.names("Deployment") == {"a"}


async def test_two_rules_with_one_base_name_both_get_their_slx(tmp_path: Path) -> None:
    rules = RULES.replace(
        "baseName: all, qualifiers: [namespace]", "baseName: depl, qualifiers: [resource, namespace, cluster]"
    )
    home = Home()
    await round_of(scanner(tmp_path, Scripted(deployment("a")), collection=bundle(tmp_path, rules=rules)), home)
    assert sorted(name.rsplit("-", 2)[1] for name in home.slxs) == ["depl1", "depl2"]


async def test_a_kind_that_hangs_holds_up_the_others_for_a_second_at_most(tmp_path: Path) -> None:
    platform = Scripted(deployment("a"))
    platform.held = {"Service"}
    home = Home()
    async with scanning(scanner(tmp_path, platform), home):
        await asyncio.wait_for(home.first.wait(), timeout=3)
    assert home.names("Deployment") == {"a"}


async def test_a_kind_that_the_platform_has_no_more_leaves_the_map(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a"), obj("Widget", "w")), Home()
    platform.kinds = (*KINDS, "Widget")
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    platform.kinds = KINDS
    await round_of(scan, home)
    assert home.names("Widget") == set()
    assert home.names("Deployment") == {"a"}


async def test_one_platform_that_fails_stops_no_other_and_loses_nothing(tmp_path: Path) -> None:
    first, second = Scripted(deployment("a")), Scripted(deployment("b"), name="d")
    scan, home = scanner(tmp_path, first, second), Home()
    await round_of(scan, home)
    first.error = Unreachable("c does not answer.")
    second.objects.append(deployment("new"))
    await round_of(scan, home)
    assert home.names("Deployment") == {"a", "b", "new"}
    assert home.look("Cluster", "c") == ("unknown", "not reachable")
    assert [reading.problem for reading in home.unread] == ["c does not answer."]
    first.error = None
    await round_of(scan, home)
    assert home.look("Cluster", "c") == ("ok", "")


async def test_a_connector_with_a_fault_is_an_unread_platform_too(tmp_path: Path) -> None:
    broken = Scripted(name="d")
    broken.error = KeyError("metadata")
    home = Home()
    await round_of(scanner(tmp_path, Scripted(deployment("a")), broken), home)
    assert home.names("Deployment") == {"a"}
    assert "Reading d failed unexpectedly: KeyError" in home.unread[0].problem


async def test_when_nothing_at_all_can_be_read_it_is_said_on_the_map_and_raised(tmp_path: Path) -> None:
    platform, home = Scripted(), Home()
    platform.error = Unreachable("c does not answer.")
    with pytest.raises(Unreachable):
        await scanner(tmp_path, platform).scan(home.take)
    assert [reading.problem for reading in home.unread] == ["c does not answer."]
    assert home.slxs == {}, "a cluster that is not reached gets no Tasks"


async def test_what_is_read_leaves_while_a_slow_kind_is_waited_for(tmp_path: Path) -> None:
    platform = Scripted(deployment("a"))
    platform.kinds = (*KINDS, "ConfigMap")
    platform.held = {"ConfigMap"}
    home = Home()
    async with scanning(scanner(tmp_path, platform), home):
        await asyncio.wait_for(home.first.wait(), timeout=0.9)
    assert home.names("Deployment") == {"a"}
    assert not home.updates[0].final


async def test_a_focus_lets_the_first_update_leave_when_its_kinds_were_read(tmp_path: Path) -> None:
    platform = Scripted(deployment("a"))
    platform.held = {"Pod"}
    home = Home()
    async with scanning(scanner(tmp_path, platform), home, ("Deployment",)):
        await asyncio.wait_for(home.first.wait(), timeout=0.9)
    assert {reading.scope.kind for reading in home.updates[0].readings} == {"Namespace", "Deployment"}


async def test_an_update_that_home_did_not_take_is_sent_again(tmp_path: Path) -> None:
    scan, home = scanner(tmp_path, Scripted(deployment("a"))), Home(away=True)
    with pytest.raises(Unreachable):
        await scan.scan(home.take)
    home.away = False
    await round_of(scan, home)
    assert home.names("Deployment") == {"a"}
    assert any("-depl-" in name for name in home.slxs)


async def test_a_home_that_lost_what_it_had_is_sent_everything_again(tmp_path: Path) -> None:
    platform = Scripted(deployment("a", "b:80"), service("b"))
    scan = scanner(tmp_path, platform)
    first, second = Home(), Home()
    await round_of(scan, first)
    platform.objects.append(deployment("c"))
    await round_of(scan, second)
    assert second.names("Deployment") == {"a", "c"}
    await round_of(scan, first)
    assert second.all() == first.all()


async def test_an_edge_that_lost_what_it_knew_takes_nothing_off_the_map_before_it_has_read_all(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("a"), deployment("b")), Home()
    await round_of(scanner(tmp_path, platform), home)
    (tmp_path / "inventory.sqlite").unlink()
    platform.held = {"Service"}
    held = scanner(tmp_path, platform)
    async with scanning(held, home, ("Deployment",)):
        await asyncio.sleep(0.3)
        assert home.names("Deployment") == {"a", "b"}
    platform.held, platform.objects = set(), [deployment("a")]
    await round_of(held, home)
    assert home.names("Deployment") == {"a"}


async def test_an_aggregate_follows_its_members(tmp_path: Path) -> None:
    platform, home = Scripted(deployment("b"), deployment("c")), Home()
    scan = scanner(tmp_path, platform)
    await round_of(scan, home)
    platform.objects = [deployment("c"), deployment("a")]
    await round_of(scan, home)
    (slx,) = [slx for name, slx in home.slxs.items() if "-all-" in name]
    assert [ref.name for ref in slx.resources] == ["a", "c"]
    assert slx.statement == "a+c"


async def test_a_template_that_fails_is_a_finding_and_the_rest_goes_on(tmp_path: Path) -> None:
    failing = "spec:\n  alias: {{ 1 // 0 if match_resource.name == 'a' else 'fine' }}\n"
    scan, home = (
        scanner(tmp_path, Scripted(deployment("a"), deployment("b")), collection=bundle(tmp_path, template=failing)),
        Home(),
    )
    await round_of(scan, home)
    assert [slx.alias for name, slx in home.slxs.items() if "-depl-" in name] == ["fine"]
    messages = {finding.message for finding in scan.findings}
    said = "codebundles/b: the template depl-slx.yaml fails: ZeroDivisionError: integer division or modulo by zero"
    assert f"{said} (for Deployment a and 1 more)" in messages
    assert all(finding.file.endswith("r.yaml") for finding in scan.findings)


async def test_an_slx_that_no_rule_makes_any_more_leaves_the_map(tmp_path: Path) -> None:
    home = Home()
    await round_of(scanner(tmp_path, Scripted(deployment("a"))), home)
    assert home.slxs
    nothing = bundle(tmp_path, rules="spec: {generationRules: []}")
    await round_of(scanner(tmp_path, Scripted(deployment("a")), collection=nothing), home)
    assert home.slxs == {}
    assert home.names("Deployment") == {"a"}


async def test_a_rule_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    scan = scanner(tmp_path, Scripted(deployment("a")), collection=bundle(tmp_path, rules="spec: ["))
    home = Home()
    await round_of(scan, home)
    assert home.names("Deployment") == {"a"}
    assert ["r.yaml:1" in finding.message or "not YAML" in finding.message for finding in scan.findings] == [True]


def test_the_inventory_is_readable_by_its_owner_alone_and_begun_anew_when_damaged(tmp_path: Path) -> None:
    path = tmp_path / "inventory.sqlite"
    path.write_text("this is no database, but long enough to be looked at as one" * 20)
    inventory = Inventory(path)
    assert inventory.digests("c") == {}
    assert path.stat().st_mode & 0o077 == 0


AWS_RULES = """
spec:
  platform: aws
  generationRules:
  - resourceTypes: [aws_rds_instances]
    matchRules: [{type: pattern, pattern: postgres, properties: [engine]}]
    slxs: [{baseName: depl, qualifiers: [resource, region, account_id], outputItems: [{type: slx}]}]
"""
AWS_TEMPLATE = (
    "spec:\n  alias: {{match_resource.resource.engine}} {{region}} {{account_id}} {{match_resource.qualified_name}}\n"
)


def described(kind: str, name: str, type_: str, *references: dict[str, Any], **fields: Any) -> dict[str, Any]:
    own = {"types": [type_], "health": "ill", "summary": "failed", "references": list(references)}
    place = {"name": name, "namespace": "eu-west-1", "labels": {"team": "a"}, "uid": f"arn:{name}"}
    common = {"name": name, "region": "eu-west-1", "account_id": "123", "tags": {"team": "a"}}
    return {"apiVersion": "aws/v1", "kind": kind, "metadata": place, **common, **fields, "_map": own}


async def test_what_a_cloud_says_of_itself_becomes_resources_relations_and_slxs(tmp_path: Path) -> None:
    to_subnet = {"relation": "references", "inverse": False, "field": "subnet", "kind": "Subnet", "uid": "ARN:S1"}
    to_group = {"relation": "contains", "inverse": True, "field": "vpc", "kind": "", "name": "v1"}
    database = described("RDSInstance", "db", "aws_rds_instances", to_subnet, to_group, engine="aurora-postgresql")
    platform, home = Scripted(database, name="123"), Home()
    platform.family, platform.kinds = "aws", ("RDSInstance", "Subnet", "VPC")
    platform.objects += [described("Subnet", "s1", "aws_ec2_subnets"), described("VPC", "v1", "aws_ec2_vpcs")]
    await round_of(scanner(tmp_path, platform, collection=bundle(tmp_path, AWS_RULES, AWS_TEMPLATE)), home)
    assert home.look("RDSInstance", "db") == ("ill", "failed")
    edges = {(one.source.name, one.type, one.target.name) for found in home.relations.values() for one in found}
    assert edges == {("db", "references", "s1"), ("v1", "contains", "db")}
    (slx,) = home.slxs.values()
    assert slx.alias == "aurora-postgresql eu-west-1 123 123:eu-west-1:db"
    assert slx.resources[0].path == "123/RDSInstance/eu-west-1/db"


UNIVERSE = [
    deployment("a"),
    deployment("a", "b:80"),
    deployment("b", "a:80"),
    deployment("d", "gone:80"),
    service("a"),
    service("b"),
    obj("Namespace", "shop"),
]
ROUND = st.tuples(
    st.sets(st.integers(0, len(UNIVERSE) - 1)), st.sets(st.sampled_from(KINDS), max_size=2), st.booleans()
)


@given(rounds=st.lists(ROUND, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_a_whole_reading_leaves_home_with_exactly_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[set[int], set[str], bool]]
) -> None:
    asyncio.run(_history(tmp_path_factory.mktemp("history"), rounds))


async def _history(folder: Path, rounds: list[tuple[set[int], set[str], bool]]) -> None:
    platform, home = Scripted(), Home()
    scan = scanner(folder, platform)
    for chosen, refused, fails in rounds:
        platform.objects = list(
            {(one["kind"], one["metadata"]["name"]): one for one in map(UNIVERSE.__getitem__, sorted(chosen))}.values()
        )
        platform.refused = refused
        platform.error = Unreachable("away") if fails else None
        try:
            await scan.scan(home.take)
        except RunstoneError:
            assert fails
    platform.refused, platform.error = set(), None
    await scan.scan(home.take)
    (folder / "fresh").mkdir()
    fresh = Home()
    await scanner(folder / "fresh", platform).scan(fresh.take)
    assert home.all() == fresh.all()


class Restless(Scripted):
    """A platform of which something is told all the time."""

    async def watch(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch | Change]:
        while True:
            await asyncio.sleep(0)
            yield Change(ResourceRef(platform=self.name, kind="Service", namespace="shop", name="a"), service("a"))


@pytest.mark.parametrize("steps", range(12))
async def test_whatever_is_told_following_ends_when_it_is_cancelled(tmp_path: Path, steps: int) -> None:
    scan, home = scanner(tmp_path, Restless(service("a"))), Home()
    await round_of(scan, home)
    following = asyncio.create_task(scan.follow(home.take, 0.0))
    await asyncio.sleep(0.05)
    for _ in range(steps):
        await asyncio.sleep(0)
    following.cancel()
    _, left = await asyncio.wait({following}, timeout=5)
    assert not left


ON_REDIS = """
spec:
  generationRules:
  - resourceTypes: [deployment]
    matchRules: [{type: pattern, pattern: "^redis$", properties: [software]}]
    slxs: [{baseName: depl, qualifiers: [resource, namespace, cluster], outputItems: [{type: slx}]}]
"""


async def test_a_rule_matches_on_what_was_recognised_and_the_map_says_why(tmp_path: Path) -> None:
    cache, other = deployment("cache"), deployment("redis-client")
    cache["spec"]["template"]["spec"]["containers"][0]["image"] = "redis:7.2"
    platform, home = Scripted(cache, other), Home()
    scan = scanner(tmp_path, platform, collection=bundle(tmp_path, ON_REDIS))
    await round_of(scan, home)
    assert [ref.name for slx in home.slxs.values() for ref in slx.resources] == ["cache"]
    (redis,) = home.resources["c/Deployment/shop/cache"].software
    assert (redis.id, redis.version, redis.evidence) == ("redis", "7.2", ("image redis:7.2 of container c",))
    assert home.resources["c/Deployment/shop/redis-client"].software == ()
