"""Suites run for real: Robot in a process of its own, through the process executor."""

import asyncio
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from robot import running

from runstone import plugins
from runstone.connectors.executors import Attack, Executor, ExecutorOrder, ExecutorOutcome, Verdict
from runstone.content import suite
from runstone.content.engine.robot_suite import choose
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult

SMALL = Path(__file__).parents[1] / "data" / "collections" / "small"
CONTEXT = {"RW_WORKSPACE": "shop", "RW_SESSION_ID": "s1", "RW_RUNREQUEST_ID": "r1", "RW_LOCATION": "here"}
KUBECONFIG = "apiVersion: v1\nkind: Config\nusers: []\n"


class Told:
    """What one run said."""

    def __init__(self, result: SuiteResult, events: list[SuiteEvent]) -> None:
        self.result = result
        self.events = events
        self.states = {event.title: event.state for event in events if event.type == "done"}
        self.messages = {event.title: event.message for event in events if event.type == "done"}

    def records(self, kind: str, title: str) -> list[dict[str, object]]:
        return [event.record for event in self.events if event.type == kind and event.title == title]

    def text(self, title: str) -> str:
        return "".join(event.text for event in self.events if event.type == "output" and event.title == title)


async def run(
    workdir: Path,
    bundle: str,
    *titles: str,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    deadline_s: float = 30,
    executor: Executor | None = None,
) -> Told:
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    # A run's folder is its own, and its files belong to its user: the next run has another.
    shutil.rmtree(workdir / "run", ignore_errors=True)
    order = SuiteOrder(
        root=SMALL,
        bundle=SMALL / "codebundles" / bundle,
        robot="runbook.robot",
        titles=titles or None,
        variables=variables or {},
        secrets=secrets or {},
        workdir=workdir / "run",
        deadline_s=deadline_s,
        context=CONTEXT,
    )
    return Told(await suite.run(order, executor or plugins.load("executors", "process")(), hear), events)


@pytest.fixture(scope="module")
def says(tmp_path_factory: pytest.TempPathFactory) -> Told:
    variables = {"SUBJECT": "cart", "EMPTY_OK": "", "RW_SLI_METRIC_NAME": "shop__cart"}
    return asyncio.run(run(tmp_path_factory.mktemp("says"), "says", variables=variables))


def test_every_kind_of_report_entry_becomes_output(says: Told) -> None:
    text = says.text("Report Everything About `${SUBJECT}`")
    wanted = ("plain words", "name=value stays", "x = 1", "a link https://example.org", '"a": 1', "h1\th2", "r1\tr2")
    assert [word for word in wanted if word not in text] == []
    assert "on the console\n" in text
    assert "on the console too\n" in text
    assert "never shown" not in text


def test_a_title_is_told_as_written_and_as_resolved(says: Told) -> None:
    started = [event for event in says.events if event.type == "started"]
    assert started[0].title == "Report Everything About `${SUBJECT}`"
    assert started[0].resolved_title == "Report Everything About `cart`"


def test_an_issue_carries_what_the_task_said_in_our_words(says: Told) -> None:
    issue = says.records("issue", "Find Issues")[0]
    assert issue == {
        "severity": 2,
        "title": "Pod is ill",
        "expected": "well",
        "actual": "ill",
        "details": "line one",
        "reproduce_hint": "kubectl get pod",
        "next_steps": ["Look at it", "Look again"],
        "observed_at": "2026-01-02T03:04:05.678Z",
        "summary": "",
        "resource": "Pod/shop/cart-0",
        "cause": "ImageMissing",
        "evidence": ["Back-off pulling image", "ErrImagePull"],
        "blames": ["Secret/shop/a", "ConfigMap/shop/b"],
        "next_action": "kept",
    }
    assert says.records("issue", "Find Issues")[1]["severity"] == 4


def test_what_is_ruled_out_or_could_not_be_checked_is_a_note(says: Told) -> None:
    assert says.records("note", "Find Issues") == [
        {"kind": "ruled_out", "resource": "Service/shop/cart", "what": "The network", "why": "Every Pod answers."},
        {"kind": "could_not_check", "resource": "Node//n1", "what": "The disk", "why": "There is no exec."},
    ]


def test_a_grave_issue_makes_the_subject_ill_and_information_does_not(says: Told) -> None:
    assert says.states["Find Issues"] == "failed"
    assert says.states["Only Inform"] == "passed"


def test_a_collections_library_finds_our_keywords_and_its_own_submodules(says: Told) -> None:
    assert says.states["Use The Collection's Library"] == "passed"
    assert "hello world" in says.text("Use The Collection's Library")


def test_metrics_are_told_with_their_full_name(says: Told) -> None:
    told = says.records("metric", "Push Numbers")
    assert [(one["name"], one["value"]) for one in told] == [
        ("shop__cart__part", 1),
        ("shop__cart", 0.5),
        ("shop__cart", 3),
    ]


def test_windows_and_session_files_behave_as_documented(says: Told) -> None:
    assert says.states["Normalize Windows"] == "passed"
    assert says.states["Keep Session Files"] == "passed"
    assert says.result.ok


def test_the_lines_of_a_run_are_written_as_the_format_says(tmp_path: Path) -> None:
    variables = {"SUBJECT": "cart", "EMPTY_OK": ""}
    asyncio.run(run(tmp_path, "says", "Find Issues", variables=variables))
    issues = [json.loads(line) for line in (tmp_path / "run" / "logs" / "issues.jsonl").read_text().splitlines()]
    assert issues[0]["taskName"] == "Find Issues"
    assert issues[0]["nextSteps"] == "- Look at it\nLook again"
    assert issues[0]["metadata"] == {"summary": None}
    report = [json.loads(line) for line in (tmp_path / "run" / "logs" / "report.jsonl").read_text().splitlines()]
    assert [line["fmt"] for line in report] == ["issue", "issue", "ruled_out", "could_not_check"]
    assert report[2]["obj"] == {"resource": "Service/shop/cart", "what": "The network", "why": "Every Pod answers."}


async def test_commands_keep_the_documented_rules(tmp_path: Path) -> None:
    secrets = {"kubeconfig": KUBECONFIG, "token": "s3cr3t-of-the-shop"}
    told = await run(tmp_path, "commands", variables={"PERCENT": "a%{b}", "RAW": "\\d+ ${x} c:\\new"}, secrets=secrets)
    assert {title: told.messages[title] for title, state in told.states.items() if state != "passed"} == {}
    assert len(told.states) == 9


async def test_states_tell_an_ill_subject_from_a_broken_task(tmp_path: Path) -> None:
    titles = (
        "Pass",
        "Fail By Task Failure",
        "Fail By A Library's Task Failure",
        "Break By Task Error",
        "Break By A Keyword",
        "Break By An Unknown Keyword",
        "Catch A Task Failure And Break",
        "Skip",
    )
    told = await run(tmp_path, "states", *titles)
    expected = ("passed", "failed", "failed", "errored", "errored", "errored", "errored", "skipped")
    assert told.states == dict(zip(titles, expected, strict=True))
    assert told.messages["Fail By Task Failure"] == "the disk is full"
    assert told.messages["Break By Task Error"] == "no tool for it"
    assert "No.Such.Library could not be loaded" in told.messages["Break By An Unknown Keyword"]
    assert told.messages["Skip"] == "not here"
    assert told.result.ok


async def test_titles_are_taken_literally(tmp_path: Path) -> None:
    told = await run(tmp_path, "states", "Titles With [brackets] * And ?")
    assert told.states == {"Titles With [brackets] * And ?": "passed"}


async def test_a_title_that_matches_nothing_is_an_error_and_nothing_runs(tmp_path: Path) -> None:
    told = await run(tmp_path, "states", "Pass", "P*")
    assert not told.result.ok
    assert told.result.message == "Bundle states: runbook.robot has no Task 'P*'."
    assert told.events == []


async def test_a_missing_input_is_one_sentence_naming_bundle_input_and_example(tmp_path: Path) -> None:
    told = await run(tmp_path, "setup-needs")
    sentence = "Bundle setup-needs needs a value for the input NAMESPACE, for example my-shop."
    assert told.result.message.startswith(sentence)
    assert told.events == []


async def test_a_missing_secret_is_one_sentence_naming_it(tmp_path: Path) -> None:
    told = await run(tmp_path, "setup-needs", variables={"NAMESPACE": "shop"})
    assert told.result.message == "Bundle setup-needs needs the secret kubeconfig, for example a kubeconfig."


async def test_a_file_without_tasks_or_no_file_is_one_sentence(tmp_path: Path) -> None:
    told = await run(tmp_path, "broken")
    assert not told.result.ok
    assert told.result.message.startswith("Bundle broken: runbook.robot cannot be run:")
    missing = await run(tmp_path, "nowhere")
    assert missing.result.message.startswith("Bundle nowhere has no file runbook.robot.")


async def test_on_the_deadline_the_open_task_is_errored_with_a_sentence(tmp_path: Path) -> None:
    began = time.monotonic()
    told = await run(tmp_path, "states", "Pass", "Hang", deadline_s=2)
    assert time.monotonic() - began < 8
    assert told.states == {"Pass": "passed", "Hang": "errored"}
    assert told.messages["Hang"] == "It did not end within the 2 s of this run and was stopped."
    assert told.result.timed_out
    assert not told.result.ok


async def test_output_above_the_cap_is_cut_and_marked(tmp_path: Path) -> None:
    told = await run(tmp_path, "states", "Print A Lot")
    output = [event for event in told.events if event.type == "output"]
    assert sum(len(event.text) for event in output) <= 1024 * 1024 + 2
    assert [event.truncated for event in output].index(True) == len(output) - 1


async def test_what_a_suite_leaves_running_is_ended(tmp_path: Path) -> None:
    marker = tmp_path / "run" / "pid"
    told = await run(tmp_path, "states", "Leave A Child Behind", variables={"MARKER": str(marker)})
    assert told.states == {"Leave A Child Behind": "passed"}
    assert not living(int(marker.read_text()))


def living(pid: int) -> bool:
    """Whether a process still runs: one that nobody has waited for yet is dead all the same (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_reading_answers_raises_one_issue_and_chains(tmp_path: Path) -> None:
    told = await run(tmp_path, "reads")
    assert told.records("issue", "Read JSON And Raise")[0]["title"] == "Largest is 5 of 2"
    assert len(told.records("issue", "Read JSON And Raise")) == 1
    assert told.records("issue", "Read Lines")[0]["title"] == "cart is full and 1 more"
    assert told.states["Read JSON And Chain"] == "passed"
    assert told.states["Filter By Time"] == "passed"
    assert told.states["Quote For Bash"] == "passed"
    assert told.messages["Refuse A Bad Answer"] == "ValueError: exit 4 ended with return code 4."


async def test_a_command_that_could_not_look_is_told_once_per_task(tmp_path: Path) -> None:
    told = await run(tmp_path, "blocked")
    assert told.records("note", "Need A Missing Tool") == [
        {
            "kind": "blocked",
            "resource": "",
            "what": "no-such-tool --list | cat",
            "why": "The program no-such-tool is not installed where Tasks run. Install it on the runner.",
        }
    ]
    refused = told.records("note", "Be Refused")[0]
    assert refused["why"] == "viewer may not list pods in the namespace shop. Grant it list on pods."
    assert told.records("note", "Hang In A Command")[0]["why"] == (
        "It did not end within 1 s. Raise its timeout, or see why it hangs."
    )
    assert told.records("note", "Print Healthy Words") == []
    silent = told.records("note", "Fail In Silence")[0]
    assert silent["what"] == "cat /no/such/file"
    assert silent["why"] == "It ended with return code 1, and the Task reported nothing."
    assert told.records("note", "Fail And Say So") == []


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=6), st.data())
def test_exactly_the_titles_asked_for_are_chosen_in_the_suites_order(titles: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(titles), unique=True)) if titles else []
    tasks = running.TestSuite("any")
    for title in titles:
        tasks.tests.create(title)
    assert choose(tasks, wanted) == []
    assert [task.name for task in tasks.tests] == [title for title in titles if title in wanted]


class Recording(Executor):
    """Keeps the order and ends at once."""

    def __init__(self) -> None:
        self.order: ExecutorOrder | None = None

    async def run(self, order: ExecutorOrder, on_line: object) -> ExecutorOutcome:
        self.order = order
        return ExecutorOutcome(exit_code=-9, timed_out=False)

    def verdicts(self) -> Mapping[Attack, Verdict]:
        return {}

    def ready(self) -> str:
        return ""


async def test_secrets_travel_on_stdin_alone(tmp_path: Path) -> None:
    executor = Recording()
    told = await run(tmp_path, "states", secrets={"token": "s3cr3t-of-the-shop"}, executor=executor)
    assert executor.order is not None
    assert "s3cr3t-of-the-shop" in executor.order.stdin.decode()
    assert "s3cr3t-of-the-shop" not in f"{executor.order.argv} {executor.order.env}"
    assert told.result.message == "Bundle states: the suite's process was killed by signal 9 before the suite was over."


def test_an_order_does_not_show_its_secrets() -> None:
    order = SuiteOrder(
        SMALL, SMALL, "runbook.robot", None, {}, {"token": "s3cr3t-of-the-shop"}, SMALL, deadline_s=1, context={}
    )
    assert "s3cr3t" not in repr(order)


async def test_the_process_loads_neither_pydantic_nor_the_model(tmp_path: Path) -> None:
    lines: list[bytes] = []

    async def hear(line: bytes) -> None:
        lines.append(line)

    executor = Recording()
    await run(tmp_path, "states", executor=executor)
    assert executor.order is not None
    code = "import sys, runstone.content.engine.start; print(*sorted(m.split('.')[0] for m in sys.modules))"
    known = executor.order
    order = ExecutorOrder((known.argv[0], "-c", code), known.env, tmp_path, b"", deadline_s=20, reads=known.reads)
    await plugins.load("executors", "process")().run(order, hear)
    loaded = set(lines[0].decode().split())
    assert "robot" in loaded
    assert not loaded & {"pydantic", "sqlalchemy", "fastapi"}
