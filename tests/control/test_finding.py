"""A question finds Tasks that are bound to what it means, on the Map as it is now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.control.finding.finder import WEIGHTS, Finder, Found
from runstone.control.workspaces.atlas import Atlas, Changes, Packed
from runstone.model.content import BundleRef, CollectionRef
from runstone.model.resource import Health, Relation, RelationType, Resource, ResourceRef
from runstone.model.workspace import SLX, BoundTask, Map, Runbook

COLLECTION = CollectionRef(url="https://example.com/c", ref="main", commit="a" * 40)
TASKS = {
    "workload": [
        (
            "Check Rollout of Deployment `${NAME}`",
            "Tells whether replicas are ready and the rollout goes on.",
            "read-only",
        ),
        (
            "Check Logs of Deployment `${NAME}`",
            "Looks for errors and stack traces in the logs of containers.",
            "read-only",
        ),
        ("Check Warning Events of Deployment `${NAME}`", "Lists warning events of pods.", "read-only"),
        ("Restart Deployment `${NAME}`", "Restarts the workload.", "read-write"),
    ],
    "claim": [("Check Binding of PersistentVolumeClaim `${NAME}`", "Finds out why storage is not bound.", "read-only")],
    "redis": [
        ("Check Redis Memory of `${NAME}`", "Looks at memory usage and evictions of a Redis server.", "read-only")
    ],
}


def ref(kind: str, name: str, namespace: str = "shop") -> ResourceRef:
    return ResourceRef(platform="c", kind=kind, namespace=namespace, name=name)


def thing(kind: str, name: str, health: Health = "ok") -> Resource:
    return Resource(ref=ref(kind, name), labels={}, health=health, summary="", facts={}, software=())


def slx(bundle: str, about: ResourceRef) -> SLX:
    tasks = tuple(
        BoundTask(
            title=title, resolved_title=title.replace("${NAME}", about.name), documentation=text, tags=(), access=access
        )  # type: ignore[arg-type]
        for title, text, access in TASKS[bundle]
    )
    place = BundleRef(collection=COLLECTION, path=f"codebundles/{bundle}-health", robot="runbook.robot")
    book = Runbook(bundle=place, variables={}, secrets=(), tasks=tasks)
    return SLX(
        name=f"w--{bundle}-{about.name}",
        alias=about.name,
        statement="",
        resources=(about,),
        tags={},
        runbook=book,
        sli=None,
    )


def edge(source: ResourceRef, type_: RelationType, target: ResourceRef) -> Relation:
    return Relation(source=source, type=type_, target=target, detail="")


def atlas(*ill: str) -> Atlas:
    names = ("checkoutservice", "cart", "payment", "redis-cart")
    resources = [thing("Deployment", name, "ill" if name in ill else "ok") for name in names]
    resources += [thing("Service", name) for name in names] + [thing("PersistentVolumeClaim", "redis-data")]
    relations = [edge(ref("Service", name), "selects", ref("Deployment", name)) for name in names]
    relations += [
        edge(ref("Deployment", "checkoutservice"), "calls", ref("Service", "cart")),
        edge(ref("Deployment", "cart"), "calls", ref("Service", "redis-cart")),
        edge(ref("Deployment", "redis-cart"), "mounts", ref("PersistentVolumeClaim", "redis-data")),
    ]
    slxs = [slx("workload", ref("Deployment", name)) for name in names]
    slxs += [slx("claim", ref("PersistentVolumeClaim", "redis-data")), slx("redis", ref("Deployment", "redis-cart"))]
    return Atlas(Map(resources=tuple(resources), relations=tuple(relations), slxs=tuple(slxs), readings=()))


def ask(text: str, *ill: str) -> Found:
    return Finder().ask(atlas(*ill), text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("why does checkoutservice log errors?", "Check Logs of Deployment `checkoutservice`"),
        ("are there stack traces in the checkout service", "Check Logs of Deployment `checkoutservice`"),
        ("is the rollout of payment stuck", "Check Rollout of Deployment `payment`"),
        ("redis-data is not bound", "Check Binding of PersistentVolumeClaim `redis-data`"),
        ("redis cart runs out of memory, evictions", "Check Redis Memory of `redis-cart`"),
        ("restart payment", "Restart Deployment `payment`"),
    ],
)
def test_a_question_finds_the_task_and_the_thing(text: str, title: str) -> None:
    assert ask(text).hits[0].resolved_title == title


def test_what_is_named_is_said_and_why() -> None:
    found = ask("why does checkoutservice fail")
    assert found.named[0] == "c/Deployment/shop/checkoutservice"
    assert "names it" in found.hits[0].why
    assert found.fits


def test_what_the_named_one_depends_on_comes_after_it_and_sooner_when_it_is_ill() -> None:
    def places(*ill: str) -> list[str]:
        return list(dict.fromkeys(hit.resource.name for hit in ask("errors in the logs of checkoutservice", *ill).hits))

    assert places()[0] == "checkoutservice"
    assert "payment" not in places(), "nobody depends on it"
    ill = places("cart")
    assert ill.index("cart") <= 1


def test_with_nothing_named_what_looks_ill_comes_first() -> None:
    assert ask("which deployment has errors in its logs", "payment").hits[0].resource.name == "payment"


def test_a_task_that_changes_things_is_not_first_unless_asked_for() -> None:
    assert not ask("payment needs a restart? why is it failing").hits[0].changes
    assert ask("restart the deployment payment").hits[0].changes


def test_scores_are_what_their_parts_say() -> None:
    for hit in ask("why does checkoutservice fail").hits:
        assert hit.score == pytest.approx(sum(WEIGHTS[name] * part for name, part in hit.components.items()), abs=1e-3)


def test_a_map_without_tasks_says_so() -> None:
    found = Finder().ask(Atlas(Map(resources=(), relations=(), slxs=(), readings=())), "anything")
    assert (found.hits, found.fits) == ((), False)
    assert "No Task is bound" in found.notes[0]


def test_it_follows_the_map() -> None:
    finder, before = Finder(), atlas()
    assert finder.ask(before, "logs of inventory").named == ()
    new = thing("Deployment", "inventory")
    made = slx("workload", new.ref)
    changes = Changes(resources={new.ref.path: new}, slxs={made.name: Packed.of(made)})
    after = before.changed(changes)
    assert finder.ask(after, "logs of inventory").hits[0].resource.name == "inventory"
    gone = after.changed(Changes(resources={new.ref.path: None}, slxs={made.name: None}))
    assert "inventory" not in {hit.resource.name for hit in finder.ask(gone, "logs of inventory").hits}


@given(st.text(max_size=80))
def test_any_question_is_answered(text: str) -> None:
    assert len(FINDER.ask(MAP, text).hits) <= 10


FINDER, MAP = Finder(), atlas()
