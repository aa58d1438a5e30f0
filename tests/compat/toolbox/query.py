"""What the clouds' own tools do with an answer: JMESPath, then a format."""

import json
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError


def search(path: str | None, data: Any) -> Any:
    """``--query`` as az and aws apply it."""
    if not path:
        return data
    try:
        return jmespath.search(path, data)
    except JMESPathError:
        return None


def tsv(data: Any) -> str:
    """One row a line; the texts of a row are parted by tabs. Nothing for None, as az does."""
    if data is None:
        return ""
    rows = data if isinstance(data, list) else [data]
    return "".join("\t".join(_cells(row)) + "\n" for row in rows)


def _cells(row: Any) -> list[str]:
    if isinstance(row, dict):
        return [_cell(one) for one in row.values() if not isinstance(one, dict | list)]
    if isinstance(row, list):
        return [_cell(one) for one in row]
    return [_cell(row)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def table(data: Any) -> str:
    """Columns under their names."""
    rows = data if isinstance(data, list) else [data]
    rows = [row for row in rows if isinstance(row, dict)]
    if not rows:
        return tsv(data)
    names = [name for name, value in rows[0].items() if not isinstance(value, dict | list)]
    lines = [names, ["-" * len(name) for name in names], *([_cell(row.get(name)) for name in names] for row in rows)]
    return "".join("  ".join(line) + "\n" for line in lines)


def dump(data: Any) -> str:
    """JSON, as the tools print it."""
    return json.dumps(data, indent=2) + "\n"
