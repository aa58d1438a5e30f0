"""Patterns of case files: a glob over the whole text, or ``re:`` and a regular expression that is found in it."""

import re

from runstone.content import inputs

_REGEX = "re:"


def regex(pattern: str) -> str:
    """The pattern as a regular expression for :func:`re.search`; in a glob ``*`` and ``?`` mean something, no more."""
    if pattern.startswith(_REGEX):
        return pattern.removeprefix(_REGEX)
    first, *others = ("".join("." if mark == "?" else re.escape(mark) for mark in part) for part in pattern.split("*"))
    if not others:
        return rf"(?s)\A{first}\Z"
    # What stands between two stars is taken where it is met first, for good: no glob takes longer than its text.
    between = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    return rf"(?s)\A{first}{between}.*{others[-1]}\Z"


def fits(pattern: str, text: str) -> bool:
    """Whether the text is what the pattern wants. Upper and lower case are told apart."""
    return re.search(regex(pattern), text) is not None


def meet(one: str, other: str) -> bool:
    """Whether some text fits both of two globs."""
    # reach[i], after j marks of other: its first j and the first i of one can stand for the same text.
    reach = [True] + [False] * len(one)
    for at, mark in enumerate(one):
        reach[at + 1] = reach[at] and mark == "*"
    for right in other:
        after = [reach[0] and right == "*"]
        for at, left in enumerate(one):
            alike = left == right or "?" in (left, right)
            stretched = "*" in (left, right) and (after[at] or reach[at + 1])
            after.append(stretched or (alike and reach[at]))
        reach = after
    return reach[-1]


def problem(pattern: str) -> str:
    """Why it is no pattern; empty when it is one."""
    try:
        re.compile(regex(pattern))
    except (re.error, RecursionError, OverflowError) as err:
        return f"{pattern!r} is no regular expression ({err})"
    if pattern.startswith(_REGEX) and not inputs.quick(regex(pattern)):
        return f"{pattern!r} may take for ever on some text. Simplify it, or write a glob"
    return ""
