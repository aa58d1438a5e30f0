"""What is worked out of one bundle on disk: what it holds, what is wrong with it, and what its Tasks are good for.

Everything goes in and comes out as JSON values, since it crosses between processes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runstone.catalog import layout, library, read
from runstone.catalog.augment.local import Local
from runstone.catalog.entry import Entry
from runstone.content.lint import engine, formats, reading
from runstone.content.lint.bundle import Bundle, Text
from runstone.content.lint.reading import Collection
from runstone.content.lint.rule import Rule
from runstone.errors import BadInput
from runstone.model.content import Contract

_LFS = "version https://git-lfs.github.com/spec/"


class Work:
    """What is known of one collection while a build reads it. Bundles that were parsed are linted as they were read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._collection = Collection(root)
        self._rules: tuple[Rule, ...] = engine.chosen()
        self._parsed: dict[str, Bundle] = {}
        self._entries: tuple[Entry, ...] = ()
        self._local: Local | None = None

    def layout(self, _: str) -> list[dict[str, str]]:
        """Every bundle with the digests of what it is made from. Raises BadInput when there is none."""
        return [asdict(one) for one in layout.bundles(self._root)]

    def parse(self, path: str) -> dict[str, Any]:
        """A bundle's suites with their contracts, its Tasks as entries, what was left out, its rules and its README.

        Raises BadInput when a suite cannot be read at all or there is none.
        """
        folder = self._root / path
        bundle = self._parsed[path] = reading.bundle(folder, self._collection)
        suites = {one.file: one.contract.model_dump(mode="json") for one in bundle.suites}
        _check(bundle)
        ordered = sorted(bundle.suites, key=lambda one: read.runbook_first(one.file))
        found = [entry for one in ordered for entry in self._entries_of(folder, one.contract, one.text)]
        entries, notes = read.once(found)
        return {
            "path": path,
            "suites": suites,
            "entries": [one.model_dump(mode="json") for one in entries],
            "notes": list(notes),
            "rules": [_rule(rule, one.file, one.platform) for one in bundle.rule_files for rule, _ in one.rules],
            "readme": _readme(bundle.readme) if bundle.readme else None,
            "scripts": [one.file for one in bundle.scripts],
        }

    def lint(self, path: str) -> dict[str, Any]:
        """What the linter finds in a bundle, and how many findings its waivers took away. Files are relative to it."""
        bundle = self._parsed.pop(path, None) or reading.bundle(self._root / path, self._collection)
        found, waived = engine.of_bundle(bundle, self._rules)
        told = [formats.described(one) for one in sorted(found, key=lambda one: one.place)]
        return {"findings": told, "waived": waived}

    def know(self, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Take in all Tasks of the collection: what can follow an Issue. Says under which version it augments."""
        self._entries = tuple(Entry.model_validate(one) for one in entries)
        self._local = Local(library.causes(self._root))
        return {"version": self._local.version}

    def augment(self, bundle: str) -> dict[str, Any]:
        """The documents of a bundle's Tasks, by key; ``know`` came before."""
        assert self._local is not None
        keys = [one.key for one in self._entries if one.bundle == bundle]
        found = self._local.documents(self._entries, keys)
        return {"documents": [one.model_dump(mode="json") for one in found.values()]}

    def _entries_of(self, folder: Path, contract: Contract, text: str) -> Iterator[Entry]:
        # What is made of a bundle is shared between collections, so it names none.
        return read.suite(self._root, folder, contract, text, collection="")


def _check(bundle: Bundle) -> None:
    """Raise BadInput when a suite could not be read, or when there is nothing at all to offer."""
    pointer = next((one.file for one in bundle.suites if one.text.startswith(_LFS)), "")
    if pointer:
        raise BadInput(f"{pointer} is a Git LFS pointer, and LFS is not fetched. Commit the file itself.")
    for name, reason in bundle.unreadable:
        if name.endswith(".robot") or name == "task.yaml":
            raise BadInput(reason)
    if not bundle.suites and not bundle.rule_files:
        raise BadInput("The bundle has no suite and no generation rules.")


def _readme(said: Text) -> dict[str, str]:
    return {"file": said.file, "text": said.text}


def _rule(rule: dict[str, Any], file: str, platform: str) -> dict[str, Any]:
    """What pages tell of a generation rule: for which resources it makes which SLXs."""
    types = rule.get("resourceTypes")
    slxs = rule.get("slxs")
    return {
        "file": file,
        "platform": platform,
        "resource_types": _words(types),
        "slxs": _words(
            [one.get("baseName") for one in slxs if isinstance(one, dict)] if isinstance(slxs, list) else []
        ),
    }


def _words(value: Any) -> list[str]:
    """The texts of a list; anything else in it may unfold without end and is left out."""
    return [one[:200] for one in value if isinstance(one, str)] if isinstance(value, list) else []
