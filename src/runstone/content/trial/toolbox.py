"""The folder in which a suite under trial finds programs: stand-ins for those of its case, and plain text tools."""

import contextlib
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runstone.content.trial import pattern, standin
from runstone.content.trial.casefile import Trial
from runstone.content.trial.cases import ToolAnswer
from runstone.model.noun import Noun

_SYSTEM = "/usr/local/bin:/usr/bin:/bin"
PLAIN = (
    *("awk", "base64", "basename", "bash", "bc", "cat", "chmod", "cmp", "column", "comm", "cp", "cut", "date", "diff"),
    *("dirname", "echo", "env", "expr", "false", "find", "fold", "gawk", "grep", "egrep", "head", "jq", "ln", "ls"),
    *("md5sum", "mkdir", "mktemp", "mv", "nl", "od", "paste", "perl", "printf", "pwd", "python", "python3", "readlink"),
    *("realpath", "rev", "rm", "rmdir", "sed", "seq", "sh", "sha256sum", "shuf", "sleep", "sort", "split", "stat"),
    *("tac", "tail", "tee", "test", "timeout", "touch", "tr", "true", "tsort", "uniq", "wc", "which", "xargs", "yq"),
)
"""Programs that compute and reach nothing outside: a trial uses the machine's own. None of them needs to be there."""


def write(folder: Path, trial: Trial, fill: Callable[[str], str], called: Iterable[str]) -> Path:
    """Make the folder; return its ``bin``.

    ``fill`` replaces placeholders. ``called`` names the programs that the suite's source calls: those of them that the
    case says nothing of answer that they are not there, and tell of the call.
    """
    programs = folder / "bin"
    programs.mkdir(parents=True)
    known = {one.run for one in trial.case.tools}
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in called if name not in {*known, *PLAIN}}
    for number, one in enumerate(trial.case.tools):
        if not one.missing:
            answers.setdefault(one.run, []).append({"number": number, **_answer(one, trial, fill)})
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    record = folder / "calls.jsonl"
    record.touch()
    # The run is another user's, where the executor gives it one.
    record.chmod(0o666)
    for name in answers:
        _stand_in(programs / name, folder)
    for name in PLAIN:
        found = shutil.which(name, path=_SYSTEM) or shutil.which(name)
        if found and name not in known:
            (programs / name).symlink_to(found)
    return programs


def _answer(one: ToolAnswer, trial: Trial, fill: Callable[[str], str]) -> dict[str, Any]:
    return {
        "args": pattern.regex(one.args),
        "stdin": None if one.stdin is None else pattern.regex(one.stdin),
        "out": fill(trial.texts[one.out_file] if one.out_file else one.out),
        "err": fill(one.err),
        "exit": one.exit,
        "after_s": one.after_s,
    }


class Asked(Noun):
    """One call of a stand-in. ``answer``: the place in the case's tools of what answered, None when nothing did."""

    program: str
    args: str
    answer: int | None


def calls(folder: Path) -> tuple[Asked, ...]:
    """What was asked of stand-ins, in order. Lines that the run itself may have written there are passed over."""
    found: list[Asked] = []
    for line in (folder / "calls.jsonl").read_bytes().splitlines():
        with contextlib.suppress(ValidationError):
            found.append(Asked.model_validate_json(line))
    return tuple(found)


def _stand_in(path: Path, folder: Path) -> None:
    # By way of sh: the line that names an interpreter is cut where a path is long.
    words = [sys.executable, "-I", "-S", standin.__file__, str(folder), path.name]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
