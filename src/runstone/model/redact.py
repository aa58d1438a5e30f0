"""What must not leave, as values in and values out. Pure; the edge uses it on everything it sends.

Two passes. Known values: every secret that a run was given, in the forms it may take in text (plain, base64 in its
three alignments, URL-encoded, JSON-escaped once or twice, in hex, as XML, quoted for a shell). Generic patterns: what
looks like a credential whoever owns it.
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

MASK = "[redacted]"
_HELD_CAP = 256 * 1024
"""Characters of an unfinished line that wait for its end."""
_SHORTEST = 6
"""Shorter values stand in too many innocent words to be masked."""

_GENERIC = re.compile(
    r"""
    -----BEGIN[ A-Z]*PRIVATE\ KEY-----.*?(?:-----END[ A-Z]*PRIVATE\ KEY-----|\Z)   # PEM keys
    | \beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+                                          # JSON web tokens (RFC 7519)
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                                                 # AWS access key ids
    | \bgh[pousr]_[A-Za-z0-9]{30,}\b                                                # GitHub tokens
    | \bxox[abprs]-[A-Za-z0-9-]{10,}                                                # Slack tokens
    | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                                               # credentials in a URL
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMED = re.compile(
    r"""(?ix)
    ( \b authorization ["']? \s* [:=] \s* ["']? (?:bearer|basic|token) \s+
    | \b [\w-]* (?: password | passwd | secret[_-]?(?:access[_-]?)?key | api[_-]?key | (?:access|auth)[_-]?token
      | client[_-]?secret )
      ["']? \s* [:=] \s* ["']? )
    (?! \s ) [^\s"',;}&]{4,}
    """
)


class Redactor:
    """Masks a fixed set of values, and whatever looks like a credential."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = sorted({form for value in _parts(values) for form in _forms(value)}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._beginnings = {form[: at + 1] for form in forms for at, letter in enumerate(form) if letter == "\n"}
        self.longest = len(forms[0]) if forms else 0
        """Characters of the longest form of a value."""

    def text(self, text: str) -> str:
        """``text`` with every known value and every credential-like part masked."""
        if self._known:
            text = self._known.sub(MASK, text)
        return _NAMED.sub(lambda match: match.group(1) + MASK, _GENERIC.sub(MASK, text))

    def opened(self, text: str) -> int:
        """How many characters at the end of ``text``, which ends a line, may be the beginning of something to mask."""
        begun = [len(part) for part in self._beginnings if text.endswith(part)]
        if begun and self._known:
            # One that lies within a value that is there as a whole is no beginning.
            whole = [found.span() for found in self._known.finditer(text)]
            begun = [size for size in begun if not any(a < len(text) - size < b for a, b in whole)]
        key = text.rfind("-----BEGIN ")
        if key >= 0 and "PRIVATE KEY-----" in text[key : key + 60] and "-----END " not in text[key:]:
            begun.append(len(text) - key)
        return max(begun, default=0)

    def tree(self, value: Any) -> Any:
        """The same JSON-like value with every string in it masked, keys included."""
        return self._tree(value)

    def _tree(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            pairs = cast("dict[Any, Any]", value).items()
            return {self._tree(key): self._tree(item) for key, item in pairs}
        if isinstance(value, list | tuple):
            return [self._tree(item) for item in cast("list[Any]", value)]
        return value


def _parts(values: Iterable[str]) -> list[str]:
    """The values themselves, and the telling pieces of one in lines: a kubeconfig's tokens, a key's every line."""
    parts: list[str] = []
    for value in values:
        stripped = value.strip()
        parts.append(stripped)
        if "\n" in stripped:
            parts += re.findall(r"(?:token|password|client-key-data|secret)[\"']?\s*:\s*[\"']?([^\s\"']+)", stripped)
            parts += re.findall(r"[^\s\"'=:,]{16,}", stripped)
    return [part for part in parts if len(part) >= _SHORTEST]


def _forms(value: str) -> set[str]:
    raw = value.encode(errors="surrogatepass")
    forms = {
        value,
        raw.hex(),
        raw.hex().upper(),
        escape(value, {'"': "&quot;", "'": "&#39;"}),
        value.replace("'", "'\\''"),
    }
    for encoded in (quote(raw, safe=""), quote_plus(raw), quote(raw)):
        forms |= {encoded, re.sub(r"%..", lambda found: found[0].lower(), encoded)}
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        forms |= {once, once.replace("/", "\\/"), json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    # Base64 of a text that holds the value: the bytes before it shift the alignment by 0, 1 or 2.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        skipped = (shift * 8 + 5) // 6
        core = encoded[skipped : len(encoded) - (1 if (len(raw) + shift) % 3 else 0)]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _SHORTEST}


class Stream:
    """Masks text that comes in pieces: a value that two pieces share is masked as one in a single piece is.

    Whole lines leave at once, unless they end with what may be the beginning of a value of several lines; an unfinished
    line waits for its end. What waits beyond the cap leaves, but for as much of its end as a value may be long.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""

    def feed(self, text: str) -> str:
        """What of all that came may leave now, masked; possibly nothing."""
        whole, newline, rest = (self._held + text).rpartition("\n")
        whole += newline
        opened = self._redactor.opened(whole)
        said = self._redactor.text(whole[: len(whole) - opened])
        self._held = whole[len(whole) - opened :] + rest
        if len(self._held) > _HELD_CAP:
            keep = max(self._redactor.longest, 1024)
            masked = self._redactor.text(self._held)
            said += masked[:-keep]
            self._held = masked[-keep:]
        return said

    def end(self) -> str:
        """The rest, masked."""
        held, self._held = self._held, ""
        return self._redactor.text(held)
