"""The hand that installs the shop and makes and undoes faults: the API's own verbs, in the audit under its own name."""

import json

from runstone.sandbox import shop, writing
from runstone.sandbox.clock import stamp
from runstone.sandbox.faults import Fault
from runstone.sandbox.kinds import Kind
from runstone.sandbox.objects import Obj, fresh, name_of, namespace_of
from runstone.sandbox.target import Target
from runstone.sandbox.world import World

USER = "sandbox-operator"
"""Who made the faults, in the audit; not one of the people."""

_STRATEGIC = "application/strategic-merge-patch+json"


def install(world: World, manifests: list[Obj]) -> None:
    """Create what the manifests say."""
    for manifest in manifests:
        _call(
            world, "POST", _kind(world, manifest["apiVersion"], manifest["kind"]), namespace_of(manifest), "", manifest
        )


def inject(world: World, fault: Fault) -> None:
    """Make the fault's changes."""
    for change in fault.changes:
        kind = _named(world, change["kind"])
        namespace = change.get("namespace", shop.NAMESPACE) if kind.namespaced else ""
        match change["verb"]:
            case "patch":
                _call(world, "PATCH", kind, namespace, change["name"], change["patch"])
            case "restart":
                stamped = {"kubectl.kubernetes.io/restartedAt": stamp(world.now)}
                patch = {"spec": {"template": {"metadata": {"annotations": stamped}}}}
                _call(world, "PATCH", kind, namespace, change["name"], patch)
            case "create":
                body = {"apiVersion": kind.api_version, "kind": kind.name, **change["manifest"]}
                body["metadata"] = {"name": change["name"], "namespace": namespace}
                _call(world, "POST", kind, namespace, "", body)
            case _:
                _call(world, "DELETE", kind, namespace, change["name"], {})


def revert(world: World, fault: Fault) -> None:
    """Put back what the fault changed: the shop's own manifests, and nothing that was added."""
    for place in fault.restore:
        kind_name, _, name = place.partition("/")
        kind = _named(world, kind_name)
        original = next(one for one in shop.manifests() if (one["kind"], name_of(one)) == (kind_name, name))
        before = world.store.get(kind, namespace_of(original), name)
        if before is None:
            _call(world, "POST", kind, namespace_of(original), "", original)
        else:
            body = fresh(original)
            body["metadata"]["annotations"] = before["metadata"].get("annotations", {})
            _call(world, "PUT", kind, namespace_of(original), name, body)
    for place in fault.remove:
        kind_name, _, name = place.partition("/")
        kind = _named(world, kind_name)
        if world.store.get(kind, shop.NAMESPACE if kind.namespaced else "", name):
            _call(world, "DELETE", kind, shop.NAMESPACE if kind.namespaced else "", name, {})


def _kind(world: World, api_version: str, name: str) -> Kind:
    kind = world.kinds.named(api_version, name)
    assert kind is not None, f"the sandbox does not serve {api_version} {name}"
    return kind


def _named(world: World, name: str) -> Kind:
    return next(kind for kind in world.kinds if kind.name == name)


def _call(world: World, method: str, kind: Kind, namespace: str, name: str, body: Obj) -> None:
    target = Target(kind, namespace, name, "")
    order = writing.Order(json.dumps(body).encode(), _STRATEGIC if method == "PATCH" else "application/json", {})
    match method:
        case "POST":
            writing.create(world, target, order)
        case "PUT":
            writing.update(world, target, order)
        case "PATCH":
            writing.change(world, target, order)
        case _:
            writing.delete(world, target, order)
    world.gate.record(USER, target.asked(method, watching=False), 201 if method == "POST" else 200)
