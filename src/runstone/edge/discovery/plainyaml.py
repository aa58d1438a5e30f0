"""YAML of plain values (mappings, lists, text, numbers, booleans, null), as PyYAML reads and writes it, but faster.

A workspace has ten thousand small documents, each read once and written once. PyYAML builds a graph of nodes in
between; here its C parser's events become values directly, and values events for its C emitter. What is not plain
(anchors, tags, dates, merge keys) is left to PyYAML itself, so that both always agree: a property test holds them
together.
"""

import io
from functools import lru_cache
from typing import Any, cast

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.nodes import ScalarNode

try:
    from yaml import cyaml
except ImportError:  # a PyYAML that was built without libyaml
    cyaml = None

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_PARSER: Any = getattr(cyaml, "CParser", None)
_EMITTER: Any = getattr(cyaml, "CEmitter", None)
_TEXT, _MAPPING, _SEQUENCE = (f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))
_RESOLVER = yaml.SafeLoader("")
_CONSTRUCTED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
_PLAIN = (True, False)


class _NotPlain(Exception):
    """PyYAML itself must read or write this."""


def load(text: str) -> Any:
    """The one document of a text. Raises yaml.YAMLError."""
    if _PARSER is None:
        return yaml.load(text, _LOADER)  # noqa: S506  a safe loader
    try:
        return _Reader(text).document()
    except _NotPlain:
        return yaml.load(text, _LOADER)  # noqa: S506  a safe loader


class _Reader:
    def __init__(self, text: str) -> None:
        self._next = _PARSER(text).get_event

    def document(self) -> Any:
        self._next()
        first = self._next()
        if isinstance(first, StreamEndEvent):
            return None
        value = self._value(self._next())
        self._next()
        if not isinstance(self._next(), StreamEndEvent):
            raise _NotPlain  # more than one document: PyYAML says so in its words
        return value

    def _value(self, event: Any) -> Any:
        if event.anchor is not None:
            raise _NotPlain
        if isinstance(event, ScalarEvent):
            if event.tag is not None:
                raise _NotPlain
            return event.value if event.style else _scalar(event.value)
        if isinstance(event, AliasEvent) or event.tag is not None:
            raise _NotPlain
        return self._mapping() if isinstance(event, MappingStartEvent) else self._sequence()

    def _mapping(self) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        event = self._next()
        while not isinstance(event, MappingEndEvent):
            key = self._value(event)
            if isinstance(key, dict | list) or (key in ("<<", "=") and not event.style):
                raise _NotPlain
            found[key] = self._value(self._next())
            event = self._next()
        return found

    def _sequence(self) -> list[Any]:
        found: list[Any] = []
        event = self._next()
        while not isinstance(event, SequenceEndEvent):
            found.append(self._value(event))
            event = self._next()
        return found


@lru_cache(maxsize=65536)
def _tag(text: str) -> str:
    """What an unquoted text is taken for."""
    return str(_RESOLVER.resolve(ScalarNode, text, _PLAIN))


def _scalar(text: str) -> Any:
    tag = _tag(text)
    return text if tag == _TEXT else _constructed(tag, text)


@lru_cache(maxsize=4096)
def _constructed(tag: str, text: str) -> Any:
    if tag not in _CONSTRUCTED:
        raise _NotPlain
    return _RESOLVER.construct_object(ScalarNode(tag, text))


def dump(value: Any) -> str:
    """A document in block style, keys in their order, lines folded at 80 characters."""
    if _EMITTER is None:
        return _dumped(value)
    stream = io.StringIO()
    emitter = _EMITTER(stream, allow_unicode=True)
    try:
        emitter.emit(StreamStartEvent())
        emitter.emit(DocumentStartEvent(explicit=False))
        _emit(value, emitter.emit, set())
    except _NotPlain:
        return _dumped(value)
    emitter.emit(DocumentEndEvent(explicit=False))
    emitter.emit(StreamEndEvent())
    return stream.getvalue()


def _dumped(value: Any) -> str:
    made: str = yaml.dump(value, Dumper=_DUMPER, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return made


def _emit(value: Any, emit: Any, seen: set[int]) -> None:
    if type(value) is str:
        emit(ScalarEvent(None, _TEXT, (_tag(value) == _TEXT, True), value))
    elif type(value) is dict or type(value) is list:
        _emit_many(cast("dict[Any, Any] | list[Any]", value), emit, seen)
    else:
        _emit_scalar(value, emit)


def _emit_many(value: dict[Any, Any] | list[Any], emit: Any, seen: set[int]) -> None:
    if value:
        if id(value) in seen:
            raise _NotPlain  # PyYAML writes what it meets twice as an alias
        seen.add(id(value))
    if isinstance(value, list):
        emit(SequenceStartEvent(None, _SEQUENCE, True, flow_style=False))
        for one in value:
            _emit(one, emit, seen)
        emit(SequenceEndEvent())
        return
    emit(MappingStartEvent(None, _MAPPING, True, flow_style=False))
    for key, one in value.items():
        _emit(key, emit, seen)
        _emit(one, emit, seen)
    emit(MappingEndEvent())


def _emit_scalar(value: Any, emit: Any) -> None:
    if value is None:
        tag, text = "null", "null"
    elif value is True or value is False:
        tag, text = "bool", "true" if value else "false"
    elif type(value) is int:
        tag, text = "int", str(value)
    else:
        raise _NotPlain
    emit(ScalarEvent(None, f"tag:yaml.org,2002:{tag}", _PLAIN, text))
