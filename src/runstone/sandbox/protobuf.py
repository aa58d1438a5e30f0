"""Reads the protobuf form of requests, which kubectl uses for the kinds it was compiled with.

Answers are always JSON, which the same clients accept. Reading only; the field numbers are in data/protobuf.txt.
"""

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from runstone.sandbox.clock import stamp
from runstone.sandbox.objects import Obj
from runstone.sandbox.status import ApiError, bad_request

MAGIC = b"k8s\x00"

ZERO_MEANS_ZERO = frozenset(
    {
        *("replicas", "minReplicas", "parallelism", "completions", "backoffLimit", "runAsUser", "runAsGroup"),
        *("fsGroup", "terminationGracePeriodSeconds", "gracePeriodSeconds", "revisionHistoryLimit", "partition"),
        *("successfulJobsHistoryLimit", "failedJobsHistoryLimit", "ttlSecondsAfterFinished", "suspend"),
        *("automountServiceAccountToken", "enableServiceLinks", "allowPrivilegeEscalation"),
    }
)
"""Fields whose zero is a choice. For all others the encoder writes zeros where JSON would be silent."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    mark: str
    type: str


@cache
def _messages() -> dict[str, dict[int, _Field]]:
    """Every known message: field by number."""
    text = (resources.files("runstone.sandbox") / "data" / "protobuf.txt").read_text("utf-8")
    found: dict[str, dict[int, _Field]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        message, _, rest = line.partition(": ")
        fields: dict[int, _Field] = {}
        for part in filter(None, rest.split(", ")):
            number, name, kind = part.split(" ")
            mark = kind[0] if kind[0] in "[{" else ""
            fields[int(number)] = _Field(name, mark, kind.removeprefix(mark))
        found[message] = fields
    return found


def document(body: bytes) -> Obj:
    """The object in an enveloped body. Raises ApiError 415 for a kind that is not in the table, 400 for nonsense."""
    if not body.startswith(MAGIC):
        raise bad_request("the body is not protobuf")
    try:
        api_version, kind, raw = _envelope(body[len(MAGIC) :])
        message = _message_of(api_version, kind)
        if message is None:
            raise ApiError(415, "UnsupportedMediaType", f"the sandbox reads {kind} as JSON only")
        return {"apiVersion": api_version, "kind": kind, **_decode(raw, message)}
    except (IndexError, struct.error, UnicodeDecodeError) as err:
        raise bad_request(f"the body is broken protobuf: {err}") from err


def _message_of(api_version: str, kind: str) -> str | None:
    group, _, version = api_version.rpartition("/")
    package = group.split(".")[0] or "core"
    names = (f"{package}.{version}.{kind}", f"meta.{kind}")
    return next((name for name in names if name in _messages()), None)


def _envelope(data: bytes) -> tuple[str, str, bytes]:
    api_version, kind, raw = "", "", b""
    for number, value in _fields(data):
        if number == 1:
            texts = dict(_fields(value))
            api_version, kind = bytes(texts.get(1, b"")).decode(), bytes(texts.get(2, b"")).decode()
        elif number == 2:
            raw = value
    return api_version, kind, raw


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and raw values: bytes, or the integer of a varint."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
                yield key >> 3, value
            case 2:
                size, at = _varint(data, at)
                yield key >> 3, data[at : at + size]
                at += size
            case 1:
                yield key >> 3, struct.unpack_from("<d", data, at)[0]
                at += 8
            case _:
                at += 4


def _decode(data: bytes, message: str) -> Obj:
    known, result = _messages()[message], dict[str, Any]()
    for number, raw in _fields(data):
        field = known.get(number)
        if field is None:
            continue
        if field.mark == "{":
            pair = dict(_fields(raw))
            key = bytes(pair.get(1, b"")).decode()
            result.setdefault(field.name, {})[key] = _value(pair.get(2, b""), field.type)
        elif field.mark == "[":
            result.setdefault(field.name, []).append(_value(raw, field.type))
        elif field.name == "-":
            result.update(_value(raw, field.type))
        else:
            value = _value(raw, field.type)
            if value or _is_said(field, value):
                result[field.name] = value
    return result


def _is_said(field: _Field, value: Any) -> bool:
    """Is an empty value meant, rather than left out? Empty messages are (`emptyDir: {}`), most zeros are not."""
    return isinstance(value, dict) or field.name in ZERO_MEANS_ZERO


def _value(raw: Any, kind: str) -> Any:
    match kind:
        case "s":
            return bytes(raw).decode()
        case "b":
            return base64.b64encode(raw).decode()
        case "i":
            return raw - (1 << 64) if raw >= 1 << 63 else raw
        case "t":
            return bool(raw)
        case "d":
            return raw
        case "q":
            return next((bytes(text).decode() for _, text in _fields(raw)), "0")
        case "w":
            seconds = next((number for place, number in _fields(raw) if place == 1), 0)
            return stamp(seconds) if 0 < seconds < 1 << 62 else None
        case "o":
            parts = dict(_fields(raw))
            return bytes(parts.get(3, b"")).decode() if parts.get(1) else parts.get(2, 0)
        case _:
            return _decode(raw, kind)
