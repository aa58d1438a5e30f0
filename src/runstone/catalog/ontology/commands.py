"""The table of commands and queries for Tasks that run what they are given, read once and checked."""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from runstone.catalog.ontology import tables
from runstone.content import shell
from runstone.errors import Broken
from runstone.model.noun import Noun

PLACE = re.compile(r"(?<!%)\{([a-z][a-z_]*)\}")
"""Where a command is filled in. ``%{http_code}`` is curl's own."""


class Program(Noun):
    """What a Task hands its input to. ``starts``: first words of its commands; ``named``: how inputs call it.

    ``about``: what it is asked about where it has no platform and a command no kind or product.
    """

    name: str
    takes: Literal["command", "query"]
    platform: str = ""
    about: str = ""
    starts: tuple[str, ...] = ()
    named: tuple[str, ...]


class Serves(Noun):
    """What a command is for, by names of the other tables; the first look is its main one."""

    looks: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    signals: tuple[str, ...]


class Command(Noun):
    """One command or query with places to be filled in, and what to read in its output.

    ``when``: the surroundings in which it is better than others; empty when always. ``faults``: it prints nothing where
    all is well.
    """

    run: str
    reads: str
    serves: Serves
    when: str = ""
    faults: bool = False

    @property
    def places(self) -> tuple[str, ...]:
        """The names to be filled in, each once."""
        return tuple(dict.fromkeys(PLACE.findall(self.run)))

    @property
    def is_plain(self) -> bool:
        """Whether words that are put behind it are its program's: it is one command, without pipe, list or loop."""
        return _is_one(self.run)


class Commands(Noun):
    """The programs, their commands by the program's name, and what each place is filled with."""

    programs: dict[str, Program]
    commands: dict[str, tuple[Command, ...]]
    fill: dict[str, str] = Field(default_factory=dict)


@cache
def load() -> Commands:
    """The table that ships with Runstone. Raises Broken when it is not what it should be."""
    text = resources.files("runstone.catalog").joinpath("ontology/commands.yaml").read_text(encoding="utf-8")
    said = yaml.load(text, Loader=yaml.CSafeLoader)
    try:
        found = Commands.model_validate(said | {"programs": {one["name"]: one for one in said["programs"]}})
    except (ValidationError, KeyError, TypeError) as err:
        raise Broken(f"The table of commands is wrong: {err}") from err
    unknown = sorted(set(_unknown(found)))
    if unknown:
        raise Broken(f"The table of commands names what no table has: {', '.join(unknown)}.")
    return found


@cache
def digest() -> str:
    """Of the table: what was made with another is out of date."""
    return hashlib.sha256(load().model_dump_json().encode()).hexdigest()


@cache
def _is_one(text: str) -> bool:
    found = shell.read(text).commands
    return len(found) == 1 and not found[0].ends and not found[0].conditional


def _unknown(found: Commands) -> Iterator[str]:
    known = tables.load()
    yield from (f"program {name}" for name in found.commands if name not in found.programs)
    for one in (one for rows in found.commands.values() for one in rows):
        yield from (f"place {name}" for name in one.places if name not in found.fill)
        yield from (f"look {name}" for name in one.serves.looks if name not in known.looks)
        yield from (f"kind {name}" for name in one.serves.kinds if name not in known.kinds)
        yield from (f"product {name}" for name in one.serves.products if name not in known.products)
        yield from (f"signal {name}" for name in one.serves.signals if name not in known.signals)
