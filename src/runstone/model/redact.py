"""What must not leave, as values in and values out. Pure; the edge uses it on everything it sends.

Two passes. Known values: every secret that a run was given, in the forms it may take in text (plain, base64 in its
three alignments, URL-encoded, JSON-escaped). Generic patterns: what looks like a credential whoever owns it.
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
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

    def text(self, text: str) -> str:
        """``text`` with every known value and every credential-like part masked."""
        if self._known:
            text = self._known.sub(MASK, text)
        return _NAMED.sub(lambda match: match.group(1) + MASK, _GENERIC.sub(MASK, text))

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
    raw = value.encode()
    forms = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    # Base64 of a text that holds the value: the bytes before it shift the alignment by 0, 1 or 2.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        skipped = (shift * 8 + 5) // 6
        core = encoded[skipped : len(encoded) - (1 if (len(raw) + shift) % 3 else 0)]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _SHORTEST}
