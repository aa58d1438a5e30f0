"""What happens to an object on its way in and out: checks, defaults, admission, versions, deletion."""

import base64
import re
import uuid
from typing import Any

from runstone.sandbox import defaults, quota
from runstone.sandbox.clock import Clock, stamp
from runstone.sandbox.kinds import (
    CLAIM,
    CUSTOM,
    DEPLOYMENT,
    NAMESPACE,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
    KindTable,
    from_definition,
)
from runstone.sandbox.objects import Obj, at, each, fresh, labels_of, mapping, name_of, namespace_of
from runstone.sandbox.selectors import matches
from runstone.sandbox.status import already_exists, bad_request, conflict, forbidden, invalid, not_found
from runstone.sandbox.store import Store

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_CLAIM_RULE = (
    "Forbidden: spec is immutable after creation except resources.requests "
    "and volumeAttributesClassName for bound claims"
)
_SET_RULE = (
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
    "are forbidden"
)
_FREE_NAMES = "rbac.authorization.k8s.io"
_SYSTEM_META = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


def suffix(length: int = 5) -> str:
    """Random letters as the API server puts behind generateName."""
    number, letters = uuid.uuid4().int, ""
    for _ in range(length):
        number, place = divmod(number, len(_SUFFIX))
        letters += _SUFFIX[place]
    return letters


class Registry:
    """The one door to the store for people and controllers alike."""

    def __init__(self, store: Store, kinds: KindTable, clock: Clock) -> None:
        self.store, self.kinds, self.clock = store, kinds, clock
        self._next_address = 20

    def need(self, kind: Kind, namespace: str, name: str) -> Obj:
        """The object. Raises ApiError 404."""
        obj = self.store.get(kind, namespace, name)
        if obj is None:
            raise not_found(kind.plural, kind.group, name)
        return obj

    def create(self, kind: Kind, obj: Obj, dry: bool = False) -> Obj:
        """Admit and store a new object. Raises ApiError 400, 403, 404, 409 or 422."""
        obj = fresh(obj)
        meta = obj.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + suffix()
        if not kind.namespaced:
            meta.pop("namespace", None)
        self._check(kind, obj)
        for field in ("uid", "resourceVersion", "deletionTimestamp", "creationTimestamp", "managedFields"):
            meta.pop(field, None)
        meta["generation"] = 1
        self._prepare(kind, obj)
        if self.store.get(kind, namespace_of(obj), name_of(obj)):
            raise already_exists(kind.plural, kind.group, name_of(obj))
        self._admit(kind, obj)
        if dry:
            meta.update(uid=str(uuid.uuid4()), creationTimestamp=stamp(self.clock.now()))
            return obj
        stored = self.store.add(kind, obj)
        if kind is CUSTOM:
            for custom in from_definition(obj):
                self.kinds.add(custom)
        return stored

    def update(self, kind: Kind, obj: Obj, dry: bool = False, part: str = "spec") -> Obj:
        """Replace an object; `part` "status" changes the status only. Raises ApiError 404, 409 or 422."""
        before = self.need(kind, namespace_of(obj), name_of(obj))
        version = at(obj, "metadata", "resourceVersion")
        if version and version != before["metadata"]["resourceVersion"]:
            raise conflict(kind.plural, kind.group, name_of(obj))
        after = fresh(obj)
        if part == "status":
            after = {**fresh(before), "status": after.get("status", {})}
        else:
            self._keep_system_fields(kind, before, after)
            self._prepare(kind, after)
            self._check_change(kind, before, after)
            if _wanted(before) != _wanted(after):
                after["metadata"]["generation"] = before["metadata"].get("generation", 1) + 1
        after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
        if dry:
            return after
        stored = self.store.put(kind, after)
        if at(stored, "metadata", "deletionTimestamp") and not each(stored, "metadata", "finalizers"):
            self._leave_when_free(kind, stored)
        return stored

    def delete(self, kind: Kind, obj: Obj, grace: int | None = None) -> Obj:
        """Remove an object, or mark it leaving where something must still be done first."""
        if kind is NAMESPACE:
            leaving = fresh(obj)
            leaving["metadata"].setdefault("deletionTimestamp", stamp(self.clock.now()))
            leaving["status"] = {**mapping(obj, "status"), "phase": "Terminating"}
            return self.store.put(kind, leaving)
        waits = kind is POD and bool(at(obj, "spec", "nodeName")) and grace != 0
        if waits or each(obj, "metadata", "finalizers"):
            if at(obj, "metadata", "deletionTimestamp"):
                return obj
            leaving = fresh(obj)
            seconds = grace if grace is not None else at(obj, "spec", "terminationGracePeriodSeconds") or 0
            leaving["metadata"]["deletionTimestamp"] = stamp(self.clock.now() + (seconds if waits else 0))
            leaving["metadata"]["deletionGracePeriodSeconds"] = seconds if waits else 0
            return self.store.put(kind, leaving)
        return self.forget(kind, obj)

    def forget(self, kind: Kind, obj: Obj) -> Obj:
        """Remove an object at once."""
        if kind is CUSTOM:
            for custom in from_definition(obj):
                for one in self.store.all(custom):
                    self.store.remove(custom, one)
                self.kinds.drop(custom)
        return self.store.remove(kind, obj)

    def _leave_when_free(self, kind: Kind, obj: Obj) -> None:
        if kind is not POD and kind is not NAMESPACE:
            self.forget(kind, obj)

    def _check(self, kind: Kind, obj: Obj) -> None:
        name = name_of(obj)
        if not name:
            raise invalid(
                kind.name, kind.group, "", "metadata.name", "Required value: name or generateName is required"
            )
        if kind.group != _FREE_NAMES and not _NAME.fullmatch(name):
            why = f'Invalid value: "{name}": {_NAME_RULE}'
            raise invalid(kind.name, kind.group, name, "metadata.name", why)
        if kind.namespaced:
            where = self.store.get(NAMESPACE, "", namespace_of(obj))
            if where is None:
                raise not_found("namespaces", "", namespace_of(obj))
            if at(where, "status", "phase") == "Terminating":
                why = f"unable to create new content in namespace {namespace_of(obj)} because it is being terminated"
                raise forbidden(kind.plural, kind.group, name, why)
        _check_shape(kind, obj)

    def _prepare(self, kind: Kind, obj: Obj) -> None:
        defaults.fill(obj)
        if kind is SECRET:
            for key, value in (obj.pop("stringData", None) or {}).items():
                obj.setdefault("data", {})[key] = base64.b64encode(str(value).encode()).decode()
        if kind is SERVICE and obj["spec"]["type"] != "ExternalName":
            self._address(obj)
        if kind is CLAIM and "storageClassName" not in obj["spec"]:
            self._default_class(obj)

    def _address(self, service: Obj) -> None:
        spec = service["spec"]
        if not spec.get("clusterIP"):
            self._next_address += 7
            high, low = divmod(self._next_address * 37 % 60000, 250)
            spec["clusterIP"] = f"10.96.{high}.{low + 1}"
        spec.setdefault("clusterIPs", [spec["clusterIP"]])

    def _default_class(self, claim: Obj) -> None:
        marker = "storageclass.kubernetes.io/is-default-class"
        for one in self.store.all(self.kinds.named("storage.k8s.io/v1", "StorageClass") or CLAIM):
            if mapping(one, "metadata", "annotations").get(marker) == "true":
                claim["spec"]["storageClassName"] = name_of(one)

    def _admit(self, kind: Kind, obj: Obj) -> None:
        if kind is POD:
            account = obj["spec"].get("serviceAccountName") or "default"
            obj["spec"].update(serviceAccountName=account, serviceAccount=account)
            if self.store.get(SERVICE_ACCOUNT, namespace_of(obj), account) is None:
                place = f"{namespace_of(obj)}/{account}"
                why = f'error looking up service account {place}: serviceaccount "{account}" not found'
                raise forbidden(kind.plural, kind.group, name_of(obj), why)
            quota.apply_limit_ranges(self.store, obj)
        quota.admit(self.store, kind, obj)

    def _keep_system_fields(self, kind: Kind, before: Obj, after: Obj) -> None:
        meta = after["metadata"]
        for field in _SYSTEM_META:
            meta.pop(field, None)
            if field in before["metadata"]:
                meta[field] = before["metadata"][field]
        meta.pop("managedFields", None)
        if "status" in kind.subresources:
            after.pop("status", None)
            if "status" in before:
                after["status"] = fresh({"": before["status"]})[""]
        if kind is CLAIM and at(before, "spec", "volumeName"):
            after["spec"].setdefault("volumeName", before["spec"]["volumeName"])
        if kind is SERVICE and not at(after, "spec", "clusterIP"):
            after["spec"]["clusterIP"] = before["spec"].get("clusterIP")

    def _check_change(self, kind: Kind, before: Obj, after: Obj) -> None:
        _check_shape(kind, after)
        if kind.group == "apps" and at(before, "spec", "selector") != at(after, "spec", "selector"):
            raise _fixed(kind, after, "spec.selector", at(after, "spec", "selector"))
        if kind is CLAIM:
            old, new = dict(before["spec"]), dict(after["spec"])
            for spec in (old, new):
                spec.pop("resources", None)
                spec.pop("volumeName", None)
            if old != new:
                raise invalid(kind.name, kind.group, name_of(after), "spec", _CLAIM_RULE)
        if kind is STATEFUL_SET and _claims(before) != _claims(after):
            raise invalid(kind.name, kind.group, name_of(after), "spec", _SET_RULE)


def _claims(stateful_set: Obj) -> list[Any]:
    return [one.get("spec") for one in each(stateful_set, "spec", "volumeClaimTemplates")]


def _fixed(kind: Kind, obj: Obj, field: str, value: Any) -> Exception:
    return invalid(kind.name, kind.group, name_of(obj), field, f"Invalid value: {value}: field is immutable")


def _wanted(obj: Obj) -> Obj:
    """The part whose change is a new generation."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def _check_shape(kind: Kind, obj: Obj) -> None:
    if kind.group in ("apps", "batch") and kind.name in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        selector = at(obj, "spec", "selector")
        if not selector:
            raise invalid(kind.name, kind.group, name_of(obj), "spec.selector", "Required value")
        template = mapping(obj, "spec", "template")
        if not matches(selector, labels_of(template)):
            why = f"Invalid value: {labels_of(template)}: `selector` does not match template `labels`"
            raise invalid(kind.name, kind.group, name_of(obj), "spec.template.metadata.labels", why)
    replicas = at(obj, "spec", "replicas")
    if kind in (DEPLOYMENT, STATEFUL_SET) and isinstance(replicas, int) and replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid(kind.name, kind.group, name_of(obj), "spec.replicas", why)
    _check_containers(kind, obj)


def _check_containers(kind: Kind, obj: Obj) -> None:
    spec, path = (
        (obj.get("spec"), "spec") if kind is POD else (at(obj, "spec", "template", "spec"), "spec.template.spec")
    )
    if kind.custom or not isinstance(spec, dict) or kind.name == "PodTemplate":
        return
    if kind is not POD and kind.group not in ("apps", "batch"):
        return
    containers = each(spec, "containers")
    if not containers:
        raise invalid(kind.name, kind.group, name_of(obj), f"{path}.containers", "Required value")
    for index, one in enumerate(containers):
        if not isinstance(one, dict):
            raise bad_request(f"{path}.containers[{index}] must be an object")
        for field in ("name", "image"):
            if not one.get(field):
                where = f"{path}.containers[{index}].{field}"
                raise invalid(kind.name, kind.group, name_of(obj), where, "Required value")
