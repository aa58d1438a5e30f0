"""The built-in includes that bundles for clouds count on: logins, tags and hierarchies, always readable YAML."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.edge.discovery.templating import Engine

NOWHERE = Path("/nonexistent")


def included(name: str, **variables: Any) -> Any:
    text = Engine().render(NOWHERE, name, {"custom": {}, "secrets": {}, **variables})
    return yaml.safe_load(f"read:\n{text}")["read"]


def secrets(name: str, **variables: Any) -> dict[str, str]:
    return {one["name"]: one.get("workspaceKey") or f"={one['value']}" for one in included(name, **variables)}


def tags(name: str, **variables: Any) -> dict[str, str]:
    return {one["name"]: one["value"] for one in included(name, child_resource_names=(), **variables)}


ASKED = {"auth_secret": "login", "assume_role_arn": "arn:aws:iam::1:role/r"}
PRINCIPAL = {
    "az_subscriptionId": "k8s:file@secret/login:subscriptionId",
    "az_clientId": "k8s:file@secret/login:clientId",
    "az_tenantId": "k8s:file@secret/login:tenantId",
    "az_clientSecret": "k8s:file@secret/login:clientSecret",
}


@pytest.mark.parametrize(
    ("include", "auth", "expected"),
    [
        ("aws-auth.yaml", "aws_default_chain", {"aws_credentials": "aws:default@cli"}),
        ("aws-auth.yaml", "aws_workload_identity", {"aws_credentials": "aws:irsa@cli"}),
        (
            "aws-auth.yaml",
            "aws_assume_role",
            {"aws_credentials": "aws:assume_role@cli", "aws_role_arn": "=arn:aws:iam::1:role/r"},
        ),
        (
            "aws-auth.yaml",
            "aws_secret",
            {
                "aws_credentials": "aws:access_key@cli",
                "AWS_ACCESS_KEY_ID": "k8s:file@secret/login:awsAccessKeyId",
                "AWS_SECRET_ACCESS_KEY": "k8s:file@secret/login:awsSecretAccessKey",
            },
        ),
        ("azure-auth.yaml", "azure_identity", {"azure_credentials": "azure:identity@cli"}),
        ("azure-auth.yaml", "azure_service_principal_secret", {"azure_credentials": "azure:sp@cli", **PRINCIPAL}),
        ("gcp-auth.yaml", "gcp_adc", {"gcp_credentials": "gcp:adc@cli"}),
        ("azure-devops-auth.yaml", "ado_pat_secret", {"azure_devops_pat": "k8s:file@secret/login:token"}),
        ("aws-auth.yaml", "", {"aws_credentials": "AUTH DETAILS NOT FOUND"}),
        ("gcp-auth.yaml", "", {"gcp_credentials": "GCP AUTH DETAILS NOT FOUND"}),
    ],
)
def test_a_resource_says_how_tasks_log_in_to_its_cloud(include: str, auth: str, expected: dict[str, str]) -> None:
    assert secrets(include, match_resource={"auth_type": auth, **ASKED}) == expected


@pytest.mark.parametrize(
    ("type_", "auth", "expected"),
    [
        ("aks", "azure_managed_identity", "azure:identity@kubeconfig:group/lab"),
        ("aks", "azure_service_principal_secret", "azure:sp@kubeconfig:group/lab"),
        ("eks", "aws_workload_identity", "aws:workload_identity@kubeconfig:eu-1/lab"),
        ("eks", "aws_default_chain", "aws:cli@kubeconfig:eu-1/lab"),
        ("gke", "gcp_adc", "gcp:adc@kubeconfig:p1/lab/zone-a"),
        ("gke", "gcp_service_account_secret", "gcp:sa@kubeconfig:p1/lab/zone-a"),
        ("", "", "kubeconfig"),
    ],
)
def test_a_managed_cluster_says_where_its_kubeconfig_comes_from(type_: str, auth: str, expected: str) -> None:
    place = {"resource_group": "group", "region": "eu-1", "project_id": "p1", "location": "zone-a"}
    cluster = {"name": "lab", "cluster_name": "lab", "cluster_type": type_, "auth_type": auth, **place, **ASKED}
    assert secrets("kubernetes-auth.yaml", cluster=cluster)["kubeconfig"] == expected


@pytest.mark.parametrize("type_", ["aks", "eks", "gke"])
def test_a_cluster_that_the_map_calls_otherwise_is_found_by_the_name_its_cloud_has(type_: str) -> None:
    cluster = {"name": "p1--lab", "cluster_name": "lab", "cluster_type": type_, "auth_type": "azure_managed_identity"}
    place = {"resource_group": "group", "region": "eu-1", "project_id": "p1", "location": "zone-a"}
    found = secrets("kubernetes-auth.yaml", cluster={**cluster, **place})["kubeconfig"]
    assert "/lab" in found
    assert "p1--lab" not in found


def test_a_workspace_may_name_its_own_logins() -> None:
    custom = {"aws_credentials_key": "a", "azure_credentials_key": "z", "gcp_credentials_key": "g"}
    found = [secrets(f"{cloud}-auth.yaml", custom=custom, match_resource={}) for cloud in ("aws", "azure", "gcp")]
    assert found == [{"aws_credentials": "a"}, {"azure_credentials": "z"}, {"gcp_credentials": "g"}]


AWS = {
    "name": "q",
    "account_id": "1",
    "account_name": "prod",
    "region": "eu-1",
    "service": "sqs",
    "arn": "arn:aws:sqs:q",
}
AZURE = {"name": "vm", "subscription_id": "s1", "subscription_name": "prod", "resource_group": {"name": "web"}}
GCP = {"name": "vm", "project_id": "p1", "zone": "a", "location": "a"}
ADO = {"name": "build", "organization": "acme", "project": {"name": "shop"}}


def of(resource: dict[str, Any], type_: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {**resource, "tags": labels or {}, "resource_type": {"name": type_}}


def test_every_part_of_a_hierarchy_but_the_platform_has_a_tag_of_its_name() -> None:
    resource = {"resource": "one"}
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("aws", {"match_resource": of(AWS, "aws_sqs_queues")}, resource),
        ("azure", {"match_resource": of(AZURE, "virtual_machine")}, {**resource, "resource_group": "web"}),
        ("azure", {"match_resource": of(AZURE, "resource_group")}, {"resource_group": "web"}),
        ("azure", {"match_resource": of(ADO, "pipeline"), "organization": "acme"}, resource),
        ("gcp", {"match_resource": of(GCP, "compute_instance")}, resource),
    ]
    for cloud, variables, qualifiers in cases:
        text = Engine().render(NOWHERE, f"{cloud}-hierarchy.yaml", {"qualifiers": qualifiers, **variables})
        told = tags(f"{cloud}-tags.yaml", qualifiers=qualifiers, **variables)
        parts = yaml.safe_load(text)["hierarchy"]
        assert (parts[0], parts[-1]) == ("platform", "resource_name")
        assert set(parts) <= set(told), (cloud, qualifiers)


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=30), max_size=4), st.text(max_size=30))
def test_whatever_stands_in_names_and_tags_comes_out_as_it_is(labels: dict[str, str], name: str) -> None:
    kept = {f"[aws]{key}": value for key, value in labels.items() if value.strip()}
    found = tags("aws-tags.yaml", qualifiers={"resource": name}, match_resource=of({**AWS, "name": name}, "t", labels))
    assert {key: value for key, value in found.items() if key.startswith("[aws]")} == kept
    assert not name or found["resource_name"] == name


def test_children_are_told_but_for_the_subject_itself() -> None:
    found = included(
        "aws-tags.yaml",
        qualifiers={"region": "eu-1"},
        match_resource=of(AWS, "t"),
        child_resource_names=["eu-1", "a:b/c"],
    )
    assert [one["value"] for one in found if one["name"] == "child_resource"] == ["a_b_c"]
