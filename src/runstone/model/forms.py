"""The forms a secret value takes in text. Pure.

A value is looked for in every form that common encoders give it. Mixtures (``%``-escapes in JSON in XML) are not listed
here: they are found by decoding the text instead, see :mod:`runstone.model.decoded`.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import quote, quote_plus, unquote
from xml.sax.saxutils import escape

from runstone.model.decoded import decoded

SHORTEST = 6
"""Characters of the shortest value that is masked: shorter ones stand in too many innocent words."""
_TELLING = re.compile(
    r"token|pass|pwd|secret|private|credential|key$|key[_-]?(?:data|id)$|auth$|^sig$|^identitytoken$", re.IGNORECASE
)
_PAIR = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?([\w.-]+)[\"']?[ \t]*[:=][ \t]*[\"']?(.*?)[\"',]*[ \t]*")
"""One line of YAML, of an INI file or of an environment file; one piece of a connection string."""
_OPAQUE = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/_=-]{32,}")
_URL_PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/@]+)@")
_LINE_ITSELF = 8
"""Characters of a line, of a value in lines, that is masked where it stands alone."""
_WHOLE_ONLY = 64 * 1024
"""Characters beyond which a value is looked for as it is, and by its pieces, only."""


def forms(values: Iterable[str]) -> frozenset[str]:
    """Every text to look for, for these values and for their telling pieces."""
    found: set[str] = set()
    for part in parts(values):
        found.add(part)
        found |= _encoded(part) if len(part) <= _WHOLE_ONLY else set()
    return frozenset(form for form in found if len(form) >= SHORTEST)


def parts(values: Iterable[str]) -> frozenset[str]:
    """The values themselves, and the pieces of them that are secret by themselves.

    Those are the values under telling names of a JSON document, a YAML, INI or environment file or a connection string
    (a kubeconfig's ``token``, an ``AccountKey``), long opaque words of them, the password in a URL, and each line of
    any other text in lines (a private key).
    """
    found: set[str] = set()
    for value in values:
        stripped = value.strip()
        found |= {value, stripped, *_pieces(stripped)}
    return frozenset(part for part in found if len(part.strip()) >= SHORTEST)


def _pieces(value: str) -> Iterator[str]:
    for password in _URL_PASSWORD.findall(value):
        yield from (password, unquote(password))
    tree = _json(value)
    if tree is not None:
        yield from _leaves(tree, "")
    elif "\n" in value:
        yield from _lines(value.splitlines())
    elif ";" in value:
        yield from _lines(piece for piece in value.split(";") if _PAIR.fullmatch(piece))


def _json(value: str) -> Any:
    """The list or mapping that ``value`` is as JSON, else None."""
    if value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _leaves(tree: Any, name: str) -> Iterator[str]:
    if isinstance(tree, str):
        if _telling(name, tree):
            yield tree
            yield from (line for line in tree.splitlines() if len(line) >= _LINE_ITSELF)
    elif isinstance(tree, dict):
        for key, item in cast("dict[str, Any]", tree).items():
            yield from _leaves(item, key)
    elif isinstance(tree, list):
        for item in cast("list[Any]", tree):
            yield from _leaves(item, name)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        pair = _PAIR.fullmatch(line)
        if pair is None:
            yield from (one for one in (line.strip(),) if len(one) >= _LINE_ITSELF)
        elif _telling(pair[1], pair[2]):
            yield pair[2]


def _telling(name: str, value: str) -> bool:
    """Whether a value is secret by itself: by its name, or since it looks like nothing a person would write."""
    return bool(_TELLING.search(name) or _OPAQUE.fullmatch(value) or "PRIVATE KEY-----" in value)


def _encoded(value: str) -> set[str]:
    raw = value.encode(errors="surrogatepass")
    found = {raw.hex(), raw.hex().upper(), *_addressed(value, raw), *_quoted(value), *_decoded(value)}
    literals = _literals(value)
    found |= literals
    # Base64 of base64: a Kubernetes Secret that holds a Docker configuration.
    inner = _base64(raw)
    for text in (*literals - {value}, *inner):
        found |= _base64(text.encode(errors="surrogatepass"))
    found |= inner
    return found | {form.replace("\n", "\r\n") for form in found | {value} if "\n" in form}


def _addressed(value: str, raw: bytes) -> set[str]:
    """As a part of an address or a form (RFC 3986; application/x-www-form-urlencoded)."""
    found = {quote(raw, safe=""), quote_plus(raw), quote(raw), value.replace(" ", "+")}
    return found | {re.sub(r"%..", lambda escape: escape[0].lower(), form) for form in found}


def _literals(value: str) -> set[str]:
    """Within quotes of JSON, as Python, Go (which escapes ``<>&``) and others write it; and JSON in JSON."""
    found: set[str] = set()
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        go = re.sub("[<>&]", lambda char: f"\\u{ord(char[0]):04x}", once)
        found |= {once, once.replace("/", "\\/"), go, json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    return found


def _quoted(value: str) -> set[str]:
    """In XML, and for a shell in both ways to write a quote within quotes."""
    found = {escape(value), escape(value, {'"': "&quot;"})}
    found |= {escape(value, {'"': "&quot;", "'": apostrophe}) for apostrophe in ("&#39;", "&#x27;", "&apos;")}
    found |= {escape(value, {'"': "&#34;", "'": "&#39;"})}
    return found | {value.replace("'", "'\\''"), value.replace("'", "'\"'\"'")}


def _decoded(value: str) -> set[str]:
    """What is left of a value that itself looks escaped, when a text that holds it is decoded."""
    found: set[str] = set()
    for _ in range(3):
        value = decoded(value).text
        found.add(value)
    return found


def _base64(raw: bytes) -> set[str]:
    """Of any text that holds the value: the bytes before it shift the alignment by 0, 1 or 2 (RFC 4648)."""
    found: set[str] = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        skipped = (shift * 8 + 5) // 6
        core = encoded[skipped : len(encoded) - (1 if (len(raw) + shift) % 3 else 0)]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return found
