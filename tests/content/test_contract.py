"""What a Task does, by its source and that of the scripts it reaches."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import contract, tools
from runstone.errors import BadInput
from runstone.model.content import Contract, TaskContract

SETUP = """
*** Settings ***
Suite Setup    Suite Initialization

*** Keywords ***
Suite Initialization
    RW.Core.Import User Variable    KUBERNETES_DISTRIBUTION_BINARY    default=kubectl    enum=[kubectl,oc]
    RW.Core.Import User Variable    COMMAND    example=kubectl get pods
    RW.CLI.Run Cli    cmd=yq --version

Restart It
    [Arguments]    ${name}
    RW.CLI.Run Cli    cmd=${KUBERNETES_DISTRIBUTION_BINARY} rollout restart deployment/${name}
"""


def written(folder: Path, body: str, **scripts: str) -> Contract:
    """The contract of a bundle with this Task body and these scripts; ``a_sh`` is the file a.sh."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in scripts.items():
        (folder / ".".join(name.rsplit("_", 1))).write_text(text)
    (folder / "runbook.robot").write_text(f"*** Tasks ***\nLook\n{body}{SETUP}")
    return contract.of(folder / "runbook.robot")


def task(folder: Path, body: str, **scripts: str) -> TaskContract:
    return written(folder, body, **scripts).tasks[0]


def needs(found: TaskContract) -> dict[str, str]:
    return {tool.name: tool.need for tool in found.tools}


def test_tools_come_from_commands_scripts_and_the_scripts_they_call(tmp_path: Path) -> None:
    found = task(
        tmp_path,
        "    RW.CLI.Run Cli    cmd=${KUBERNETES_DISTRIBUTION_BINARY} get pods | jq '.items' && helm list\n"
        "    RW.CLI.Run Bash File    bash_file=a.sh    timeout_seconds=90\n",
        a_sh="#!/bin/bash\nsource ./lib.sh\nhelper\nif [ -f x ]; then az vm list; fi\npython3 ./b.py\n",
        lib_sh="helper() { curl https://host; }\nunused() { aws s3 ls; }\n",
        b_py="import subprocess\nsubprocess.run(['gcloud', 'projects', 'list'])\n",
    )
    assert needs(found) == {
        **dict.fromkeys(("kubectl", "jq", "yq", "curl", "python3"), "always"),
        **dict.fromkeys(("helm", "az", "gcloud"), "sometimes"),
    }
    assert found.scripts == ("a.sh", "lib.sh", "b.py")
    assert [(one.seconds, one.line) for one in found.timeouts] == [(90, 4)]
    assert next((one.file, one.line) for one in found.tools if one.name == "curl") == ("lib.sh", 1)


def test_a_test_for_a_tool_makes_it_optional_unless_it_gives_up(tmp_path: Path) -> None:
    found = task(
        tmp_path,
        "    Run Bash File    a.sh\n",
        a_sh="if command -v xmllint >/dev/null; then xmllint x; else cat x; fi\n"
        "for t in bq gsutil; do\n  if ! command -v $t; then\n    echo no $t; exit 1\n  fi\ndone\n"
        "command -v skopeo || { echo no; exit 1; }\nskopeo list-tags x\n",
    )
    assert needs(found)["xmllint"] == "optional"
    assert {name: needs(found)[name] for name in ("gsutil", "skopeo")} == {"gsutil": "sometimes", "skopeo": "always"}


def test_what_runs_elsewhere_is_not_needed_here(tmp_path: Path) -> None:
    found = task(
        tmp_path,
        "    RW.CLI.Run Cli    cmd=kubectl exec pod -- psql -c 'DELETE FROM t'\n"
        "    RW.K8s.Shell    cmd=flux get all    target_service=${kubectl}\n",
    )
    assert (needs(found)["psql"], needs(found)["flux"], needs(found)["kubectl"]) == ("remote", "remote", "always")
    assert [one.words for one in found.changes] == ["psql -c DELETE FROM t"]


def test_a_change_is_told_with_the_values_of_its_own_task(tmp_path: Path) -> None:
    suite = """*** Tasks ***
Up
    ${count}=    Set Variable    20
    RW.CLI.Run Cli    cmd=kubectl scale deploy/x --replicas=${count}
Down
    ${count}=    Set Variable    1
    RW.CLI.Run Cli    cmd=kubectl scale deploy/x --replicas=${count}
Through A Keyword
    ${count}=    Set Variable    7
    Scale It
Shared
    RW.CLI.Run Cli    cmd=kubectl scale deploy/${which} --replicas=0

*** Keywords ***
Scale It
    ${count}=    Set Variable    3
    Set Suite Variable    ${which}    cart
    RW.CLI.Run Cli    cmd=kubectl scale deploy/x --replicas=${count}
"""
    (tmp_path / "runbook.robot").write_text(suite)
    told = [[one.words for one in found.changes] for found in contract.of(tmp_path / "runbook.robot").tasks]
    assert told == [
        ["kubectl scale deploy/x --replicas=20"],
        ["kubectl scale deploy/x --replicas=1"],
        ["kubectl scale deploy/x --replicas=3"],
        ["kubectl scale deploy/cart --replicas=0"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        "    Restart It    cart\n",
        "    ${cmd}=    Set Variable    kubectl delete pod x\n    RW.CLI.Run Cli    cmd=${cmd}\n",
        "    IF    True\n        Run Keyword If    True    Restart It    cart\n    END\n",
        "    Run Process    kubectl    delete    pod    x\n",
        "    Run Bash File    bash_file=a.sh    cmd_override=MODE=x ./a.sh now\n",
        "    [Teardown]    Restart It    cart\n    Log    x\n",
        "    RequestsLibrary.DELETE    https://host/thing\n",
        "    RW.Slack.Post Message    channel=x\n",
        "    ${rsp}=    RW.Rest.Request    url=${hook}    method=POST    json=${data}\n",
        "    RW.CLI.Run Cli    cmd=python3 p.py\n",
    ],
)
def test_a_change_is_found_wherever_it_stands(tmp_path: Path, body: str) -> None:
    python = "import boto3\nec2 = boto3.client('ec2')\nec2.terminate_instances(InstanceIds=[])\n"
    found = task(tmp_path, body, a_sh="work() {\n  kubectl delete pod x\n}\nwork\n", p_py=python)
    assert found.mutates


@pytest.mark.parametrize(
    "body",
    [
        "    Log    kubectl delete pod x\n",
        "    RW.Core.Add Issue    severity=2    title=x    next_steps=kubectl delete pod x\n",
        "    RW.CLI.Run Cli    cmd=echo kubectl delete pod x\n",
        "    RW.CLI.Run Cli    cmd=kubectl delete pod x --dry-run=client\n",
        "    Run Bash File    a.sh\n",
        "    Create File    x    y\n",
        "    ${rsp}=    RW.Rest.Request    url=https://x/y    method=GET\n",
        "    ${rsp}=    RW.Rest.Request    url=https://x/api/v1/query    method=POST    json=${data}\n",
    ],
)
def test_words_about_a_change_are_none(tmp_path: Path, body: str) -> None:
    script = (
        "# kubectl delete\ncat <<EOF\nkubectl delete pod x\nEOF\nnever() { kubectl delete pod x; }\necho 'az vm stop'\n"
    )
    assert not task(tmp_path, body, a_sh=script).mutates


def test_a_read_only_tag_on_a_change_is_a_defect(tmp_path: Path) -> None:
    found = written(tmp_path, "    [Tags]    access:read-only\n    Restart It    cart\n")
    (defect,) = [one for one in found.findings if one.severity == "error"]
    assert (defect.file, defect.line) == ("runbook.robot", 2)
    assert "tagged access:read-only, but runbook.robot:17 changes something: kubectl rollout restart" in defect.message


def test_an_input_that_is_run_as_a_command_is_named(tmp_path: Path) -> None:
    found = task(tmp_path, "    RW.CLI.Run Cli    cmd=${COMMAND} -n shop\n")
    assert (found.commands, found.mutates) == (("COMMAND",), False)


DELETES = "kubectl delete pod x"


@pytest.mark.parametrize(
    "body",
    [
        f"    ${{cmd}}=    Run Keyword If    True    Set Variable    {DELETES}\n",
        f"    ${{cmd}}=    Run Keyword If    $a    No Operation    ELSE    Set Variable    {DELETES}\n",
        f"    ${{cmd}}=    Run Keyword If    $a    Log    x    ELSE IF    $b    Catenate    {DELETES}    now\n",
        f"    ${{cmd}}=    IF    $a    Set Variable    ls    ELSE    Set Variable    {DELETES}\n",
        f"    ${{cmd}}=    Set Variable If    $a    ls    $b    {DELETES}    pwd\n",
        f"    Run Keywords    Log    x    AND    Set Suite Variable    ${{cmd}}    {DELETES}\n",
        "    ${cmd}=    Set Variable    kubectl delete\n    ${cmd}=    Set Variable    ${cmd} pod x\n",
    ],
)
def test_a_command_that_is_chosen_is_each_of_its_choices(tmp_path: Path, body: str) -> None:
    found = task(tmp_path, f"{body}    RW.CLI.Run Cli    cmd=${{cmd}}\n")
    assert found.mutates
    assert needs(found)["kubectl"] == ("sometimes" if "ls" in needs(found) else "always")
    assert (found.commands, found.unknown) == ((), ())


def test_a_value_that_extends_one_set_further_down_is_read(tmp_path: Path) -> None:
    body = "    Later\n    ${cmd}=    Set Variable    ${cmd} pod x\n    RW.CLI.Run Cli    cmd=${cmd}\n"
    keyword = "\n*** Keywords ***\nLater\n    Set Suite Variable    ${cmd}    kubectl delete\n"
    assert [one.words for one in task(tmp_path, body + keyword).changes] == ["kubectl delete pod x", "kubectl delete"]


def test_a_loop_runs_each_of_its_commands(tmp_path: Path) -> None:
    loop = f"    FOR    ${{cmd}}    IN    ls    {DELETES}\n        RW.CLI.Run Cli    cmd=${{cmd}}\n    END\n"
    assert task(tmp_path, loop).mutates


def test_every_keyword_of_run_keywords_is_run(tmp_path: Path) -> None:
    assert task(tmp_path, "    Run Keywords    Log    x    AND    Restart It    cart\n").mutates
    assert task(tmp_path / "without", "    Run Keywords    No Operation    Restart It\n").mutates


def test_a_program_is_told_by_the_words_after_it(tmp_path: Path) -> None:
    shell = "    ${binary}=    RW.K8s.Get Binary Name    GKE\n    RW.K8s.Shell    cmd=${binary} "
    found = task(tmp_path, f"{shell}exec sts/x -n ${{NS}} -- patronictl reinit ${{m[0]}} --force\n")
    assert [one.words for one in found.changes] == ["patronictl reinit ${m[0]} --force"]
    assert (needs(found)["kubectl"], found.unknown) == ("always", ())
    assert not task(tmp_path / "get", f"{shell}get pods --context ${{C}}\n").mutates


GIVEN = """
    ${made}=    Set Variable    ${COMMAND}
    ${decoded}=    RW.CLI.Run Cli    cmd=echo '${made}' | base64 -d
    ${stripped}=    Strip String    ${decoded.stdout}
"""


@pytest.mark.parametrize(
    "body",
    [
        "    RW.CLI.Run Cli    cmd=${made} -n shop\n",
        "    RW.CLI.Run Cli    ${decoded.stdout}\n",
        "    RW.CLI.Run Cli    cmd=cd x && ${stripped}\n",
        '    RW.CLI.Run Cli    cmd=bash -c "${COMMAND}"\n',
        "    RW.CLI.Run Cli    cmd=eval \"$(echo '${COMMAND}' | base64 --decode)\"\n",
        "    RW.CLI.Run Cli    cmd=echo '${COMMAND}' | base64 -d | bash\n",
        '    RW.CLI.Run Cli    cmd=base64 -d <<< "${COMMAND}" | python3 -\n',
        '    RW.CLI.Run Cli    cmd=bash <(echo "${COMMAND}")\n',
        '    RW.CLI.Run Cli    cmd=python -c "${COMMAND}"\n',
        "    Run Bash File    a.sh\n",
        "    Run Bash File    b.sh\n",
    ],
)
def test_an_input_is_run_in_whatever_form(tmp_path: Path, body: str) -> None:
    direct = 'code=$(printf %s "$COMMAND" | base64 -d)\neval "$code"\n'
    piped = 'echo "$COMMAND" | base64 -d | sh -x\n'
    assert task(tmp_path, GIVEN + body, a_sh=direct, b_sh=piped).commands == ("COMMAND",)


@pytest.mark.parametrize(
    "body",
    [
        "    RW.CLI.Run Cli    cmd=kubectl get pods -n ${COMMAND}\n",
        "    RW.CLI.Run Cli    cmd=echo '${COMMAND}' | base64 -d | jq .\n",
        '    RW.CLI.Run Cli    cmd=x=$(kubectl get ${COMMAND}) && eval "$x"\n',
        "    RW.CLI.Run Cli    cmd=bash -c \"echo '${COMMAND}'\"\n",
        "    RW.CLI.Run Cli    cmd=echo '${COMMAND}' > x && bash y.sh\n",
        "    ${it}=    Set Variable    ls ${COMMAND}\n    RW.CLI.Run Cli    cmd=${it}\n",
    ],
)
def test_an_input_that_is_only_looked_at_is_not_run(tmp_path: Path, body: str) -> None:
    assert task(tmp_path, body).commands == ()


def test_what_a_library_gives_to_run_is_not_known(tmp_path: Path) -> None:
    found = task(tmp_path, '    ${query}=    RW.Own.Template    ${NS}\n    RW.CLI.Run Cli    cmd=bash -c "${query}"\n')
    assert (found.commands, found.unknown, found.mutates) == ((), ("query",), False)


def test_a_here_document_put_together_is_no_list_of_tools(tmp_path: Path) -> None:
    found = task(
        tmp_path,
        GIVEN + "    ${command}=    Run Keyword If    $python\n"
        "    ...    Catenate    SEPARATOR=\\n\n    ...    python << 'END'\n    ...    ${decoded.stdout}\n"
        "    ...    import json\n    ...    json.dump(main(), open('x'))\n    ...    END\n"
        "    ...    ELSE    Catenate    SEPARATOR=\\n\n    ...    bash << 'END'\n    ...    ${decoded.stdout}\n"
        "    ...    exec 3> x\n    ...    main\n    ...    END\n"
        "    RW.CLI.Run Cli    cmd=${command}\n",
    )
    assert set(needs(found)) == {"base64", "python", "bash", "yq"}
    assert (found.commands, found.unknown) == (("COMMAND",), ())
    assert (needs(found)["python"], needs(found)["bash"]) == ("sometimes", "sometimes")


def test_a_script_in_a_folder_of_a_variable_is_read(tmp_path: Path) -> None:
    found = task(
        tmp_path, "    RW.CLI.Run Cli    cmd=${CURDIR}/a.sh\n", a_sh=f'"$HERE/b.sh"\n{DELETES}\n', b_sh="jq .\n"
    )
    assert (found.scripts, found.mutates, needs(found)["jq"]) == (("a.sh", "b.sh"), True, "always")


def test_a_scratch_file_elsewhere_is_no_change_and_any_other_is(tmp_path: Path) -> None:
    body = "    RW.CLI.Run Cli    cmd=kubectl exec x -- bash -c 'echo y > {}'\n"
    assert not task(tmp_path, body.format("/tmp/x")).mutates
    assert task(tmp_path / "kept", body.format("/etc/x")).mutates


def test_issues_come_from_robot_and_from_scripts(tmp_path: Path) -> None:
    found = task(
        tmp_path,
        "    RW.Core.Add Issue    severity=2    title=Pod `${NAME}` waits    next_steps=Look\\nWait\n"
        "    RW.CLI.Run Bash File    bash_file=a.sh\n",
        a_sh='add_issue() {\n  local title="$1" severity="$2"\n'
        '  jq -n --arg t "$title" --arg s "$severity" \'{title: $t, severity: $s}\'\n}\n'
        'add_issue "Disk of $X is full" 1\n'
        'jq -n --arg n \'Grow it\' \'[{"title": "Quota is used up", "severity": 3, "next_steps": $n}]\'\n'
        'cat <<EOF\n{"title": "No backup", "severity": 4, "next_step": "Make one"}\nEOF\npython3 b.py\n',
        b_py="issue = {'title': f'Node {name} is old', 'severity': 3, 'next_steps': ['Replace it']}\n",
    )
    told = {(one.title, one.severity, one.next_steps, one.origin, one.file, one.line) for one in found.issues}
    assert told == {
        ("Pod `${NAME}` waits", 2, ("Look", "Wait"), "robot", "runbook.robot", 3),
        ("Disk of $X is full", 1, (), "script", "a.sh", 5),
        ("Quota is used up", 3, ("Grow it",), "script", "a.sh", 6),
        ("No backup", 4, ("Make one",), "script", "a.sh", 8),
        ("Node ${name} is old", 3, ("Replace it",), "script", "b.py", 1),
    }


@pytest.mark.parametrize(
    ("script", "titles"),
    [
        ('N="${NAME:-Unknown}"\njq -n --arg t "Disk of $N" \'{title: $t, severity: 2}\'\n', ["Disk of ${NAME}"]),
        (
            "title=\"Disk of ${NAME:-x} (${D:-3}h)\"\njq -n '{title: $title, severity: 2}'\n",
            ["Disk of ${NAME} (${D}h)"],
        ),
        (
            'add_issue() {\n  jq -n --arg t "$1" \'{title: $t, severity: 2}\'\n}\nadd_issue "Disk of ${NAME:-x}"\n',
            ["Disk of ${NAME}"],
        ),
        (
            'jq \'{title: ("Disk of `" + .name + "` in " + $ns), severity: 2}\' --arg ns shop\n',
            ["Disk of `${value}` in shop"],
        ),
        ('jq --arg ns "$NS" \'[{title: ("Disk in " + $ns), severity: 2}]\'\n', ["Disk in $NS"]),
        (
            'jq \'{title: (if .a then "One is full" else "Two are full" end), severity: 2}\'\n',
            ["One is full", "Two are full"],
        ),
        (
            'cat <<EOF\n{"title": "Disk of \\`$N\\` in `${A:-${B}}`", "severity": 2}\nEOF\n',
            ["Disk of `$N` in `${A:-$B}`"],
        ),
        ('jq -n --arg t x \'{title: "A pull request", body: $t, head: "x"}\'\n', []),
        ('curl -d \'{"title": "A pull request", "body": "x"}\' https://host\n', []),
        ('new_issue() {\n  echo \'{"title": "Backup is old", "description": "x"}\'\n}\nnew_issue\n', ["Backup is old"]),
        ('echo \'{"title": "Backup is old", "details": "x"}\'\n', ["Backup is old"]),
        ("jq -r '.[] | \"Title: \\(.title)\\nSeverity: \\(.severity)\"' x.json\n", []),
    ],
)
def test_titles_of_scripts_are_tidy_and_of_issues_only(tmp_path: Path, script: str, titles: list[str]) -> None:
    found = task(tmp_path, "    Run Bash File    a.sh\n", a_sh=script)
    assert [one.title for one in found.issues] == titles


def test_only_what_is_certain_stops_a_run(tmp_path: Path) -> None:
    found = written(tmp_path, "    RW.CLI.Run Cli    cmd=kubectl get pods || helm list\n")
    there = {"yq": "/usr/bin/yq"}
    assert tools.missing(found, None, there.get, "shop") == (
        "Bundle shop calls the program kubectl (runbook.robot:3), "
        "which is not on this machine's PATH. Install it here.",
    )
    (doubt,) = tools.doubtful(found, ["Look"], there.get, "shop")
    assert "may call the program helm" in doubt
    assert tools.missing(found, ["Another"], there.get, "shop") == ()


def test_an_unknown_name_beside_a_missing_library_is_never_certain(tmp_path: Path) -> None:
    found = task(tmp_path, "    Run Bash File    a.sh\n", a_sh=". ./gone.sh\nsome_function\njq .\nkubectl get x\n")
    assert needs(found)["some_function"] == "sometimes"
    assert needs(found)["kubectl"] == "always"


def test_a_library_of_the_collection_is_read_too(tmp_path: Path) -> None:
    library = tmp_path / "libraries" / "Cloud" / "lib.sh"
    library.parent.mkdir(parents=True)
    library.write_text("helper() { helm list; }\n")
    found = task(
        tmp_path / "codebundles" / "one",
        "    Run Bash File    a.sh\n",
        a_sh='source "${DIR}/../../libraries/Cloud/lib.sh"\nhelper\n',
    )
    assert needs(found)["helm"] == "always"


def test_a_contract_is_worked_out_again_when_a_script_changes(tmp_path: Path) -> None:
    first = written(tmp_path, "    Run Bash File    a.sh\n", a_sh="kubectl get pods\n")
    assert contract.of(tmp_path / "runbook.robot") is first
    (tmp_path / "a.sh").write_text("kubectl delete pod x\n")
    os.utime(tmp_path / "a.sh", ns=(1, 1))
    assert contract.of(tmp_path / "runbook.robot").tasks[0].mutates


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.sh", b"\xff\xfe\x00", "not UTF-8"),
        ("a.sh", b"echo 'never closed\n", "never closed"),
        ("a.sh", b"#" * (1024 * 1024 + 1), "more than"),
        ("a.sh", b'"${a:-' * 3000, "a.sh"),
        ("b.py", b"def (:\n", "not Python"),
        ("b.py", b"(" * 3000, "not Python"),
        ("b.py", b"a\x00b", "Python"),
        (None, b"", "is not in the bundle"),
    ],
)
def test_an_unfit_script_is_a_finding(tmp_path: Path, name: str | None, content: bytes, word: str) -> None:
    if name:
        (tmp_path / name).write_bytes(content)
    found = written(tmp_path, f"    Run Bash File    bash_file={name or 'gone.sh'}\n")
    assert [one for one in found.findings if word in f"{one.file} {one.message}"]


def test_an_unfit_suite_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "runbook.robot"
    with pytest.raises(BadInput, match="cannot be read"):
        contract.of(file)
    file.write_bytes(b"\xff")
    with pytest.raises(BadInput, match="not UTF-8"):
        contract.of(file)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=100))
def test_any_bundle_is_read(tmp_path_factory: pytest.TempPathFactory, body: str, script: str, code: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "a.sh").write_text(script, encoding="utf-8", errors="ignore")
    (folder / "b.py").write_text(code, encoding="utf-8", errors="ignore")
    text = f"*** Tasks ***\nLook\n    Run Bash File    a.sh\n    Run Cli    cmd=python3 b.py\n    {body}"
    (folder / "runbook.robot").write_text(text, encoding="utf-8", errors="ignore")
    assert contract.of(folder / "runbook.robot").suite.tasks


def test_what_bash_refuses_is_told_and_nothing_else(tmp_path: Path) -> None:
    texts = ["a 'b'", 'a "b', "a 'b", "cat <<EOF\n'\nEOF\n", "x=$'a\\'b'", 'echo "$(a "b")"']
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.sh"
        file.write_text(text)
        refused = subprocess.run(["bash", "-n", str(file)], capture_output=True, check=False).returncode != 0
        found = written(tmp_path, f"    Run Bash File    bash_file={number}.sh\n")
        assert any("never closed" in one.message for one in found.findings) == refused, text
