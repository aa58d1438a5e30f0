"""What the cluster says about itself: groups, resources, versions, and just enough OpenAPI for kubectl."""

from runstone.sandbox.kinds import Kind, KindTable
from runstone.sandbox.objects import Obj

VERSION: Obj = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0+sandbox",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2025-04-23T00:00:00Z",
    "goVersion": "go1.24.2",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def groups(kinds: KindTable) -> dict[str, list[str]]:
    """Served versions by group, core group '' left out."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        if kind.group and kind.version not in found.setdefault(kind.group, []):
            found[kind.group].append(kind.version)
    return found


def api_versions() -> Obj:
    """The answer to GET /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group(name: str, versions: list[str]) -> Obj:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def group(kinds: KindTable, name: str) -> Obj | None:
    """The answer to GET /apis/<group>, or None for an unknown group."""
    versions = groups(kinds).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def group_list(kinds: KindTable) -> Obj:
    """The answer to GET /apis."""
    listed = [_group(name, versions) for name, versions in groups(kinds).items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def resource_list(kinds: KindTable, group_name: str, version: str) -> Obj | None:
    """The answer to GET /api/v1 or /apis/<group>/<version>, or None when nothing is served there."""
    rows = [kind for kind in kinds if (kind.group, kind.version) == (group_name, version)]
    if not rows:
        return None
    resources: list[Obj] = []
    for kind in rows:
        resources.append(_resource(kind))
        resources.extend(_subresource(kind, name) for name in kind.subresources)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": rows[0].api_version,
        "resources": resources,
    }


def _resource(kind: Kind) -> Obj:
    row: Obj = {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        row["shortNames"] = list(kind.short)
    if kind.categories:
        row["categories"] = list(kind.categories)
    return row


_SUB_KINDS = {"scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction")}
_SUB_VERBS = {
    "log": ["get"],
    "eviction": ["create"],
    "binding": ["create"],
    "token": ["create"],
    "exec": ["create", "get"],
    "attach": ["create", "get"],
    "portforward": ["create", "get"],
}


def _subresource(kind: Kind, name: str) -> Obj:
    group_name, version, kind_name = _SUB_KINDS.get(name, (kind.group, kind.version, kind.name))
    return {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "group": group_name,
        "version": version,
        "kind": kind_name,
        "verbs": _SUB_VERBS.get(name, ["get", "patch", "update"]),
    }


def aggregated(kinds: KindTable, core: bool) -> Obj:
    """Everything about /api (core) or /apis in one answer: apidiscovery.k8s.io/v2."""
    names = {"": ["v1"]} if core else groups(kinds)
    items: list[Obj] = []
    for name, versions in names.items():
        listed = [_aggregated_version(kinds, name, version) for version in versions]
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_version(kinds: KindTable, group_name: str, version: str) -> Obj:
    resources: list[Obj] = []
    for kind in kinds:
        if (kind.group, kind.version) != (group_name, version):
            continue
        resource: Obj = {
            "resource": kind.plural,
            "responseKind": _response_kind(kind.group, kind.version, kind.name),
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "singularResource": kind.name.lower(),
            "verbs": list(kind.verbs),
            "shortNames": list(kind.short),
            "categories": list(kind.categories),
        }
        subresources = [_aggregated_subresource(kind, name) for name in kind.subresources]
        if subresources:
            resource["subresources"] = subresources
        resources.append(resource)
    return {"version": version, "resources": resources, "freshness": "Current"}


def _aggregated_subresource(kind: Kind, name: str) -> Obj:
    row = _subresource(kind, name)
    return {
        "subresource": name,
        "responseKind": _response_kind(row["group"], row["version"], row["kind"]),
        "verbs": row["verbs"],
    }


def _response_kind(group_name: str, version: str, kind: str) -> Obj:
    return {"group": group_name, "version": version, "kind": kind}


def openapi_index(kinds: KindTable) -> Obj:
    """The answer to GET /openapi/v3: one document per group and version."""
    places = sorted({kind.path.lstrip("/") for kind in kinds})
    return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}?hash=0"} for place in places}}


def openapi(kinds: KindTable, place: str) -> Obj:
    """The document of one group and version: that each kind can be patched, and with which parameters.

    kubectl reads from it that the server checks fields itself, so no schema is needed on its side.
    """
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    paths: Obj = {}
    for kind in kinds:
        if kind.path.lstrip("/") != place:
            continue
        where = "/namespaces/{namespace}" if kind.namespaced else ""
        meant = {"group": kind.group, "version": kind.version, "kind": kind.name}
        paths[f"{kind.path}{where}/{kind.plural}/{{name}}"] = {
            "patch": {
                "parameters": parameters,
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": meant,
            }
        }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": {}},
    }
