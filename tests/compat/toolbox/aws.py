"""The AWS CLI, as far as a bundle can tell. Operations nobody scripted answer an empty object."""

from typing import Any

from toolbox import query
from toolbox.answer import Answer, Call

_IDENTITY = {"UserId": "AIDASAMPLE", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/runner"}


def answer(call: Call) -> Answer:
    """``sts get-caller-identity`` is known; all else is empty."""
    words = call.words("--region", "--output", "--query", "--profile")
    if words[:2] == ["sts", "get-caller-identity"]:
        return Answer(shape(call, _IDENTITY))
    return Answer("aws-cli/2.22.0 Python/3.12\n" if "--version" in call.args else shape(call, {}))


def shape(call: Call, data: Any) -> str:
    """``--query`` and ``--output``. ``text`` prints ``None`` for nothing, as the real one does."""
    found = query.search(call.option("--query"), data)
    if call.option("--output") == "text":
        return "None\n" if found is None else query.tsv([found] if isinstance(found, list) else found)
    return query.table(found) if call.option("--output") == "table" else query.dump(found)
