"""kubectl's JSONPath, the part that bundles use: fields, indexes, filters, ranges and quoted text.

Syntax: https://kubernetes.io/docs/reference/kubectl/jsonpath/
"""

import json
import re
from typing import Any

_TOKEN = re.compile(r"\{((?:[^{}\"']|\"[^\"]*\"|'[^']*')*)\}")
_STEP = re.compile(
    r"""\.\.(?P<deep>\w+) | \.(?P<field>(?:\\.|[\w/*-])+) | \[(?P<index>-?\d+)\] | \[(?P<all>\*|:)\]
    | \[(?P<names>'[^']*')\] | \[\?\((?P<test>.*?)\)\] | (?P<root>[$@]) """,
    re.VERBOSE,
)
_TEST = re.compile(r"@(?P<path>[^=!<>\s]*)\s*(?:(?P<how>==|!=)\s*(?P<value>.+))?$")


def render(template: str, data: Any) -> str:
    """The template, filled in from ``data``."""
    text = template if "{" in template else "{" + template + "}"
    return _render(text, data)


def _render(text: str, data: Any) -> str:
    out, at = "", 0
    while found := _TOKEN.search(text, at):
        out += text[at : found.start()]
        word = found[1].strip()
        at = found.end()
        if word.startswith("range"):
            body, at = _body(text, at)
            out += "".join(_render(body, one) for one in find(word.removeprefix("range").strip(), data))
        elif word.startswith(('"', "'")):
            out += word[1:-1].replace("\\n", "\n").replace("\\t", "\t")
        elif word != "end":
            out += " ".join(_text(one) for one in find(word, data))
    return out + text[at:]


def _body(text: str, at: int) -> tuple[str, int]:
    """What stands between a range and its end, and the place behind it."""
    depth, start = 1, at
    while found := _TOKEN.search(text, at):
        word = found[1].strip()
        depth += word.startswith("range")
        depth -= word == "end"
        if not depth:
            return text[start : found.start()], found.end()
        at = found.end()
    return text[start:], len(text)


def find(path: str, data: Any) -> list[Any]:
    """Every value the path leads to."""
    path = path if path.startswith((".", "$", "@", "[")) else f".{path}"
    found = [data]
    for step in _STEP.finditer(path):
        found = [value for one in found for value in _take(step, one)]
    return found


def _take(step: re.Match[str], one: Any) -> list[Any]:
    if step["field"] == "*" or step["all"]:
        return list(one.values()) if isinstance(one, dict) else list(one or [])
    if step["field"] or step["names"]:
        name = step["names"][1:-1] if step["names"] else step["field"].replace("\\", "")
        return [one[name]] if isinstance(one, dict) and name in one else []
    if step["index"]:
        at = int(step["index"])
        return [one[at]] if isinstance(one, list) and -len(one) <= at < len(one) else []
    if step["test"]:
        return [entry for entry in one or [] if _holds(step["test"], entry)]
    if step["deep"]:
        return _deep(step["deep"], one)
    return [one]


def _deep(name: str, one: Any) -> list[Any]:
    inside = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
    here = [one[name]] if isinstance(one, dict) and name in one else []
    return here + [value for part in inside for value in _deep(name, part)]


def _holds(test: str, entry: Any) -> bool:
    found = _TEST.match(test.strip())
    if not found:
        return False
    values = find(found["path"] or "@", entry)
    if not found["how"]:
        return bool(values)
    wanted = found["value"].strip().strip("\"'")
    return any((_text(value) == wanted) == (found["how"] == "==") for value in values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))
