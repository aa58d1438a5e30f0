"""``runstone search`` and ``runstone eval`` as a person and a program use them."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runstone import settings
from runstone.cli import embedded, search
from runstone.cli import eval as evaluation
from runstone.errors import BadInput, RunstoneError, Unreachable
from runstone.sandbox.cluster import Sandbox

DATA = Path(__file__).parents[1] / "data" / "retrieval"


def run(data: Path, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(search.command, [*arguments, "--data", str(data)], input=given, catch_exceptions=False)


def test_a_question_gets_tasks_with_their_reasons(tmp_path: Path) -> None:
    result = run(tmp_path, "why does the api pod restart all the time")
    assert result.exit_code == 0
    assert "1. Check Pods of" in result.stdout
    assert "looks at" in result.stdout
    assert "Searched by words and by the ontology only" in " ".join(result.stdout.split())


def test_a_program_gets_one_document(tmp_path: Path) -> None:
    answer = json.loads(run(tmp_path, "ingress returns 502", "--json", "--limit", "2").stdout)
    assert len(answer["hits"]) == 2
    assert {"key", "score", "components", "why", "changes", "access"} <= set(answer["hits"][0])
    assert {"confidence", "fits", "intent", "notes"} <= set(answer)


def test_an_alert_is_read_from_standard_input(tmp_path: Path) -> None:
    body = json.dumps({"labels": {"alertname": "KubePersistentVolumeFillingUp"}, "annotations": {}})
    answer = json.loads(run(tmp_path, "-", "--json", given=body).stdout)
    assert answer["question"] == "KubePersistentVolumeFillingUp"
    assert "pvc" in answer["hits"][0]["bundle"]


OPEN = """*** Tasks ***
${TASK_TITLE}
    [Documentation]    Runs a kubectl command of yours and adds the output to the report
    RW.CLI.Run Cli    cmd=${KUBECTL_COMMAND}

*** Keywords ***
Suite Initialization
    ${KUBECTL_COMMAND}=    RW.Core.Import User Variable    KUBECTL_COMMAND
    ...    description=The command to run
    ...    example=kubectl get pods -n shop
"""


def test_a_task_that_runs_what_it_is_given_comes_with_the_command_to_give_it(tmp_path: Path) -> None:
    bundle = tmp_path / "ours" / "codebundles" / "kubectl"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(OPEN)
    where = ("--catalog", str(tmp_path / "ours"))
    page = run(tmp_path, "pod is in CrashLoopBackOff", *where).stdout
    assert "give KUBECTL_COMMAND: kubectl logs {pod} -n {namespace} --previous" in page
    assert "read: the last lines before the exit" in page
    document = json.loads(run(tmp_path, "pod is in CrashLoopBackOff", *where, "--json").stdout)
    assert "--previous" in document["hits"][0]["inputs"]["KUBECTL_COMMAND"]


def test_nothing_to_search_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Say what to search for"):
        run(tmp_path)


async def test_a_workspace_answers_with_what_its_tasks_are_bound_to(tmp_path: Path) -> None:
    async with Sandbox.start() as cluster:
        kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
        told = settings.read(kubeconfig=str(kubeconfig), data=tmp_path / "data", port=0)
        async with embedded.start(told) as instance, embedded.listening(instance):
            await instance.edge.scan()
            said = [
                await asyncio.to_thread(asked, tmp_path, *more)
                for more in (("--json", "--workspace", "default"), ("--workspace", "default"), ("--workspace", "other"))
            ]
            empty = await instance.client.get("/api/v1/map/tasks?q=%20")
    document, page, refused = said
    found = json.loads(document.stdout)
    assert found["hits"][0]["resource"]["name"] == "cart"
    assert any(path.endswith("/cart") for path in found["named"])
    assert not found["hits"][0]["changes"]
    assert found["hits"][0]["resolved_title"] in page.stdout
    assert "Deployment/shop/cart" in page.stdout
    assert refused.returncode == 2
    assert "There is no workspace 'other' here; this is 'default'." in refused.stderr
    assert (empty.status_code, empty.json()["message"][:22]) == (422, "Say what to search for")


def asked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = ("search", "why does the cart deployment restart", "--data", str(folder / "data"), *more)
    command = [sys.executable, "-m", "runstone.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_workspace_needs_a_running_instance_and_no_filter(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="Start it with: runstone up"):
        run(tmp_path, "why", "--workspace", "default")
    with pytest.raises(BadInput, match="goes with --limit and --json only"):
        run(tmp_path, "why", "--workspace", "default", "--kind", "pod")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunstoneError, match=r"numpy|There is no model\.safetensors"):
        run(tmp_path, "--learn", str(DATA))


def retrieval(out: Path, *arguments: str) -> Result:
    told = ["retrieval", str(DATA / "small.jsonl"), "--out", str(out), "--data", str(out.parent), *arguments]
    return CliRunner().invoke(evaluation.command, told, catch_exceptions=False)


def test_a_run_is_written_line_by_line(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    result = retrieval(out, "--catalog", str(DATA / "catalogue.jsonl"))
    figures = json.loads(result.stdout)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == figures["questions"] + figures["none_questions"]
    assert all({"id", "ranked", "score"} <= set(row) for row in rows)
    assert "::" in rows[0]["ranked"][0]
    assert figures["mutating_at_1"] == 0


@pytest.mark.parametrize("arguments", [(), ("--catalog", "a", "--collection", "b")])
def test_exactly_one_set_of_tasks_is_searched(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="either --collection FOLDER or --catalog FILE"):
        retrieval(tmp_path / "run.jsonl", *arguments)
