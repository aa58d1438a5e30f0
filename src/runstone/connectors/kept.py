"""What of a platform's object may be kept: addresses instead of values, nothing that is or may be a secret. Pure.

Dropped for good: ``data`` of Secrets and ConfigMaps, managed fields, the last applied copy. Of environment variables,
arguments and commands only flags and the addresses they name stay, since those say who calls whom.
"""

import re
from typing import Any, cast

Object = dict[str, Any]
HASHES = "_hashes"
"""Where the salted hashes of values lie that were not kept."""

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


def trimmed(item: Object, kind: str, api_version: str) -> Object:
    """The object with its kind set and without what is never kept. ``item`` itself stays as it is."""
    metadata = {key: value for key, value in (item.get("metadata") or {}).items() if key != "managedFields"}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _COPIES}
    rest = {key: _without_values(value) for key, value in item.items() if key not in _DROPPED}
    return {**rest, "apiVersion": api_version, "kind": kind, "metadata": metadata}


def _without_values(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_values(one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    known = cast("dict[str, Any]", value)
    return {key: _field(key, inner) for key, inner in known.items() if key not in _COPIES}


def _field(key: str, value: Any) -> Any:
    """Environment, arguments and headers lose their values wherever containers are, in custom resources too."""
    if not isinstance(value, list):
        return _without_values(value)
    entries = cast("list[Any]", value)
    if key == "env":
        return [_variable(cast("Object", one)) if isinstance(one, dict) else "" for one in entries]
    if key in ("args", "command"):
        return _arguments([str(one) for one in entries])
    if key == "httpHeaders":
        return [{"name": one.get("name", "")} for one in _mappings(entries)]
    return _without_values(entries)


def _mappings(entries: list[Any]) -> list[Object]:
    return [cast("Object", one) for one in entries if isinstance(one, dict)]


def _variable(variable: Object) -> Object:
    if "value" not in variable:
        return variable
    name, value = str(variable.get("name") or ""), str(variable["value"] or "")
    hidden = _SECRET.search(name) and not _SCHEME.match(value)
    return {**variable, "value": "" if hidden else address(value)}


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
