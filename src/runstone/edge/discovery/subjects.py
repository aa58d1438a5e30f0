"""What GenerationRules are tried on, and what templates see of it. Pure.

A Subject is a resource of any platform as rules know it: its type words, its qualifiers, its labels, its object. The
names of types, qualifiers and template variables are facts of the GenerationRules' format; which of them a platform has
is told per family below.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors.platforms import Object, version
from runstone.model.resource import ResourceRef

# Kubernetes types by the words rules use; anything else is a custom type ``plural[.group][/version]``.
KINDS = {
    "cluster": "Cluster", "namespace": "Namespace", "deployment": "Deployment", "daemonset": "DaemonSet",
    "statefulset": "StatefulSet", "job": "Job", "cronjob": "CronJob", "ingress": "Ingress", "service": "Service",
    "pod": "Pod", "persistentvolumeclaim": "PersistentVolumeClaim", "node": "Node", "nodes": "Node",
    "networkpolicy": "NetworkPolicy", "networkpolicies.networking.k8s.io": "NetworkPolicy",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler", "poddisruptionbudget": "PodDisruptionBudget",
    "resourcequota": "ResourceQuota", "resourcequotas": "ResourceQuota", "persistentvolume": "PersistentVolume",
    "storageclass": "StorageClass", "ingressclass": "IngressClass", "configmap": "ConfigMap", "secret": "Secret",
    "serviceaccount": "ServiceAccount",
}  # fmt: skip
_WORD_OF = {kind: word for word, kind in reversed(KINDS.items())}
_WORDS_OF = {kind: [word for word, of in KINDS.items() if of == kind] for kind in KINDS.values()}
DETAILED = 2


@dataclass(frozen=True)
class Subject:
    """A resource that rules are tried on. ``type`` is the word or custom type it calls itself."""

    type: str
    kind: str
    name: str
    namespace: str
    cluster: str
    """The cluster's name; empty on other platforms."""
    context: str
    labels: dict[str, str]
    """Its labels, or its tags where those are what the platform has."""
    annotations: dict[str, str]
    resource: Object
    """The object itself; empty for the cluster, which has none."""
    level: int = DETAILED
    """Level of detail: 0 none, 1 basic, 2 detailed."""
    stamp: str = ""
    """Another text whenever the object is another."""
    family: str = "kubernetes"
    """What ``spec.platform`` of a rule file calls the platform."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further qualifiers by name, such as ``account_id`` or ``resource_group``."""
    software: tuple[str, ...] = ()
    """Ids of what was recognised in it."""
    types: tuple[str, ...] = ()
    """Every word a rule may know it by; empty when there is only ``type``."""
    place: int = 0
    """Its place in the order of telling, before its name is asked."""
    uid: str = ""
    """What sets it apart on its platform when kind, namespace and name do not."""

    @property
    def words(self) -> tuple[str, ...]:
        """Every word a rule may know it by."""
        return self.types or (self.type,)

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, namespace and name: unique on its platform, and the order in which subjects are told."""
        return self.kind, self.namespace, self.name

    def ref(self, platform: str) -> ResourceRef:
        """Its name on the Map."""
        return ResourceRef(platform=platform, kind=self.kind, namespace=self.namespace, name=self.map_name)

    @property
    def map_name(self) -> str:
        """Its name on the Map, which is longer than ``name`` where that is not unique."""
        return self.uid or self.name

    def qualifier(self, name: str) -> str:
        """A qualifier's value; empty where it has none, so that no SLX can be named after it."""
        if name == "resource":
            return self.name
        if name in self.values:
            return self.values[name]
        if self.family != "kubernetes":
            return ""
        namespace = self.name if self.kind == "Namespace" else self.namespace
        return {"namespace": namespace, "cluster": self.cluster, "context": self.context}.get(name, "")


def kubernetes(ref: ResourceRef, obj: Object, cluster: str, context: str, level: int, **more: Any) -> Subject:
    """The subject of a Kubernetes object."""
    metadata = obj["metadata"]
    words = _kubernetes_words(ref.kind, obj)
    return Subject(
        type=words[0],
        kind=ref.kind,
        name=ref.name,
        namespace=ref.namespace,
        cluster=cluster,
        context=context,
        labels=texts(metadata.get("labels")),
        annotations=texts(metadata.get("annotations")),
        resource=obj,
        level=level,
        stamp=version(obj),
        types=tuple(words),
        **more,
    )


def managed(attributes: Mapping[str, object]) -> dict[str, str]:
    """Qualifiers that a managed cluster gives to all that is in it."""
    found = ((name, str(attributes.get(name) or "")) for name in ("subscription_id", "subscription_name"))
    return {name: value for name, value in found if value}


def _kubernetes_words(kind: str, obj: Object) -> list[str]:
    """The words a rule may know a resource by, the one it calls itself first."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    plural = str(obj.get("_plural") or f"{kind.lower()}s")
    singular = kind.partition(".")[0].lower()
    named = [f"{plural}.{group}", f"{singular}.{group}", plural] if group else [plural]
    return list(dict.fromkeys([*([_WORD_OF[kind]] if kind in _WORD_OF else []), *_WORDS_OF.get(kind, []), *named]))


QUALIFIERS: Mapping[str, tuple[str, ...]] = {
    "aws": (
        *("account_id", "region", "service", "is_public", "arn", "auth_type", "account_alias", "account_name"),
        *("assume_role_arn", "auth_secret"),
    ),
    "azure": ("resource_group", "subscription_id", "subscription_name"),
    "gcp": ("project",),
    "azure_devops": ("organization", "project", "project.name"),
    "host": ("host",),
    "runwhen": ("workspace", "name", "owner_email", "location_id", "location_name"),
}
"""Qualifiers besides ``resource``, by the family of platforms that has them."""


def described(ref: ResourceRef, obj: Object, family: str, level: int, **more: Any) -> Subject:
    """The subject of an object that says itself which types it is of, in ``_map.types`` (every other platform).

    Rules and templates see ``_map.own`` in place of fields whose names the object itself needs, such as Azure's kind.
    """
    said = obj.get("_map") or {}
    types = [str(one) for one in said.get("types") or [ref.kind.lower()]]
    name = str(obj.get("name") or ref.name)
    tags = texts(obj.get("tags") or obj["metadata"].get("labels"))
    values = {key: _value(obj, key) for key in QUALIFIERS.get(family, ())}
    return Subject(
        type=_own_word(types),
        kind=ref.kind,
        name=name,
        namespace=ref.namespace,
        cluster="",
        context="",
        labels=tags,
        annotations={},
        resource={**obj, **(said.get("own") or {})},
        level=level,
        stamp=version(obj),
        family=family,
        values={key: value for key, value in values.items() if value},
        types=tuple(types),
        uid=ref.name,
        **more,
    )


def workspace(name: str, owner: str, location: str, location_name: str) -> Subject:
    """The workspace itself: all there is for rules of the family ``runwhen``."""
    said = {"owner_email": owner, "short_name": name, "location_id": location, "location_name": location_name}
    obj: Object = {"apiVersion": "runstone/v1", "kind": "Workspace", "metadata": {"name": name}, "name": name}
    more = {"workspace": name, **said, "_map": {"types": ["workspace"]}}
    place = ResourceRef(platform=name, kind="Workspace", namespace="", name=name)
    return described(place, {**obj, **more}, "runwhen", DETAILED)


def _own_word(types: Sequence[str]) -> str:
    """The format calls a type by its first alias where there is one, else by its table's name."""
    return types[1] if len(types) > 1 else types[0]


def _value(obj: Object, name: str) -> str:
    found = obj.get(name, obj.get({"project": "project_id", "project.name": "project"}.get(name, name)))
    if isinstance(found, dict):
        found = found.get("name")
    return "" if found is None else str(found)


def texts(values: Mapping[str, object] | None) -> dict[str, str]:
    """Keys and values as text."""
    return {str(key): str(value) for key, value in (values or {}).items()}


# What templates see ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """What templates know of a cluster besides its name: how it is managed and logged in to."""

    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])


def variables(subject: Subject, cluster: Cluster, others: Mapping[str, Subject], *, bare: bool) -> dict[str, Any]:
    """The platform's template variables: ``match_resource``, ``resources`` and what the family adds.

    ``bare``: ``kind`` is left empty where the format's first implementation knows none (Service, Ingress, claims).
    """
    seen = _view_of(subject, cluster, bare)
    elsewhere = {type_: _view_of(one, cluster, bare) for type_, one in others.items()}
    found = {"match_resource": seen, "resources": elsewhere}
    return found | _FAMILIES.get(subject.family, _plain)(subject, seen)


def _view_of(subject: Subject, cluster: Cluster, bare: bool) -> dict[str, Any]:
    if subject.family != "kubernetes":
        return _described_view(subject)
    return _kubernetes_view(subject, cluster, bare)


_NAMELESS = frozenset({"Service", "Ingress", "PersistentVolumeClaim"})


def _kubernetes_view(subject: Subject, cluster: Cluster, bare: bool) -> dict[str, Any]:
    namespace = subject.qualifier("namespace")
    scope = [subject.cluster, subject.namespace, *_type_part(subject), subject.name]
    place = {"name": subject.cluster, "qualified_name": subject.cluster, "context": subject.context}
    own: dict[str, Any] = {
        "name": subject.name,
        "qualified_name": "/".join(part for part in scope if part) if subject.kind != "Cluster" else subject.name,
        "kind": "" if subject.kind == "Cluster" or (bare and subject.kind in _NAMELESS) else subject.kind,
        "cluster": {**cluster.attributes, **place},
        "labels": subject.labels,
        "annotations": subject.annotations,
        "resource": subject.resource,
        "resource_type": {"name": subject.type, "platform": {"name": "kubernetes"}},
        "tags": subject.labels,
        "software": list(subject.software),
    }
    if subject.kind == "Cluster":
        return {**cluster.attributes, **own, "context": subject.context}
    if subject.namespace:
        lies = {"name": namespace, "qualified_name": f"{subject.cluster}/{namespace}"}
        own |= {"namespace": lies, "namespace_name": namespace}
    return own


def _type_part(subject: Subject) -> list[str]:
    """A custom resource's type stands in its qualified name."""
    return [] if subject.kind in _WORD_OF else [subject.type]


def _kubernetes(subject: Subject, seen: dict[str, Any]) -> dict[str, Any]:
    namespace = subject.qualifier("namespace")
    cluster = seen["cluster"]
    found = {
        "cluster": cluster,
        "context": subject.context,
        "namespace": {"name": namespace, "qualified_name": f"{subject.cluster}/{namespace}"},
    }
    known = {name: cluster[name] for name in ("subscription_id", "subscription_name") if cluster.get(name)}
    return found | known


def _described_view(subject: Subject) -> dict[str, Any]:
    obj, values = subject.resource, subject.values
    own: dict[str, Any] = {
        **{key: value for key, value in obj.items() if key not in ("metadata", "_map", "apiVersion")},
        **values,
        "name": subject.name,
        "qualified_name": _qualified(subject),
        "kind": subject.kind,
        "labels": subject.labels,
        "tags": subject.labels,
        "resource": obj,
        "resource_type": {"name": subject.type, "platform": {"name": subject.family}},
        "software": list(subject.software),
    }
    for named in ("resource_group", "project"):
        if named in values:
            own[named] = _Named(name=values[named], qualified_name=values[named])
    return own


class _Named(dict[str, str]):
    """A resource that templates write by its fields, or (those for Azure DevOps) as a whole: then it is its name."""

    def __str__(self) -> str:
        return self["name"]


_PARTS: dict[str, tuple[str, str]] = {
    "aws": ("account_id:region", ":"),
    "azure": ("resource_group", "/"),
    "gcp": ("project", "/"),
    "azure_devops": ("organization:project", "/"),
    "host": ("host", "/"),
}


def _qualified(subject: Subject) -> str:
    names, separator = _PARTS.get(subject.family, ("", "/"))
    parts = [subject.values.get(name, "") for name in names.split(":") if name]
    return separator.join([*(part for part in parts if part and part != subject.name), subject.name])


def _plain(subject: Subject, seen: dict[str, Any]) -> dict[str, Any]:
    """Qualifiers as they are; those that are resources themselves as such."""
    return {name: seen.get(name, value) for name, value in subject.values.items()}


def _aws(subject: Subject, seen: dict[str, Any]) -> dict[str, Any]:
    every = {name: subject.values.get(name, "") for name in QUALIFIERS["aws"]}
    return every | {f"tag_{key}": value for key, value in subject.labels.items()}


def _workspace(_: Subject, seen: dict[str, Any]) -> dict[str, Any]:
    return {"workspace_resource": seen}


_FAMILIES: Mapping[str, Callable[[Subject, dict[str, Any]], dict[str, Any]]] = {
    "runwhen": _workspace,
    "kubernetes": _kubernetes,
    "aws": _aws,
}


def by_type(subjects: Iterable[Subject]) -> dict[str, list[Subject]]:
    """Subjects by every word a rule may know them by, in the order given."""
    found: dict[str, list[Subject]] = {}
    for subject in subjects:
        for word in subject.words:
            found.setdefault(word, []).append(subject)
    return found
