"""A stand-in for a program: records how it was called and answers as its case says.

It is run by file, without site packages, for every call of a suite: it imports the standard library alone. Its
arguments are the folder that :mod:`runstone.content.trial.toolbox` made, the program's name, and the call's own.
"""

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

_NOT_FOUND = 127
"""What a shell returns for a program that is not there."""
_NO_ANSWER = 64
"""EX_USAGE: no program under test is known to mean something by it."""


def main(folder: Path, program: str, args: list[str]) -> int:
    """Answer one call; its return code."""
    answers: list[dict[str, Any]] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))[program]
    line = " ".join(args)
    answer = _answer(answers, line)
    _record(folder, {"program": program, "args": line, "answer": answer["number"] if answer else None})
    if answer:
        time.sleep(answer["after_s"])
        return _say(answer["out"], answer["err"], answer["exit"])
    if not answers:
        return _say("", f"{program}: command not found\n", _NOT_FOUND)
    return _say("", f"{program}: the case has no answer to: {program} {line}\n", _NO_ANSWER)


def _answer(answers: list[dict[str, Any]], line: str) -> dict[str, Any] | None:
    """The first that fits. Stdin may belong to a loop around the call, so it is read only when an answer asks."""
    fitting = [one for one in answers if re.search(one["args"], line)]
    if not fitting or fitting[0]["stdin"] is None:
        return fitting[0] if fitting else None
    stdin = sys.stdin.buffer.read().decode(errors="replace")
    return next((one for one in fitting if one["stdin"] is None or re.search(one["stdin"], stdin)), None)


def _record(folder: Path, call: dict[str, Any]) -> None:
    # One write to a file opened for appending is not torn by another call's.
    with (folder / "calls.jsonl").open("ab", buffering=0) as out:
        out.write(json.dumps(call).encode() + b"\n")


def _say(out: str, err: str, code: int) -> int:
    try:
        sys.stdout.buffer.write(out.encode(errors="surrogateescape"))
        sys.stdout.flush()
        sys.stderr.buffer.write(err.encode(errors="surrogateescape"))
        sys.stderr.flush()
    except BrokenPipeError:
        # Whoever reads has read enough (``| head``): that is no fault of the call.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
