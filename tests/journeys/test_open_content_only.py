"""What a language model is sent: open content only, with a canary wherever an enterprise keeps something."""

import asyncio
import json
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import get_type_hints

import pytest
from click.testing import CliRunner, Result

import llm_server
from llm_server import Endpoint
from runstone.catalog.augment import prompt
from runstone.catalog.entry import Entry
from runstone.cli.augmenting import augment
from runstone.db.engine import Database
from runstone.model import content as nouns
from runstone.model.content import TaskSource
from stage import bound, map_update, resource, slx, stage

SUITE = """*** Settings ***
Metadata    Supports    Kubernetes
*** Tasks ***
Check Restarts of Deployment `${NAME}`
    [Documentation]    Looks for open-content-words.
    [Tags]    access:read-only
    RW.CLI.Run Bash File    bash_file=look.sh
"""
NUMBER = 7315550123
"""What stands in columns of numbers."""
KEY = "canary-key"


@pytest.fixture
def endpoint() -> Generator[Endpoint]:
    with llm_server.serving() as found:
        yield found


def content(folder: Path) -> Path:
    bundle = folder / "codebundles" / "k8s-web-health"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(SUITE)
    (bundle / "look.sh").write_text("kubectl get pods\n")
    (bundle / "README.md").write_text("open-readme-words")
    return folder


def filled(database: Path) -> list[str]:
    """Every table of the control database with a row of canaries; gives the tables."""
    asyncio.run(_migrated(database))
    with sqlite3.connect(database) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [name for name in names if not name.startswith("sqlite_") and name != "migration"]
        for table in tables:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            values = [f"canary-{table}-{column[1]}" if "TEXT" in column[2].upper() else NUMBER for column in columns]
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
    connection.close()
    return tables


async def _migrated(database: Path) -> None:
    opened = Database.sqlite(database)
    await opened.migrate("control")
    await opened.close()


def enterprise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A data folder as a running instance leaves it, and an environment, all canaries; gives the tables."""
    folder.mkdir()
    tables = filled(folder / "control.sqlite")
    for name in ("inventory.sqlite", "durable.sqlite", "credentials.json", "running.json", "kubeconfig", "artefacts/a"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"canary-file-{name}")
    (folder / "key").write_text(f"{KEY}\n")
    for setting in ("WORKSPACE", "LOCATION", "COLLECTIONS", "CONTEXT", "NAMESPACES", "PLATFORMS", "EDGE_TOKEN"):
        monkeypatch.setenv(f"RUNSTONE_{setting}", f"canary-setting-{setting}")
    for name in ("AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "USER", "HOSTNAME", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://canary-environment-{name.lower()}:1")
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    return tables


def run(endpoint: Endpoint, root: Path, data: Path, *more: str) -> Result:
    arguments = [str(root), "--model", endpoint.url, "--name", "small", "--data", str(data), *more]
    return CliRunner().invoke(augment, arguments, catch_exceptions=False)


def test_no_canary_of_an_enterprise_reaches_a_model(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "canary-data"
    tables = enterprise(data, monkeypatch)
    assert {"resource", "relation", "slx", "session", "request", "task_run", "event", "series"} <= set(tables)
    result = run(endpoint, content(tmp_path / "canary-collection"), data, "--key", f"file@{data / 'key'}")
    assert "1 of 1 Tasks are described" in result.stdout
    (asked,) = endpoint.requests
    for word in ("open-content-words", "open-readme-words", "kubectl get pods"):
        assert word in asked.whole, "it was this content's turn"
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers.pop("authorization") == f"Bearer {KEY}"
    assert set(headers) <= {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
        "content-type",
        "content-length",
    }
    left = "\n".join([asked.path, *headers.values(), asked.raw.decode()])
    assert "canary" not in left.lower()
    assert str(NUMBER) not in left
    assert str(tmp_path) not in left


async def test_nor_does_one_of_a_map_and_a_session_that_are_at_work_in_the_same_process(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    async with stage(data) as one:
        ill = resource("Deployment/canary-front", "ill", "canary-summary", namespace="canary-shop")
        await one.home.map_update(map_update((ill,), (), (slx("Deployment/canary-front", bound("Canary Task")),)))
        body = {"text": "why is canary-front failing?", "budget_s": 30}
        assert (await one.client.post("/api/v1/sessions", json=body)).status_code < 300
        result = await asyncio.to_thread(run, endpoint, content(tmp_path / "collection"), data)
    assert "1 of 1 Tasks are described" in result.stdout
    (asked,) = endpoint.requests
    assert "open-content-words" in asked.whole
    assert "canary" not in asked.whole.lower()


def test_the_key_stays_out_of_everything_that_is_kept_or_said(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_KEY", KEY)
    data, out = tmp_path / "data", tmp_path / "out.jsonl"
    result = run(endpoint, content(tmp_path / "c"), data, "--key", "env@MODEL_KEY", "--out", str(out))
    assert endpoint.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in result.output
    assert KEY not in out.read_text()
    assert all(KEY.encode() not in file.read_bytes() for file in data.rglob("*") if file.is_file())


def test_a_request_is_put_together_from_nouns_of_open_content() -> None:
    taken = get_type_hints(prompt.question)
    assert (taken["entry"], taken["source"]) == (Entry, TaskSource)
    open_zone = {"runstone.model.content", "runstone.catalog.entry", "builtins"}
    for noun in (Entry, TaskSource):
        assert {kind.__module__ for kind in _kinds(noun)} <= open_zone


def _kinds(noun: type) -> set[type]:
    """The nouns in the fields of a noun, and in theirs."""
    schema = json.dumps(noun.model_json_schema())  # pyright: ignore
    found = {noun}
    for name, kind in vars(nouns).items():
        if isinstance(kind, type) and f'"#/$defs/{name}"' in schema:
            found.add(kind)
    named = set(json.loads(schema).get("$defs", {}))
    assert named <= {one.__name__ for one in found}, "a noun from elsewhere"
    return found
