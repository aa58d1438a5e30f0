"""What a trigger is about: from the words of a question or the labels of an alert to resources on the Map. Pure."""

from dataclasses import dataclass, replace

from runstone.control.runs.words import raw_words, words
from runstone.control.workspaces.atlas import WORKLOADS, Atlas
from runstone.model.resource import Resource, ResourceRef
from runstone.model.run import Trigger

# Labels of stock alert rules (kube-prometheus, kube-state-metrics) that name a resource, with its kind. The most
# telling first: a KubePodCrashLooping alert carries pod, container and often the scraping job's own labels as well.
_LABELS: tuple[tuple[str, str], ...] = (
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("job_name", "Job"),
    ("cronjob", "CronJob"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("ingress", "Ingress"),
    ("exported_service", "Service"),
    ("service", "Service"),
    ("horizontalpodautoscaler", "HorizontalPodAutoscaler"),
    ("node", "Node"),
    ("pod", "Pod"),
    ("workload", "Deployment"),
    ("container", "Deployment"),
)
# What a person names in a question: the things they run and expose, before what these are made of.
_KIND_WEIGHT = {
    "Deployment": 1.0, "StatefulSet": 1.0, "DaemonSet": 1.0, "Service": 0.9, "Ingress": 0.9, "CronJob": 0.9, "Job": 0.8,
    "PersistentVolumeClaim": 0.8, "Node": 0.8, "Pod": 0.7, "Namespace": 0.6,
}  # fmt: skip
_KIND_WORDS = frozenset({kind.lower() for kind in _KIND_WEIGHT} | {"app", "api", "server", "workload", "system"})
"""Words that stand in many names and say only what kind of thing is meant: ``checkoutservice`` is not every service."""
_FOCUS_LIMIT = 6


@dataclass(frozen=True)
class Focus:
    """A resource that the trigger is about. ``weight`` 0..1 says how surely; ``why`` says it in words."""

    ref: ResourceRef
    weight: float
    why: str


def resolve(trigger: Trigger, atlas: Atlas) -> list[Focus]:
    """The resources a trigger names, surest first; with none named, what looks ill; with nothing ill, the namespaces.

    Pods resolve to the workload that owns them. The result is empty only when the Map has nothing in scope.
    """
    named = _from_labels(trigger, atlas) or _from_words(trigger, atlas)
    return (named or _ill(trigger, atlas) or _namespaces(trigger, atlas))[:_FOCUS_LIMIT]


def names_something(trigger: Trigger, atlas: Atlas) -> bool:
    """True when the trigger itself names a resource that is on the Map."""
    return bool(_from_labels(trigger, atlas) or _from_words(trigger, atlas))


def _from_labels(trigger: Trigger, atlas: Atlas) -> list[Focus]:
    namespace = trigger.labels.get("exported_namespace") or trigger.labels.get("namespace", "")
    found: dict[str, Focus] = {}
    for label, kind in _LABELS:
        name = trigger.labels.get(label, "")
        ref = _labelled(kind, namespace, name, atlas) if name else None
        if ref:
            ref = atlas.canonical(ref)
            found.setdefault(ref.path, Focus(ref, 1.0 - 0.1 * len(found), f"the alert's label {label}={name}"))
    return list(found.values())


def _labelled(kind: str, namespace: str, name: str, atlas: Atlas) -> ResourceRef | None:
    where = "" if kind == "Node" else namespace
    found = atlas.find(kind, where, name)
    if found or kind != "Pod":
        return found
    # The Pod of an alert is often gone by now: its workload's name is the beginning of its own.
    owners = [
        r.ref
        for r in atlas.resources.values()
        if r.ref.kind in WORKLOADS and r.ref.namespace == namespace and name.startswith(r.ref.name + "-")
    ]
    return max(owners, key=lambda ref: len(ref.name), default=None)


def _from_words(trigger: Trigger, atlas: Atlas) -> list[Focus]:
    asked = words(trigger.text)
    raw = set(raw_words(trigger.text))
    found: dict[str, Focus] = {}
    for resource in _in_scope(trigger, atlas):
        weight, why = _match(resource, asked, raw)
        if weight:
            ref = atlas.canonical(resource.ref)
            boosted = min(1.0, weight + (0.05 if resource.health == "ill" else 0.0))
            if ref.path not in found or found[ref.path].weight < boosted:
                found[ref.path] = Focus(ref, boosted, why)
    ranked = sorted(found.values(), key=lambda f: (-f.weight, f.ref.path))
    # When something is named well, what only shares a word with the question is not meant.
    best = ranked[0].weight if ranked else 0.0
    specific = [focus for focus in ranked if focus.weight >= 0.75 * best]
    kept = [focus for focus in specific if focus.ref.kind != "Namespace"]
    # However weak the likeness: it is the best there is, and must be worth a look.
    kept = [replace(focus, weight=max(focus.weight, 0.6)) for focus in kept]
    return kept or _inside([focus.ref.name for focus in specific], trigger, atlas) or specific


def _match(resource: Resource, asked: list[str], raw: set[str]) -> tuple[float, str]:
    ref = resource.ref
    kind_weight = _KIND_WEIGHT.get(ref.kind, 0.0)
    if not kind_weight and ref.kind.lower() not in raw and ref.kind.lower() not in asked:
        return 0.0, ""
    kind_weight = kind_weight or 0.75
    name = raw_words(ref.name)
    joined = "".join(name)
    named_kind = 0.1 if ref.kind.lower() in asked else 0.0
    if name and set(name) <= raw:
        return min(1.0, kind_weight * (0.9 + 0.02 * len(name)) + named_kind), f"the question names {ref.name}"
    telling = [word for word in asked if len(word) >= 3 and word not in _KIND_WORDS]
    best = max((_partial(word, joined) for word in telling), default=0.0)
    both = "".join(asked)
    if len(joined) >= 5 and joined in both:
        best = max(best, 0.9)
    if best < 0.4:
        return 0.0, ""
    return kind_weight * best + named_kind, f"the question's words are in the name {ref.name}"


def _partial(word: str, joined: str) -> float:
    """How well a word stands for a name: ``checkout`` for ``checkoutservice`` well, ``cart`` for ``rediscart`` less."""
    stem = word.removesuffix("s") if len(word) > 4 else word
    if stem not in joined and not (len(joined) >= 4 and joined in word):
        return 0.42 if _related(stem, joined) else 0.0
    share = min(len(stem), len(joined)) / max(len(stem), len(joined))
    return 0.45 + 0.5 * share + (0.05 if joined.startswith(stem) else 0.0)


def _related(word: str, joined: str) -> bool:
    """``email`` and ``mailer``: four letters or more in a row, three quarters of the shorter one."""
    shorter, longer = sorted((word, joined), key=len)
    size = max(4, -(-3 * len(shorter) // 4))
    return any(shorter[i : i + size] in longer for i in range(len(shorter) - size + 1))


def _in_scope(trigger: Trigger, atlas: Atlas) -> list[Resource]:
    wanted = set(trigger.namespaces)
    return [
        resource
        for resource in atlas.resources.values()
        if not wanted
        or resource.ref.namespace in wanted
        or (not resource.ref.namespace and (resource.ref.kind != "Namespace" or resource.ref.name in wanted))
    ]


def _inside(namespaces: list[str], trigger: Trigger, atlas: Atlas) -> list[Focus]:
    """What looks ill in the namespaces that a question names."""
    return [focus for focus in _ill(trigger, atlas) if focus.ref.namespace in namespaces]


def _ill(trigger: Trigger, atlas: Atlas) -> list[Focus]:
    found: dict[str, Focus] = {}
    for resource in _in_scope(trigger, atlas):
        if resource.health == "ill" and resource.ref.kind in _KIND_WEIGHT:
            ref = atlas.canonical(resource.ref)
            if atlas.slxs(ref):
                weight = 0.6 * _KIND_WEIGHT[resource.ref.kind]
                found.setdefault(ref.path, Focus(ref, weight, f"it looks ill: {resource.summary}"))
    return sorted(found.values(), key=lambda f: (-f.weight, f.ref.path))


def _namespaces(trigger: Trigger, atlas: Atlas) -> list[Focus]:
    return [
        Focus(resource.ref, 0.7, "nothing on the Map looks ill; a look over the namespace")
        for resource in _in_scope(trigger, atlas)
        if resource.ref.kind == "Namespace" and atlas.slxs(resource.ref)
    ]
