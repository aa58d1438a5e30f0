"""Cases played for real: Robot in a process of its own, stand-ins on its PATH, a server on loopback."""

import time
from pathlib import Path

import pytest
from tests.trials import ILL, PODS, WELL, examine, play, said, write

from runstone import plugins

HEALTHY = f"""
    cases:
    - name: healthy pods raise nothing
      variables: {{NAMESPACE: shop}}
      tools:
      - {{run: kubectl, args: "get pods -n shop*", out: '{WELL}'}}
      expect: {{no_other_issues: true, status: passed, report: ["*Failed:*"], calls: ["kubectl get pods -n shop*"]}}
"""
UNHEALTHY = f"""
    cases:
    - name: a failed pod raises an Issue
      variables: {{NAMESPACE: shop}}
      tools:
      - {{run: kubectl, out: '{ILL}'}}
      expect:
        issues:
        - {{title: "Pods fail in `shop`", severity: 2, details: "cart-0*", next_steps: "re:Restart Pods"}}
        no_other_issues: true
        status: failed
        never: ["kubectl delete*"]
"""


@pytest.mark.parametrize("cases", [HEALTHY, UNHEALTHY], ids=["healthy", "unhealthy"])
def test_a_bundle_that_does_what_its_case_says_passes(tmp_path: Path, cases: str) -> None:
    case = play(tmp_path, cases)
    assert said(case) == []
    assert case.passed


def test_a_failing_keyword_is_told_with_the_line_of_the_suite_on_which_it_stands(tmp_path: Path) -> None:
    broken = PODS.replace("    RW.Core.Add Pre To Report    Failed: ${names.stdout}\n", "    Fail    no such luck\n")
    case = play(tmp_path, HEALTHY, runbook_robot=broken)
    assert "runbook.robot:11 Task 'Check Pods in `shop`' broke: no such luck" in said(case)


def test_the_innermost_failing_step_is_named_and_one_that_was_met_is_not(tmp_path: Path) -> None:
    suite = """*** Tasks ***
Look
    Run Keyword And Ignore Error    Fail    met
    TRY
        Fail    met too
    EXCEPT    AS    ${why}
        Log    ${why}
    END
    IF    True
        Deeper
    END

*** Keywords ***
Deeper
    FOR    ${one}    IN    a    b
        Should Be Equal    ${one}    a
    END
"""
    case = play(tmp_path, "cases: [{name: it, expect: {}}]", runbook_robot=suite)
    assert said(case) == ["runbook.robot:16 Task 'Look' broke: b != a"]


def test_a_setup_that_fails_is_told_once_with_its_line(tmp_path: Path) -> None:
    suite = PODS.replace("    Set Suite Variable    ${NAMESPACE}\n", "    Fail    no cluster\n    Log    never\n")
    cases = HEALTHY.replace("variables", "tasks: ['*']\n      variables")
    case = play(tmp_path, cases, runbook_robot=suite)
    assert [one for one in said(case) if "no cluster" in one] == [
        "runbook.robot:27 Bundle pods could not be set up: no cluster"
    ]


def test_an_expected_issue_that_was_not_raised_tells_what_happened_instead(tmp_path: Path) -> None:
    case = play(tmp_path, UNHEALTHY.replace(ILL, WELL))
    assert said(case) == [
        "tests/cases.yaml:11 The Tasks ended passed, not failed.",
        "tests/cases.yaml:9 The Issue 'Pods fail in `shop`' of severity 2 was not raised. Raised: none. "
        "Where it could be raised: runbook.robot:13.",
    ]
    assert [(one.title, one.state) for one in case.tasks] == [("Check Pods in `${NAMESPACE}`", "passed")]
    assert case.calls == ("kubectl get pods -n shop -o json <- tests/cases.yaml:6",)


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("severity: 2", "severity: 1", "'Pods fail in `shop`' was, of severity 2."),
        ("cart-0*", "cart-9*", "'Pods fail in `shop`' was, but its details do not fit 'cart-9*': 'cart-0'."),
        ("re:Restart", "re:Ignore", "its next_steps do not fit 're:Ignore Pods': 'Restart Pods in `shop`'."),
    ],
)
def test_an_issue_that_differs_tells_in_what(tmp_path: Path, was: str, now: str, why: str) -> None:
    (first, *_) = said(play(tmp_path, UNHEALTHY.replace(was, now)))
    assert first.startswith("tests/cases.yaml:9 The Issue 'Pods fail in `shop`'")
    assert why in first


def test_an_unexpected_issue_fails_and_names_the_line_that_raises_it(tmp_path: Path) -> None:
    case = play(tmp_path, HEALTHY.replace(WELL, ILL))
    unexpected = [one for one in said(case) if "not expected" in one]
    assert unexpected == [
        "tests/cases.yaml:7 An Issue that is not expected: 'Pods fail in `shop`' of severity 2, raised by Task "
        "'Check Pods in `shop`'. runbook.robot:13 raises it."
    ]


def test_a_call_without_an_answer_fails_and_names_who_calls(tmp_path: Path) -> None:
    case = play(tmp_path, HEALTHY.replace('args: "get pods -n shop*"', 'args: "get nodes*"'))
    assert (
        "tests/cases.yaml:5 Nothing in the case answers: kubectl get pods -n shop -o json. "
        "runbook.robot:9 calls kubectl. Add an answer below tools."
    ) in said(case)
    assert case.calls == ("kubectl get pods -n shop -o json <- no answer",)


def test_a_program_the_case_does_not_list_is_not_there_and_the_call_is_told(tmp_path: Path) -> None:
    case = play(tmp_path, "cases: [{name: it, variables: {NAMESPACE: shop}, expect: {}}]")
    assert any("Nothing in the case answers: kubectl get pods" in one for one in said(case))
    assert any("kubectl is not installed" in one for one in case.notes)


def test_a_forbidden_call_fails_a_read_write_task_runs_all_the_same(tmp_path: Path) -> None:
    case = play(
        tmp_path,
        """
        cases:
        - name: it
          tasks: ["Restart Pods in `shop`"]
          variables: {NAMESPACE: shop}
          tools: [{run: kubectl, args: "delete *", out: "deleted"}]
          expect: {never: ["kubectl get*", "kubectl delete pod*--all"]}
        """,
    )
    assert said(case) == ["tests/cases.yaml:7 This must never be asked, and was: kubectl delete pod -n shop --all."]
    assert case.tasks[0].state == "passed"


def test_tools_answer_by_their_arguments_and_their_stdin_the_first_that_fits(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Library    RW.CLI

*** Tasks ***
Ask
    ${a}=    RW.CLI.Run Cli
    ...    cmd=echo apple | store put --all; store get; printf 'x\\ny\\n' | while read l; do store "$l"; done
    ${b}=    RW.CLI.Run Cli    cmd=echo pear | store put; echo "code $?"
    RW.Core.Add Pre To Report    [${a.stdout}|${b.stdout}|${b.stderr}]
"""
    case = play(
        tmp_path,
        """
        cases:
        - name: it
          tools:
          - {run: store, args: "put*", stdin: "apple*", out: "stored apple\\n"}
          - {run: store, args: put, out_file: put.txt, err: "full\\n", exit: 3}
          - {run: store, args: "re:^[xy]$", out: "line\\n"}
          - {run: store, args: "get", out: "got\\n"}
          expect: {report: ["*[stored apple\\ngot\\nline\\nline\\n|from a file\\ncode 3\\n|full\\n]*"]}
        """,
        runbook_robot=suite,
        **{"tests/put.txt": "from a file\n"},
    )
    assert said(case) == []


def test_a_program_that_is_missing_on_purpose_is_not_there(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Library    RW.CLI

*** Tasks ***
Ask
    ${a}=    RW.CLI.Run Cli    cmd=if command -v helm; then helm list; else echo none; fi
    RW.Core.Add Pre To Report    helm: ${a.stdout}
"""
    cases = "cases: [{name: it, tools: [{run: helm, missing: true}], expect: {report: ['*helm: none*']}}]"
    assert said(play(tmp_path, cases, runbook_robot=suite)) == []


def test_only_plain_programs_are_there_beside_the_stand_ins(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Library    RW.CLI

*** Tasks ***
Ask
    ${a}=    RW.CLI.Run Cli
    ...    cmd=for p in curl git ssh openssl systemctl; do type -P $p; done; type -P sed >/dev/null && echo only sed
    RW.Core.Add Pre To Report    [${a.stdout.strip()}]
"""
    cases = "cases: [{name: it, expect: {report: ['*[only sed]*']}}]"
    assert said(play(tmp_path, cases, runbook_robot=suite)) == []


def test_a_tool_that_hangs_ends_by_the_suites_own_timeout(tmp_path: Path) -> None:
    suite = PODS.replace("-o json\n", "-o json    timeout_seconds=1\n", 1)
    began = time.monotonic()
    case = play(tmp_path, HEALTHY.replace("args:", "after_s: 600, args:"), runbook_robot=suite)
    assert time.monotonic() - began < 30
    assert any("did not end within 1 s" in one for one in case.notes)


def test_a_run_that_does_not_end_is_stopped_and_the_last_call_is_named(tmp_path: Path) -> None:
    cases = HEALTHY.replace("args:", "after_s: 600, args:").replace("variables", "deadline_s: 2\n      variables")
    began = time.monotonic()
    case = play(tmp_path, cases)
    assert time.monotonic() - began < 30
    assert said(case)[0] == (
        "tests/cases.yaml:4 Bundle pods: the suite did not end within 2 s and was stopped. The last call was: "
        "kubectl get pods -n shop -o json <- tests/cases.yaml:7."
    )


def test_a_run_that_writes_into_the_record_of_calls_breaks_nothing(tmp_path: Path) -> None:
    record = "../tools/calls.jsonl"
    suite = PODS.replace("cmd=kubectl get", f"cmd=echo '{{}}' >> {record}; echo x >> {record}; kubectl get")
    case = play(tmp_path, UNHEALTHY, runbook_robot=suite)
    assert said(case) == []
    assert len(case.calls) == 1


def test_what_a_script_wrote_about_itself_is_told_with_its_line(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Library    RW.CLI

*** Tasks ***
Look
    ${a}=    RW.CLI.Run Bash File    bash_file=look.sh
    ${b}=    RW.CLI.Run Cli    cmd=python3 count.py
    RW.Core.Add Pre To Report    ${a.stdout}${b.stdout}
"""
    case = play(
        tmp_path,
        "cases: [{name: it, expect: {issues: [{title: Ill}]}}]",
        runbook_robot=suite,
        look_sh="echo begin\nnumber=$((1 / 0))\n",
        count_py="def count():\n    return 1 / 0\n\n\ncount()\n",
    )
    assert case.complaints[0].startswith("look.sh:2  1 / 0: division by 0")
    assert case.complaints[1] == "count.py:2  ZeroDivisionError: division by zero"


def test_an_http_answer_is_found_by_method_and_path_and_its_address_put_into_variables(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Library    fetch.py

*** Tasks ***
Ask
    ${url}=    RW.Core.Import User Variable    URL
    ${text}=    Fetch    ${url}/items?limit=5
    ${posted}=    Fetch    ${url}/items    POST
    ${far}=    Fetch    http://far.example.org/status
    ${none}=    Fetch    ${url}/nothing
    RW.Core.Add Pre To Report    [${text}|${posted}|${far}|${none}]
"""
    library = """import urllib.error
import urllib.request


def fetch(url, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as err:
        return err.code
"""
    case = play(
        tmp_path,
        """
        cases:
        - name: it
          variables: {URL: "${http}/api"}
          http:
          - {path: /api/items?limit=5, json: {items: ["${http}"]}}
          - {method: POST, path: /api/items, status: 201, body: made, headers: {X-Id: 7}}
          - {path: "http://far.example.org/*", body_file: far.txt}
          expect:
            report: ['*[200 {"items": ["http://127.0.0.1:*"]}|201 made|200 far away|404]*']
            calls: ["GET /api/items*", "POST /api/items"]
        """,
        runbook_robot=suite,
        fetch_py=library,
        **{"tests/far.txt": "far away"},
    )
    assert said(case) == ["tests/cases.yaml:5 Nothing in the case answers: GET /api/nothing. Add an answer below http."]


def test_moments_in_outputs_are_so_long_ago_and_a_kubeconfig_leads_to_the_server(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Library    RW.CLI

*** Tasks ***
Ask
    ${config}=    RW.Core.Import Secret    kubeconfig
    ${a}=    RW.CLI.Run Cli    cmd=t=$(clock); echo $(( ($(date +%s) - $(date -d "$t" +%s)) / 60 )); cat kubeconfig
    ...    secret_file__kubeconfig=${config}
    RW.Core.Add Pre To Report    ${a.stdout}
"""
    case = play(
        tmp_path,
        """
        cases:
        - name: it
          secrets: {kubeconfig: "${kubeconfig}"}
          tools: [{run: clock, out: "${90m ago}"}]
          expect: {report: ['re:(?s)^90\\n.*"server": "http://127.0.0.1:\\d+"']}
        """,
        runbook_robot=suite,
    )
    assert said(case) == []


def test_a_metric_is_compared_by_its_last_value_and_its_sub_name(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core

*** Tasks ***
Measure
    RW.Core.Push Metric    0.25    sub_name=ready
    RW.Core.Push Metric    1
    RW.Core.Push Metric    0.5
"""
    good = "cases: [{name: it, expect: {metric: 0.5, metrics: {ready: 0.25}}}]"
    assert said(play(tmp_path / "good", good, sli_robot=suite)) == []
    bad = "cases:\n- name: it\n  expect:\n    metric: 1\n    metrics:\n      ready: 1\n      other: 1\n"
    assert said(play(tmp_path / "bad", bad, sli_robot=suite)) == [
        "tests/cases.yaml:4 The metric is 0.5, not 1.",
        "tests/cases.yaml:6 The metric ready is 0.25, not 1.",
        "tests/cases.yaml:7 The metric other was not pushed. Pushed: ready = 0.25, (main) = 0.5.",
    ]


def test_a_task_yaml_is_tried_like_a_suite(tmp_path: Path) -> None:
    manifest = """
inputs: [{name: QUEUE, example: mail}, {name: URL}]
tasks:
- {title: "Find Stuck Jobs in `${QUEUE}`", access: read-only, script: stuck.sh}
- title: Ask Whether `${QUEUE}` Takes Jobs
  access: read-only
  http: {url: "${URL}/health", expect: {status: [200]}}
  issue: {title: "`${QUEUE}` takes no jobs", severity: 1}
"""
    script = """n=$(queue stuck "$QUEUE")
[ "$n" != none ] || echo "${UNSET?is not set}"
[ "$n" -eq 0 ] || echo "[{\\"title\\": \\"$n jobs are stuck\\", \\"severity\\": 2}]" >&3
"""
    cases = """
        variables: {QUEUE: mail, URL: "${http}"}
        cases:
        - name: healthy
          tools: [{run: queue, args: stuck mail, out: "0"}]
          http: [{path: /health, body: ok}]
          expect: {no_other_issues: true, status: passed}
        - name: ill
          tools: [{run: queue, args: stuck mail, out: "7"}]
          http: [{path: /health, status: 503}]
          expect:
            issues: [{title: 7 jobs are stuck, severity: 2}, {title: "`mail` takes no jobs", severity: 1}]
            no_other_issues: true
            status: failed
        - name: broken
          tools: [{run: queue, args: stuck mail, out: none}]
          http: [{path: /health, body: ok}]
          expect: {no_other_issues: true}
    """
    found = examine(write(tmp_path, {"task.yaml": manifest, "stuck.sh": script}, cases))
    healthy, ill, broken = found.cases
    assert (said(healthy), said(ill)) == ([], [])
    assert not broken.passed
    assert said(broken)[0].startswith("stuck.sh:2 Task 'Find Stuck Jobs in `mail`' broke:")


def test_the_output_of_a_run_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    play(tmp_path / "c", HEALTHY)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("runstone-trial-")] == []


def test_a_case_runs_in_bubblewrap_too(tmp_path: Path) -> None:
    executor = plugins.load("executors", "bubblewrap")()
    if why := executor.ready():
        pytest.skip(why)
    place = write(tmp_path, {"runbook.robot": PODS}, UNHEALTHY)
    (case,) = examine(place, executor=executor).cases
    assert said(case) == []
