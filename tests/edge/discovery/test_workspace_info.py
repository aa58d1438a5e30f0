"""workspaceInfo.yaml is read as its users write it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runstone.edge.discovery import workspace_info
from runstone.edge.discovery.collection_entries import LoginEntry
from runstone.edge.discovery.workspace_info import WorkspaceInfo
from runstone.errors import BadInput

LEAST: dict[str, Any] = {
    "workspaceName": "w",
    "workspaceOwnerEmail": "owner@example.com",
    "defaultLocation": "here",
    "cloudConfig": {"kubernetes": None},
}


def read(folder: Path, **more: Any) -> WorkspaceInfo:
    file = folder / "workspaceInfo.yaml"
    file.write_text(yaml.safe_dump({**LEAST, **more}))
    return workspace_info.read(file)


def test_the_least_that_is_needed_gives_the_defaults(tmp_path: Path) -> None:
    info = read(tmp_path)
    assert (info.setting.workspace, info.setting.location, info.setting.owner) == ("w", "here", "owner@example.com")
    assert info.collections[0].url.endswith("/rw-public-codecollection.git")
    assert {one.ref for one in info.collections} == {"main"}
    assert info.kubernetes is not None
    assert info.kubernetes.wanted("any").default == 2
    assert info.unused == ()


@pytest.mark.parametrize("key", ["workspaceName", "workspaceOwnerEmail", "defaultLocation", "cloudConfig"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadInput, match=key):
        read(tmp_path, **{key: None})


def test_levels_of_contexts_namespaces_and_defaults_are_kept_apart(tmp_path: Path) -> None:
    kubernetes = {
        "namespaceLODs": {"a": "basic"},
        "contexts": {"two": {"defaultNamespaceLOD": "none", "namespaceLODs": {"a": 2}, "namespaces": ["a", "b.*"]}},
    }
    info = read(tmp_path, defaultLOD=1, namespaceLODs={"c": "none"}, cloudConfig={"kubernetes": kubernetes})
    assert info.kubernetes is not None
    one, two = info.kubernetes.wanted("one"), info.kubernetes.wanted("two")
    assert (one.default, one.places, one.only) == (1, {"a": 1, "c": 0}, ())
    assert (two.default, two.places, two.only) == (0, {"a": 2, "c": 0}, ("a", "b.*"))


def test_includes_and_excludes_take_one_value_or_several(tmp_path: Path) -> None:
    kubernetes = {"includeLabels": {"env": ["a", "b"]}, "excludeAnnotations": {"skip": True}}
    info = read(tmp_path, cloudConfig={"kubernetes": kubernetes})
    assert info.kubernetes is not None
    assert info.kubernetes.every.include_labels == {("env", "a"), ("env", "b")}
    assert info.kubernetes.every.exclude_annotations == {("skip", "true")}


@pytest.mark.parametrize(
    ("bundles", "wanted", "unwanted"),
    [
        (None, ["anything"], []),
        (["k8s"], ["my-k8s-x", "K8S"], ["azure"]),
        (["k8s-*-health"], ["k8s-a-health", "x-k8s-a-health-y"], ["k8s-health"]),
        (["!gcp", "*"], ["aws"], ["gcp-x"]),
        ([{"pattern": "a", "matchMode": "exact"}], ["a"], ["ab"]),
        ([{"pattern": "a.c", "patternType": "literal"}], ["xa.cx"], ["abc"]),
        ([{"pattern": "^a.c$", "patternType": "regex", "ignoreCase": False}], ["abc"], ["ABC"]),
        ([{"pattern": "a", "action": "exclude"}, "*"], ["b"], ["ba"]),
        (["only"], [], ["other"]),
    ],
)
def test_bundles_are_selected_by_the_first_item_that_says_something(
    tmp_path: Path, bundles: Any, wanted: list[str], unwanted: list[str]
) -> None:
    info = read(tmp_path, codeCollections=[{"repoURL": "https://example.com/c", "codeBundles": bundles}])
    (entry,) = info.collections
    assert [name for name in wanted if not entry.bundle(name)] == []
    assert [name for name in unwanted if entry.bundle(name)] == []


def test_collections_are_added_and_left_out_in_the_order_of_the_list(tmp_path: Path) -> None:
    entries = [
        "defaults",
        {"repoURL": "https://github.com/runwhen-contrib/aws-c7n-codecollection", "action": "exclude"},
        {"repoURL": "https://example.com/own.git", "tag": "v1", "branch": "b", "action": "include", "repoPath": "sub"},
        "!https://github.com/runwhen-contrib/azure-c7n-codecollection.git",
    ]
    info = read(tmp_path, codeCollections=entries)
    names = [one.url.rsplit("/", 1)[1] for one in info.collections]
    assert "aws-c7n-codecollection.git" not in names
    assert "azure-c7n-codecollection.git" not in names
    assert (info.collections[-1].ref, info.collections[-1].path) == ("v1", "sub")


def test_where_the_token_of_a_collection_lies_is_read(tmp_path: Path) -> None:
    url = "https://example.com/c"
    entries = [
        {"repoURL": url, "authTokenSecretName": "code", "authTokenFromEnv": "CODE", "authUser": "me"},
        {"repoURL": f"{url}2", "authTokenSecretName": "code", "authTokenSecretKey": "pat"},
        {"repoURL": f"{url}3"},
    ]
    info = read(tmp_path, codeCollections=entries)
    assert [one.login for one in info.collections] == [
        LoginEntry("me", "code", "token", "CODE"),
        LoginEntry("git", "code", "pat", ""),
        None,
    ]
    assert info.unused == ()


def test_keys_of_a_collection_that_mean_nothing_are_named(tmp_path: Path) -> None:
    inline = {"repoURL": "https://example.com/c", "authToken": "hunter2", "authUser": "me", "repoUrl": "typo"}
    over_ssh = {"repoURL": "git@example.com:d", "authTokenFromEnv": "CODE"}
    info = read(tmp_path, codeCollections=[inline, over_ssh])
    assert [one.login for one in info.collections] == [None, None]
    said = "\n".join(info.unused)
    assert "codeCollections.authToken (a secret; name its environment variable in authTokenFromEnv" in said
    assert {"codeCollections.authUser", "codeCollections.repoUrl", "codeCollections.authTokenFromEnv"} <= {*info.unused}
    assert "hunter2" not in said


def test_overrides_and_excluded_tags_are_read(tmp_path: Path) -> None:
    one = {"repoURL": "https://Example.com/C.git", "codebundleDirectory": "b", "type": "Runbook"}
    overrides = {"codebundles": [{**one, "configProvided": {"N": 3}}]}
    info = read(tmp_path, overrides=overrides, taskTagExclusions=["Access:Read-Write"])
    (override,) = info.setting.overrides
    assert (override.repository, override.type, override.values) == ("https://example.com/c", "runbook", {"N": "3"})
    assert info.excluded_tags == {"access:read-write"}


def test_keys_that_mean_nothing_here_are_named(tmp_path: Path) -> None:
    info = read(tmp_path, resourceDumpPath="x", cloudConfig={"kubernetes": {"namespace": ["typo"]}})
    assert info.unused == ("resourceDumpPath", "cloudConfig.kubernetes.namespace")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"codeCollections": "x"}, "must be a list"),
        ({"codeCollections": [{"branch": "main"}]}, "has no repoURL"),
        ({"codeCollections": [{"repoURL": "u", "codeBundles": [{"patternType": "odd"}]}]}, "a patternType is"),
        ({"codeCollections": [{"repoURL": "u", "codeBundles": [{"pattern": "[", "patternType": "regex"}]}]}, "regular"),
        ({"custom": [1]}, "custom must be a mapping"),
        ({"defaultLOD": "full"}, "a level of detail is"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=r"workspaceInfo\.yaml") as caught:
        read(tmp_path, **more)
    assert said in str(caught.value)


def test_a_file_that_is_no_yaml_is_said(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("a: [")
    with pytest.raises(BadInput, match="is not YAML"):
        workspace_info.read(tmp_path / "w.yaml")
