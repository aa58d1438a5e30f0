"""What documents take a Task to be about, which of its Issues are findings, and what may follow them."""

from pathlib import Path

import pytest

from runstone.catalog import facets, read
from runstone.catalog.augment import findings, situations, subject
from runstone.catalog.augment.chains import Chains
from runstone.catalog.augment.local import Local
from runstone.catalog.augment.subject import Subject
from runstone.catalog.document import ExpectedIssue
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import tables


def task(bundle: str, title: str, documentation: str = "", **more: object) -> Entry:
    return Entry.model_validate(
        {
            "collection": "c", "bundle": bundle, "title": title, "documentation": documentation,
            "bundle_documentation": "", "tags": (), "supports": (), "access": "read-only", "changes": False, **more,
        }
    )  # fmt: skip


def about(bundle: str, title: str, documentation: str = "") -> Subject:
    entry = task(bundle, title, documentation)
    return subject.of_entry(entry, facets.of_entry(entry))


def answered(one: Subject) -> set[str]:
    return {found.signal.name for found in situations.answered(one)}


def test_a_product_of_the_title_counts_before_that_of_the_bundles_name() -> None:
    title = "Check Function App `${FUNCTION_APP_NAME}` Logs in Resource Group `${AZ_RESOURCE_GROUP}`"
    assert about("azure-appservice-functionapp-health", title).products == ("function-app",)
    assert about("azure-appservice-webapp-health", "Check Recent Activities").products == ("app-service",)


@pytest.mark.parametrize(
    ("bundle", "title", "platforms"),
    [
        ("azure-servicebus-health", "Check Service Bus Namespace `${NAMESPACE}` Health", {"azure"}),
        ("vercel-project-health", "Diagnose Failed Vercel Deployments", {"vercel"}),
        ("k8s-vault-healthcheck", "Check Vault Deployment Logs in Namespace `${NAMESPACE}`", {"kubernetes"}),
        ("azure-aks-triage", "Check Network Configuration of AKS Cluster `${CLUSTER}`", {"azure", "kubernetes"}),
    ],
)
def test_words_of_kubernetes_mean_something_else_elsewhere(bundle: str, title: str, platforms: set[str]) -> None:
    one = about(bundle, title)
    assert set(one.facets.platforms) == platforms
    assert bool(one.facets.kinds) is ("kubernetes" in platforms)


def test_a_task_that_is_given_a_deployment_answers_for_it_and_its_pods_alone() -> None:
    one = about("k8s-x", "Check Application Logs of Deployment `${DEPLOYMENT_NAME}` in Namespace `${NAMESPACE}`")
    assert one.bound[0] == "deployment"
    assert set(one.things) == {"deployment", "workload", "pod"}


def test_what_has_no_kind_is_called_as_its_title_calls_it() -> None:
    assert about("host-x", "Check Space of Filesystem `${MOUNT}`").things == ("filesystem",)
    assert about("host-x", "Check Space").things == ()


@pytest.mark.parametrize(
    ("title", "documentation", "signal", "answers"),
    [
        ("Check Istio Sidecar Injection of `${NAME}`", "", "mesh-trouble", True),
        ("Check Logs of Deployment `${DEPLOYMENT_NAME}`", "Logs of istio-proxy are harmless.", "mesh-trouble", False),
        ("Check Recent Deployments of Deployment `${DEPLOYMENT_NAME}`", "", "startup-failing", False),
        ("Check Pods of Deployment `${DEPLOYMENT_NAME}`", "Finds CrashLoopBackOff, OOMKilled.", "crash-looping", True),
        ("Check Pods of Deployment `${DEPLOYMENT_NAME}`", "Counts them.", "crash-looping", False),
        ("Check Health of Deployment `${DEPLOYMENT_NAME}`", "", "instance-down", True),
    ],
)  # fmt: skip
def test_a_signal_is_answered_where_it_is_plain(title: str, documentation: str, signal: str, answers: bool) -> None:
    assert (signal in answered(about("k8s-web-health", title, documentation))) is answers


def test_a_signal_befalls_only_its_products_and_places() -> None:
    title = "Check Deployment Revisions and Logs"
    assert "startup-failing" in answered(about("gcp-cloudrun-health", title))
    assert "startup-failing" not in answered(about("k8s-jenkins-health", title))
    assert "crash-looping" not in answered(about("azure-vm-health", "Check Restarts", "CrashLoopBackOff"))


@pytest.mark.parametrize(
    ("title", "own"),
    [
        ("Azure Authentication Failed - Service Principal Credentials Expired", True),
        ("Unable to Check Replica Status for Deployment x", True),
        ("Failed to fetch builds", True),
        ("Cloud SQL instance discovery failed in project x", True),
        ("Errors while running task", True),
        ("Vercel token missing", True),
        ("Registry check `a.sh` failed to run in project x", True),
        ("Missing required environment variable", True),
        ("AKS Network Configuration Check Timeout for Cluster x", True),
        ("user/info request failed for x", True),
        ("Mailgun domain API error for x", True),
        ("No CosmosDB Credentials Provided", True),
        ("HTTP request failed for https://x", False),
        ("Billing data unavailable", True),
        ("Deployment x has no ready replicas", False),
        ("Failed to pull image x", False),
        ("Certificate validation failed for x", False),
        ("Readiness check failed for pod x", False),
        ("Secret x not found", False),
        ("Job x failed", False),
        ("Expired API key", False),
    ],
)
def test_a_tasks_own_failure_is_no_finding(title: str, own: bool) -> None:
    assert findings.own_failure(title) is own


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Deployment x keeps restarting", ("crash-looping",)),
        ("Failed Cloud Build in project x", ("pipeline-failed",)),
        ("Node pool x can be smaller", ()),
        ("Deployment x is scaled down (informational)", ()),
        ("Issue with the IAM policy of x", ()),
    ],
)
def test_titles_tell_signals_by_what_tells_a_trouble(title: str, names: tuple[str, ...]) -> None:
    assert findings.signals_in(title)[: len(names) or None] == names


def issue(title: str) -> ExpectedIssue:
    return ExpectedIssue(title=title, severity=2, causes=(), follows=())


def test_the_issue_that_tells_a_signal_is_expected_and_a_single_one_for_the_strongest() -> None:
    known = tables.load().signals
    crash, probe = known["crash-looping"], known["probe-failing"]
    both = [issue("Unable to list pods"), issue("Liveness probe failed"), issue("Container keeps crashing")]
    assert findings.expected(both, [crash, probe]) == {
        "crash-looping": "Container keeps crashing",
        "probe-failing": "Liveness probe failed",
    }
    assert findings.expected([*both[:1], issue("Something is odd")], [probe, crash]) == {
        "probe-failing": "Something is odd"
    }
    assert findings.expected(both[:1], [probe]) == {}


SUITE = """*** Tasks ***
Check Restarts of Deployment `${DEPLOYMENT_NAME}` in Namespace `${NAMESPACE}`
    [Tags]    access:read-only
    RW.Core.Add Issue    severity=2    title=Deployment `${DEPLOYMENT_NAME}` is crash looping
    ...    next_steps=Analyze the application logs and the replicas
    RW.Core.Add Issue    severity=4    title=Access Denied: Failed to Fetch Pods
    RW.Core.Add Issue    severity=4    title=Failed to Parse Pods

Analyze Log Patterns of Deployment `${DEPLOYMENT_NAME}` in Namespace `${NAMESPACE}`
    [Tags]    access:read-only
    No Operation

Validate RBAC Permissions in Namespace `${NAMESPACE}`
    [Tags]    access:read-only
    No Operation
"""
OTHERS = {
    "k8s-set-health": "Inspect Replica Status and Log Patterns of StatefulSet `${STATEFULSET_NAME}` in `${NAMESPACE}`",
    "azure-aks-triage": "Analyze Log Patterns of Pods in AKS Cluster `${CLUSTER}`",
    "gke-cluster-health": "Analyze Log Patterns of Pods in GKE Cluster `${CLUSTER}`",
    "k8s-logs": "Analyze Log Patterns of Pods in Namespace `${NAMESPACE}`",
}


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Entry, ...]:
    suites = {
        name: f"*** Tasks ***\n{title}\n    [Tags]    access:read-only\n    No Operation\n"
        for name, title in OTHERS.items()
    }
    for name, text in {"k8s-web-health": SUITE, **suites}.items():
        (tmp_path / "codebundles" / name).mkdir(parents=True)
        (tmp_path / "codebundles" / name / "runbook.robot").write_text(text)
    return read.collection(tmp_path)


def test_what_follows_is_in_the_same_place_on_the_same_thing(entries: tuple[Entry, ...]) -> None:
    (crashed,) = (one for one in entries if one.title.startswith("Check Restarts"))
    bundles = [follow.key.partition("::")[0] for follow in Local().documents(entries)[crashed.key].issues[0].follows]
    assert set(bundles) == {"k8s-web-health", "k8s-logs"}


def test_after_its_own_failure_only_access_is_worth_a_look(entries: tuple[Entry, ...]) -> None:
    (crashed,) = (one for one in entries if one.title.startswith("Check Restarts"))
    chains = Chains(entries)
    refused = chains.after(crashed, "Access Denied: Failed to Fetch Pods", ())
    assert [one.key for one in refused] == ["k8s-web-health::Validate RBAC Permissions in Namespace `${NAMESPACE}`"]
    assert chains.after(crashed, "Failed to Parse Pods", ()) == ()


def test_beside_it_runs_what_shows_the_rest_of_a_symptom(entries: tuple[Entry, ...]) -> None:
    (logs,) = (one for one in entries if one.bundle == "k8s-logs")
    beside = Chains(entries).beside(logs, tables.load().signals["crash-looping"])
    assert beside[0].startswith("k8s-web-health::Check Restarts")


def test_next_steps_count_by_telling_phrases_and_not_by_links_or_access() -> None:
    steps = (
        "Schedule an upgrade, see https://example.com/dns/logs",
        "Verify that the service principal's credentials can read certificates",
        "Analyze the application logs",
    )
    assert set(findings.advised(steps)) == {"logs", "log-patterns"}
    assert findings.advised(steps[:2]) == {}


@pytest.mark.parametrize(
    ("title", "remedy"), [("Scale Up HPA of `${NAME}`", True), ("Scale Down HPA of `${NAME}`", False)]
)
def test_less_is_no_remedy_for_too_little(title: str, remedy: bool) -> None:
    entry = task("k8s-ops", title, access="read-write", changes=True)
    document = Local().documents([entry])[entry.key]
    assert any("not scaling" in one.text for one in document.use_when) is remedy


def test_a_task_that_runs_what_it_is_given_answers_by_its_commands_alone() -> None:
    entry = task("curl-cmd", "Run a Command Until Too Many Connections", runs={"CURL_COMMAND": "curl"})
    document = Local().documents([entry])[entry.key]
    assert (document.use_when, document.symptoms, document.questions) == ((), (), ())
    assert document.scenarios


def test_a_sentence_does_not_end_at_an_abbreviation() -> None:
    assert findings.sentence("Checks limits, e.g. of memory. Then more.") == "Checks limits, e.g. of memory."


def test_documents_do_not_repeat_mere_hints(entries: tuple[Entry, ...]) -> None:
    hints = {hint for one in tables.load().signals.values() for hint in one.hints}
    says = {phrase for one in tables.load().signals.values() for phrase in one.phrases}
    told = {scenario.says for one in Local().documents(entries).values() for scenario in one.scenarios}
    assert told
    assert not told & (hints - says)
