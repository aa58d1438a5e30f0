"""Answers that change something: create, update, patch, delete, scale, evict, bind."""

import json
from dataclasses import dataclass
from typing import Any, cast

import yaml

from runstone.sandbox import patch, protobuf
from runstone.sandbox.controllers import budgets, garbage
from runstone.sandbox.kinds import POD, SERVICE_ACCOUNT, Kind
from runstone.sandbox.objects import Obj, at, fresh, mapping, name_of, namespace_of, uid_of
from runstone.sandbox.reading import Wish, kept_as, typed
from runstone.sandbox.selectors import as_text
from runstone.sandbox.status import ApiError, bad_request, no_such_path
from runstone.sandbox.target import Target
from runstone.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Order:
    """A write as it came in: the body, its content type, and the query parameters."""

    body: bytes
    media: str
    query: dict[str, str]

    @property
    def dry(self) -> bool:
        """True when nothing is to be stored."""
        return self.query.get("dryRun") == "All"

    def document(self) -> Any:
        """The body, parsed. Raises ApiError 400 or 415."""
        if "protobuf" in self.media:
            return protobuf.document(self.body)
        if "cbor" in self.media:
            raise ApiError(
                415, "UnsupportedMediaType", f"the body of the request was in an unknown format - {self.media}"
            )
        try:
            return yaml.safe_load(self.body) if "yaml" in self.media else json.loads(self.body or b"{}")
        except (ValueError, yaml.YAMLError) as err:
            raise bad_request(f"the object provided is unrecognized: {err}") from err

    def manifest(self, kind: Kind) -> Obj:
        """The body as an object of `kind`. Raises ApiError 400."""
        document = self.document()
        if not isinstance(document, dict):
            raise bad_request("the body must be an object")
        obj = cast("Obj", document)
        if obj.get("kind", kind.name) != kind.name:
            raise bad_request(
                f"{obj.get('kind')} in version {obj.get('apiVersion')!r} cannot be handled as a {kind.name}"
            )
        return {**obj, "apiVersion": kind.api_version, "kind": kind.name}


def create(world: World, target: Target, order: Order) -> Obj:
    """POST to a collection or to a creating subresource."""
    if target.subresource:
        return _create_below(world, target, order)
    obj = order.manifest(target.kind)
    meta = obj.setdefault("metadata", {})
    if target.kind.namespaced:
        if meta.get("namespace", target.namespace) != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = target.namespace
    return world.registry.create(kept_as(target.kind), obj, order.dry)


def _create_below(world: World, target: Target, order: Order) -> Obj:
    obj = world.registry.need(target.kind, target.namespace, target.name)
    if target.subresource == "eviction":
        budgets.check(world, obj)
        world.registry.delete(POD, obj)
        return success()
    if target.subresource == "binding":
        bound = fresh(obj)
        bound["spec"]["nodeName"] = at(order.document(), "target", "name")
        world.registry.update(POD, bound)
        return success()
    if target.kind is SERVICE_ACCOUNT and target.subresource == "token":
        status = {"token": f"sandbox.{uid_of(obj)}", "expirationTimestamp": "2099-01-01T00:00:00Z"}
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {},
            "spec": {},
            "status": status,
        }
    raise no_such_path()


def update(world: World, target: Target, order: Order) -> Obj:
    """PUT of an object, its status or its scale."""
    if target.subresource == "scale":
        return _rescale(world, target, order.document(), order.dry)
    obj = order.manifest(target.kind)
    if name_of(obj) != target.name:
        raise bad_request(f"the name of the object ({name_of(obj)}) does not match the name on the URL ({target.name})")
    obj["metadata"]["namespace"] = target.namespace
    if not target.kind.namespaced:
        obj["metadata"].pop("namespace")
    return world.registry.update(kept_as(target.kind), obj, order.dry, _part(target))


def _part(target: Target) -> str:
    return "status" if target.subresource == "status" else "spec"


def change(world: World, target: Target, order: Order) -> Obj:
    """PATCH of an object, its status or its scale, in any of the four languages."""
    kind = kept_as(target.kind)
    document = order.document()
    if "apply-patch" in order.media:
        return _applied(world, target, document, order)
    before = world.registry.need(kind, target.namespace, target.name)
    if target.subresource == "scale":
        scale = _patched(scale_of(before), document, order.media, "Scale")
        return _rescale(world, target, scale, order.dry)
    after = _patched(typed(kind, before), document, order.media, kind.name, kind.custom)
    wanted = at(document, "metadata", "resourceVersion") if isinstance(document, dict) else None
    after["metadata"] = {**after["metadata"], "resourceVersion": wanted or before["metadata"]["resourceVersion"]}
    return world.registry.update(kind, after, order.dry, _part(target))


def _patched(before: Obj, document: Any, media: str, kind: str, custom: bool = False) -> Obj:
    if "json-patch+json" in media:
        return patch.json_patch(before, document)
    if not isinstance(document, dict):
        raise bad_request("a merge patch must be an object")
    if "strategic-merge-patch" in media and custom:
        raise ApiError(415, "UnsupportedMediaType", "strategic merge patch is not supported for custom resources")
    if "strategic-merge-patch" in media:
        return patch.strategic(before, cast("Obj", document), kind)
    return patch.merge(before, document)


def _applied(world: World, target: Target, config: Obj, order: Order) -> Obj:
    kind, manager = kept_as(target.kind), order.query.get("fieldManager", "")
    if not manager:
        raise bad_request(
            "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
        )
    config = {**config, "metadata": {**mapping(config, "metadata"), "name": target.name}}
    if target.kind.namespaced:
        config["metadata"]["namespace"] = target.namespace
    before = world.store.get(kind, target.namespace, target.name)
    if before is None:
        made = world.registry.create(kind, {**config, "apiVersion": kind.api_version, "kind": kind.name}, order.dry)
    else:
        previous = world.applied.get((uid_of(before), manager))
        after = patch.apply(before, config, previous, kind.name)
        after["metadata"] = {**after["metadata"], "resourceVersion": before["metadata"]["resourceVersion"]}
        made = world.registry.update(kind, after, order.dry, _part(target))
    if not order.dry:
        world.applied[uid_of(made), manager] = config
    return made


def scale_of(obj: Obj) -> Obj:
    """The Scale of a workload."""
    meta = {
        key: obj["metadata"].get(key) for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    status = {"replicas": at(obj, "status", "replicas") or 0, "selector": as_text(at(obj, "spec", "selector"))}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": meta,
        "spec": {"replicas": at(obj, "spec", "replicas") or 0},
        "status": status,
    }


def _rescale(world: World, target: Target, scale: Obj, dry: bool) -> Obj:
    obj = fresh(world.registry.need(target.kind, target.namespace, target.name))
    obj["spec"]["replicas"] = at(scale, "spec", "replicas") or 0
    version = at(scale, "metadata", "resourceVersion")
    if version:
        obj["metadata"]["resourceVersion"] = version
    return scale_of(world.registry.update(target.kind, obj, dry))


def delete(world: World, target: Target, order: Order) -> Obj:
    """DELETE of one object. Answers the leaving object, or a Status once it is gone."""
    kind = kept_as(target.kind)
    obj = world.registry.need(kind, target.namespace, target.name)
    options = mapping(order.document() if order.body else {})
    wanted = at(options, "preconditions", "uid")
    if wanted and wanted != uid_of(obj):
        message = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid_of(obj)}"
        raise ApiError(409, "Conflict", message)
    if order.dry:
        return obj
    _leave(world, kind, obj, options, order.query)
    left = world.store.get(kind, target.namespace, target.name)
    if left:
        return typed(kind, left)
    return success({"name": target.name, "group": kind.group, "kind": kind.plural, "uid": uid_of(obj)})


def _leave(world: World, kind: Kind, obj: Obj, options: Obj, query: dict[str, str]) -> None:
    policy = options.get("propagationPolicy") or query.get("propagationPolicy")
    if policy == "Orphan" or options.get("orphanDependents"):
        garbage.orphan(world, obj)
    grace = options.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    world.registry.delete(kind, obj, None if grace is None else int(grace))


def delete_all(world: World, target: Target, order: Order) -> Obj:
    """DELETE of a collection, selectors obeyed."""
    kind, test = kept_as(target.kind), Wish.parse(order.query, "").test()
    options = mapping(order.document() if order.body else {})
    chosen = [obj for obj in world.store.all(kind, target.namespace) if test(typed(kind, obj))]
    for obj in chosen:
        if not order.dry and world.store.get(kind, namespace_of(obj), name_of(obj)):
            _leave(world, kind, obj, options, order.query)
    meta = {"resourceVersion": str(world.store.version)}
    return {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": meta, "items": chosen}


def success(details: Obj | None = None) -> Obj:
    """A Status that says it worked."""
    body: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return {**body, "details": details} if details else body
