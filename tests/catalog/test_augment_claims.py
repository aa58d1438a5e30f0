"""What a model claims of a Task, against what its source shows."""

from pathlib import Path

import pytest

from runstone.catalog import read
from runstone.catalog.augment.claims import Facts
from runstone.catalog.entry import Entry

SUITE = """*** Settings ***
Metadata    Supports    Kubernetes
Suite Setup    Initialize
*** Keywords ***
Initialize
    RW.Core.Import User Variable    COMMAND
*** Tasks ***
Check Restarts of Deployment `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Looks for pods that crash.
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=kubectl get pods -o json | jq .items

Restart Deployment `${NAME}` in Namespace `${NAMESPACE}`
    [Tags]    access:read-write
    RW.CLI.Run Cli    cmd=kubectl rollout restart deployment/${NAME}

Run What Is Given for Deployment `${NAME}`
    [Documentation]    Shows what a command says, with helm or another program.
    RW.CLI.Run Cli    cmd=${COMMAND}

Check Redis Memory
    [Documentation]    Reads the statistics of Redis.
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=redis-cli info memory
"""


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    bundle = tmp_path_factory.mktemp("claims") / "codebundles" / "k8s-web-health"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(SUITE)
    return {one.title.split(" `")[0]: Facts.of(one) for one in read.collection(bundle.parents[1])}


CHECK, RESTART, GIVEN, REDIS = (
    "Check Restarts of Deployment", "Restart Deployment", "Run What Is Given for Deployment", "Check Redis Memory",
)  # fmt: skip


@pytest.mark.parametrize(
    ("task", "field", "text"),
    [
        (CHECK, "purpose", "Finds out why pods of a deployment restart."),
        (CHECK, "purpose", "Uses kubectl to list pods and why they restart."),
        (CHECK, "use_when", "Use when a deployment keeps restarting."),
        (CHECK, "purpose", "Checks the health and scaling status of pods, restarts and updates."),
        (CHECK, "symptoms", "the docker daemon does not answer"),
        (CHECK, "use_when", "Use when pods on EKS are in a crash loop."),
        (CHECK, "use_when", "It is read-only and can be used at night."),
        (CHECK, "not_when", "Not for virtual machines on Azure."),
        (CHECK, "questions", "Why does my pod restart?"),
        (CHECK, "next_steps", "Look at the kubelet of the node."),
        (CHECK, "alerts", "KubePodCrashLooping"),
        (CHECK, "alerts", "OurOwnAlert"),
        (RESTART, "purpose", "Restarts a deployment."),
        (GIVEN, "purpose", "Runs helm, or what else it is given, for a deployment."),
        (RESTART, "questions", "How do I restart the deployment?"),
        (REDIS, "symptoms", "Redis uses too much memory"),
        (REDIS, "purpose", "Reads the memory statistics with redis-cli."),
    ],
)
def test_what_the_source_shows_or_leaves_open_stands(tasks: dict[str, Facts], task: str, field: str, text: str) -> None:
    assert tasks[task].against(field, text) == ""


@pytest.mark.parametrize(
    ("task", "field", "text", "told"),
    [
        (CHECK, "purpose", "Restarts pods that crash.", "changes something"),
        (CHECK, "purpose", "Finds crashing pods and deletes them.", "changes something"),
        (CHECK, "use_when", "Use to scale a deployment.", "changes something"),
        (CHECK, "purpose", "Brings a deployment back by restarting its pods.", "changes something"),
        (CHECK, "purpose", "Runs docker to look at the image.", "names docker"),
        (CHECK, "purpose", "Runs helm to look at the release.", "names helm"),
        (CHECK, "purpose", "Lists the pods with gcloud and shows why.", "names gcloud"),
        (CHECK, "next_steps", "Look at it with istioctl.", "names istioctl"),
        (CHECK, "use_when", "Use when a virtual machine on Azure is down.", "azure"),
        (CHECK, "symptoms", "an RDS instance is slow", "aws"),
        (CHECK, "symptoms", "the certificate has expired", "certificate"),
        (CHECK, "questions", "Please restart the deployment", "asks for a change"),
        (CHECK, "next_steps", "Delete the namespace.", "asks for a change"),
        (CHECK, "next_steps", "Look at the logs and restart the pod.", "asks for a change"),
        (CHECK, "alerts", "KubePersistentVolumeFillingUp", "something else"),
        (RESTART, "purpose", "Only reads the state of a deployment.", "changes nothing"),
        (RESTART, "use_when", "It is safe to use at night.", "changes nothing"),
        (RESTART, "not_when", "It makes no changes.", "changes nothing"),
        (GIVEN, "purpose", "Runs gcloud for a deployment.", "names gcloud"),
        (GIVEN, "purpose", "A read-only look at a deployment.", "changes nothing"),
        (REDIS, "symptoms", "Kafka consumers lag", "kafka"),
    ],
)
def test_what_the_source_contradicts_is_told(
    tasks: dict[str, Facts], task: str, field: str, text: str, told: str
) -> None:
    assert told in tasks[task].against(field, text)


def test_no_description_of_our_own_documents_contradicts_its_task(built_in: tuple[Entry, ...]) -> None:
    for entry in built_in:
        first = entry.documentation.split(". ")[0]
        assert Facts.of(entry).against("symptoms", first) == "", entry.key


def test_without_a_source_only_the_authors_words_are_known(small: tuple[Entry, ...]) -> None:
    facts = Facts.of(next(one for one in small if one.title.startswith("Check Restarts")))
    assert facts.entry.contract is None
    assert "names kubectl" in facts.against("purpose", "Lists pods by kubectl.")


def test_a_cloud_that_no_task_is_for_cannot_be_claimed(tmp_path: Path) -> None:
    bundle = tmp_path / "codebundles" / "azure-vm-health"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text("*** Tasks ***\nCheck Azure VM\n    RW.CLI.Run Cli    cmd=az vm list\n")
    (entry,) = read.collection(tmp_path)
    assert "kubernetes" in Facts.of(entry).against("use_when", "Use when a Kubernetes node or an Azure VM is down.")
    assert Facts.of(entry).against("purpose", "Lists Azure VMs with az.") == ""
    assert "aws" in Facts.of(entry).against("use_when", "Use when an AWS instance is down.")
