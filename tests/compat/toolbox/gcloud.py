"""The Google Cloud CLI, as far as a bundle can tell: ``list`` is empty, ``describe`` is a resource that is well."""

import re
from typing import Any

from toolbox import query
from toolbox.answer import Answer, Call

_VALUED = ("--project", "--format", "--filter", "--region", "--zone", "--limit", "--location", "--account")


def answer(call: Call) -> Answer:
    """An answer of the right shape for the command."""
    words = call.words(*_VALUED)
    line = " ".join(words)
    if line.startswith(("auth print-", "auth application-default print-")):
        return Answer("ya29.sample-token\n")
    if line.startswith("config get-value"):
        return Answer({"project": "sample-project", "account": "runner@sample.iam"}.get(words[-1], "") + "\n")
    if line.startswith("auth list"):
        return Answer(shape(call, [{"account": "runner@sample.iam.gserviceaccount.com", "status": "ACTIVE"}]))
    if line.startswith(("auth", "config", "components")):
        return Answer("", "Activated.\n")
    if line.startswith("projects describe"):
        return Answer(shape(call, {"projectId": words[-1], "projectNumber": "1234567890", "lifecycleState": "ACTIVE"}))
    if re.search(r"\b(list|ls|read|search)\b", line):
        return Answer(shape(call, []))
    return Answer(shape(call, {"name": words[-1] if words else "sample", "state": "ACTIVE", "status": "ACTIVE"}))


def shape(call: Call, data: Any) -> str:
    """``--format``: json, or ``value(a.b,c)`` and its kin, whose transforms (``.basename()``) are left out."""
    wanted = call.option("--format") or ""
    found = re.match(r"(value|csv|table|get)(?:\[[^]]*\])?\((.*)\)$", wanted, re.DOTALL)
    if not found:
        return query.dump(data) if wanted.startswith("json") or not wanted else query.table(data)
    kind, fields = found[1], [re.sub(r"\.\w+\(\)|:.*", "", one.strip()) for one in found[2].split(",")]
    rows = data if isinstance(data, list) else [data]
    cells = [[_field(row, field) for field in fields] for row in rows]
    border = "," if kind == "csv" else "\t"
    return "".join(border.join(line) + "\n" for line in cells if any(line) or kind != "value")


def _field(row: Any, field: str) -> str:
    found = query.search(re.sub(r"\[\]", "[]", field), row) if re.fullmatch(r"[\w.\[\]]+", field) else None
    if isinstance(found, list):
        return ";".join(str(one) for one in found)
    return "" if found is None else str(found)
