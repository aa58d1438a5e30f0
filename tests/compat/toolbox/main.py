"""Where every stand-in begins: record the call, ask the rules, else let the tool answer by itself."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolbox import aws, az, curl, gcloud, kubectl, small
from toolbox.answer import Answer, Call

_TOOLS: dict[str, Callable[[Call], Answer]] = {
    "az": az.answer,
    "aws": aws.answer,
    "curl": curl.answer,
    "gcloud": gcloud.answer,
    "kubectl": kubectl.answer,
    "oc": kubectl.answer,
}


def main(folder: Path, argv: list[str]) -> int:
    """Answer one call; ``argv[0]`` is the tool. Returns its return code."""
    tool = Path(argv[0]).name
    world: dict[str, Any] = json.loads((folder / "world.json").read_text())
    call = Call(tool, argv[1:], world)
    answer = _scripted(call) or _TOOLS.get(tool, small.answer)(call)
    run = os.environ.get("CODEBUNDLE_TEMP_DIR")
    _record((Path(run).parent if run else folder) / "calls.jsonl", call, answer)
    # Whoever reads may have stopped reading (``| head``): that is no fault of ours.
    try:
        sys.stdout.write(answer.out)
        sys.stdout.flush()
        sys.stderr.write(answer.err)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return answer.rc


def _scripted(call: Call) -> Answer | None:
    line = " ".join(call.args)
    for rule in call.world["rules"]:
        if rule["tool"] == call.tool and re.search(rule["args"], line):
            return _by_rule(rule, call)
    return None


def _by_rule(rule: dict[str, Any], call: Call) -> Answer:
    """``json`` goes the way of the tool's own answers (``--query``, ``-o tsv``, curl's ``-w``); ``out`` is as it is."""
    err, rc = str(rule.get("err", "")), int(rule.get("rc", 0))
    if call.tool == "curl":
        body = json.dumps(rule["json"]) if "json" in rule else str(rule.get("out", ""))
        return curl.respond(call, body, int(rule.get("status", 200)), rc)
    if "json" not in rule:
        return Answer(str(rule.get("out", "")), err, rc)
    shape = {"az": az.shape, "aws": aws.shape, "gcloud": gcloud.shape, "kubectl": kubectl.shape, "oc": kubectl.shape}
    text = shape[call.tool](call, rule["json"]) if call.tool in shape else json.dumps(rule["json"], indent=2) + "\n"
    return Answer(text, err, rc)


def _record(file: Path, call: Call, answer: Answer) -> None:
    with file.open("a") as out:
        out.write(json.dumps({"tool": call.tool, "args": call.args, "rc": answer.rc, "out": len(answer.out)}) + "\n")
