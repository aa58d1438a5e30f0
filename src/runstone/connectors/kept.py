"""What of a platform's object may be kept: addresses instead of values, nothing that is or may be a secret. Pure.

Dropped for good: ``data`` of Secrets and ConfigMaps, managed fields, the last applied copy. Of environment variables,
arguments and commands only flags and the addresses they name stay, since those say who calls whom. With a salt, a value
that is dropped leaves a hash behind, which tells only that it is another than before.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, cast

from runstone.connectors import programs

Object = dict[str, Any]
HASHES = "_hashes"
"""Where the salted hashes of values lie that were not kept."""
PROGRAMS = "_programs"
"""Where the names of the programs lie that a container starts."""

_DROPPED = frozenset({"data", "stringData", "binaryData"})
_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_SCHEME = re.compile(r"^[a-z][a-z0-9+.:-]*://", re.IGNORECASE)
_WRAPPED = re.compile(r"\b(?:tcp|udp)[46]?\(([^)\s]+)\)")
"""How Go's MySQL driver writes an address: ``user:password@tcp(db:3306)/shop``."""
_HOST = re.compile(r"^([a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?\.?)(:\d{1,5})?$")
_DNS_NAME = re.compile(r"^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.[a-z]{2,24}\.?$")
_FLAG = re.compile(r"^(-{1,2}[A-Za-z0-9][\w.-]{0,60})(?:=(.*))?$", re.DOTALL)
_SECRET = re.compile(r"pass|secret|token|credential|private|auth|api_?key|_key$|^key", re.IGNORECASE)
"""Names whose values are taken for an address only when they are written as a URL: ``admin:12345`` is none."""


def trimmed(item: Object, kind: str, api_version: str, salt: bytes = b"") -> Object:
    """The object with its kind set and without what is never kept. ``item`` itself stays as it is.

    With ``salt``, which must never leave the edge, hashes of dropped values stay: of a variable in its own entry, of a
    ConfigMap's keys in the object, both under HASHES. Secrets leave none.
    """
    metadata = {key: value for key, value in (item.get("metadata") or {}).items() if key != "managedFields"}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _COPIES}
    rest = {key: _without_values(value, salt) for key, value in item.items() if key not in _DROPPED}
    found = {**rest, "apiVersion": api_version, "kind": kind, "metadata": metadata}
    if salt and kind == "ConfigMap":
        found[HASHES] = _hashes(item, salt)
    return found


def _hashes(item: Object, salt: bytes) -> dict[str, str]:
    parts = (item.get("data"), item.get("binaryData"))
    return {
        str(key): hashed(str(value), salt)
        for part in parts
        if isinstance(part, dict)
        for key, value in cast("Object", part).items()
    }


def hashed(value: str, salt: bytes) -> str:
    """Ten hex digits that are others for another value, and tell nothing of it to whoever does not have the salt."""
    return hmac.new(salt, value.encode(errors="replace"), hashlib.sha256).hexdigest()[:10]


def _without_values(value: Any, salt: bytes) -> Any:
    if isinstance(value, list):
        return [_without_values(one, salt) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    known = cast("dict[str, Any]", value)
    kept = {key: _field(key, inner, salt) for key, inner in known.items() if key not in _COPIES}
    return kept | _programs(known) if "image" in known else kept


def _programs(container: Object) -> Object:
    command, arguments = container.get("command"), container.get("args")
    lists = [part if isinstance(part, list) else [] for part in (command, arguments)]
    found = programs.started(*lists)
    return {PROGRAMS: found} if found else {}


def _field(key: str, value: Any, salt: bytes) -> Any:
    """Environment, arguments and headers lose their values wherever containers are, in custom resources too."""
    if not isinstance(value, list):
        return _without_values(value, salt)
    entries = cast("list[Any]", value)
    if key == "env":
        return [_variable(cast("Object", one), salt) if isinstance(one, dict) else "" for one in entries]
    if key in ("args", "command"):
        return _arguments([str(one) for one in entries])
    if key == "httpHeaders":
        return [{"name": one.get("name", "")} for one in _mappings(entries)]
    return _without_values(entries, salt)


_POD_SPEC = ("nodeName", "serviceAccountName", "hostNetwork", "restartPolicy", "priorityClassName")
_POD_STATUS = ("phase", "reason", "message", "qosClass", "startTime")
_CONDITION = ("type", "status", "reason", "message", "lastTransitionTime")
_CONTAINER = ("name", "ready", "started", "restartCount", "state", "lastState", "image")


def slim_pod(item: Object) -> Object:
    """A Pod that something else owns, without what its owner's template says as well: most objects are Pods."""
    metadata, spec, status = (item.get(key) or {} for key in ("metadata", "spec", "status"))
    if not metadata.get("ownerReferences"):
        return item
    owners = [{"kind": one.get("kind"), "name": one.get("name")} for one in _mappings(metadata["ownerReferences"])]
    return {
        "metadata": {**_picked(metadata, _POD_METADATA), "ownerReferences": owners},
        "spec": {
            **_picked(spec, _POD_SPEC),
            "containers": [_picked(one, ("name", "image")) for one in _mappings(spec.get("containers") or [])],
        },
        "status": {
            **_picked(status, _POD_STATUS),
            **{
                key: [_picked(one, fields) for one in _mappings(status.get(key) or [])]
                for key, fields in _POD_LISTS.items()
                if status.get(key)
            },
        },
    }


_POD_METADATA = (
    *("name", "namespace", "labels", "annotations", "uid", "resourceVersion", "creationTimestamp"),
    *("deletionTimestamp", "generateName"),
)
_POD_LISTS: Mapping[str, tuple[str, ...]] = {
    "conditions": _CONDITION,
    "containerStatuses": _CONTAINER,
    "initContainerStatuses": _CONTAINER,
}


def _picked(item: Object, keys: tuple[str, ...]) -> Object:
    return {key: item[key] for key in keys if key in item}


def _mappings(entries: list[Any]) -> list[Object]:
    return [cast("Object", one) for one in entries if isinstance(one, dict)]


def _variable(variable: Object, salt: bytes) -> Object:
    if "value" not in variable:
        return variable
    name, value = str(variable.get("name") or ""), str(variable["value"] or "")
    hidden = _SECRET.search(name) and not _SCHEME.match(value)
    kept = "" if hidden else address(value)
    found = {**variable, "value": kept}
    return found if not salt or kept == value else {**found, HASHES: hashed(value, salt)}


def _arguments(texts: list[str]) -> list[str]:
    """Each by itself; what follows a flag such as ``--password`` is dropped whatever it looks like."""
    before = ["", *texts]
    return [
        "" if _SECRET.search(flag) and _FLAG.match(flag) else argument(one)
        for flag, one in zip(before, texts, strict=False)
    ]


def argument(text: str) -> str:
    """A flag by its name and the addresses in its value; of anything else the addresses alone."""
    flag = _FLAG.match(text)
    if flag is None:
        return address(text)
    name, value = flag[1], flag[2]
    if value is None:
        return name
    hidden = _SECRET.search(name) and not _SCHEME.match(value)
    return f"{name}={'' if hidden else address(value)}"


def address(value: str) -> str:
    """The hosts, with their ports if there are any, that a value points at, joined by commas; empty for none.

    A bare word is no address: ``redis:6379``, ``db.shop`` and ``http://cart/`` are, ``production`` is not. What stands
    before an ``@`` is dropped, and so is everything after the host.
    """
    found = [one for word in re.split(r"[\s,;'\"<>|]+", _WRAPPED.sub(r" \1 ", value)) if (one := _host(word))]
    if _SCHEME.match(value.strip()) and "@" in value:
        found = _behind_credentials(value)
    return ",".join(dict.fromkeys(found))


def _behind_credentials(value: str) -> list[str]:
    """Hosts of ``scheme://user:password@a:1,b:2/path``: whatever the password is made of, it ends at the last ``@``."""
    wrapped = _WRAPPED.search(value)
    authority = re.split(r"[/?#\s]", value.rsplit("@", 1)[1])[0] if wrapped is None else wrapped[1]
    return [one for part in authority.split(",") if (one := _host(f"x://{part}"))]


def _host(word: str) -> str:
    scheme = _SCHEME.match(word)
    rest = word[scheme.end() :] if scheme else word
    if "@" in rest:
        rest = rest.rsplit("@", 1)[1]
    match = _HOST.match(re.split(r"[/?#)]", rest)[0])
    if match is None or not re.search(r"[a-zA-Z]", match[1]):
        return ""
    host, port = match[1], match[2] or ""
    return host + port if scheme or port or _DNS_NAME.match(host) else ""
