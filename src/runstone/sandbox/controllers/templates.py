"""Pods from templates, and the hash that names a template."""

import json
import zlib

from runstone.sandbox.kinds import POD
from runstone.sandbox.objects import Obj, fresh, labels_of, mapping, namespace_of, owner_reference
from runstone.sandbox.world import World

HASH_LABEL = "pod-template-hash"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def fingerprint(template: Obj) -> str:
    """Ten letters that stand for a template; the same for the same template."""
    text = json.dumps(_without_hash(template), sort_keys=True).encode()
    number, letters = zlib.crc32(text) << 20 | zlib.adler32(text) & 0xFFFFF, ""
    for _ in range(10):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return letters


def _without_hash(template: Obj) -> Obj:
    meta = mapping(template, "metadata")
    kept = {key: value for key, value in mapping(meta, "labels").items() if key != HASH_LABEL}
    return {**template, "metadata": {**meta, "labels": kept}}


def same(one: Obj, other: Obj) -> bool:
    """Are two templates alike, their hash label aside?"""
    return _without_hash(one) == _without_hash(other)


def make_pod(world: World, owner: Obj, template: Obj, name: str = "", labels: dict[str, str] | None = None) -> Obj:
    """Create a Pod of `owner`; a generated name unless one is given. Raises ApiError when admission refuses."""
    meta = fresh(mapping(template, "metadata"))
    meta["namespace"] = namespace_of(owner)
    meta["labels"] = {**labels_of(template), **(labels or {})}
    meta["ownerReferences"] = [owner_reference(owner)]
    if name:
        meta["name"] = name
    else:
        meta["generateName"] = f"{owner['metadata']['name']}-"
    pod: Obj = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": fresh(template["spec"])}
    return world.registry.create(POD, pod)
