"""A question to Tasks on a Map with 100,000 of them bound. Last line: JSON, milliseconds of CPU on one core.

The Map is made here: Deployments in 200 namespaces, each with SLXs of bundles that are drawn from the CodeCollections
in RUNSTONE_COLLECTIONS, or the built-in one, until it has ten Tasks or more. Half of the questions name a Deployment.
"""

import json
import os
import random
import resource
import time
from pathlib import Path

from runstone.content import parse
from runstone.control.finding.finder import Finder
from runstone.control.workspaces.atlas import Atlas, Changes
from runstone.model.content import BundleRef, CollectionRef, Task
from runstone.model.resource import Relation, Resource, ResourceRef
from runstone.model.workspace import SLX, BoundTask, Map, Runbook

BOUND, TASKS_EACH, NAMESPACES, ROUNDS = 100_000, 10, 200, 5
WORDS = ("cart", "order", "mail", "stock", "price", "user", "media", "report", "audit", "ledger", "search", "billing")
QUESTIONS = (
    "why does {} restart", "errors in the logs of {}", "{} is slow and times out", "CrashLoopBackOff in {}",
    "KubePodCrashLooping", "certificate expires soon", "disk full on the database", "pods pending in the cluster",
    "what changed in {} before it broke", "ingress answers 502", "is {} out of memory", "no space left on device",
)  # fmt: skip


def main() -> None:
    bundles = known()
    map_ = made(bundles)
    began = time.process_time()
    atlas = Atlas(map_)
    built = time.process_time() - began
    finder = Finder()
    began = time.process_time()
    finder.ask(atlas, "why is cart-1 failing")
    first = time.process_time() - began
    spent = sorted(asked(finder, atlas))
    print(
        json.dumps(
            {
                "bound_tasks": sum(len(one.runbook.tasks) for one in map_.slxs if one.runbook),
                "distinct_tasks": sum(map(len, bundles.values())),
                "slxs": len(map_.slxs),
                "atlas_cpu_s": round(built, 2),
                "first_question_cpu_s": round(first, 2),
                "p50_ms": round(spent[len(spent) // 2], 2),
                "p95_ms": round(spent[int(len(spent) * 0.95)], 2),
                "max_ms": round(spent[-1], 2),
                "after_change_ms": round(after_change(finder, atlas), 2),
                "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            }
        )
    )


def known() -> dict[str, tuple[Task, ...]]:
    """The Tasks of each bundle."""
    named = os.environ.get("RUNSTONE_COLLECTIONS", "")
    builtin = Path(__file__).parents[1] / "codecollection"
    roots = [one for one in sorted(Path(named).iterdir()) if (one / "codebundles").is_dir()] if named else [builtin]
    files = [file for root in roots for file in sorted(root.glob("codebundles/*/runbook.robot"))]
    return {file.parent.name: parse.suite(file).tasks for file in files}


def made(bundles: dict[str, tuple[Task, ...]]) -> Map:
    chance = random.Random(1)
    resources: list[Resource] = []
    relations: list[Relation] = []
    slxs: list[SLX] = []
    bound = 0
    while bound < BOUND:
        number = len(resources)
        ref = ResourceRef(
            platform="c",
            kind="Deployment",
            namespace=f"ns{number % NAMESPACES}",
            name=f"{chance.choice(WORDS)}-{number}",
        )
        health = "ill" if chance.random() < 0.02 else "ok"
        resources.append(Resource(ref=ref, labels={}, health=health, summary="", facts={}, software=()))
        if number:
            other = chance.choice(resources[-100:]).ref
            relations.append(Relation(source=ref, type="calls", target=other, detail=""))
        mine = 0
        while mine < TASKS_EACH:
            bundle = chance.choice(list(bundles))
            slxs.append(slx(f"w--{ref.name}-{len(slxs)}", ref, bundle, bundles[bundle]))
            mine += len(bundles[bundle])
        bound += mine
    return Map(resources=tuple(resources), relations=tuple(relations), slxs=tuple(slxs), readings=())


def slx(name: str, ref: ResourceRef, bundle: str, tasks: tuple[Task, ...]) -> SLX:
    collection = CollectionRef(url="https://example.com/c", ref="main", commit="a" * 40)
    place = BundleRef(collection=collection, path=f"codebundles/{bundle}", robot="runbook.robot")
    bound = tuple(
        BoundTask(
            title=task.title,
            resolved_title=f"{task.title} {ref.name}",
            documentation=task.documentation,
            tags=task.tags,
            access=task.access,
        )
        for task in tasks
    )
    book = Runbook(bundle=place, variables={}, secrets=(), tasks=bound)
    return SLX(name=name, alias=ref.name, statement="", resources=(ref,), tags={}, runbook=book, sli=None)


def asked(finder: Finder, atlas: Atlas) -> list[float]:
    chance = random.Random(2)
    names = [one.ref.name for one in atlas.resources.values()]
    spent: list[float] = []
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            text = question.format(chance.choice(names))
            began = time.process_time()
            finder.ask(atlas, text)
            spent.append(1000 * (time.process_time() - began))
    return spent


def after_change(finder: Finder, atlas: Atlas) -> float:
    """The first question after a resource came."""
    ref = ResourceRef(platform="c", kind="Deployment", namespace="ns1", name="newcomer")
    new = Resource(ref=ref, labels={}, health="ok", summary="", facts={}, software=())
    changed = atlas.changed(Changes(resources={ref.path: new}))
    began = time.process_time()
    finder.ask(changed, "why does newcomer restart")
    return 1000 * (time.process_time() - began)


if __name__ == "__main__":
    main()
