"""What shellcheck and ruff say of scripts: many files to one process, with a time limit. Both parse, neither runs any.

A program that is not there is no error: the run says so once, and the rules on its opinions find nothing.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from runstone.content.lint.bundle import Bundle, Language, Opinion
from runstone.content.lint.finding import Severity

_TIME_LIMIT_S = 120
_AT_ONCE = 40
"""Files to one process: far below the longest command line, and a slow one costs only its own batch."""
_RUFF_RULES = "E9,F63,F7,F82,F811,F841,F401"
"""Syntax errors, comparisons that cannot be meant, undefined names, what is defined and never used."""

_NOTES = {"SC2155", "SC2034", "SC2154", "SC2188", "F401", "F841"}
"""Said of nearly every script, or not to be known from one file alone: a variable that is not used or not set here."""


@dataclass(frozen=True)
class Program:
    """One program, and how its answer is read. ``command`` is followed by the files."""

    name: Literal["shellcheck", "ruff"]
    language: Language
    command: tuple[str, ...]
    read: Callable[[str], Iterator[tuple[str, Opinion]]]


def installed() -> tuple[tuple[Program, ...], tuple[str, ...]]:
    """The programs that are there, and a sentence for each that is not."""
    wanted: tuple[tuple[Literal["shellcheck", "ruff"], Language, tuple[str, ...], Any], ...] = (
        ("shellcheck", "bash", ("--norc", "--format=json1", "--severity=warning", "--exclude=SC2148"), _shellcheck),
        (
            "ruff",
            "python",
            ("check", "--isolated", "--no-cache", "--exit-zero", "--output-format=json", f"--select={_RUFF_RULES}"),
            _ruff,
        ),
    )
    found: list[Program] = []
    missing: list[str] = []
    for name, language, options, read in wanted:
        path = _where(name)
        if path:
            found.append(Program(name, language, (path, *options), read))
        else:
            missing.append(f"{name} is not installed, so {language} scripts were not asked of it: {_INSTALL}")
    return tuple(found), tuple(missing)


_INSTALL = "pip install 'runstone[authors]'."


def _where(name: str) -> str | None:
    """Beside this Python first: that is where the wheels put them."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def of(
    read: Sequence[tuple[Path, Bundle]], programs: Sequence[Program]
) -> tuple[Mapping[Path, list[Opinion]], list[str]]:
    """Opinions by the folder of their bundle, and a sentence for each batch that gave none. Folders are absolute."""
    found: dict[Path, list[Opinion]] = {}
    said: list[str] = []
    for program in programs:
        files = [
            place / script.file
            for place, bundle in read
            for script in bundle.scripts
            if script.language == program.language
        ]
        for start in range(0, len(files), _AT_ONCE):
            batch = files[start : start + _AT_ONCE]
            try:
                for file, one in program.read(_asked(program, batch)):
                    found.setdefault(Path(file).parent, []).append(one)
            except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as err:
                count = f"{len(batch)} file{'' if len(batch) == 1 else 's'}"
                said.append(f"{program.name} gave no answer on {count} ({type(err).__name__}).")
    return found, said


def _asked(program: Program, files: Sequence[Path]) -> str:
    done = subprocess.run(  # noqa: S603  a program of ours on files that were read already
        [*program.command, "--", *map(str, files)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIME_LIMIT_S,
        check=False,
    )
    return done.stdout.decode("utf-8", errors="replace")


def _shellcheck(answer: str) -> Iterator[tuple[str, Opinion]]:
    for one in json.loads(answer)["comments"]:
        name = Path(one["file"]).name
        code = f"SC{one['code']}"
        level = _level(code, one["level"] == "error")
        yield one["file"], Opinion("shellcheck", name, one["line"], one["column"], code, level, one["message"])


def _ruff(answer: str) -> Iterator[tuple[str, Opinion]]:
    for one in json.loads(answer):
        code = one["code"] or "syntax"
        broken = code in ("syntax", "invalid-syntax") or code.startswith(("E9", "F7", "F82"))
        place = one["location"]
        level = _level(code, broken)
        name = Path(one["filename"]).name
        yield one["filename"], Opinion("ruff", name, place["row"], place["column"], code, level, one["message"])


def _level(code: str, broken: bool) -> Severity:
    return "note" if code in _NOTES else "error" if broken else "warning"
