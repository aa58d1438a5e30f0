"""kubectl over the objects of the world: reads for real, pretends to write."""

import json
import re
from typing import Any

import yaml

from toolbox import jsonpath
from toolbox.answer import Answer, Call

_VALUED = (
    *("-n", "--namespace", "--context", "-o", "--output", "-l", "--selector", "--field-selector", "-c", "--container"),
    *("--tail", "--since", "--sort-by", "--kubeconfig", "--request-timeout", "-f", "--filename", "--timeout", "-p"),
    *("--patch", "--type", "--for", "--replicas", "--limit", "--limits", "--requests", "--since-time", "--overrides"),
    *("--image", "--as", "--for", "--revision", "--to-revision", "--raw", "--cluster", "--user", "-L", "--cpu-percent"),
)
_SHORT = {
    "po": "pod",
    "deploy": "deployment",
    "sts": "statefulset",
    "ds": "daemonset",
    "rs": "replicaset",
    "svc": "service",
    "ing": "ingress",
    "ns": "namespace",
    "no": "node",
    "ev": "event",
    "cm": "configmap",
    "pvc": "persistentvolumeclaim",
    "pv": "persistentvolume",
    "sa": "serviceaccount",
    "ep": "endpoint",
    "hpa": "horizontalpodautoscaler",
    "pdb": "poddisruptionbudget",
    "cj": "cronjob",
    "hr": "helmrelease",
    "ingresses": "ingress",
    "ks": "kustomization",
    "netpol": "networkpolicy",
    "sc": "storageclass",
    "endpoints": "endpoints",
    "gitrepositories": "gitrepository",
    "networkpolicies": "networkpolicy",
    "quota": "resourcequota",
    "storageclasses": "storageclass",
    "crd": "customresourcedefinition",
}
_ALL = ("pod", "service", "daemonset", "deployment", "replicaset", "statefulset", "job", "cronjob")
_DONE = {
    "delete": "deleted",
    "patch": "patched",
    "scale": "scaled",
    "annotate": "annotated",
    "label": "labeled",
    "apply": "configured",
    "create": "created",
    "set": "updated",
    "autoscale": "autoscaled",
    "cordon": "cordoned",
}


def answer(call: Call) -> Answer:
    """One command."""
    words = call.words(*_VALUED)
    verb = words[0] if words else "help"
    known = {
        "get": _get,
        "describe": _describe,
        "logs": _logs,
        "top": _top,
        "version": _version,
        "config": _config,
        "auth": lambda call, words: Answer("yes\n"),
        "cluster-info": lambda call, words: Answer("Kubernetes control plane is running at https://192.0.2.1:6443\n"),
        "api-resources": _api_resources,
        "rollout": _rollout,
        "exec": lambda call, words: Answer(""),
    }
    if verb in known:
        return known[verb](call, words)
    what = "/".join(words[1:3]) if verb in _DONE else ""
    return Answer(f"{what} {_DONE[verb]}\n" if what else "")


def _get(call: Call, words: list[str]) -> Answer:
    raw = call.option("--raw")
    if raw:
        return Answer("ok" if "z" in raw.rpartition("/")[2] else json.dumps({"items": []}))
    found, missing, single = _select(call, words[1:])
    if missing and "--ignore-not-found" not in " ".join(call.args):
        kind, name = missing
        return Answer("", f'Error from server (NotFound): {kind}s "{name}" not found\n', 1)
    if single:
        return Answer(shape(call, found[0]) if found else "")
    if not found and not call.option("-o", "--output"):
        return Answer("", f"No resources found in {call.option('-n', '--namespace') or 'default'} namespace.\n")
    return Answer(shape(call, {"apiVersion": "v1", "kind": "List", "items": found, "metadata": {}}))


def _select(call: Call, words: list[str]) -> tuple[list[dict[str, Any]], tuple[str, str] | None, bool]:
    """The objects asked for, the kind and name of one that is not there, and whether one was asked for by name."""
    if not words:
        return [], None, False
    pairs = [tuple(word.split("/", 1)) for word in words if "/" in word]
    kinds = [] if pairs else words[0].split(",")
    names = [] if pairs else words[1:]
    wanted = [(kind(pair[0]), pair[1]) for pair in pairs] + [(kind(one), name) for one in kinds for name in names]
    if wanted:
        found = [one for pair in wanted for one in _of(call, pair[0], pair[1])]
        gone = next((pair for pair in wanted if not _of(call, pair[0], pair[1])), None)
        return found, gone, len(wanted) == 1
    several = [one for name in kinds for one in (_ALL if name == "all" else (kind(name),))]
    return [one for name in several for one in _of(call, name, None)], None, False


def kind(word: str) -> str:
    """The kind a word of the command line means, in lower case and singular."""
    word = word.lower().split(".")[0]
    word = _SHORT.get(word, word)
    return word if word.endswith(("ss", "endpoints")) else word.removesuffix("s")


def _of(call: Call, wanted: str, name: str | None) -> list[dict[str, Any]]:
    everywhere = "-A" in call.args or "--all-namespaces" in call.args
    space = None if everywhere else call.option("-n", "--namespace")
    return [
        one
        for one in call.world["objects"]
        if kind(one["kind"]) == wanted
        and (name is None or one["metadata"]["name"] == name)
        and (not space or one["metadata"].get("namespace") in (None, space))
        and _labelled(one, call.option("-l", "--selector") or "")
        and _fielded(one, call.option("--field-selector") or "")
    ]


def _labelled(one: dict[str, Any], selector: str) -> bool:
    labels: dict[str, str] = one["metadata"].get("labels", {})
    for part in filter(None, re.split(r",(?![^(]*\))", selector)):
        found = re.match(r"\s*([\w./-]+)\s*(==|=|!=)\s*(.*)$", part)
        if found and (labels.get(found[1]) == found[3].strip()) == (found[2] == "!="):
            return False
    return True


def _fielded(one: dict[str, Any], selector: str) -> bool:
    for part in filter(None, selector.split(",")):
        found = re.match(r"([\w.]+)(==|=|!=)(.*)$", part.strip())
        if found:
            value = "".join(str(it) for it in jsonpath.find(f".{found[1]}", one))
            if (value == found[3]) == (found[2] == "!="):
                return False
    return True


def shape(call: Call, data: Any) -> str:
    """``-o``; without it the table a person sees."""
    form = call.option("-o", "--output") or ""
    items: list[Any] = data["items"] if isinstance(data, dict) and isinstance(data.get("items"), list) else [data]
    if form == "json":
        return json.dumps(data, indent=4) + "\n"
    if form == "yaml":
        return yaml.safe_dump(data)
    if form == "name":
        return "".join(f"{one['kind'].lower()}{_group(one)}/{one['metadata']['name']}\n" for one in items)
    if form.startswith("jsonpath"):
        return jsonpath.render(form.partition("=")[2].strip("'\""), data)
    if form.startswith("custom-columns"):
        return _columns(call, form.partition("=")[2], items)
    if form.startswith(("go-template", "template")):
        return ""
    return _table(call, items)


def _group(one: dict[str, Any]) -> str:
    group = one.get("apiVersion", "v1").rpartition("/")[0]
    return f".{group}" if group else ""


def _columns(call: Call, spec: str, items: list[Any]) -> str:
    pairs = [part.split(":", 1) for part in spec.split(",") if ":" in part]
    rows = [[",".join(map(str, jsonpath.find(path, one))) or "<none>" for _, path in pairs] for one in items]
    head = [] if "--no-headers" in call.args else [[name for name, _ in pairs]]
    return "".join("   ".join(row) + "\n" for row in [*head, *rows])


def _table(call: Call, items: list[Any]) -> str:
    rows = [_row(one) for one in items]
    if "-A" in call.args or "--all-namespaces" in call.args:
        rows = [[one["metadata"].get("namespace", ""), *row] for one, row in zip(items, rows, strict=True)]
    head = [] if "--no-headers" in call.args or not items else [_head(call, items[0])]
    return "".join("   ".join(row) + "\n" for row in [*head, *rows])


def _head(call: Call, one: dict[str, Any]) -> list[str]:
    space = ["NAMESPACE"] if "-A" in call.args or "--all-namespaces" in call.args else []
    names = {
        "Pod": ["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
        "Event": ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
        "Deployment": ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        "Node": ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
    }
    return space + names.get(one["kind"], ["NAME", "AGE"])


def _row(one: dict[str, Any]) -> list[str]:
    meta, status = one["metadata"], one.get("status", {})
    if one["kind"] == "Pod":
        boxes: list[dict[str, Any]] = status.get("containerStatuses", [])
        ready = f"{sum(bool(box.get('ready')) for box in boxes)}/{len(boxes) or 1}"
        reasons = [box.get("state", {}).get("waiting", {}).get("reason") for box in boxes]
        shown = next(filter(None, reasons), status.get("phase", "Unknown"))
        return [meta["name"], ready, shown, str(sum(box.get("restartCount", 0) for box in boxes)), "2d"]
    if one["kind"] == "Event":
        about = one["involvedObject"]
        return ["5m", one["type"], one["reason"], f"{about['kind'].lower()}/{about['name']}", one["message"]]
    if one["kind"] in ("Deployment", "StatefulSet"):
        ready = f"{status.get('readyReplicas', 0)}/{one['spec'].get('replicas', 1)}"
        return [
            meta["name"],
            ready,
            str(status.get("updatedReplicas", 0)),
            str(status.get("availableReplicas", 0)),
            "2d",
        ]
    if one["kind"] == "Node":
        conditions: list[dict[str, str]] = status.get("conditions", [])
        ok = any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)
        return [meta["name"], "Ready" if ok else "NotReady", "<none>", "30d", "v1.31.0"]
    return [meta["name"], "2d"]


def _describe(call: Call, words: list[str]) -> Answer:
    found, missing, _ = _select(call, words[1:])
    if missing:
        return Answer("", f'Error from server (NotFound): {missing[0]}s "{missing[1]}" not found\n', 1)
    return Answer("\n---\n".join(f"Name: {one['metadata']['name']}\n{yaml.safe_dump(one)}" for one in found))


def _logs(call: Call, words: list[str]) -> Answer:
    name = words[1] if len(words) > 1 else ""
    logs: dict[str, str] = call.world["logs"]
    if "--previous" in call.args or "-p" in call.args:
        return Answer("", "Error from server (BadRequest): previous terminated container not found\n", 1)
    text = next((text for part, text in logs.items() if part and part in name), logs[""])
    stamp = f"{text.split()[0]} " if "--timestamps" in call.args else ""
    return Answer("".join(f"{stamp}{line}\n" for line in text.splitlines()))


def _top(call: Call, words: list[str]) -> Answer:
    wanted = kind(words[1]) if len(words) > 1 else "pod"
    usage: dict[str, str] = call.world["usage"]
    rows = [
        ([one["metadata"]["namespace"]] if "-A" in call.args or "--all-namespaces" in call.args else [])
        + [one["metadata"]["name"], *usage.get(one["metadata"]["name"], usage[f"any {wanted}"]).split()]
        for one in _of(call, wanted, words[2] if len(words) > 2 else None)
    ]
    names = ["NAME", "CPU(cores)", *(["CPU%"] if wanted == "node" else []), "MEMORY(bytes)"]
    names += ["MEMORY%"] if wanted == "node" else []
    head = [] if "--no-headers" in call.args else [names]
    return Answer("".join("   ".join(row) + "\n" for row in [*head, *rows]))


def _version(call: Call, words: list[str]) -> Answer:
    body = {"major": "1", "minor": "31", "gitVersion": "v1.31.0"}
    if call.option("-o", "--output"):
        return Answer(shape(call, {"clientVersion": body, "serverVersion": body}))
    return Answer("Client Version: v1.31.0\nKustomize Version: v5.4.2\nServer Version: v1.31.0\n")


def _config(call: Call, words: list[str]) -> Answer:
    context: str = call.world["context"]
    asked = words[1] if len(words) > 1 else ""
    if asked == "view":
        return Answer(json.dumps({"kind": "Config", "contexts": [{"name": context}], "current-context": context}))
    if asked == "get-contexts" and not call.option("-o", "--output"):
        return Answer(f"CURRENT   NAME\n*         {context}\n")
    return Answer(f"{context}\n" if asked in ("current-context", "get-contexts") else "")


def _api_resources(call: Call, words: list[str]) -> Answer:
    kinds = sorted({one["kind"] for one in call.world["objects"]})
    return Answer("".join(f"{name.lower()}s   v1   true   {name}\n" for name in kinds))


def _rollout(call: Call, words: list[str]) -> Answer:
    said = {
        "status": f"{words[2] if len(words) > 2 else 'deployment'} successfully rolled out\n",
        "history": "REVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n",
    }
    return Answer(said.get(words[1] if len(words) > 1 else "", f"{'/'.join(words[2:4])} restarted\n"))
