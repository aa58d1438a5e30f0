"""What a question and a Task are about."""

import pytest

from runstone.catalog import facets, question
from runstone.catalog.entry import Entry


@pytest.mark.parametrize(
    ("text", "field", "names"),
    [
        ("Why is the redis-master-0 pod down", "products", {"redis"}),
        ("karpenter does not launch nodes", "products", {"karpenter"}),
        ("AKS nodes are not ready", "platforms", {"azure", "kubernetes"}),
        ("the cart deployment has no ready replicas", "kinds", {"deployment"}),
        ("HPA is at max replicas", "kinds", {"hpa"}),
        ("lambda times out", "platforms", {"aws"}),
        ("what changed in the api deployment", "looks", {"changes"}),
        ("messages in the DLQ", "looks", {"dead-letters"}),
    ],
)
def test_a_question_is_about(text: str, field: str, names: set[str]) -> None:
    assert names <= set(getattr(facets.of_question(text).facets, field))


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("Why is the web-app-service pod slow", "app-service"),
        ("the customer-orders deployment crashes", "service-bus"),
        ("what is wrong in webshop-frontend", "http-endpoint"),
    ],
)
def test_names_of_the_askers_own_are_no_products(text: str, strange: str) -> None:
    asked = facets.of_question(text)
    assert strange not in asked.facets.products
    assert asked.names


@pytest.mark.parametrize("text", ["self-hosted runner is offline", "cert-manager is failing", "crash-looping pod"])
def test_known_words_with_a_hyphen_are_no_names(text: str) -> None:
    assert facets.of_question(text).names == frozenset()


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("restart the api deployment", "change"),
        ("please scale up the workers", "change"),
        ("can you roll back the release", "change"),
        ("why does the pod restart", "diagnose"),
        ("restart loop in payments", "diagnose"),
        ("the rollout is stuck", "diagnose"),
        ("How can I give you access to argo applications?", "meta"),
        ("What tools do you have?", "meta"),
    ],
)
def test_intent(text: str, intent: str) -> None:
    assert facets.of_question(text).intent == intent


def test_a_stock_alert_outweighs_the_words_of_its_text() -> None:
    asked = facets.of_question("KubeDaemonSetMisScheduled: pods are running", "KubeDaemonSetMisScheduled")
    assert asked.alert is not None
    assert asked.facets.kinds["daemonset"] == 1
    assert asked.facets.looks["placement"] == 1


def test_an_alert_is_known_by_its_title_too() -> None:
    assert facets.of_question("Vault sealed: Vault instance is sealed").alert is not None
    assert question.asked(question.Question("anything", "KubeNodeNotReady")).facets.kinds["node"] == 1


def entry(title: str, bundle: str = "b", documentation: str = "") -> Entry:
    return Entry(
        collection="c",
        bundle=bundle,
        title=title,
        documentation=documentation,
        bundle_documentation="",
        tags=(),
        supports=(),
        access="unknown",
        changes=False,
    )


@pytest.mark.parametrize(
    ("title", "verb"),
    [
        ("Restart Deployment `${NAME}`", "change"),
        ("Check Restarts of Deployment `${NAME}`", "look"),
        ("List Unready Kustomizations", "list"),
        ("`${CONTAINER}` Application Logs", "look"),
        ("Scale Down HPA", "change"),
        ("Fetch Logs", "list"),
    ],
)
def test_what_a_task_does_is_read_from_its_title(title: str, verb: str) -> None:
    assert facets.of_entry(entry(title)).verb == facets.verb(title) == verb


def test_where_a_task_looks_is_not_what_it_looks_at() -> None:
    offered = facets.of_entry(entry("Check Container Restarts in Namespace `${NAMESPACE}`"))
    assert offered.facets.kinds["pod"] > offered.facets.kinds.get("namespace", 0)
    assert offered.facets.looks["restarts"] == 1


def test_a_task_without_a_kind_in_its_title_is_about_its_namespace() -> None:
    offered = facets.of_entry(entry("Inspect Warning Events in Namespace `${NAMESPACE}`"))
    assert offered.facets.kinds == {"namespace": 0.8}


def test_a_product_in_the_bundles_name_counts() -> None:
    offered = facets.of_entry(entry("Ping Workload", "k8s-redis-healthcheck"))
    assert set(offered.facets.products) == {"redis"}
    assert "kubernetes" in offered.facets.platforms
