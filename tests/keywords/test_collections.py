"""Every keyword and every documented edge, in suites of our own, run by the real engine in a process of its own."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from runstone import plugins
from runstone.content import suite
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult

EDGES = Path(__file__).parent / "collections" / "edges"
CONTEXT = {"RW_WORKSPACE": "shop", "RW_SESSION_ID": "s1", "RW_RUNREQUEST_ID": "r1", "RW_LOOKBACK_WINDOW": "3600"}


class Told:
    """What one run said."""

    def __init__(self, result: SuiteResult, events: list[SuiteEvent]) -> None:
        self.result = result
        self.events = events
        self.done = {event.title: (event.state, event.message) for event in events if event.type == "done"}

    def records(self, kind: str) -> list[dict[str, Any]]:
        return [event.record for event in self.events if event.type == kind]

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if event.type == "output")


def run(
    workdir: Path,
    bundle: str,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    context: Mapping[str, str] | None = None,
) -> Told:
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    order = SuiteOrder(
        root=EDGES,
        bundle=EDGES / "codebundles" / bundle,
        robot="runbook.robot",
        titles=None,
        variables=variables or {},
        secrets=secrets or {},
        workdir=workdir / "run",
        deadline_s=60,
        context={**CONTEXT, **(context or {})},
    )
    return Told(asyncio.run(suite.run(order, plugins.load("executors", "process")(), hear)), events)


def passed(told: Told) -> dict[str, tuple[str, str]]:
    """The Tasks that did not pass; empty when all did."""
    assert told.result.ok, told.result.message
    return {title: end for title, end in told.done.items() if end[0] != "passed"}


def test_values_secrets_services_and_memos_are_imported_as_documented(tmp_path: Path) -> None:
    # In the run's own folder, because an executor may hide every other.
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "token").write_text(" from a file\n")
    keys = {"by_file": f"file@{tmp_path}/run/token", "by_env": "env@TOKEN_HERE", "by_vault": "name-in-a-vault"}
    given = {"GIVEN": "given", "NUMBER": "007", "EMPTY_GIVEN": "", "NOT_LIKE_PATTERN": "two words!"}
    told = run(
        tmp_path,
        "imports",
        {**given, "POSITIONAL": "given too", "PERCENT": "a%{HOME}", "TOKEN_HERE": "from the environment"},
        {"by_runner": "from the runner", "by_old_name": "from the runner"},
        {"RW_SECRETS_KEYS": json.dumps(keys), "RW_SVC_URLS": '{"kubectl": "http://127.0.0.1:1"}'},
    )
    assert passed(told) == {}
    assert told.events[0].resolved_title == "Import Values `given` As Texts"


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return run(tmp_path_factory.mktemp("report"), "report", context={"RW_SLI_METRIC_NAME": "shop__cart"})


def test_reports_issues_windows_and_logs_are_written_as_documented(reported: Told) -> None:
    ended = {title: state for title, (state, _) in reported.done.items()}
    assert ended == {
        "Add Every Format": "passed",
        "Read The Report Back": "passed",
        "Raise Issues Of Every Kind": "failed",
        "Measure": "passed",
        "Normalize Windows": "passed",
        "Log At Every Level": "passed",
        "Say The Subject Is Ill": "failed",
        "Say The Task Is Broken": "errored",
        "Stop Everything": "errored",
        "Never Begin": "errored",
    }
    assert reported.done["Raise Issues Of Every Kind"][1] == ""
    assert reported.done["Say The Subject Is Ill"][1] == "The subject is down."


def test_issues_keep_their_order_and_whatever_else_was_said(reported: Told) -> None:
    issues = reported.records("issue")
    assert [one["severity"] for one in issues] == [1, 2, 3, 4, 4, 4]
    assert issues[0]["next_steps"] == ["One", "Two"]
    assert (issues[0]["resource_url"], issues[0]["next_action"]) == ("https://example.org", "call")
    assert issues[0]["observed_at"] == "2026-01-02T03:04:05.000Z"


def test_metrics_have_names_that_stores_take_and_keep_labels_and_types(reported: Told) -> None:
    metrics = reported.records("metric")
    assert [(one["name"], one["sub_name"], one["value"], one["type"]) for one in metrics] == [
        ("shop__cart__part_one", "part one", 0.5, "gauge"),
        ("shop__cart__https___x_1_", "https://x:1/", 1, "histogram"),
        ("shop__cart", "", 42, "untyped"),
    ]
    assert metrics[0]["labels"] == {"region": "eu", "workspace": "shop"}


def test_what_is_logged_to_the_console_is_output(reported: Told) -> None:
    assert "on the console\n" in reported.text
    assert "said\n" in reported.text
    assert "unsaid" not in reported.text


@pytest.mark.parametrize(("offered", "code"), [(False, "127"), (True, "0")])
def test_commands_see_only_what_is_documented_and_the_runner_may_say_where_tools_lie(
    tmp_path: Path, offered: bool, code: str
) -> None:
    tools = tmp_path / "run" / "tools"
    tools.mkdir(parents=True)
    for name, body in (("gate-tool", "echo found"), ("kubectl", 'echo "$@"')):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    told = run(
        tmp_path,
        "environment",
        {"TOOLS": str(tools), "EXPECTED_RC": code, "JSON": '[{"x": "y"}]', "GIVEN": "1"},
        {"token": "s3cr3t-token", "cert": "certificate"},
        {"AWS_REGION": "eu-west-1", **({"RW_TOOL_PATH": f"{tools}:/usr/bin:/bin"} if offered else {})},
    )
    assert passed(told) == {}
    assert any("did not end within 1 s" in one["why"] for one in told.records("note"))


def test_older_bundles_find_the_names_they_know(tmp_path: Path) -> None:
    tools = tmp_path / "run" / "tools"
    tools.mkdir(parents=True)
    (tools / "ping").write_text("#!/bin/sh\necho '2 packets transmitted, 1 received, 50% packet loss, time 1ms'\n")
    (tools / "ping").chmod(0o755)
    told = run(tmp_path, "older", context={"RW_TOOL_PATH": f"{tools}:/usr/bin:/bin"})
    # The collection has a RW.Report of its own, which comes first: here the runtime's is asked for.
    assert told.done["Call Names Of Old"] == ("passed", "")
    assert [one["value"] for one in told.records("metric")] == [50.0]


def test_a_suite_that_lacks_a_value_says_which_and_keeps_what_its_setup_found(tmp_path: Path) -> None:
    told = run(tmp_path, "missing")
    assert not told.result.ok
    assert "Input NEVER_GIVEN has no value and no default. Give it one (an example: shop)." in told.result.message
    issue = next(event for event in told.events if event.type == "issue")
    assert (issue.title, issue.record["title"]) == ("", "Raised in the setup")
    assert told.done["Need A Value"][0] == "errored"


def test_questions_about_output_raise_one_issue_each(tmp_path: Path) -> None:
    told = run(tmp_path, "parse")
    assert {title for title, (state, _) in told.done.items() if state == "errored"} == set()
    titles = [one["title"] for one in told.records("issue")]
    assert titles == [
        *(f"{test} of 5" for test in ("eq", "neq", "gt", "lt", "contains", "ncontains")),
        "n is above 4",
        "It ended badly",
        "Long",
        "b is high and 1 more",
        "Line c 12",
    ]
    first_only = told.records("issue")[6]
    assert (first_only["severity"], first_only["expected"], first_only["actual"]) == (2, "below", "5")
    assert len(told.records("issue")[8]["details"]) == 1923


def test_the_runtimes_core_cli_and_platform_come_first_and_all_else_is_the_collections(tmp_path: Path) -> None:
    told = run(tmp_path, "libraries", secrets={"token": "s3cr3t"})
    assert told.result.ok, told.result.message
    assert {title: state for title, (state, _) in told.done.items() if state != "passed"} == {
        "Raise An Issue From Python": "failed"
    }
    assert [(one["severity"], one["title"]) for one in told.records("issue")] == [(2, "From a library")]


class _Platform(BaseHTTPRequestHandler):
    """A shell service, and the platform's API for memos and session files."""

    asked: list[tuple[str, Any]] = []  # noqa: RUF012  shared on purpose: the server makes the handlers
    kept: dict[str, str] = {}  # noqa: RUF012  as above

    def _body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def do_POST(self) -> None:
        body = json.loads(self._body())
        self.asked.append((self.path, body))
        answer = {"cmd": body["cmd"], "parsedCmd": [], "stdout": f"asked {body['cmd']}", "stderr": "-", "returncode": 0}
        self._say(200, json.dumps({"odd": 1} if body["cmd"] == "nonsense" else answer))

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if "/runbook/runs/" in self.path:
            self._say(200, json.dumps({"memo": {"webhookJson": '{"alert": 1}'}}))
        elif "file-upload-url" in self.path:
            self._say(200, json.dumps({"url": f"http://{self.headers['Host']}/put/{name}"}))
        else:
            self._say(200 if name in self.kept else 404, self.kept.get(name, ""))

    def do_PUT(self) -> None:
        self.kept[self.path.rpartition("/")[2]] = self._body()
        self._say(200, "")

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def platform_url() -> Iterator[str]:
    _Platform.asked.clear()
    _Platform.kept.clear()
    server = HTTPServer(("127.0.0.1", 0), _Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_remote_shell_gets_command_secrets_files_and_environment(tmp_path: Path, platform_url: str) -> None:
    services = json.dumps({"shell": platform_url})
    told = run(tmp_path, "shell-service", secrets={"token": "s3cr3t-token"}, context={"RW_SVC_URLS": services})
    assert passed(told) == {}
    secret = {"key": "token", "value": "s3cr3t-token"}
    assert _Platform.asked[:2] == [
        (
            "/api/v1/cmd",
            {"cmd": "ls", "secrets": [{**secret, "file": True}], "files": {"note.txt": "text"}, "env": {"A": "1"}},
        ),
        ("/api/v1/cmd", {"cmd": "pwd", "secrets": [{**secret, "file": False}], "files": {}, "env": {"B": "2"}}),
    ]


def test_session_files_and_memos_are_the_platforms_when_there_is_one(tmp_path: Path, platform_url: str) -> None:
    context = {"RW_SLX_API_URL": f"{platform_url}/slx", "RW_USER_TOKEN": "user-token"}
    assert passed(run(tmp_path, "session", context=context)) == {}
    assert _Platform.kept == {"note.txt": "a note"}
