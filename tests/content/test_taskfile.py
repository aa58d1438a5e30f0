"""``task.yaml``: bundles of plain scripts, read, checked and run by the engine that runs Robot."""

import contextlib
import json
import sqlite3
import tempfile
import threading
from collections.abc import Generator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import postgres as servers

from runstone import plugins
from runstone.content import suite, taskfile
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult
from runstone.errors import BadInput

TOKEN = "t0ken-of-the-shop-9d1c"
DOCS = Path(__file__).parents[2] / "docs" / "reference"


class Told:
    def __init__(self, result: SuiteResult, events: list[SuiteEvent]) -> None:
        self.result = result
        self.events = events
        self.issues = [event.record for event in events if event.type == "issue"]
        self.metrics = [event.record for event in events if event.type == "metric"]
        self.output = "".join(event.text for event in events if event.type == "output")
        self.states = [event.state for event in events if event.type == "done"]
        self.message = " ".join(event.message for event in events if event.type == "done")


def bundle(folder: Path, manifest: str, **files: str) -> Path:
    place = folder / "c" / "codebundles" / "plain"
    place.mkdir(parents=True)
    (place / "task.yaml").write_text(manifest)
    for name, text in files.items():
        (place / name.replace("_", ".")).write_text(text)
    return place


async def run(
    place: Path,
    *titles: str,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Told:
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    order = SuiteOrder(
        root=place.parents[1],
        bundle=place,
        robot="task.yaml",
        titles=titles or None,
        variables=variables or {},
        secrets=secrets or {},
        workdir=Path(tempfile.mkdtemp(dir=place.parents[2])),
        deadline_s=60,
        context={},
    )
    return Told(await suite.run(order, plugins.load("executors", "process")(), hear), events)


BASH = """
inputs: [{name: SUBJECT, default: cart}]
secrets: [{name: TOKEN}, {name: KEYFILE, as: file, optional: true}]
tasks:
  - title: Check `${SUBJECT}`
    access: read-only
    script: check.sh
"""


async def test_a_bash_script_finds_its_inputs_and_writes_issues_to_descriptor_3(tmp_path: Path) -> None:
    script = """
echo "looked at $SUBJECT"
[ "$TOKEN" = t0ken-of-the-shop-9d1c ] && [ "$(cat $KEYFILE)" = key-text ] || exit 9
echo '[{"title": "cart is slow", "severity": 2, "next_steps": ["Look", "Mend"], "cause": "Slow"}]' >&3
"""
    told = await run(bundle(tmp_path, BASH, check_sh=script), secrets={"TOKEN": TOKEN, "KEYFILE": "key-text"})
    assert (told.states, told.message, told.result.ok) == (["failed"], "", True)
    assert told.events[0].resolved_title == "Check `cart`"
    assert told.output == "looked at cart\n"
    [issue] = told.issues
    assert (issue["title"], issue["severity"], issue["next_steps"]) == ("cart is slow", 2, ["Look", "Mend"])
    assert issue["cause"] == "Slow"


@pytest.mark.parametrize(
    ("script", "state", "message"),
    [
        ("true", "passed", ""),
        ("echo broken >&2; exit 4", "errored", "check.sh ended with return code 4. Its last words: broken"),
        ("echo no json >&3", "errored", "check.sh wrote to descriptor 3 what is no JSON"),
        ("echo '[{}]' >&3", "errored", "An Issue has no title: {}."),
        ("echo '[3]' >&3", "errored", "An Issue has to be an object with a title, not 3."),
        ("""echo '{"title": "x", "severity": "high"}' >&3""", "errored", "Severity 'high' of an Issue is no number"),
        ("""echo '{"issue title": "x", "issue severity": "4"}' >&3; exit 1""", "passed", ""),
        ("[ -z $SUBJECT ] || no-such-tool", "errored", "check.sh ended with return code 127"),
    ],
)
async def test_how_a_script_ends(tmp_path: Path, script: str, state: str, message: str) -> None:
    told = await run(bundle(tmp_path, BASH, check_sh=script), secrets={"TOKEN": TOKEN})
    assert told.states == [state]
    assert message in told.message
    assert bool(message) == bool(told.message)


async def test_a_script_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    manifest = BASH.replace("script: check.sh", "script: check.sh\n    timeout_seconds: 1")
    told = await run(bundle(tmp_path, manifest, check_sh="sleep 30"), secrets={"TOKEN": TOKEN})
    assert told.message == "check.sh did not end within 1 s."


async def test_a_python_script_returns_issues_or_a_number_from_main(tmp_path: Path) -> None:
    manifest = """
tasks:
  - {title: Count, script: a.py}
  - {title: Score, script: b.py}
  - {title: Print, script: c.py}
"""
    found = [{"title": "two", "severity": 3}, {"title": "note", "severity": 4}]
    files = {
        "a_py": f"import os\ndef main():\n    return {found!r}\n",
        "b_py": "def main():\n    return 0.5\n",
        "c_py": "print('only this')\n",
    }
    told = await run(bundle(tmp_path, manifest, **files))
    assert told.states == ["failed", "passed", "passed"]
    assert [issue["title"] for issue in told.issues] == ["two", "note"]
    assert [metric["value"] for metric in told.metrics] == [0.5]
    assert told.output == "only this\n"


async def test_rows_of_a_query_are_issues_and_inputs_are_bound_not_pasted(tmp_path: Path) -> None:
    manifest = """
inputs: [{name: NAME, example: cart}, {name: DATABASE}]
tasks:
  - title: Find `${NAME}`
    access: read-only
    sql: {engine: sqlite, dsn: "${DATABASE}", file: find.sql}
"""
    query = "select name || ' has ' || errors || ' errors' as title, 2 as severity from job where name = :NAME"
    place = bundle(tmp_path, manifest, find_sql=query)
    database = place / "jobs.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table job (name text, errors int)")
        connection.execute("""insert into job values ('cart', 3), ('x'' or 1=1 --', 4)""")
    given = {"DATABASE": str(database)}
    assert (await run(place, variables={"NAME": "cart", **given})).issues[0]["title"] == "cart has 3 errors"
    told = await run(place, variables={"NAME": "y' or 1=1 --", **given})
    assert (told.states, told.result.message) == (["passed"], "")


async def test_a_read_only_query_cannot_write(tmp_path: Path) -> None:
    manifest = """
inputs: [{name: DB}]
tasks:
  - {title: T, access: read-only, sql: {engine: sqlite, dsn: "${DB}", query: delete from job}}
"""
    place = bundle(tmp_path, manifest)
    with sqlite3.connect(place / "jobs.db") as connection:
        connection.execute("create table job (name text)")
    told = await run(place, variables={"DB": str(place / "jobs.db")})
    assert (told.states, told.message) == (["errored"], "OperationalError: attempt to write a readonly database")


class Handler(BaseHTTPRequestHandler):
    seen: dict[str, str]

    def do_GET(self) -> None:
        type(self).seen = dict(self.headers)
        ok = self.path == "/ok"
        self.send_response(200 if ok else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"status": {"ready": ok, "parts": [1, 2]}}).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def server() -> Generator[str]:
    one = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{one.server_port}"
    one.shutdown()
    one.server_close()


HTTP = """
inputs: [{name: URL}]
secrets: [{name: TOKEN}]
tasks:
  - title: Ask `${URL}`
    access: read-only
    http:
      url: ${URL}
      headers: {Authorization: "Bearer ${TOKEN}"}
      expect: {status: [200], json: {status/ready: true, status/parts/1: 2}}
    issue: {title: "`${URL}` is not ready", severity: 1, next_steps: [Look at it]}
"""


async def test_an_answer_as_expected_is_silence_and_another_is_an_issue(tmp_path: Path, server: str) -> None:
    place = bundle(tmp_path, HTTP)
    fine = await run(place, variables={"URL": f"{server}/ok"}, secrets={"TOKEN": TOKEN})
    assert (fine.states, fine.issues) == (["passed"], [])
    assert Handler.seen["Authorization"] == f"Bearer {TOKEN}"
    ill = await run(place, variables={"URL": f"{server}/no"}, secrets={"TOKEN": TOKEN})
    assert ill.states == ["failed"]
    assert ill.issues[0]["title"] == f"`{server}/no` is not ready"
    assert ill.issues[0]["actual"] == "status 503; status/ready is false, not true"
    assert TOKEN not in f"{ill.output}{ill.issues}"


async def test_no_answer_is_an_issue_and_no_address_an_error(tmp_path: Path) -> None:
    place = bundle(tmp_path, HTTP)
    dead = await run(place, variables={"URL": "http://127.0.0.1:9"}, secrets={"TOKEN": TOKEN})
    assert dead.states == ["failed"]
    assert "There was no answer: [Errno 111] Connection refused" in dead.issues[0]["actual"]
    wrong = await run(place, variables={"URL": "file:///etc/passwd"}, secrets={"TOKEN": TOKEN})
    assert wrong.message == "'file:///etc/passwd' is no http or https address. Correct the input it comes from."


async def test_titles_and_inputs_are_checked_before_anything_runs(tmp_path: Path) -> None:
    place = bundle(tmp_path, HTTP)
    given: dict[str, Mapping[str, str]] = {"variables": {"URL": "http://x"}, "secrets": {"TOKEN": TOKEN}}
    assert (await run(place, "Other", **given)).result.message == "Bundle plain: task.yaml has no Task 'Other'."
    lacking = (await run(place)).result.message
    assert lacking == "Bundle plain needs a value for the input URL. Bundle plain needs the secret TOKEN."


async def test_a_program_that_is_not_there_is_said_before_the_run(tmp_path: Path) -> None:
    place = bundle(tmp_path, BASH, check_sh="no-such-tool --look\n")
    told = await run(place, secrets={"TOKEN": TOKEN})
    assert told.events == []
    said = "Bundle plain calls the program no-such-tool (check.sh:1), which is not on this machine's PATH."
    assert told.result.message == f"{said} Install it here."


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("tasks: []", "is wrong at tasks: Tuple should have at least 1 item"),
        ("tasks: [{title: a}]", "has to have exactly one of script, http and sql"),
        ("tasks: [{title: a, script: a.rb}]", "script has to end in .sh (bash) or .py (python)"),
        ("tasks: [{title: a, script: a.sh, retries: 3}]", "is wrong at tasks.0.retries: Extra inputs"),
        ("tasks: {", "cannot be read"),
        ("- 1", "is wrong at the top"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(tmp_path: Path, manifest: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        taskfile.read(bundle(tmp_path, manifest) / "task.yaml")
    assert said in str(caught.value)
    assert "plain/task.yaml" in str(caught.value)


def test_a_manifest_becomes_a_suite_and_its_gaps_findings(tmp_path: Path) -> None:
    more = "  - {title: 'check `${SUBJECT}`', script: gone.sh}\n  - {title: 'Ask ${NOBODY}', script: check.sh}\n"
    manifest = BASH + more
    found, findings = taskfile.read(bundle(tmp_path, manifest, check_sh="true") / "task.yaml")
    assert (found.tasks[0].title, found.tasks[0].access) == ("Check `${SUBJECT}`", "read-only")
    assert [(one.name, one.default) for one in found.inputs] == [("SUBJECT", "cart")]
    assert [(one.name, one.optional) for one in found.secrets] == [("TOKEN", False), ("KEYFILE", True)]
    assert [finding.message.split(".")[0] for finding in findings] == [
        "Two Tasks have the title 'check `${SUBJECT}`'",
        "Task 'check `${SUBJECT}`' needs the file gone",
        "The title 'Ask ${NOBODY}' uses ${NOBODY}, which is no input of the bundle",
    ]
    assert all(finding.line for finding in findings)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "task.yaml"
    path.write_bytes(content)
    with contextlib.suppress(BadInput):
        suite_, _ = taskfile.read(path)
        assert suite_.tasks


def test_the_documented_schema_is_the_one_that_is_checked() -> None:
    assert json.loads((DOCS / "task-yaml.schema.json").read_text()) == taskfile.schema()


@pytest.fixture(scope="module")
def postgres() -> Generator[str]:
    with servers.serving() as address:
        yield address


async def test_postgres_rows_are_issues_in_a_transaction_that_cannot_write(tmp_path: Path, postgres: str) -> None:
    manifest = """
inputs: [{name: NAME, example: cart}]
secrets: [{name: DATABASE_URL}]
tasks:
  - title: Find `${NAME}`
    access: read-only
    sql:
      engine: postgres
      dsn: "${DATABASE_URL}"
      query: |
        select 'job ' || :NAME || ' is 50% done at ' || '2026-01-01'::date as title, 3 as severity where :NAME <> ''
  - title: Write
    access: read-only
    sql: {engine: postgres, dsn: "${DATABASE_URL}", query: create table t (x int)}
  - title: Sleep
    timeout_seconds: 1
    access: read-only
    sql: {engine: postgres, dsn: "${DATABASE_URL}", query: "select pg_sleep(20)::text as title"}
"""
    told = await run(bundle(tmp_path, manifest), variables={"NAME": "x' or 'a"}, secrets={"DATABASE_URL": postgres})
    assert told.issues[0]["title"] == "job x' or 'a is 50% done at 2026-01-01"
    assert told.states == ["failed", "errored", "errored"]
    assert "cannot execute CREATE TABLE in a read-only transaction" in told.message
    assert "canceling statement due to statement timeout" in told.message
