"""What a workspace says of its clouds, as platforms with their settings."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.edge.discovery import cloud_config
from runstone.edge.discovery.levels import Wanted
from runstone.errors import BadInput

FILE = Path("workspaceInfo.yaml")


def read(default: object = "detailed", **clouds: Any) -> dict[str, cloud_config.CloudEntry]:
    found, _ = cloud_config.read(clouds, default, FILE)
    return {one.platform: one for one in found}


def test_an_account_by_its_role_regions_and_tags() -> None:
    said = {
        "regions": "eu-west-1, us-east-1",
        "assumeRoleArn": "arn:aws:iam::1:role/reader",
        "assumeRoleExternalId": "x",
        "awsSecretName": "aws-login",
        "accountLevelOfDetails": {"1": "none"},
        "includeTags": {"team": ["shop", "web"], "managed": True},
    }
    found = read(aws=said)["aws"]
    assert found.settings == {
        "regions": ("eu-west-1", "us-east-1"),
        "role": "arn:aws:iam::1:role/reader",
        "external_id": "x",
        "auth_secret": "aws-login",
    }
    assert found.wanted == Wanted(
        places={"1": 0}, include_labels=frozenset({("team", "shop"), ("team", "web"), ("managed", "true")})
    )
    assert found.unused == ()


def test_subscriptions_with_levels_of_their_groups() -> None:
    said = {
        "subscriptions": [
            {"subscriptionId": "s1", "resourceGroupLevelOfDetails": {"web": "basic"}},
            {"subscriptionId": "s2"},
        ],
        "resourceGroupLevelOfDetails": {"*": "none", "data": 2},
        "spSecretName": "sp",
    }
    found = read(azure=said)
    assert found.keys() == {"azure"}
    assert found["azure"].settings == {"subscriptions": ("s1", "s2"), "auth_secret": "sp"}
    assert found["azure"].wanted == Wanted(default=0, places={"data": 2, "web": 1})


def test_an_organization_beside_a_subscription_or_alone() -> None:
    devops = {
        "organizationUrl": "https://dev.azure.com/acme",
        "patSecretName": "pat",
        "scope": {"includeProjects": ["Shop.*"], "excludeProjects": ["Shop Old"], "resourceTypes": {"releases": False}},
    }
    expected = {
        "organization": "https://dev.azure.com/acme",
        "projects": ("Shop.*",),
        "exclude_projects": ("Shop Old",),
        "types": ("repository", "pipeline"),
        "auth_secret": "pat",
    }
    assert read(azure={"devops": devops})["azure_devops"].settings == expected
    assert read(azure={"devops": devops}).keys() == {"azure_devops"}
    assert read(azure={"devops": devops, "subscriptionId": "s1"}).keys() == {"azure", "azure_devops"}


def test_projects_by_list_or_by_one() -> None:
    assert read(gcp={"projects": ["a", "b"], "saSecretName": "sa"})["gcp"].settings == {
        "projects": ("a", "b"),
        "auth_secret": "sa",
    }
    assert read(gcp={"projectId": "a", "defaultLOD": 1})["gcp"].wanted == Wanted(default=1)


def test_the_level_of_the_workspace_counts_where_a_cloud_says_none() -> None:
    assert read("basic", aws={})["aws"].wanted.default == 1


def test_secrets_in_the_file_are_not_used_and_where_they_belong_is_said() -> None:
    found = read(aws={"awsAccessKeyId": "AKIA", "awsSecretAccessKey": "hunter2"})["aws"]
    assert found.settings == {}
    assert any("AWS_SECRET_ACCESS_KEY" in one for one in found.unused)
    assert "hunter2" not in str(found.unused)


def test_a_cloud_that_nobody_knows_is_named() -> None:
    assert cloud_config.read({"oracle": {}}, "basic", FILE) == ([], ["cloudConfig.oracle"])


@pytest.mark.parametrize(
    ("said", "explained"),
    [
        ({"regions": {"a": 1}}, r"aws\.regions must be a list"),
        ({"includeTags": ["x"]}, r"aws\.includeTags must be a mapping"),
        ({"defaultLOD": "some"}, r"aws\.defaultLOD: a level of detail is none, basic or detailed"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(said: dict[str, Any], explained: str) -> None:
    with pytest.raises(BadInput, match=explained):
        read(aws=said)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=6,
)
KEYS = ("regions", "includeTags", "subscriptions", "devops", "projects", "defaultLOD", "projectLevelOfDetails", "x")


@given(st.sampled_from(["aws", "azure", "gcp"]), st.dictionaries(st.sampled_from(KEYS), anything))
def test_any_file_is_read_or_refused_with_a_sentence(cloud: str, said: dict[str, Any]) -> None:
    try:
        found, _ = cloud_config.read({cloud: said}, "basic", FILE)
    except BadInput as err:
        said_why = str(err)
    else:
        said_why = "" if found else str(FILE)
    assert not said_why or said_why.startswith(str(FILE))
