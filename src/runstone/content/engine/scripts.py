"""A ``task.yaml``: plain scripts, queries and requests, run without Robot Framework.

The manifest comes parsed and checked in the order (:mod:`runstone.content.taskfile`). What a script finds it writes as
a JSON list of Issues to descriptor 3; a python script may return it from ``main()``. A number instead of a list is a
measurement. See docs/reference/task-yaml.md.
"""

import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from runstone.content.engine.voice import Voice

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_FIELDS = (
    *("title", "severity", "expected", "actual", "details", "next_steps", "reproduce_hint", "observed_at", "summary"),
    *("resource", "cause", "evidence", "blames"),
)
_BODY_CAP = 16 * 1024 * 1024
_SHOWN = 4000
_PYTHON = """
import json, os, runpy, sys
sys.path[:0] = json.loads(os.environ.pop("RUNSTONE_PATH"))
names = runpy.run_path(sys.argv[1], run_name="__main__" if "--as-main" in sys.argv else "task")
if "main" in names:
    found = names["main"]()
    if found is not None:
        with os.fdopen(3, "w") as out:
            json.dump(found, out, default=str)
"""


class CannotLookError(Exception):
    """The Task itself broke; the message is for people."""


def run(order: dict[str, Any], voice: Voice) -> str:
    """Run the order's Tasks. Returns why they could not be run, as a sentence; empty when they were."""
    manifest: dict[str, Any] = order["manifest"]
    bundle = Path(order["bundle"])
    tasks: list[dict[str, Any]] = manifest["tasks"]
    titles: list[str] | None = order["titles"]
    missing = [title for title in titles or () if title not in {task["title"] for task in tasks}]
    if missing:
        return f"Bundle {bundle.name}: {order['robot']} has no Task {', '.join(map(repr, missing))}."
    given = {one["name"]: os.environ.get(one["name"], one["default"]) for one in manifest["inputs"]}
    lacking = [name for name, value in given.items() if value is None]
    if lacking:
        return f"Bundle {bundle.name}: input {lacking[0]} has no value and no default. Give it one."
    scope = _Scope({name: str(value) for name, value in given.items()}, order, manifest["secrets"], voice)
    for task in tasks:
        if titles is None or task["title"] in titles:
            _one(task, scope, voice)
    return ""


class _Scope:
    """What the Tasks of one run have in common: values by name, secrets by name, folders."""

    def __init__(
        self, values: dict[str, str], order: dict[str, Any], secrets: list[dict[str, Any]], voice: Voice
    ) -> None:
        self.values = values
        self.secrets: dict[str, str] = {
            one["name"]: order["secrets"][one["name"]] for one in secrets if one["name"] in order["secrets"]
        }
        self.files = {one["name"] for one in secrets if one["given_as"] == "file"}
        self.folder = Path.cwd()
        self.voice = voice

    def text(self, text: str, secrets: bool = False) -> str:
        """The text with inputs, and secrets where they may stand, in place of ``${name}``."""
        known: Mapping[str, str] = {**self.values, **(self.secrets if secrets else {})}
        return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), text)


def _one(task: dict[str, Any], scope: _Scope, voice: Voice) -> None:
    voice.begin(task["title"], scope.text(task["title"]))
    began = time.monotonic()
    state, message = "", ""
    way: Callable[[dict[str, Any], _Scope], Any] = _request if task["http"] else _query if task["sql"] else _script
    try:
        _tell(way(task, scope), task, scope)
    except CannotLookError as err:
        state, message = "errored", str(err)
    except Exception as err:  # noqa: BLE001  whatever a driver or a script's answer does, the next Task shall run
        state, message = "errored", f"{type(err).__name__}: {err}"
    voice.end(state or ("failed" if voice.ill else "passed"), message[:_SHOWN], time.monotonic() - began)


def _tell(found: Any, task: dict[str, Any], scope: _Scope) -> None:
    """A list of Issues, one Issue, or a number."""
    if found is None:
        return
    if isinstance(found, int | float):
        scope.voice.hear("metric", {"name": "", "sub_name": "", "value": float(found), "type": "gauge", "labels": {}})
        return
    entries: list[Any] = cast("list[Any]", found) if isinstance(found, list) else [found]
    for entry in entries:
        scope.voice.hear("issue", _issue(entry, scope))


def _issue(entry: Any, scope: _Scope) -> dict[str, Any]:
    """The record of RW.Core's Add Issue from what a script wrote; ``issue title`` counts as ``title``."""
    if not isinstance(entry, dict):
        raise CannotLookError(f"An Issue has to be an object with a title, not {json.dumps(entry, default=str)[:80]}.")
    fields = cast("dict[Any, Any]", entry).items()
    said = {re.sub(r"^issue[ _]", "", str(name)).replace(" ", "_").lower(): value for name, value in fields}
    if not str(said.get("title") or "").strip():
        raise CannotLookError(f"An Issue has no title: {json.dumps(entry, default=str)[:200]}.")
    try:
        severity = min(4, max(1, int(said.get("severity") or 3)))
    except (TypeError, ValueError) as err:
        raise CannotLookError(f"Severity {said['severity']!r} of an Issue is no number from 1 to 4.") from err
    known = {name: said.pop(name) for name in _FIELDS if name in said}
    return {
        **said,
        **known,
        "severity": severity,
        "nextSteps": known.pop("next_steps", None),
        "reproduceHint": known.pop("reproduce_hint", None),
        "observedAt": known.pop("observed_at", None),
        "metadata": {"summary": known.pop("summary", None)},
        "taskName": scope.voice.resolved,
    }


def _script(task: dict[str, Any], scope: _Scope) -> Any:
    from RW import platform
    from RW.CLI import blocked, shell
    from RW.platform.secret import hide

    answer_file = scope.folder / f".answer-{os.urandom(4).hex()}"
    script = scope.folder / task["script"]
    env = {**scope.values, "PATH": os.environ.get("PATH", os.defpath)}
    if task["script"].endswith(".py"):
        env["RUNSTONE_PATH"] = json.dumps([path for path in sys.path if path])
        command = f"{shlex.quote(sys.executable)} -P -s -c {shlex.quote(_PYTHON)} {shlex.quote(str(script))}"
    else:
        command = f"bash {shlex.quote(str(script))}"
    secrets = [
        platform.ShellServiceRequestSecret(platform.Secret(name, value), as_file=name in scope.files)
        for name, value in scope.secrets.items()
    ]
    line = f"exec 3>{shlex.quote(str(answer_file))}; exec {command}"
    answer = shell.run(line, secrets, env, {}, task["timeout_seconds"], scope.folder)
    scope.voice.print(answer.stdout)
    scope.voice.command(task["script"], answer.returncode, hide(answer.stderr)[-_SHOWN:])
    blocked.tell(answer, task["timeout_seconds"])
    found = _answer(answer_file, task["script"])
    if answer.errors:
        raise CannotLookError(f"{task['script']} did not end within {task['timeout_seconds']} s.")
    if answer.returncode and not found:
        said = f"{task['script']} ended with return code {answer.returncode}. {_last(answer.stderr)}"
        raise CannotLookError(said.strip())
    return found


def _answer(file: Path, script: str) -> Any:
    text = file.read_text(encoding="utf-8", errors="replace").strip() if file.exists() else ""
    file.unlink(missing_ok=True)
    try:
        return json.loads(text) if text else None
    except ValueError as err:
        raise CannotLookError(
            f"{script} wrote to descriptor 3 what is no JSON ({err}): {text[:80]!r}. Write one list of Issues."
        ) from err


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return f"Its last words: {lines[-1][:300]}" if lines else ""


def _request(task: dict[str, Any], scope: _Scope) -> Any:
    """One HTTP request; the Issue says all that is not as expected."""
    http: dict[str, Any] = task["http"]
    url = scope.text(http["url"])
    if not url.startswith(("http://", "https://")):
        raise CannotLookError(f"{url!r} is no http or https address. Correct the input it comes from.")
    began = time.monotonic()
    status, body = _fetched(http, url, scope, task["timeout_seconds"])
    took_ms = (time.monotonic() - began) * 1000
    shown = url.partition("?")[0]
    scope.voice.print(f"{http['method']} {shown}: {status or 'no answer'}, {took_ms:.0f} ms\n{body[:_SHOWN]}")
    wrong = [body] if status is None else _unexpected(http["expect"], status, body, took_ms)
    if not wrong:
        return None
    issue: dict[str, Any] = task["issue"]
    return {
        "title": scope.text(issue["title"]) or f"{http['method']} {shown} is not as expected",
        "severity": issue["severity"],
        "expected": _expected(http["expect"]),
        "actual": "; ".join(wrong),
        "details": scope.text(issue["details"]),
        "next_steps": [scope.text(step) for step in issue["next_steps"]],
        "evidence": wrong,
    }


def _fetched(http: dict[str, Any], url: str, scope: _Scope, timeout_s: float) -> tuple[int | None, str]:
    """Status and body; None and the reason when there was no answer."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    headers = {name: scope.text(value, secrets=True) for name, value in http["headers"].items()}
    body = scope.text(http["body"], secrets=True).encode() or None
    request = Request(url, data=body, headers=headers, method=http["method"])  # noqa: S310  checked by the caller
    try:
        with urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return answer.status, answer.read(_BODY_CAP).decode(errors="replace")
    except HTTPError as err:
        return err.code, err.read(_BODY_CAP).decode(errors="replace")
    except (URLError, OSError) as err:
        return None, f"There was no answer: {getattr(err, 'reason', err)}"


def _unexpected(expect: dict[str, Any], status: int, body: str, took_ms: float) -> list[str]:
    wrong: list[str] = []
    if status not in expect["status"]:
        wrong.append(f"status {status}")
    if expect["contains"] and expect["contains"] not in body:
        wrong.append(f"the body does not contain {expect['contains']!r}")
    if expect["within_ms"] is not None and took_ms > expect["within_ms"]:
        wrong.append(f"it took {took_ms:.0f} ms")
    for path, value in expect["json_values"].items():
        found = _at(body, path)
        if found != value:
            wrong.append(f"{path} is {json.dumps(found)}, not {json.dumps(value)}")
    return wrong


def _at(body: str, path: str) -> Any:
    """The value at a path of a JSON text; None when there is none."""
    try:
        here: Any = json.loads(body)
        for step in path.split("/"):
            here = here[int(step)] if isinstance(here, list) else here[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return here


def _expected(expect: dict[str, Any]) -> str:
    parts = [f"status {' or '.join(map(str, expect['status']))}"]
    if expect["contains"]:
        parts.append(f"a body with {expect['contains']!r}")
    if expect["within_ms"] is not None:
        parts.append(f"within {expect['within_ms']} ms")
    parts += [f"{path} = {json.dumps(value)}" for path, value in expect["json_values"].items()]
    return ", ".join(parts)


def _query(task: dict[str, Any], scope: _Scope) -> Any:
    """Rows as Issues."""
    sql: dict[str, Any] = task["sql"]
    query = sql["query"] or (scope.folder / sql["file"]).read_text(encoding="utf-8")
    dsn = scope.text(sql["dsn"], secrets=True)
    rows = (_sqlite if sql["engine"] == "sqlite" else _postgres)(dsn, query, scope.values, task)
    scope.voice.print("\n".join(json.dumps(row, default=str, ensure_ascii=False) for row in rows) or "no rows")
    return rows


def _sqlite(dsn: str, query: str, values: dict[str, str], task: dict[str, Any]) -> list[dict[str, Any]]:
    import sqlite3

    if not Path(dsn).is_file():
        raise CannotLookError(f"There is no SQLite database {dsn}.")
    mode = "rw" if task["access"] == "read-write" else "ro"
    connection = sqlite3.connect(f"file:{dsn}?mode={mode}", uri=True, timeout=task["timeout_seconds"])
    try:
        cursor = connection.execute(query, values)
        rows = cursor.fetchall()
        connection.commit()
        return [dict(zip([column[0] for column in cursor.description or ()], row, strict=True)) for row in rows]
    finally:
        connection.close()


def _postgres(dsn: str, query: str, values: dict[str, str], task: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        import psycopg
        from psycopg.rows import dict_row
    except ImportError as err:
        raise CannotLookError("Postgres queries need the Python package psycopg. Add it to requirements.txt.") from err
    # psycopg's own form of a named parameter; a doubled colon is a cast.
    named = re.sub(
        r"(?<!:):(\w+)",
        lambda found: f"%({found[1]})s" if found[1] in values else found[0],
        query.replace("%", "%%"),
    )
    options = f"-c statement_timeout={task['timeout_seconds'] * 1000}"
    if task["access"] != "read-write":
        options += " -c default_transaction_read_only=on"
    try:
        with psycopg.connect(dsn, options=options, connect_timeout=10, client_encoding="utf8") as connection:
            cursor = connection.cursor(row_factory=dict_row)
            cursor.execute(named.encode(), values)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as err:
        raise CannotLookError(f"Postgres did not answer the query: {' '.join(str(err).split())[:300]}") from err
