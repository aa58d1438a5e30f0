"""``codeCollections`` of a workspaceInfo.yaml: which repositories, which bundles of each, and by which login. Pure.

Keys and their meaning are facts of the format. Where an entry names a Kubernetes Secret and an environment variable,
the Secret comes first. A token in the file itself is never used (see :mod:`keys`).
"""

import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runstone.edge.discovery.documents import repository
from runstone.edge.discovery.keys import Keys, Said, mapping
from runstone.errors import BadInput

DEFAULT_COLLECTIONS = tuple(
    f"https://github.com/runwhen-contrib/{name}.git"
    for name in (
        *("rw-public-codecollection", "rw-cli-codecollection", "rw-workspace-utils", "rw-generic-codecollection"),
        *("azure-c7n-codecollection", "aws-c7n-codecollection"),
    )
)
_ANYONE = "git"
"""Who logs in where no ``authUser`` is said: servers that take tokens look at the token only, for the most part."""


@dataclass(frozen=True)
class LoginEntry:
    """Where the token for a git server lies: in a Kubernetes Secret, else in a variable of the environment."""

    user: str
    secret: str
    """The Secret's name; empty for none."""
    key: str
    variable: str
    """Empty for none."""


@dataclass(frozen=True)
class CollectionEntry:
    """One CodeCollection to read. ``bundle``: whether a bundle of that name is wanted."""

    url: str
    ref: str
    path: str
    bundle: Callable[[str], bool]
    login: LoginEntry | None = None


@dataclass(frozen=True)
class Collections:
    """All that are wanted, and the keys that mean nothing here."""

    wanted: tuple[CollectionEntry, ...]
    unused: tuple[str, ...]


def read(entries: Iterable[Any], file: Path) -> Collections:
    """In their order; without any, the defaults. Raises BadInput naming the key."""
    found: dict[str, CollectionEntry] = {}
    unused: list[str] = []
    for entry in list(entries) or ["defaults"]:
        one: Said = {"repoURL": entry} if isinstance(entry, str) else mapping(entry, f"{file}: codeCollections")
        keys = Keys(one, "codeCollections")
        _collected(keys, found, file)
        unused += keys.unused()
    return Collections(tuple(found.values()), tuple(dict.fromkeys(unused)))


def _collected(keys: Keys, found: dict[str, CollectionEntry], file: Path) -> None:
    url = keys.text("repoURL")
    leave_out = url.startswith("!") or (keys.text("action") or "include").lower() == "exclude"
    url = url.removeprefix("!")
    if not url:
        raise BadInput(f"{file}: an entry of 'codeCollections' has no repoURL.")
    ref = keys.text("ref", "tag", "branch") or "main"
    path, bundle, login = keys.text("repoPath"), _selection(keys, file), _login(keys, url)
    for address in DEFAULT_COLLECTIONS if url == "defaults" else (url,):
        if leave_out:
            found.pop(repository(address), None)
        else:
            found[repository(address)] = CollectionEntry(address, ref, path, bundle, login)


def _login(keys: Keys, url: str) -> LoginEntry | None:
    """None where no login is named, or the address is not one that a token helps with: then its keys are not used."""
    if not url.startswith(("https://", "http://")):
        return None
    secret, variable = keys.text("authTokenSecretName"), keys.text("authTokenFromEnv")
    if not (secret or variable):
        return None
    return LoginEntry(keys.text("authUser") or _ANYONE, secret, keys.text("authTokenSecretKey") or "token", variable)


def _selection(keys: Keys, file: Path) -> Callable[[str], bool]:
    defaults = keys.values("codeBundleMatchDefaults")
    tests = [_selects(one, defaults, file) for one in keys.items("codeBundles") or ["*"]]

    def wanted(name: str) -> bool:
        return next((keep for test, keep in tests if test(name)), False)

    return wanted


def _selects(said: Any, defaults: Said, file: Path) -> tuple[Callable[[str], bool], bool]:
    """Whether an item decides about a bundle, and what it decides."""
    item: Said = {"pattern": said} if isinstance(said, str) else mapping(said, f"{file}: codeBundles")
    given = {**defaults, **item}
    pattern = str(given.get("pattern") or "")
    keep = str(given.get("action") or "include").lower() != "exclude"
    if isinstance(said, str) and pattern.startswith("!"):
        pattern, keep = pattern[1:], not keep
    flags = re.IGNORECASE if given.get("ignoreCase", True) else 0
    whole = str(given.get("matchMode") or "substring").lower() == "exact"
    compiled = re.compile(_expression(pattern, str(given.get("patternType") or "glob").lower(), file), flags)
    return lambda name: bool(compiled.fullmatch(name) if whole else compiled.search(name)), keep


def _expression(pattern: str, type_: str, file: Path) -> str:
    match type_:
        case "glob":
            # translate() ends in \Z, which would turn a search into a match to the end.
            return fnmatch.translate(pattern).removesuffix(r"\Z")
        case "literal":
            return re.escape(pattern)
        case "regex":
            try:
                re.compile(pattern)
            except re.error as err:
                raise BadInput(f"{file}: {pattern!r} is not a regular expression: {err}.") from err
            return pattern
        case other:
            raise BadInput(f"{file}: a patternType is glob, literal or regex, not {other!r}.")
