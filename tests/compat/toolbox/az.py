"""The Azure CLI, as far as a bundle can tell: ``list`` is empty, ``show`` is a resource that is well."""

import re
from typing import Any

from toolbox import query
from toolbox.answer import Answer, Call

_SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
_VALUED = ("-g", "-n", "-o", "-s", "--query", "--name", "--resource-group", "--subscription", "--output", "--resource")


def answer(call: Call) -> Answer:
    """An answer of the right shape for the last word of the command."""
    words = call.words(*_VALUED)
    if words[:2] == ["account", "set"] or words[:1] in (["login"], ["logout"], ["extension"], ["configure"]):
        return Answer()
    if words[:2] == ["provider", "show"]:
        return Answer(shape(call, {"registrationState": "Registered", "namespace": "Microsoft.Any"}))
    verb = next((word for word in reversed(words) if re.match(r"list|show|get|query|check", word)), "")
    return Answer(shape(call, [] if verb.startswith("list") else _resource(call)))


def _resource(call: Call) -> dict[str, Any]:
    name = call.option("--name", "-n", "--resource-name") or "sample"
    group = call.option("--resource-group", "-g") or "rg"
    return {
        "id": f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Any/any/{name}",
        "name": name,
        "resourceGroup": group,
        "location": "westeurope",
        "provisioningState": "Succeeded",
        "state": "Running",
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


def shape(call: Call, data: Any) -> str:
    """``--query`` and ``-o``."""
    found = query.search(call.option("--query"), data)
    kind = call.option("--output", "-o") or "json"
    if kind == "tsv":
        return query.tsv(found)
    return query.table(found) if kind == "table" else query.dump(found)
