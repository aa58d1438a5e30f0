"""How much is asked for of what: levels of detail, and what is left out. Pure.

Facts of the format: a namespace's annotation beats what is said of it for the context, that beats what is said for all
contexts, that the context's default, that the default of all. ``none`` leaves out. An object is left out by the
annotation ``config.runwhen.com/ignore: "true"``, the label ``runwhen-local: ignore``, or what a workspace excludes;
where a workspace includes anything, what carries none of it is left out too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors.platforms import Object
from runstone.edge.discovery.relations import CLUSTER_KINDS, Objects
from runstone.edge.discovery.subjects import DETAILED, texts
from runstone.errors import BadInput
from runstone.model.resource import ResourceRef

BY_WORD = {"none": 0, "basic": 1, "detailed": DETAILED}
_LEVEL_ANNOTATION = "config.runwhen.com/lod"
_IGNORE_ANNOTATION = ("config.runwhen.com/ignore", "true")
_IGNORE_LABEL = ("runwhen-local", "ignore")
_SPECIAL = re.compile(r"[.*+?^$\[\]{}()\\]")
Pairs = frozenset[tuple[str, str]]


def level(said: object, where: str) -> int:
    """A level as it is written: a word or its number. Raises BadInput naming ``where``."""
    word = str(said).lower()
    found = BY_WORD.get(word, int(word) if word in ("0", "1", "2") else -1)
    if found < 0:
        raise BadInput(f"{where}: a level of detail is none, basic or detailed (or 0, 1, 2), not {said!r}.")
    return found


@dataclass(frozen=True)
class Wanted:
    """What a workspace asks for of one platform."""

    default: int = DETAILED
    places: Mapping[str, int] = field(default_factory=dict[str, int])
    """Levels by namespace, or by resource group, project or account."""
    only: tuple[str, ...] = ()
    """Namespaces: names, or regular expressions for whole names; all when empty."""
    include_labels: Pairs = frozenset()
    include_annotations: Pairs = frozenset()
    exclude_labels: Pairs = frozenset()
    exclude_annotations: Pairs = frozenset()


_PLACE = {"azure": "resource_group", "gcp": "project_id", "aws": "account_id"}


class Levels:
    """The levels of one platform's resources. Remembers those of namespaces, since most resources lie in one."""

    def __init__(self, family: str = "kubernetes", wanted: Wanted | None = None) -> None:
        self._family = family
        self._wanted = wanted or Wanted()
        self._only = [_matcher(one) for one in self._wanted.only]
        self._known: dict[str, tuple[int, bool]] = {}

    def level(self, ref: ResourceRef, obj: Object, objects: Objects) -> int:
        """Level of a resource: 0 none, 1 basic, 2 detailed."""
        if self._family != "kubernetes":
            place = obj.get(_PLACE.get(self._family, ""))
            name = place.get("name") if isinstance(place, dict) else place
            return self._wanted.places.get(str(name), self._wanted.default)
        namespace = _namespace(ref)
        return self._of(namespace, objects)[0] if namespace else DETAILED

    def excluded(self, ref: ResourceRef, obj: Object, objects: Objects) -> bool:
        """Whether rules are not to see a resource."""
        if self._family == "kubernetes":
            namespace = _namespace(ref)
            if namespace and self._of(namespace, objects)[1]:
                return True
        return self.level(ref, obj, objects) == 0 or self._left_out(obj, whole=ref.kind not in CLUSTER_KINDS)

    def forget(self, namespace: str) -> bool:
        """A namespace has changed: what lies in it has to be asked about again. Whether anything was known."""
        return self._known.pop(namespace, None) is not None

    def _of(self, namespace: str, objects: Objects) -> tuple[int, bool]:
        if namespace not in self._known:
            self._known[namespace] = self._asked(namespace, objects)
        return self._known[namespace]

    def _asked(self, name: str, objects: Objects) -> tuple[int, bool]:
        obj = objects.by_ref.get(objects.ref("Namespace", "", name)) or {"metadata": {"name": name}}
        said = texts(obj["metadata"].get("annotations")).get(_LEVEL_ANNOTATION, "").lower()
        found = BY_WORD.get(said, self._wanted.places.get(name, self._wanted.default))
        outside = bool(self._only) and not any(one(name) for one in self._only)
        return found, outside or self._left_out(obj, whole=True)

    def _left_out(self, obj: Object, *, whole: bool) -> bool:
        """``whole``: what carries nothing that is included is left out, too."""
        metadata = obj["metadata"]
        labels = set(texts(metadata.get("labels")).items())
        annotations = set(texts(metadata.get("annotations")).items())
        wanted = self._wanted
        if labels & {_IGNORE_LABEL, *wanted.exclude_labels}:
            return True
        if annotations & {_IGNORE_ANNOTATION, *wanted.exclude_annotations}:
            return True
        if not whole or not (wanted.include_labels or wanted.include_annotations):
            return False
        return not (labels & wanted.include_labels or annotations & wanted.include_annotations)


def _namespace(ref: ResourceRef) -> str:
    return ref.name if ref.kind == "Namespace" else "" if ref.kind in CLUSTER_KINDS else ref.namespace


def _matcher(pattern: str) -> Any:
    """A name, or a regular expression for whole names; one that is none is taken as a name."""
    if not _SPECIAL.search(pattern):
        return pattern.__eq__
    try:
        return re.compile(pattern).fullmatch
    except re.error:
        return pattern.__eq__
