"""The stand-ins answer in the shapes of the real tools. Needs no collections."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import harness
import pytest
from toolbox import az, curl, gcloud, jsonpath
from toolbox.answer import Call

POD = {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}}, "spec": {"ports": [{"n": 1}, {"n": 2}]}}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.metadata.name}", "a"),
        ("{.spec.ports[*].n}", "1 2"),
        ("{.spec.ports[1].n}", "2"),
        ("{.spec.ports[-1].n}", "2"),
        ("{.spec.ports[?(@.n==2)].n}", "2"),
        (r"{.metadata.labels.app\.kubernetes\.io/name}", "x"),
        ('{range .spec.ports[*]}{.n}{"\\n"}{end}', "1\n2\n"),
        ("{.nothing}", ""),
        ("{..n}", "1 2"),
    ],
)
def test_jsonpath_reads_as_kubectls(template: str, text: str) -> None:
    assert jsonpath.render(template, POD) == text


def test_clouds_apply_queries_and_formats() -> None:
    rows = [{"name": "a", "n": 1}, {"name": "b", "n": 2}]
    assert az.shape(Call("az", ["x", "--query", "[].name", "-o", "tsv"], {}), rows) == "a\nb\n"
    assert az.shape(Call("az", ["x", "--query", "[?n==`2`]|[0].name", "-otsv"], {}), rows) == "b\n"
    assert gcloud.shape(Call("gcloud", ["x", "--format=value(name,n)"], {}), rows) == "a\t1\nb\t2\n"
    assert gcloud.shape(Call("gcloud", ["x", "--format", "json"], {}), []) == "[]\n"


def test_curl_writes_its_body_and_what_was_asked_of_it(tmp_path: Path) -> None:
    call = Call("curl", ["-s", "-o", str(tmp_path / "body"), "-w", "%{http_code}\\n", "https://example.com"], {})
    assert curl.respond(call, "{}", 503, 0).out == "503\n"
    assert (tmp_path / "body").read_text() == "{}"
    assert curl.respond(Call("curl", ["-fsS", "https://example.com"], {}), "{}", 503, 0).rc == 22


def test_programs_answer_from_the_world_and_record_their_calls(tmp_path: Path) -> None:
    world = harness.world(datetime(2026, 1, 1, tzinfo=UTC))
    path = harness.toolbox(tmp_path / "run" / "tools", world.tools)
    (tmp_path / "run" / "cb-temp").mkdir()
    env = {"PATH": f"{path}:/usr/bin:/bin", "CODEBUNDLE_TEMP_DIR": str(tmp_path / "run" / "cb-temp")}

    def ask(line: str) -> tuple[str, int]:
        done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr, done.returncode

    assert ask("kubectl get pods -n shop -l app=cart -o name") == ("pod/cart-7d-aaaaa\n", 0)
    assert ask("kubectl get pod none -n shop") == ('Error from server (NotFound): pods "none" not found\n', 1)
    assert "ImagePullBackOff" in ask("kubectl get pods -n shop")[0]
    assert ask("kubectl get events -n other")[0] == "No resources found in other namespace.\n"
    calls = (tmp_path / "run" / "calls.jsonl").read_text().splitlines()
    assert len(calls) == 4
