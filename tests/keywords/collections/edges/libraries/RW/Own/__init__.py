"""A library of this collection alone, which uses the runtime's from Python."""

from typing import Any

from RW import platform
from RW.Core import Core

_core = Core()


def raise_from_python(title: str) -> None:
    """An Issue, by a Core of our own."""
    _core.add_issue(severity="2", title=title, expected="well", actual="ill", next_steps="Look", details="")


def describe(secret: platform.Secret) -> str:
    """A secret's name, and how it prints."""
    return f"{secret.key} {secret}"


def count(answer: Any) -> int:
    """Lines of an answer."""
    return len(answer.stdout.splitlines())
