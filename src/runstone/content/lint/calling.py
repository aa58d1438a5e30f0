"""Which keywords a suite can call, and what they take: its own and those of the libraries it imports."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from robot.api.parsing import Arguments, File, Keyword, KeywordSection, LibraryImport, ResourceImport, SettingSection

from runstone.content.lint import libraries, signatures
from runstone.content.lint.libraries import Library
from runstone.content.lint.signatures import OPEN, Signature
from runstone.content.outline import fits, plain

_PREFIX = re.compile(r"^(?:given|when|then|and|but) ", re.IGNORECASE)
_STANDARD = ("Collections", "String", "OperatingSystem", "DateTime", "Process")


@dataclass(frozen=True)
class Known:
    """What a suite's steps may call. ``open``: it may be able to call others too."""

    own: Mapping[str, Signature]
    embedded: tuple[str, ...]
    """Those of its own that have variables in their names."""
    imported: Mapping[str, Library]
    """Libraries by the name their keywords may be called with, as Robot compares names."""
    missing: tuple[tuple[str, int], ...] = ()
    """Names of libraries that were not found, with the line of the import."""
    open: bool = False

    def lookup(self, name: str) -> Signature | None:
        """The signature of the keyword called ``name``; None when there certainly is none."""
        if re.search(r"[$@&]\{", name):
            return OPEN
        for said in dict.fromkeys((name, _PREFIX.sub("", name))):
            found = self._found(said)
            if found is not None:
                return found
        return OPEN if self.open else None

    def _found(self, name: str) -> Signature | None:
        key = plain(name)
        if key in self.own:
            return self.own[key]
        if any(fits(own, key) for own in self.embedded):
            return OPEN
        library, _, short = name.rpartition(".")
        places = [one for called, one in self.imported.items() if not library or called == plain(library)]
        for place in places:
            if plain(short) in place.keywords:
                return place.keywords[plain(short)]
        return OPEN if any(place.open for place in places) else None

    def names(self) -> list[str]:
        """Everything that can be called, as Robot compares names."""
        return [*self.own, *(name for place in self.imported.values() for name in place.keywords)]

    def offered_by(self, name: str) -> str:
        """A library of Robot's that has the keyword; empty when none has."""
        key = plain(name).rpartition(".")[2]
        return next((one for one in _STANDARD if key in libraries.standard(one).keywords), "")


def of(tree: File, find: Callable[[str], Library | None]) -> Known:
    """What the steps of a suite may call. ``find`` gives the library of a name, None when nobody knows it."""
    imported = {plain(name): library for name in ("BuiltIn", "Reserved", "Easter") if (library := find(name))}
    missing: list[tuple[str, int]] = []
    unsure = False
    for name, alias, line in _imports(tree):
        library = find(name) if name else None
        unsure |= library is None
        if library:
            imported[plain(alias or name)] = library
        elif name:
            missing.append((name, line))
    keywords = list(_keywords(tree))
    own = {plain(name): signature for name, signature in keywords}
    embedded = tuple(name for name in own if re.search(r"\$\{[^}]*\}", name))
    return Known(own, embedded, imported, tuple(missing), unsure)


def _imports(tree: File) -> Iterator[tuple[str, str, int]]:
    """Libraries, the name each is called by when that is another, and the line. A resource has no name here."""
    for section in tree.sections:
        for node in section.body if isinstance(section, SettingSection) else ():
            said: Any = node
            if isinstance(node, LibraryImport) and said.name:
                yield said.name, said.alias or "", node.lineno
            elif isinstance(node, ResourceImport):
                yield "", "", node.lineno


def _keywords(tree: File) -> Iterator[tuple[str, Signature]]:
    for section in tree.sections:
        for node in section.body if isinstance(section, KeywordSection) else ():
            if isinstance(node, Keyword):
                said = next((one.values for one in node.body if isinstance(one, Arguments)), ())
                yield node.name, signatures.of_keyword(said)
