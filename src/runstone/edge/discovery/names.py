"""Names of SLXs, exactly as public CodeCollections and their users know them. Pure.

Facts from the format's description: a base name has at most 15 characters, a qualified name is built from shortened
qualifier values, the base and the first 8 hex digits of SHA-1 over the qualifier values joined by ``-``; the whole
name ``<workspace>--<qualified>`` has at most 255 characters.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

LONGEST = 255
BASE_LONGEST = 15
_UNBOUND = 100_000
_HASHED = re.compile(r"-[0-9a-f]{8}$")
_VOWELS = re.compile(r"(?<!^)[aeiou]")


def sanitize(text: str) -> str:
    """``:`` and ``/`` become ``-``; runs of ``-`` are one; none at the ends."""
    return re.sub(r"-+", "-", re.sub(r"[:/]", "-", text)).strip("-")


def shorten(text: str, longest: int, separator: str | None = None) -> str:
    """At most ``longest`` characters: each part loses its vowels after the first letter and is cut to a fair share."""
    if len(text) <= longest:
        return text
    parts = [part for piece in re.split(r"[_\-.]", text) for part in _humps(piece)]
    bare = [_VOWELS.sub("", part) for part in parts]
    count = len(bare)
    if separator is None:
        separator = "-" if 2 * count < longest else ""
    share = (longest - count + 1) // count if separator else 1
    return separator.join(part[: max(share, 1)] for part in bare)[:longest]


def base(name: str, shortened: str = "") -> str:
    """The base part: the name itself if it is short, else the rule's own short form, else a shortened one."""
    if len(name) <= BASE_LONGEST:
        return name
    return shortened if shortened and len(shortened) <= BASE_LONGEST else shorten(name, BASE_LONGEST)


def qualified(base_name: str, values: Sequence[str], longest: int) -> str:
    """``<q1>-<q2>…-<base>-<hash>``; without qualifiers the base alone."""
    if not values:
        return sanitize(base_name)
    share = (longest - len(base_name) - 1 - 9 - (len(values) - 1)) // len(values)
    short = [shorten(value.replace("_", "-"), share) for value in values]
    hashed = hashlib.sha1("-".join(values).encode(), usedforsecurity=False).hexdigest()[:8]
    return sanitize("-".join([*short, base_name, hashed]))


def identity(base_name: str, values: Sequence[str]) -> str:
    """The name before anything was shortened for want of room: what annotations of the format call the full name."""
    return qualified(base_name, values, _UNBOUND)


def distinct(bases: Sequence[str]) -> list[str]:
    """Bases in load order; those that are there more than once get 1, 2, … in that order, the first one too."""
    often = {name for name, count in Counter(bases).items() if count > 1}
    seen: Counter[str] = Counter()
    found: list[str] = []
    for name in bases:
        seen[name] += 1
        found.append(f"{name}{seen[name]}" if name in often else name)
    return found


def full(workspace: str, qualified_name: str) -> str:
    """``<workspace>--<qualified>``; what is too long is cut before the hash at its end."""
    name = f"{workspace}--{qualified_name}"
    if len(name) <= LONGEST:
        return name
    before, hashed = (name[:-9], name[-9:]) if _HASHED.search(name) else (name, "")
    return before[: LONGEST - len(hashed)].rstrip("-") + hashed


def room(workspace: str) -> int:
    """Characters that are left for the qualified name."""
    return LONGEST - len(workspace) - 2


def _humps(piece: str) -> list[str]:
    return [part.lower() for part in re.findall(r"[A-Z]?[^A-Z]+|[A-Z]", piece)] or ([piece] if piece else [])
