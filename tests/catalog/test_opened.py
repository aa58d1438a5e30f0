"""Which Tasks run what they are given, for which program, and what they are described by."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from runstone.catalog import opened, read
from runstone.catalog.augment.local import Local
from runstone.catalog.document import Scenario, TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import commands
from runstone.catalog.search import Search

COMMAND = """*** Settings ***
Documentation    {about}
Metadata         Supports    {supports}
Library          RW.Core
Library          RW.CLI
Suite Setup      Suite Initialization

*** Tasks ***
{title}
    [Documentation]    {about}
    [Tags]    generic
    ${{rsp}}=    RW.CLI.Run Cli    cmd=${{{name}}}
    RW.Core.Add Pre To Report    ${{rsp.stdout}}
{more}
*** Keywords ***
Suite Initialization
    ${{{name}}}=    RW.Core.Import User Variable    {name}
    ...    type=string
    ...    description={description}
    ...    example={example}
    ${{TASK_TITLE}}=    RW.Core.Import User Variable    TASK_TITLE
    ...    type=string
    ...    description=The name of the Task
    ...    example=Count the Pods
"""
SPECIFIC = """*** Tasks ***
Inspect Container Restarts of Pods in Namespace `${NAMESPACE}`
    [Documentation]    Lists containers that restart, with their exit codes and events
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=kubectl get pods -n ${NAMESPACE}
"""


def suite(
    name: str,
    example: str = "",
    description: str = "What to run",
    supports: str = "Anything",
    about: str = "Runs a command of yours and adds the output to the report.",
    title: str = "${TASK_TITLE}",
    more: str = "",
) -> str:
    return COMMAND.format(
        name=name, example=example, description=description, supports=supports, about=about, title=title, more=more
    )


def entries(folder: Path, **suites: str) -> dict[str, Entry]:
    for bundle, text in suites.items():
        path = folder / "codebundles" / bundle
        path.mkdir(parents=True)
        (path / "runbook.robot").write_text(text)
    return {one.bundle: one for one in read.collection(folder)}


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (suite("ANY_COMMAND", '"kubectl get pods -n shop"'), {"ANY_COMMAND": "kubectl"}),
        (suite("TO_RUN", "aws s3 ls"), {"TO_RUN": "aws"}),
        (suite("TO_RUN", "az vm list | jq ."), {"TO_RUN": "az"}),
        (suite("TO_RUN", "gcloud projects list"), {"TO_RUN": "gcloud"}),
        (suite("TO_RUN", "curl -sS https://example.com"), {"TO_RUN": "curl"}),
        (suite("TO_RUN", supports="Git    Bash"), {"TO_RUN": "git"}),
        (suite("TO_RUN", description="The kubectl command to run"), {"TO_RUN": "kubectl"}),
        (suite("GRPCURL_COMMAND", "grpcurl example.com:443 list", supports="gRPC    cURL"), {}),
        (suite("TO_RUN", "make all"), {}),
    ],
)
def test_the_program_shows_in_the_example_or_in_what_the_author_says(
    tmp_path: Path, text: str, runs: dict[str, str]
) -> None:
    assert entries(tmp_path, one=text)["one"].runs == runs


@pytest.mark.parametrize(
    ("name", "description", "runs"),
    [
        ("PROMQL_QUERY", "What to ask", {"PROMQL_QUERY": "promql"}),
        ("MY_QUERY", "The Loki query", {"MY_QUERY": "logql"}),
        ("COSMOSDB_QUERY", "The SQL", {"COSMOSDB_QUERY": "cosmos"}),
        ("QUERY", "The words to search the web for", {}),
    ],
)
def test_a_query_is_told_by_its_name_and_its_language_by_words(
    tmp_path: Path, name: str, description: str, runs: dict[str, str]
) -> None:
    text = suite(name, "up", description).replace(f"RW.CLI.Run Cli    cmd=${{{name}}}", f"Ask    ${{{name}}}")
    assert entries(tmp_path, one=text)["one"].runs == runs


def test_a_task_that_changes_something_takes_no_command(tmp_path: Path) -> None:
    changing = suite("KUBECTL_COMMAND", "kubectl get pods", more="    RW.CLI.Run Cli    cmd=kubectl delete pod web\n")
    tagged = suite("KUBECTL_COMMAND", "kubectl get pods").replace("[Tags]    generic", "[Tags]    access:read-write")
    assert not any(one.runs for one in entries(tmp_path, changing=changing, tagged=tagged).values())


def test_a_task_with_commands_of_its_own_is_not_open(tmp_path: Path) -> None:
    assert entries(tmp_path, one=SPECIFIC)["one"].runs == {}


ISSUES = "Runs a command of yours and raises an issue if it returns a non-empty string."


@pytest.fixture(scope="module")
def open_ones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entry]:
    return entries(
        tmp_path_factory.mktemp("open"),
        kube=suite("KUBECTL_COMMAND", "kubectl get pods"),
        raising=suite("KUBECTL_COMMAND", "kubectl get pods", about=ISSUES),
        cloud=suite("AWS_COMMAND", "aws s3 ls"),
        specific=SPECIFIC,
    )


@pytest.fixture(scope="module")
def documents(open_ones: dict[str, Entry]) -> Mapping[str, TaskDocument]:
    found = Local(()).documents(list(open_ones.values()))
    return {bundle: found[one.key] for bundle, one in open_ones.items()}


def runs(document: TaskDocument, symptom: str, resource: str, when: str = "") -> list[str]:
    return [
        command
        for one in document.scenarios
        if (one.symptom, one.resource, one.environment) == (symptom, resource, when)
        for command in one.inputs.values()
    ]


def test_an_open_task_has_a_command_for_each_symptom_with_what_to_read(documents: Mapping[str, TaskDocument]) -> None:
    scenarios = documents["kube"].scenarios
    assert len(scenarios) > 200
    known = {row.run: row.reads for row in commands.load().commands["kubectl"]}
    for one in scenarios:
        assert set(one.inputs) == {"KUBECTL_COMMAND"}
        assert one.reads == known[one.inputs["KUBECTL_COMMAND"]]


def test_the_commands_of_a_symptom_differ_and_are_for_that_very_kind(documents: Mapping[str, TaskDocument]) -> None:
    found = runs(documents["kube"], "rollout-stuck", "statefulset")
    assert len(found) == len(set(found))
    assert found
    assert not [one for one in found if "deployment/" in one]


def test_surroundings_are_told_only_where_another_command_is_better(documents: Mapping[str, TaskDocument]) -> None:
    always = runs(documents["kube"], "crash-looping", "deployment")
    released = runs(documents["kube"], "crash-looping", "deployment", "release")
    assert [one for one in released if "rollout history" in one]
    assert not set(always) & set(released)


def test_no_two_scenarios_of_a_task_are_the_same(documents: Mapping[str, TaskDocument]) -> None:
    for name in ("kube", "cloud"):
        seen = [(one.text, tuple(one.inputs.values())) for one in documents[name].scenarios]
        assert len(seen) == len(set(seen))


def test_a_task_that_raises_an_issue_for_any_output_gets_only_what_is_silent_when_well(
    open_ones: dict[str, Entry], documents: Mapping[str, TaskDocument]
) -> None:
    assert opened.only_faults(open_ones["raising"])
    assert not opened.only_faults(open_ones["kube"])
    silent = {row.run for row in commands.load().commands["kubectl"] if row.faults}
    given = {command for one in documents["raising"].scenarios for command in one.inputs.values()}
    assert given
    assert given <= silent
    assert any("returns nothing where all is well" in one.text for one in documents["raising"].preconditions)


def test_the_specific_task_is_named_where_there_is_one(
    open_ones: dict[str, Entry], documents: Mapping[str, TaskDocument]
) -> None:
    key = open_ones["specific"].key
    assert any(key in one.text and "looks at" in one.text for one in documents["kube"].not_when)
    assert any(key in one.then for one in documents["kube"].scenarios if one.symptom == "crash-looping")
    assert not any(open_ones["raising"].key in one.then for one in documents["kube"].scenarios)


def test_every_place_of_its_commands_is_a_precondition(documents: Mapping[str, TaskDocument]) -> None:
    told = " ".join(one.text for one in documents["cloud"].preconditions)
    used = {place for one in documents["cloud"].scenarios for text in one.inputs.values() for place in places(text)}
    assert used
    assert all(f"{{{place}}}" in told for place in used)


def places(text: str) -> list[str]:
    return commands.PLACE.findall(text)


def test_a_task_that_takes_no_command_is_written_down_without_empty_fields(
    documents: Mapping[str, TaskDocument],
) -> None:
    written = documents["specific"].scenarios[0].model_dump_json()
    assert '"inputs"' not in written
    assert '"reads"' not in written
    assert TaskDocument.model_validate_json(documents["kube"].model_dump_json()) == documents["kube"]


def test_a_scenario_without_a_command_says_none() -> None:
    plain = Scenario(
        text="", symptom="", says="", resource="", platform="", environment="", looks=(), expects="", then=()
    )
    assert plain.inputs == {}
    assert plain.reads == ""


APPENDS = """    Set Suite Variable    ${CURL_COMMAND}    ${CURL_COMMAND} -K ./HEADERS
"""


@pytest.mark.parametrize(
    ("more", "extended"),
    [
        (APPENDS, True),
        ("    ${full}=    Set Variable    ${CURL_COMMAND} --fail\n", True),
        ("    RW.CLI.Run Cli    cmd=${CURL_COMMAND} --fail\n", True),
        ("    ${full}=    Set Variable    ${CURL_COMMAND} | ${FILTER}\n", False),
        ("    ${full}=    Set Variable    export A=b; ${CURL_COMMAND}\n", False),
        ("    Log    ${CURL_COMMAND} was run\n", False),
    ],
)
def test_it_is_known_where_the_suite_puts_words_behind_what_it_is_given(
    tmp_path: Path, more: str, extended: bool
) -> None:
    found = entries(tmp_path, one=suite("CURL_COMMAND", "curl https://example.com", more=more))["one"]
    assert found.extended == (("CURL_COMMAND",) if extended else ())


@pytest.mark.parametrize("about", ["Runs a command of yours.", ISSUES])
def test_what_words_are_put_behind_gets_only_plain_commands(tmp_path: Path, about: str) -> None:
    found = entries(tmp_path, one=suite("CURL_COMMAND", "curl https://x", about=about, more=APPENDS))["one"]
    document = Local(()).documents([found])[found.key]
    given = {command for one in document.scenarios for command in one.inputs.values()}
    assert given
    assert not [one for one in given if "|" in one or ";" in one]
    assert any("without pipe or loop" in one.text for one in document.preconditions)
    hit = Search([found]).ask("the certificate of the ingress is expired").hits[0]
    assert "|" not in hit.inputs["CURL_COMMAND"]


@pytest.fixture(scope="module")
def search(open_ones: dict[str, Entry]) -> Search:
    return Search(list(open_ones.values()))


def test_the_task_made_for_it_is_before_every_open_one(search: Search, open_ones: dict[str, Entry]) -> None:
    answer = search.ask("why do the containers of the pod restart")
    assert answer.hits[0].key == open_ones["specific"].key
    assert answer.hits[0].inputs == {}


def test_where_none_is_made_for_it_the_open_task_comes_with_its_command(search: Search) -> None:
    answer = search.ask("the DynamoDB table is throttled")
    assert answer.hits[0].bundle == "cloud"
    assert "dynamodb" in answer.hits[0].inputs["AWS_COMMAND"].lower()
    assert answer.hits[0].reads
    assert not answer.fits
    assert any("runs what it is given" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("pod is in CrashLoopBackOff", "--previous"),
        ("deployment checkout crashes since the last release", "rollout history"),
        ("persistentvolumeclaim is pending", "pvc"),
        ("node is not ready", "nodes"),
    ],
)
def test_the_command_follows_the_question(search: Search, text: str, part: str) -> None:
    hits = {hit.bundle: hit for hit in search.ask(text).hits}
    assert part in hits["kube"].inputs["KUBECTL_COMMAND"]


def test_a_cloud_is_not_asked_about_another_clouds_service(search: Search) -> None:
    hits = {hit.bundle: hit for hit in search.ask("the Azure service bus queue is growing").hits}
    assert hits["cloud"].inputs == {}


@pytest.mark.parametrize("text", ["restart the pod web", "how do I install you", "thank you"])
def test_nothing_is_put_in_front_for_what_is_no_diagnosis(search: Search, text: str) -> None:
    hits = search.ask(text).hits
    scores = [hit.score for hit in hits if not hit.changes]
    assert hits[0].score == max(scores)
