"""Relations that objects say of themselves, in ``_map.references``: those of every platform but Kubernetes. Pure.

A reference names another object of the same platform by ``uid`` or by ``name`` (with ``kind``, where that is known).
What is not there, or may be any of several, makes no relation.
"""

from collections.abc import Iterator
from typing import Any

from runstone.connectors.platforms import Object
from runstone.edge.discovery.relations import Objects
from runstone.model.resource import Relation, ResourceRef


def relate(objects: Objects) -> list[Relation]:
    """Every relation that the objects tell of."""
    index = _Index(objects)
    return [one for ref, obj in objects.by_ref.items() for one in _of(ref, obj, index)]


class _Index:
    """Objects by what references call them."""

    def __init__(self, objects: Objects) -> None:
        self.by_uid: dict[str, ResourceRef] = {}
        self.by_name: dict[str, list[ResourceRef]] = {}
        for ref, obj in objects.by_ref.items():
            self.by_uid[_folded(obj["metadata"].get("uid"))] = ref
            for name in {ref.name, str(obj.get("name") or ref.name)}:
                self.by_name.setdefault(_folded(name), []).append(ref)

    def found(self, said: Object, source: ResourceRef) -> ResourceRef | None:
        """What a reference names; of several, the one in the source's own scope."""
        if said.get("uid"):
            return self.by_uid.get(_folded(said["uid"]))
        kind = said.get("kind") or ""
        named = [ref for ref in self.by_name.get(_folded(said.get("name")), ()) if not kind or ref.kind == kind]
        near = [ref for ref in named if ref.namespace == source.namespace]
        chosen = near or named
        return chosen[0] if len(chosen) == 1 else None


def _of(ref: ResourceRef, obj: Object, index: _Index) -> Iterator[Relation]:
    said: list[Any] = (obj.get("_map") or {}).get("references") or []
    for one in said:
        target = index.found(one, ref)
        if target is None or target == ref:
            continue
        first, second = (target, ref) if one.get("inverse") else (ref, target)
        yield Relation(source=first, type=one["relation"], target=second, detail=str(one.get("field") or ""))


def _folded(text: object) -> str:
    """Ids of Azure are written in any case."""
    return str(text or "").lower()
