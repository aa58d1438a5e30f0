"""Each rule against a text that breaks it, and against texts that come close and do not."""

from pathlib import Path

import pytest
from linted import RULES, SUITE, Change, codes, findings

from runstone.content.lint import platforms, rules
from runstone.edge.discovery import linting
from runstone.edge.discovery.subjects import KINDS, QUALIFIERS

ROBOT = "runbook.robot"
GENERATION = ".runwhen/generation-rules/thing.yaml"
TEMPLATE = ".runwhen/templates/thing-runbook.yaml"
STEP = "    ${answer}=    RW.CLI.Run Cli    cmd=cat ${THING}\n"
IMPORT = "    Set Suite Variable    ${THING}    ${THING}\n"
SECRET = "    ${key}=    RW.Core.Import Secret    api_token\n    ...    description=The key.\n"
TEMPLATED = "  configProvided:\n"


def step(*lines: str) -> Change:
    """These steps in place of the Task's command."""
    return ROBOT, STEP, "".join(f"    {line}\n" for line in lines)


def script(text: str, name: str = "look.sh") -> list[Change]:
    """The Task runs this script."""
    runs = f"    ${{answer}}=    RW.CLI.Run Bash File    bash_file={name}    cmd_override=./{name} ${{THING}}\n"
    return [(ROBOT, STEP, runs), (name, "", text)]


def with_secret(*changes: Change) -> list[Change]:
    """The suite imports a secret."""
    return [(ROBOT, IMPORT, IMPORT + SECRET), *changes]


BREAKS: list[tuple[str, int, list[Change]]] = [
    ("RS101", 15, [step("IF    True", "    RETURN", "END")]),
    ("RS101", 14, [step("Return From Keyword    1")]),
    ("RS101", 14, [step("Run Keyword And Return    Log    1")]),
    ("RS102", 16, [step("IF    True", "    Log    1", "ELIF    False", "    Log    2", "END")]),
    ("RS103", 14, [step("IF    True", "    Log    1")]),
    ("RS103", 13, [(ROBOT, "[Tags]", "[Tegs]")]),
    ("RS104", 14, [step("Append To List    ${x}    1")]),
    ("RS104", 14, [step("RW.Core.Add Isue    1")]),
    ("RS104", 14, [step("Run Keyword And Ignore Error    Logg    1")]),
    ("RS105", 14, [step("Log    a    INFO    b    c    d    e    f    g")]),
    ("RS105", 14, [step("RW.Core.Add Pre To Report    a    b")]),
    ("RS105", 14, [step("RW.Core.Add Pre To Report    a    text=b")]),
    ("RS105", 14, [step("RW.Core.Add Url To Report    url=a    format=b")]),
    ("RS105", 14, [step("RW.Core.Add Url To Report    a    url=b")]),
    ("RS105", 14, [step("Should Be Equal    a")]),
    ("RS106", 8, [(ROBOT, "Library    RW.CLI\n", "Library    RW.CLI\nLibrary    Nowhere.Known\n")]),
    ("RS107", 0, [("empty.robot", "", "*** Settings ***\nDocumentation    Nothing.\n")]),
    ("RS108", 16, [(ROBOT, "\n*** Keywords", "LOOK AT THING_`${THING}`\n    Log    1\n\n*** Keywords")]),
    ("RS109", 14, [step("RW.CLI.Run Cli    cmd=cat ${THING}    tiemout_seconds=5")]),
    ("RS109", 21, [(ROBOT, "    ...    default=a\n", "    ...    default=a    exmaple=b\n")]),
    ("RS109", 20, [(ROBOT, "    ...    default=a\n", "    ...    default=a    description=b\n")]),
    ("RS110", 9, [(ROBOT, "\n*** Tasks ***", "Force Tags    a\n\n*** Tasks ***")]),
    ("RS110", 10, [(ROBOT, "*** Tasks ***", "*** Task ***")]),
    ("RS110", 25, [(ROBOT, IMPORT, IMPORT + "Give\n    Log    1\n    [Return]    1\n")]),
    ("RS201", 11, [(ROBOT, "    [Documentation]    Looks at it and says when it is gone.\n", "")]),
    ("RS202", 11, [(ROBOT, "Look At Thing `${THING}`", "Look At Thing")]),
    ("RS203", 1, [(ROBOT, "Documentation    Looks at a thing.\n", "")]),
    ("RS204", 1, [(ROBOT, "Metadata    Supports    Things\n", "")]),
    ("RS205", 11, [(ROBOT, "Look At Thing `${THING}`", "Look At Thing `${THNIG}` of `${THING}`")]),
    ("RS207", 14, [step("RW.CLI.Run Cli    cmd=kubectl get ${THING}")]),
    ("RS208", 19, [(ROBOT, "    ...    description=The thing.\n", "")]),
    ("RS209", 19, [(ROBOT, "    ...    default=a\n", "    ...    default=a    enum=[b,c]\n")]),
    ("RS210", 21, [(ROBOT, "    ...    default=a\n", "    ...    pattern=\\w*\n    ...    default=a\n")]),
    ("RS211", 23, [(ROBOT, IMPORT, IMPORT + "    RW.Core.Import User Variable    B    description=b.    default=b\n")]),
    ("RS212", 15, [(ROBOT, "    next_steps=Look for it.", "")]),
    ("RS212", 15, [(ROBOT, "next_steps=Look for it.", "next_steps=${EMPTY}")]),
    ("RS213", 15, [(ROBOT, "severity=2", "severity=critical")]),
    ("RS214", 11, [(ROBOT, "    RW.Core.Add Issue    severity=2    title=Thing `${THING}` is gone", "    Log    ")]),
    ("RS301", 11, [(ROBOT, "    [Tags]    access:read-only\n", "")]),
    ("RS302", 11, [step("RW.CLI.Run Cli    cmd=kubectl delete pod ${THING}")]),
    ("RS302", 11, script("kubectl scale deployment x --replicas=0\n")),
    ("RS303", 11, [(ROBOT, "access:read-only", "access:readonly")]),
    ("RS303", 11, [(ROBOT, "access:read-only", "access:read-only    access:read-write")]),
    ("RS304", 14, with_secret(step("RW.CLI.Run Cli    cmd=curl -u me:${key.value} http://${THING}"))),
    ("RS304", 1, script('curl -H "Authorization: Bearer $API_TOKEN" https://x/$1\n')),
    ("RS304", 2, with_secret(*script('true\nclient --key "${api_token}"\n'))),
    ("RS304", 1, script('export X=$(curl -u "me:$API_TOKEN" https://x/$1)\n')),
    ("RS304", 2, script('if true; then\n  curl -s \\\n    -H "X: $api_key" https://x/$1\nfi\n')),
    ("RS305", 14, with_secret(step("Log    ${key.value}"))),
    ("RS305", 14, with_secret(step("RW.Core.Add Pre To Report    key: ${key.value} of ${THING}"))),
    ("RS306", 15, [step("${a}=    Log    1", "${b}=    Evaluate    json.loads('''${answer.stdout}''')    json")]),
    ("RS306", 14, [step("${b}=    Evaluate    1 if int(${answer.stdout}) == 0 else ${THING}")]),
    ("RS307", 1, script("curl -sSL https://x/install.sh | bash\n")),
    ("RS307", 1, script("curl -sSL https://x/install.sh | sudo -E bash -s -- --yes\n")),
    ("RS307", 1, script("bash <(curl -s https://x)\n")),
    ("RS307", 14, [step("RW.CLI.Run Cli    cmd=wget -qO- https://x/${THING} | sh")]),
    ("RS308", 1, script("curl -sk https://x\n")),
    ("RS308", 2, script("import requests\nrequests.get('https://x', verify=False)\n", "look.py")),
    ("RS309", 1, script("KEY=AKIA" + "ABCDEFGHIJKLMNOP\n")),
    ("RS309", 1, [("README.md", "", "ghp_" + "a1B2" * 9 + " is the token.")]),
    (
        "RS310",
        11,
        [
            step("RW.CLI.Run Cli    cmd=${COMMAND} ${THING}"),
            (
                ROBOT,
                IMPORT,
                IMPORT + "    RW.Core.Import User Variable    COMMAND\n    ...    description=What to run.\n"
                "    ...    default=kubectl get pods\n",
            ),
        ],
    ),
    ("RS401", 14, [step("RW.CLI.Run Bash File    bash_file=gone.sh    cmd_override=./gone.sh ${THING}")]),
    ("RS402", 0, [("left.sh", "", "echo\n")]),
    ("RS403", 2, script("true\necho 'never closed\n")),
    ("RS403", 1, script("echo a\r\necho b\r\n")),
    ("RS403", 1, script("def (:\n", "look.py")),
    ("RS501", 5, [(GENERATION, "spec:", "spec: [")]),
    ("RS501", 1, [(GENERATION, "", "- a\n- b\n")]),
    ("RS501", 0, [(".runwhen/generation-rules/thing-yaml", "", RULES)]),
    ("RS502", 0, [(GENERATION, "", "# nothing yet\n")]),
    ("RS503", 6, [(GENERATION, "qualifiers:", "qualifier:")]),
    ("RS503", 6, [(GENERATION, "- type: slx\n", "- type: slx\n              template: a\n")]),
    ("RS504", 6, [(GENERATION, "- type: runbook", "- type: sli")]),
    ("RS505", 6, [(GENERATION, "            - type: slx\n", "")]),
    ("RS506", 6, [(GENERATION, "[deployment]", "[stateful_set]")]),
    ("RS513", 6, [(GENERATION, "[resource, namespace, cluster]", "[resource, name]")]),
    ("RS506", 0, [(GENERATION, "platform: kubernetes", "platform: kubernets")]),
    ("RS507", 6, [(GENERATION, 'pattern: ".+"', 'pattern: "(a"')]),
    ("RS507", 6, [(GENERATION, 'pattern: ".+"', 'pattern: "a$b"')]),
    ("RS507", 6, [(GENERATION, "type: pattern", "type: patern")]),
    ("RS507", 6, [(GENERATION, "[deployment]", "[cluster]"), (GENERATION, "[name]", "[spec/version]")]),
    ("RS508", 14, [(TEMPLATE, TEMPLATED, "  {% if a %}\n" + TEMPLATED), (TEMPLATE, "{{match_resource.name}}", "{{a")]),
    ("RS509", 10, [(TEMPLATE, "thing/runbook.robot", "thing/runbok.robot")]),
    ("RS510", 12, [(TEMPLATE, "name: THING", "name: THNG")]),
    (
        "RS510",
        15,
        [(TEMPLATE, "match_resource.name}}\n", "match_resource.name}}\n  secretsProvided:\n    - name: a\n")],
    ),
    ("RS511", 0, [(ROBOT, "    ...    default=a\n", ""), (TEMPLATE, "name: THING", "name: RW_X")]),
    ("RS511", 0, with_secret()),
    ("RS512", 0, [(".runwhen/templates/left.yaml", "", "kind: Runbook\n")]),
]


def test_the_bundle_they_all_start_from_has_nothing_wrong(tmp_path: Path) -> None:
    assert findings(tmp_path) == []


@pytest.mark.parametrize(("code", "line", "changes"), BREAKS)
def test_a_text_that_breaks_a_rule_is_found_in_its_line(
    code: str, line: int, changes: list[Change], tmp_path: Path
) -> None:
    found = findings(tmp_path, *changes)
    assert (code, line) in [(one.code, one.line) for one in found], found


KEEPS: list[tuple[str, list[Change]]] = [
    ("RS101", [(ROBOT, IMPORT, IMPORT + "Give\n    RETURN    1\n")]),
    ("RS102", [step("IF    True", "    Log    1", "ELSE IF    False", "    Log    2", "END")]),
    ("RS103", [step("TRY", "    Log    1", "EXCEPT", "    Log    2", "END")]),
    ("RS104", [step("Rw.core.add_pre_to_report    ${THING}", "log    1", "Given Log    1")]),
    ("RS104", [step("${keyword} Something    1")]),
    ("RS104", [step("Give 5 Things"), (ROBOT, IMPORT, IMPORT + "Give ${n} Things\n    Log    ${n}\n")]),
    (
        "RS104",
        [step("Whatever    1"), (ROBOT, "Library    RW.CLI\n", "Library    RW.CLI\nResource    other.resource\n")],
    ),
    ("RS105", [step("Log    foo=${THING}", "Log Many    a    b    c", "Should Be Equal    @{pair}")]),
    ("RS105", [step("Create Dictionary    a=b    c=d", "Catenate    SEPARATOR=,    a    b")]),
    ("RS105", [step("Run Keyword And Ignore Error    Log    a    WARN")]),
    ("RS106", [(ROBOT, "Library    RW.CLI\n", "Library    RW.CLI\nLibrary    Collections\nLibrary    RW.platform\n")]),
    ("RS108", [(ROBOT, "\n*** Keywords", "Look Elsewhere `${THING}`\n    Log    1\n\n*** Keywords")]),
    ("RS109", [step("RW.CLI.Run Cli    cmd=cat ${THING}    secret_file__k=${k}    render_in_commandlist=true")]),
    ("RS110", [(ROBOT, "\n*** Tasks ***", "Test Tags    a\n\n*** Tasks ***")]),
    ("RS202", [("sli.robot", "", SUITE.replace("Look At Thing `${THING}`", "Score It"))]),
    (
        "RS205",
        [
            (ROBOT, "Look At Thing `${THING}`", "Look At `${thing}` in `${PLACE}`"),
            (ROBOT, "*** Tasks", "*** Variables ***\n${PLACE}    here\n\n*** Tasks"),
        ],
    ),
    (
        "RS205",
        [
            (ROBOT, "Look At Thing `${THING}`", "Look At `${WHAT}`"),
            (ROBOT, IMPORT, IMPORT + "    Set Suite Variable    $WHAT    1\n"),
        ],
    ),
    ("RS207", [step("RW.CLI.Run Cli    cmd=kubectl get ${THING}"), ("README.md", "", "Needs kubectl.")]),
    ("RS207", script('if command -v jq; then jq .; fi\nsed -n 1p "$1"\n')),
    ("RS210", [(ROBOT, "    ...    default=a\n", "    ...    pattern=^[a-z]+$\n    ...    default=a\n")]),
    (
        "RS211",
        [
            step("RW.CLI.Run Cli    cmd=echo ${THING}[name]"),
        ],
    ),
    ("RS211", [(ROBOT, IMPORT, "    ${same}=    Evaluate    $THING + 'b'\n"), step("Log    1")]),
    ("RS212", [(ROBOT, "next_steps=Look for it.", "&{rest}")]),
    ("RS213", [(ROBOT, "severity=2", "severity=${2}")]),
    ("RS213", [(ROBOT, "severity=2    title=Thing `${THING}` is gone", "&{issue}")]),
    (
        "RS214",
        [
            step("RW.CLI.Run Bash File    bash_file=look.sh    cmd_override=./look.sh ${THING}"),
            (
                ROBOT,
                "    RW.Core.Add Issue    severity=2    title=Thing `${THING}` is gone    next_steps=Look for it.",
                "",
            ),
            ("look.sh", "", 'jq -n --arg t "$x" \'{title: $t, severity: 2, next_steps: "a"}\'\n'),
        ],
    ),
    (
        "RS301",
        [
            (ROBOT, "\n*** Tasks ***", "Test Tags    access:read-only\n\n*** Tasks ***"),
            (ROBOT, "    [Tags]    access:read-only\n", ""),
        ],
    ),
    ("RS302", [step("RW.CLI.Run Cli    cmd=kubectl delete pod ${THING} --dry-run=client")]),
    ("RS302", [step("RW.CLI.Run Cli    cmd=kubectl get pod ${THING}")]),
    ("RS303", [(ROBOT, "access:read-only", "access:read-only    access    Access logs")]),
    ("RS304", script('echo "$API_TOKEN" | client login --password-stdin\nexport OTHER="$API_TOKEN"\n')),
    ("RS304", script("jq '.[] | $token' \"$1\"\njq --arg d $secret '.a' \"$1\"\n")),
    ("RS304", script('fetch() {\n  true\n}\nfetch "$API_TOKEN"\n')),
    ("RS304", script('curl "https://x/$TOKEN_FILE" "$SECRET_NAME"\n')),
    ("RS304", with_secret(step("RW.CLI.Run Cli    cmd=cat ${THING}    secret__key=${key}"))),
    ("RS305", with_secret(step("Log    ${key.key}"))),
    ("RS306", [step("${b}=    Evaluate    json.loads($answer.stdout)    json", "Evaluate    len('''${THING}''')")]),
    (
        "RS307",
        script(
            "curl -s https://x/data | jq .\ncurl -s https://x/data | python3 -m json.tool\n# curl https://x | bash\n"
        ),
    ),
    ("RS307", script("echo 'install it: curl https://x | bash'\ncurl -s https://x | bash ./mine.sh\n")),
    ("RS308", script("curl --cacert ca.pem https://x\nsort -k 2 $1\nkubectl get -k x\n")),
    ("RS309", script("KEY=AKIAIOSFODNN7EXAMPLE\nHASH=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")),
    ("RS402", [*script(". ./helper.sh\n"), ("helper.sh", "", "echo\n")]),
    ("RS402", [*script("import tools\n", "look.py"), ("tools.py", "", "A = 1\n")]),
    ("RS403", script("cat <<'E'\nit's fine\nE\necho \"it's\" # don't\n")),
    ("RS503", [(GENERATION, "baseName: thing", "baseName: thing\n          shortenedBaseName: th")]),
    ("RS504", [(GENERATION, "- type: runbook", "- type: runbook\n              templateName: thing-runbook.yaml")]),
    ("RS506", [(GENERATION, "[deployment]", '["certificates.cert-manager.io", {platform: gcp, resourceType: x}]')]),
    ("RS506", [(GENERATION, "platform: kubernetes", "platform: aws"), (GENERATION, "[deployment]", "[ec2_instances]")]),
    (
        "RS513",
        [
            (GENERATION, "platform: kubernetes", "platform: runwhen"),
            (GENERATION, "[resource, namespace, cluster]", "[workspace, name]"),
        ],
    ),
    (
        "RS513",
        [
            (GENERATION, "[deployment]", '["aws:ec2_instance"]'),
            (GENERATION, "[resource, namespace, cluster]", "[resource, region]"),
        ],
    ),
    ("RS507", [(GENERATION, 'pattern: ".+"', r'pattern: "^a\\$b|c$|^d"')]),
    ("RS508", [(TEMPLATE, "{{match_resource.name}}", '{{custom.a | default("b") }} {% set x = 1 %}')]),
    (
        "RS509",
        [
            (TEMPLATE, "repoUrl: {{repo_url}}", "repoUrl: https://x/y.git"),
            (TEMPLATE, "codebundles/thing/", "codebundles/other/"),
        ],
    ),
    ("RS511", [(ROBOT, "    ...    default=a\n", "")]),
    (
        "RS511",
        [
            *with_secret(),
            (TEMPLATE, TEMPLATED, '  secretsProvided:\n    {% include "kubernetes-auth.yaml" %}\n' + TEMPLATED),
        ],
    ),
    (
        "RS512",
        [
            (".runwhen/templates/part.yaml", "", "a: b\n"),
            (TEMPLATE, TEMPLATED, '  {% include "part.yaml" %}\n' + TEMPLATED),
        ],
    ),
]


@pytest.mark.parametrize(("code", "changes"), KEEPS)
def test_a_text_that_comes_close_is_not_found(code: str, changes: list[Change], tmp_path: Path) -> None:
    assert code not in codes(tmp_path, *changes)


def test_every_rule_that_looks_at_a_bundle_is_in_the_table() -> None:
    by_the_engine = {"RS001", "RS002", "RS003", "RS004", "RS206", "RS404", "RS405"}
    assert {rule.code for rule in rules.every()} == {code for code, _, _ in BREAKS} | by_the_engine


def test_a_bundle_without_a_readme_is_found(tmp_path: Path) -> None:
    found = findings(tmp_path, ("README.md", "", ""))
    assert found == []
    (tmp_path / "codebundles/thing/README.md").unlink()
    from runstone.content.lint import engine

    path = tmp_path / "codebundles/thing"
    assert [one.code for one in engine.run([path], engine.chosen(), path).findings] == ["RS206"]


def test_rules_have_stable_codes_readable_names_and_say_what_to_do() -> None:
    every = rules.every()
    assert len(every) >= 30
    assert len({rule.code for rule in every}) == len({rule.name for rule in every}) == len(every)
    for rule in every:
        assert rule.name.replace("-", "").isalpha()
        assert rule.summary.endswith("."), rule.code
        assert rule.documentation.count("\n\n") >= 1, rule.code


def test_what_rules_may_name_is_what_discovery_knows() -> None:
    """Two zones that must not import each other: this is where their tables are held against each other."""
    assert set(platforms.KUBERNETES_TYPES) == set(KINDS)
    assert set(platforms.PLATFORMS) == set(linting.FAMILIES)
    assert {name: set(own) for name, own in platforms.QUALIFIERS.items() if name != "kubernetes"} == {
        name: set(own) for name, own in QUALIFIERS.items()
    }
