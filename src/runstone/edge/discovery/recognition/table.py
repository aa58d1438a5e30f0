"""What is known of software: a table of facts by which each is recognised, and the way to look a fact up.

Facts are of the projects' own documentation: names of images and charts, default ports, variables that their images or
frameworks read, API groups of their custom resources, provisioners and controllers of classes, engines of cloud
databases, labels that distributions put on nodes.
"""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from runstone.errors import Broken
from runstone.model.noun import Noun

What = Literal[
    "images", "labels", "charts", "env", "ports", "programs", "kinds", "groups", "classes", "engines", "types",
    "mounts", "files", "units", "nodes", "os", "kubelets", "runtimes", "paths",
]  # fmt: skip
"""What a fact is about; the field of an Entry that holds it."""
Role = Literal[
    "server", "proxy", "exporter", "agent", "operator", "sidecar", "framework", "runtime", "tool", "resource", "client",
    "base",
]  # fmt: skip


class Entry(Noun):
    """One piece of software. Names may hold ``*``.

    Of an image's name the last parts count, as many as given; ``owner/**`` is all that an owner has.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    category: str
    role: Role = "server"
    images: tuple[str, ...] | None = None
    """By default its id."""
    labels: tuple[str, ...] | None = None
    """Values of labels that name an application; by default its id."""
    charts: tuple[str, ...] = ()
    """Helm charts, besides ``labels``."""
    env: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    programs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Custom resources that are an instance of it, as ``Kind.group``."""
    groups: tuple[str, ...] = ()
    """API groups of its custom resources, with those below them."""
    classes: tuple[str, ...] = ()
    """Controllers of IngressClasses, provisioners of StorageClasses."""
    engines: tuple[str, ...] = ()
    """What clouds call it: database engines, runtimes of functions."""
    types: tuple[str, ...] = ()
    """Resource types of clouds that are it."""
    mounts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Names of files that are mounted."""
    units: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    """Labels and annotations of Nodes, as ``key`` or ``key=value``."""
    os: tuple[str, ...] = ()
    kubelets: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Paths of probes."""
    combos: tuple[tuple[str, ...], ...] = ()
    """Variables that tell it only together."""
    implies: tuple[str, ...] = ()
    """Ids of what it runs on."""
    weak: tuple[Literal["env", "ports", "programs"], ...] = ()
    """Facts that others share, such as variables which its clients are given too."""
    common: bool = False
    """Its name is a word that others call their own things."""

    def facts(self, what: What) -> tuple[str, ...]:
        """The names it is known by in one respect."""
        found = getattr(self, what)
        if what == "charts":
            return (*self.charts, *self.facts("labels"))
        if what in ("images", "labels") and found is None:
            return (self.id,)
        return tuple(str(one) for one in found)


@dataclass(frozen=True)
class Table:
    """Every entry, and the way from a fact to those who have it."""

    entries: Mapping[str, Entry]
    exact: Mapping[What, Mapping[str, tuple[str, ...]]]
    wild: Mapping[What, tuple[tuple[re.Pattern[str], str, str], ...]]

    def known(self, what: What, value: str) -> tuple[str, ...]:
        """Ids of those who have this fact; a path has that of a folder above it, too."""
        if what == "mounts":
            return self._of_folder(value)
        found = [*self.exact[what].get(value, ())]
        found += [entry for pattern, _, entry in self.wild[what] if pattern.match(value)]
        return tuple(dict.fromkeys(found))

    def _of_folder(self, path: str) -> tuple[str, ...]:
        while path:
            if found := self.exact["mounts"].get(path):
                return found
            path = path.rpartition("/")[0]
        return ()

    def of_image(self, parts: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        """Ids by a repository's path, with how many parts told it: the longest exact name, else the longest pattern."""
        tails = [(count, "/".join(parts[-count:])) for count in range(len(parts), 0, -1)]
        for count, tail in tails:
            if found := self.exact["images"].get(tail):
                return tuple((one, count) for one in found)
        for count, tail in tails:
            wild = self.wild["images"]
            if found := [entry for pattern, text, entry in wild if _as_long(text, count) and pattern.match(tail)]:
                return tuple((one, count) for one in dict.fromkeys(found))
        return ()


def _as_long(pattern: str, count: int) -> bool:
    """Whether a pattern is of a path of so many parts; ``owner/**`` is of any with an owner."""
    return count > 1 if pattern.endswith("/**") else pattern.count("/") == count - 1


@cache
def load() -> Table:
    """The table, read once. Raises Broken when a file of it does not hold what it should."""
    entries: dict[str, Entry] = {}
    folder = resources.files(__package__ or "") / "table"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".yaml"):
            continue
        for said in yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # noqa: S506
            try:
                entry = Entry.model_validate(said)
            except ValidationError as err:
                raise Broken(f"{file.name}: {said!r} is no entry of software: {err}") from err
            if entry.id in entries:
                raise Broken(f"{file.name}: {entry.id} stands there twice.")
            entries[entry.id] = entry
    return indexed(entries.values())


def indexed(entries: Iterable[Entry]) -> Table:
    """A table of these. Raises Broken for an implied id that is not among them."""
    known = {entry.id: entry for entry in entries}
    exact: dict[What, dict[str, list[str]]] = {what: defaultdict(list) for what in _WHATS}
    wild: dict[What, list[tuple[re.Pattern[str], str, str]]] = {what: [] for what in _WHATS}
    for entry in known.values():
        for missing in set(entry.implies) - known.keys():
            raise Broken(f"{entry.id} implies {missing}, which is not in the table.")
        for what in _WHATS:
            for fact in entry.facts(what):
                if "*" in fact:
                    wild[what].append((re.compile(fnmatch.translate(fact)), fact, entry.id))
                else:
                    exact[what][fact].append(entry.id)
    frozen: dict[What, Mapping[str, tuple[str, ...]]] = {
        what: {fact: tuple(ids) for fact, ids in by_fact.items()} for what, by_fact in exact.items()
    }
    return Table(known, frozen, {what: tuple(patterns) for what, patterns in wild.items()})


_WHATS: tuple[What, ...] = (
    *("images", "labels", "charts", "env", "ports", "programs", "kinds", "groups", "classes", "engines", "types"),
    *("mounts", "files", "units", "nodes", "os", "kubelets", "runtimes", "paths"),
)
