"""``tests/*.yaml`` of a CodeBundle, read: unknown keys, keys twice and files elsewhere are refused with their line."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from runstone.content.trial.cases import Case, CaseFile
from runstone.errors import BadInput

FOLDER = "tests"
_CAP = 4 * 1024 * 1024
"""Bytes of a case file or of a file it names."""
_PARTS = 100_000
"""Parts of a case file, what aliases stand for counted each time: a few lines of YAML can stand for millions."""
Place = tuple[str | int, ...]
"""Where in a file something stands: keys and indices from the top."""


@dataclass(frozen=True)
class Trial:
    """One case, whole, where it stands. ``file`` is relative to the bundle, ``number`` its index in the file."""

    file: str
    number: int
    case: Case
    lines: Mapping[Place, int] = field(repr=False)
    own: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many of the tools and of the http answers are the case's own; the others are the file's."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What the files that the case names hold."""

    def line(self, *place: str | int) -> int:
        """The line on which a part of the case stands, or the part around it."""
        return _line(self.lines, ("cases", self.number, *place))

    def answer_line(self, kind: str, number: int, *place: str) -> int:
        """The line of an answer, of kind ``tools`` or ``http``."""
        shared = number - self.own[kind]
        return self.line(kind, number, *place) if shared < 0 else _line(self.lines, (kind, shared, *place))


def files(bundle: Path) -> tuple[Path, ...]:
    """The case files of a bundle, by name."""
    folder = bundle / FOLDER
    return tuple(sorted(one for one in folder.glob("*.y*ml") if one.suffix in (".yaml", ".yml") and one.is_file()))


def read(path: Path) -> tuple[Trial, ...]:
    """The cases of one file below ``tests/``. Raises BadInput saying what is wrong on which line."""
    file = f"{FOLDER}/{path.name}"
    where = f"{path.parent.parent.name}/{file}"
    document, lines = _document(path, where)
    try:
        found = CaseFile.model_validate(document)
    except ValidationError as err:
        first = err.errors()[0]
        place: Place = first["loc"]
        at = ".".join(map(str, place)) or "the top"
        raise BadInput(f"{where}:{_line(lines, place)} is wrong at {at}: {first['msg']}.") from err
    trials = tuple(
        Trial(file, number, found.whole(case), lines, {"tools": len(case.tools), "http": len(case.http)})
        for number, case in enumerate(found.cases)
    )
    _unique(trials, where)
    return tuple(_filled(one, path.parent, where) for one in trials)


def _document(path: Path, where: str) -> tuple[Any, dict[Place, int]]:
    """The file as YAML, and the line of each of its parts."""
    text = _content(path, where)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        lines = dict(itertools.islice(_places(node, (), where), _PARTS + 1))
        if len(lines) > _PARTS:
            raise BadInput(f"{where} has more than {_PARTS} parts, aliases filled in. Put data into files it names.")
        return yaml.load(text, Loader=yaml.CSafeLoader), lines
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 0
        raise BadInput(f"{where}:{line} is no YAML: {err.problem or err.context}.") from err
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise BadInput(f"{where} cannot be read: {' '.join(str(err).split())}.") from err


def _unique(trials: tuple[Trial, ...], where: str) -> None:
    seen: dict[str, int] = {}
    for one in trials:
        if one.case.name in seen:
            text = f"Two cases have the name {one.case.name!r} (the other on line {seen[one.case.name]}). Rename one."
            raise BadInput(f"{where}:{one.line('name')}: {text}")
        seen[one.case.name] = one.line("name")


def _filled(trial: Trial, folder: Path, where: str) -> Trial:
    """The case with the content of the files it names. Raises BadInput for one outside ``tests/``."""
    texts: dict[str, str] = {}
    named = [("tools", at, "out_file", one.out_file) for at, one in enumerate(trial.case.tools)]
    named += [("http", at, "body_file", one.body_file) for at, one in enumerate(trial.case.http)]
    for part, at, key, name in named:
        if not name:
            continue
        here = f"{where}:{trial.answer_line(part, at, key)}"
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise BadInput(f"{here}: {key} {name} lies outside of {FOLDER}/. Put a copy of it there.")
        texts[name] = _content(path, f"{here}: {key} {name}")
    return replace(trial, texts=texts)


def _content(path: Path, what: str) -> str:
    try:
        if path.stat().st_size > _CAP:
            raise BadInput(f"{what} has more than {_CAP} bytes; none is meant to be so large.")
        return path.read_text(encoding="utf-8")
    except OSError as err:
        raise BadInput(f"{what} cannot be read: {err.strerror}.") from err
    except UnicodeDecodeError as err:
        raise BadInput(f"{what} is no UTF-8 text: {err.reason} at byte {err.start}.") from err


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The line of the innermost part that is there, 1 for the file itself."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), 1)


def _places(node: Any, place: Place, where: str) -> Iterator[tuple[Place, int]]:
    """Each part of the document with its line. Raises BadInput for a key that stands twice."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise BadInput(f"{where}:{line}: the key {name!r} stands twice. Take one out.")
            seen.add(name)
            yield (*place, name), line
            yield from _places(value, (*place, name), where)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            yield (*place, at), value.start_mark.line + 1
            yield from _places(value, (*place, at), where)
