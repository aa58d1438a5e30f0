"""What must not leave, as values in and values out. Pure; the edge uses it on everything it sends.

Two passes. Known values: every secret that a run was given, in every form of :mod:`runstone.model.forms`, in the text
as it is, with its escapes decoded once, twice and three times, and with folded lines joined. Generic patterns: what
looks like a credential whoever owns it.
"""

import re
from collections.abc import Iterable
from typing import Any, cast

from runstone.model.decoded import Decoded, decoded, unfolded
from runstone.model.forms import forms
from runstone.model.needles import Needles, Span, merged

MASK = "[redacted]"
_HELD_CAP = 256 * 1024
"""Characters of an unfinished line that wait for its end."""
_DEPTH = 3
"""How often escapes are decoded: JSON in JSON in an address."""
_CUT = 8
"""Characters at least of a value that was cut in two, for its part to be taken for one."""

# Every repetition that may fail at its end gives nothing back and begins only where the one before it could not have:
# the time is linear in the text, whatever a Task prints. A pattern is tried where its hint is; that and the literal at
# its start are what makes them fast.
_GENERIC = tuple(
    (hint, re.compile(pattern, re.DOTALL))
    for hint, pattern in (
        # PEM keys
        ("PRIVATE KEY-----", r"()-----BEGIN[ A-Z]{0,40}PRIVATE KEY-----.*?(?:-----END[ A-Z]{0,40}PRIVATE KEY-----|\Z)"),
        # JSON web tokens (RFC 7519)
        ("eyJ", r"()eyJ(?<![\w-]eyJ)[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]++"),
        # EKS tokens
        ("k8s-aws-v1.", r"()k8s-aws-v1\.[\w-]{20,}+"),
        # AWS access key ids
        ("AKIA", r"()AKIA(?<!\wAKIA)[A-Z0-9]{16}(?!\w)"),
        ("ASIA", r"()ASIA(?<!\wASIA)[A-Z0-9]{16}(?!\w)"),
        # GitHub's and GitLab's
        ("gh", r"()gh(?<!\wgh)[pousr]_[A-Za-z0-9]{30,}+"),
        ("github_pat_", r"()github_pat_\w{30,}+"),
        ("glpat-", r"()glpat-[\w-]{16,}+"),
        # Slack
        ("xox", r"()xox(?<!\wxox)[abprs]-[A-Za-z0-9-]{10,}+"),
        # Vault
        ("hv", r"()hv(?<!\whv)[sb]\.[\w-]{20,}+"),
        # Google
        ("ya29.", r"()ya29\.[\w.-]{20,}+"),
        ("AIza", r"()AIza[\w-]{35}"),
        # credentials in a URL
        ("://", r"(://)[^\s/:@]*+:[^\s/@]++(?=@)"),
    )
)
_NAMES = ("passw", "passphrase", "secret", "apikey", "api_key", "api-key", "token", "authorization")
_NAMED = re.compile(
    r"""
    ( [aA](?i:uthorization)["']?[ \t]*+[:=][ \t]*+["']?(?i:bearer|basic|token)[ \t]++
    | [pPsSaAcC](?i:assword|asswd|assphrase|ecret[_-]?(?:access[_-]?)?key|pi[_-]?key|(?:ccess|uth)[_-]?token
      |lient[_-]?secret)
      (?:\\?["'])?[ \t]*+[:=][ \t]*+(?:\\?["'])? )
    (?: (?<=\\")[^"\\\n]{4,}+ | (?<=")(?:[^"\\\n]|\\.){4,}+ | (?<=')[^'\n]{4,}+ | [^\s"',;}&\\]{4,}+ )
    """,
    re.VERBOSE,
)


_FOLDED = re.compile(r"(?:(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+\r?\n[ \t]*)++\Z")
"""Lines at the end of a text that may be folded base64 or hex, see :func:`runstone.model.decoded.unfolded`."""


class Redactor:
    """Masks a fixed set of values, and whatever looks like a credential."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._needles = Needles(forms(values))
        self._folds = _folds(self._needles.texts)

    @property
    def reach(self) -> int:
        """Characters that the longest form may take where it is folded and indented, or escaped in every character."""
        return 4 * self._needles.longest + 1024

    def text(self, text: str) -> str:
        """``text`` with every known value and every credential-like part masked.

        Where the text ends in the first half, or more, of a value, as when it was cut to a length, so is that.
        """
        return self.lines(text, self._cut(text))

    def lines(self, text: str, *more: Span) -> str:
        """The same of a text that was not cut. ``more`` are places to mask too."""
        known = [*more, *self._known(text)] if self._needles.texts else []
        return _generic(_covered(text, merged(span for span in known if span[0] < span[1])))

    def resumed(self, text: str) -> Span:
        """The start of ``text`` where it is the second half, or more, of a value; else an empty place."""
        ended = self._needles.ended(text)
        return (0, ended if ended >= _CUT else 0)

    def opened(self, text: str) -> int:
        """How many characters at the end of ``text``, which ends a line, may be the beginning of something to mask."""
        opened = max(self._value_opened(text), self._folded_opened(text), _key_opened(text))
        return len(text) - self._uncut(text, len(text) - opened) if opened else 0

    def _uncut(self, text: str, at: int) -> int:
        """``at``, or the place before it where no value that is there as a whole would be cut in two."""
        while True:
            start = text.rfind("\n", 0, max(0, at - self.reach)) + 1
            near, here = text[start : at + self.reach], at - start
            for first, end in reversed(merged(self._unfolded(near))):
                # From the start of its line on: what is left of one might be too short to be known for folded again.
                here = near.rfind("\n", 0, first) + 1 if first < here < end else here
            for first, end in reversed(merged(self._needles.spans(near))):
                here = first if first < here < end else here
            if start + here == at:
                return at
            at = start + here

    def tree(self, value: Any) -> Any:
        """The same JSON-like value with every string in it masked, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            pairs = cast("dict[Any, Any]", value).items()
            return {self.tree(key): self.tree(item) for key, item in pairs}
        if isinstance(value, list | tuple):
            return [self.tree(item) for item in cast("list[Any]", value)]
        return value

    def _known(self, text: str) -> list[Span]:
        """Where a known value is, in the text as it is or in what it says when it is decoded."""
        found = self._folded(text)
        views: list[Decoded] = []
        for _ in range(_DEPTH):
            view = decoded(text)
            if view.text == text:
                break
            views.append(view)
            text = view.text
            found += [_source(views, span) for span in self._folded(text)]
        return found

    def _folded(self, text: str) -> list[Span]:
        return [*self._needles.spans(text), *self._unfolded(text)]

    def _unfolded(self, text: str) -> list[Span]:
        joined = unfolded(text)
        if len(joined.text) == len(text):
            return []
        return [joined.source(*span) for span in self._needles.spans(joined.text)]

    def _cut(self, text: str) -> Span:
        long = (at for at, form in self._needles.begun(text) if len(text) - at >= max(_CUT, len(form) / 2))
        return (min(long, default=len(text)), len(text))

    def _value_opened(self, text: str) -> int:
        line = text[text.rfind("\n", 0, -1) + 1 :]
        begun = [form for form in (*self._folds.get(line, ()), *self._folds[""]) if text.endswith(form)]
        return max(map(len, begun), default=0)

    def _folded_opened(self, text: str) -> int:
        tail = _FOLDED.search(text, max(0, len(text) - self.reach)) if self._needles.texts else None
        if tail is None:
            return 0
        joined = unfolded(f"{tail[0]}+")
        begun = min((at for at, _ in self._needles.begun(joined.text[:-1])), default=None)
        if begun is None:
            return 0
        return len(tail[0]) - 1 - tail[0].rfind("\n", 0, joined.source(begun, begun + 1)[0])


class Stream:
    """Masks text that comes in pieces: a value that two pieces share is masked as one in a single piece is.

    Whole lines leave at once, unless they end with what may be the beginning of a value of several lines; an unfinished
    line waits for its end. What waits beyond the cap leaves, but for as much of its end as a value may be long.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._said = False

    def feed(self, text: str) -> str:
        """What of all that came may leave now, masked; possibly nothing."""
        whole, newline, rest = (self._held + text).rpartition("\n")
        whole += newline
        leaving = len(whole) - (self._redactor.opened(whole) if whole else 0)
        said = self._masked(whole[:leaving])
        self._held = whole[leaving:] + rest
        if len(self._held) > _HELD_CAP:
            keep = self._redactor.reach
            masked = self._masked(self._held)
            said += masked[:-keep]
            self._held = masked[-keep:]
        return said

    def end(self) -> str:
        """The rest, masked; a value that is cut in two here is masked from its half on."""
        held, self._held = self._held, ""
        start = self._first(held)
        return self._redactor.text(held) if start == (0, 0) else self._redactor.lines(held, start)

    def _masked(self, text: str) -> str:
        return self._redactor.lines(text, self._first(text)) if text else ""

    def _first(self, text: str) -> Span:
        """What is left at the very start of a value that was cut in two before it."""
        start = (0, 0) if self._said else self._redactor.resumed(text)
        self._said = self._said or bool(text)
        return start


def _source(views: list[Decoded], span: Span) -> Span:
    for view in reversed(views):
        span = view.source(*span)
    return span


def _covered(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += (text[at:start], MASK)
        at = end
    return "".join((*pieces, text[at:]))


def _generic(text: str) -> str:
    for hint, pattern in _GENERIC:
        if hint in text:
            text = pattern.sub(rf"\1{MASK}", text)
    lower = text.lower()
    return _NAMED.sub(rf"\1{MASK}", text) if any(name in lower for name in _NAMES) else text


def _folds(texts: Iterable[str]) -> dict[str, list[str]]:
    """Beginnings of values in lines, up to the end of each of their lines, by the last line; by "" up to the first."""
    found: dict[str, list[str]] = {"": []}
    for text in texts:
        ends = [at + 1 for at, char in enumerate(text) if char == "\n" and at + 1 < len(text)]
        for before, end in zip([0, *ends], ends, strict=False):
            found.setdefault(text[before:end] if before else "", []).append(text[:end])
    return found


def _key_opened(text: str) -> int:
    key = text.rfind("-----BEGIN ")
    opened = key >= 0 and "PRIVATE KEY-----" in text[key : key + 60] and "-----END " not in text[key:]
    return len(text) - key if opened else 0
