"""Tasks that receive alerts or fill a registry, and how they are described."""

from collections.abc import Mapping

import pytest

from runstone.catalog import facets, read
from runstone.catalog.augment import handlers, roles, subject
from runstone.catalog.augment.local import Local
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import sources, tables

HANDLER = """*** Settings ***
Documentation    Inspects {source} webhook payload data and adds Tasks to the RunSession
Metadata         Supports    {source}    Webhook

*** Tasks ***
Add Tasks to RunSession from {source} Webhook Details
    [Documentation]    Parse the webhook details and route to the right SLX
    [Tags]    webhook    alert
    Log    {source}
"""
OTHERS = """*** Settings ***
Metadata    Supports    Kubernetes

*** Tasks ***
Inspect Container Restarts of Pods in Namespace `${NAMESPACE}`
    [Documentation]    Lists containers that restart, with their events
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=kubectl get pods -n ${NAMESPACE}

Check Admission Webhooks in Cluster `${CONTEXT}`
    [Documentation]    Finds admission webhooks whose service does not answer
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=kubectl get validatingwebhookconfigurations

Check Alertmanager Configuration of Prometheus in Namespace `${NAMESPACE}`
    [Documentation]    Finds receivers that fail
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=kubectl get alertmanagerconfigs -n ${NAMESPACE}

Sync Image Updates to ACR Registry `${REGISTRY_NAME}`
    [Documentation]    Copies image updates into the private registry
    RW.CLI.Run Cli    cmd=az acr import --name registry --source docker.io/library/nginx
"""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Entry, ...]:
    folder = tmp_path_factory.mktemp("handlers")
    texts = {name: HANDLER.format(source=name) for name in ("Alertmanager", "PagerDuty", "AzureMonitor", "Dynatrace")}
    for name, text in {**texts, "others": OTHERS}.items():
        bundle = folder / "codebundles" / name.lower()
        bundle.mkdir(parents=True)
        (bundle / "runbook.robot").write_text(text)
    return read.collection(folder)


@pytest.fixture(scope="module")
def documents(known: tuple[Entry, ...]) -> Mapping[str, TaskDocument]:
    return Local(()).documents(known)


def about(found: Mapping[str, TaskDocument], text: str) -> TaskDocument:
    return next(document for key, document in found.items() if text in key)


def test_the_source_shows_in_the_authors_words(known: tuple[Entry, ...]) -> None:
    found = {one.bundle: sender.name for one in known if (sender := handlers.source(one))}
    assert found == {
        "alertmanager": "alertmanager",
        "pagerduty": "pagerduty",
        "azuremonitor": "azure-monitor",
        "dynatrace": "dynatrace",
    }


def test_a_handler_has_a_scenario_for_each_alert_with_what_to_run_then(
    known: tuple[Entry, ...], documents: Mapping[str, TaskDocument]
) -> None:
    found = about(documents, "from Alertmanager")
    crash = [one for one in found.scenarios if one.says == "KubePodCrashLooping"]
    assert [one.symptom for one in crash] == ["crash-looping"]
    assert crash[0].then[0] == next(one.key for one in known if "Restarts" in one.title)
    assert "namespace, pod name the pod" in crash[0].reads
    assert "a probe kills the container" in crash[0].reads


def test_a_handlers_alerts_are_those_of_its_source(documents: Mapping[str, TaskDocument]) -> None:
    stock = {one.text for one in about(documents, "from Alertmanager").alerts}
    azure = {one.text for one in about(documents, "from AzureMonitor").alerts}
    assert {"KubeNodeNotReady", "MysqlDown"} <= stock
    assert "Restarting container count" in azure
    assert not stock & azure


def test_what_passes_alerts_on_has_those_of_others_by_its_own_fields(documents: Mapping[str, TaskDocument]) -> None:
    found = about(documents, "from PagerDuty")
    assert {one.text for one in found.alerts} == {one.text for one in about(documents, "from Alertmanager").alerts}
    assert all("event.data.service.id" in one.reads for one in found.scenarios)


def test_a_handler_looks_at_nothing_itself(known: tuple[Entry, ...], documents: Mapping[str, TaskDocument]) -> None:
    for one in known:
        if handlers.source(one):
            about = roles.subject(one, subject.of_entry(one, facets.of_entry(one)))
            assert (about.facets.looks, about.shown, about.told) == ({}, {}, {})
            assert documents[one.key].symptoms == ()


def test_each_alert_a_handler_can_get_leads_to_something_to_look_at(documents: Mapping[str, TaskDocument]) -> None:
    for name in ("Alertmanager", "PagerDuty", "AzureMonitor", "Dynatrace"):
        scenarios = about(documents, f"from {name}").scenarios
        assert len(scenarios) > 100
        assert all(one.looks and one.symptom in tables.load().signals for one in scenarios)
        texts = [(one.text, one.symptom) for one in scenarios]
        assert len(texts) == len(set(texts))


def test_a_task_that_fills_a_registry_answers_for_images(documents: Mapping[str, TaskDocument]) -> None:
    symptoms = {one.symptom for one in about(documents, "Sync Image Updates").scenarios}
    assert {"image-pull", "image-behind"} <= symptoms


def test_a_task_on_webhooks_or_on_a_source_is_no_handler(
    known: tuple[Entry, ...], documents: Mapping[str, TaskDocument]
) -> None:
    for one in known:
        if one.bundle == "others":
            assert handlers.source(one) is None
    assert about(documents, "Check Admission Webhooks").scenarios
    assert not any(one.reads for one in about(documents, "Check Alertmanager Configuration").scenarios)


def test_every_alert_of_a_source_is_there_once() -> None:
    for source in sources.load().sources:
        names = [name for one in source.raises for name in one.says]
        assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]


def test_every_source_says_where_its_payload_names_the_resource() -> None:
    for source in sources.load().sources:
        assert source.fields("a kind that it does not know")
