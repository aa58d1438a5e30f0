"""What a workspace says of clusters that its clouds manage: which are looked for, and how much of each."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runstone.connectors.managed import Area, Managed, Seeking, Sought
from runstone.edge.discovery import cloud_config, workspace_info
from runstone.edge.discovery.cluster_config import ClustersEntry
from runstone.edge.discovery.levels import Wanted
from runstone.errors import BadInput

FILE = Path("workspaceInfo.yaml")


def cloud(name: str, **said: Any) -> cloud_config.CloudEntry:
    found, unknown = cloud_config.read({name: said}, "detailed", FILE)
    assert unknown == []
    return found[0]


def clusters(name: str, **said: Any) -> ClustersEntry:
    section = {"aws": "eksClusters", "azure": "aksClusters", "gcp": "gkeClusters"}[name]
    entry = cloud(name, **{section: said})
    assert entry.unused == ()
    assert entry.clusters
    return entry.clusters


def found(name: str, account: str = "", place: str = "", sought: Sought | None = None) -> Managed:
    return Managed(name, account, place, {}, {}, sought)


@pytest.mark.parametrize(
    ("name", "said", "sought"),
    [
        ("aws", {"name": "a", "region": "eu-west-1"}, Sought("a", "", "eu-west-1")),
        ("azure", {"name": "a", "resource_group": "g", "subscriptionId": "s", "server": "x"}, Sought("a", "s", "g")),
        ("gcp", {"name": "a", "projectId": "p", "location": "l"}, Sought("a", "p", "l")),
        ("gcp", {"name": "a", "projectId": "p", "zone": "z"}, Sought("a", "p", "z")),
        ("gcp", {"name": "a", "region": "r"}, Sought("a", "", "r")),
    ],
)
def test_a_cluster_is_named_as_its_cloud_names_it(name: str, said: dict[str, Any], sought: Sought) -> None:
    assert clusters(name, clusters=[said]).seeking == Seeking((sought,))


@pytest.mark.parametrize(
    ("name", "config", "areas"),
    [
        ("aws", None, (Area(),)),
        ("aws", {"regions": ["a", "b"]}, (Area("", "a"), Area("", "b"))),
        ("gcp", {"projectId": "p"}, (Area("p"),)),
        ("azure", {}, (Area(),)),
        (
            "azure",
            {
                "subscriptions": [
                    {"subscriptionId": "s"},
                    {"subscriptionId": "t", "resourceGroups": ["g", {"name": "h"}]},
                ]
            },
            (Area("s"), Area("t", "g"), Area("t", "h")),
        ),
    ],
)
def test_all_clusters_are_looked_for_where_it_is_said(name: str, config: Any, areas: tuple[Area, ...]) -> None:
    assert clusters(name, autoDiscover=True, discoveryConfig=config).seeking == Seeking((), areas)


def test_nothing_is_looked_for_unless_that_is_said() -> None:
    entry = cloud("aws", eksClusters={"clusters": [], "discoveryConfig": {"regions": ["a"]}})
    assert entry.clusters
    assert entry.clusters.seeking == Seeking()
    assert entry.unused == (f"{FILE}: cloudConfig.aws.eksClusters.discoveryConfig",)
    assert cloud("aws").clusters is None
    assert cloud("gcp", gkeClusters=None).clusters is None


def test_a_subscription_is_read_for_its_clusters_beside_an_organization() -> None:
    said = {"devops": {"organizationUrl": "o", "x": 1}, "aksClusters": {"autoDiscover": True}, "y": 2}
    entries, _ = cloud_config.read({"azure": said}, "detailed", FILE)
    assert [one.platform for one in entries] == ["azure", "azure_devops"]
    assert [one.clusters is not None for one in entries] == [True, False]
    assert entries[0].unused == (f"{FILE}: cloudConfig.azure.y", f"{FILE}: cloudConfig.azure.devops.x")


EVERY = Wanted(default=2, places={"all": 1, "web": 1}, include_labels=frozenset({("a", "b")}))


def test_levels_of_a_cluster_come_before_those_of_all() -> None:
    one = {"name": "a", "defaultNamespaceLOD": "none", "namespaceLODs": {"web": "detailed"}, "namespaces": ["w.*"]}
    entry = clusters("aws", clusters=[one, {"name": "b"}], namespaces=["shop"], includeLabels={"team": "x"})
    wanted = entry.wanted(found("a", sought=Sought("a")), EVERY)
    assert (wanted.default, wanted.places, wanted.only) == (0, {"all": 1, "web": 2}, ("w.*",))
    assert wanted.include_labels == {("team", "x")}
    wanted = entry.wanted(found("b", sought=Sought("b")), EVERY)
    assert (wanted.default, wanted.places, wanted.only) == (2, {"all": 1, "web": 1}, ("shop",))


@pytest.mark.parametrize(
    ("account", "place", "level"),
    [("S", "G", 1), ("s", "other", 0), ("t", "h", 2), ("t", "i", 0), ("u", "", 1)],
)
def test_levels_of_clusters_that_are_found_are_the_nearest_that_is_said(account: str, place: str, level: int) -> None:
    subscriptions = [
        {"subscriptionId": "s", "defaultNamespaceLOD": 0, "resourceGroups": []},
        {"subscriptionId": "s", "resourceGroups": [{"name": "g", "defaultNamespaceLOD": "basic"}]},
        {
            "subscriptionId": "t",
            "defaultNamespaceLOD": "none",
            "resourceGroups": [{"name": "h", "defaultNamespaceLOD": 2}, "i"],
        },
    ]
    config = {"discoveredClustersDefaultLOD": "basic", "subscriptions": subscriptions}
    entry = clusters("azure", autoDiscover=True, discoveryConfig=config)
    assert entry.wanted(found("x", account, place), EVERY).default == level


def test_what_one_cluster_says_of_a_namespace_holds_for_others_that_say_nothing(tmp_path: Path) -> None:
    info = {
        "workspaceName": "w",
        "workspaceOwnerEmail": "owner@example.com",
        "defaultLocation": "here",
        "namespaceLODs": {"web": "detailed"},
        "cloudConfig": {
            "kubernetes": {"namespaces": ["only"]},
            "aws": {
                "eksClusters": {
                    "clusters": [
                        {"name": "a", "namespaceLODs": {"kube-system": "none", "web": "none"}},
                        {"name": "b", "namespaceLODs": {"kube-system": "basic"}},
                    ]
                }
            },
        },
    }
    (tmp_path / "w.yaml").write_text(yaml.safe_dump(info))
    read = workspace_info.read(tmp_path / "w.yaml")
    assert (read.cluster.places, read.cluster.only) == ({"kube-system": 0, "web": 2}, ())
    assert read.kubernetes
    assert (read.kubernetes.every.places, read.kubernetes.every.only) == ({"kube-system": 0, "web": 2}, ("only",))
    entry = read.clouds[0].clusters
    assert entry
    assert entry.wanted(found("a", sought=Sought("a")), read.cluster).places == {"kube-system": 0, "web": 0}
    assert entry.wanted(found("c"), read.cluster).places == {"kube-system": 0, "web": 2}


def test_keys_that_mean_nothing_are_named_wherever_they_stand() -> None:
    said = {
        "clusters": [{"name": "a", "odd": 1}, {"name": "b", "odd": 2}],
        "autoDiscover": True,
        "discoveryConfig": {"strange": 1, "subscriptions": [{"subscriptionId": "s", "queer": 1}]},
        "peculiar": 1,
    }
    where = f"{FILE}: cloudConfig.azure.aksClusters"
    assert cloud("azure", aksClusters=said).unused == (
        f"{where}.peculiar",
        f"{where}.clusters.odd",
        f"{where}.discoveryConfig.strange",
        f"{where}.discoveryConfig.subscriptions.queer",
    )


@pytest.mark.parametrize(
    ("said", "explained"),
    [
        ({"clusters": {"a": 1}}, r"eksClusters\.clusters must be a list"),
        ({"clusters": [{"region": "r"}]}, r"eksClusters\.clusters: a cluster has no name"),
        ({"clusters": [{"name": "a", "defaultNamespaceLOD": "all"}]}, r"clusters\.defaultNamespaceLOD: a level"),
        ([1], r"eksClusters must be a mapping"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(said: Any, explained: str) -> None:
    with pytest.raises(BadInput, match=explained):
        cloud("aws", eksClusters=said)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "subscriptionId"]), inner, max_size=2)
    ),
    max_leaves=6,
)
KEYS = ("clusters", "discoveryConfig", "namespaces", "includeLabels", "x")


@given(st.sampled_from(["eks", "aks", "gke"]), st.dictionaries(st.sampled_from(KEYS), anything, max_size=3))
def test_any_section_is_read_or_refused_with_a_sentence(kind: str, said: dict[str, Any]) -> None:
    name = {"eks": "aws", "aks": "azure", "gke": "gcp"}[kind]
    refused = ""
    try:
        entries, _ = cloud_config.read({name: {f"{kind}Clusters": {**said, "autoDiscover": True}}}, "basic", FILE)
    except BadInput as err:
        refused = str(err)
    else:
        assert entries[0].clusters
        assert entries[0].clusters.wanted(Managed("a", "b", "c", {}, {}), Wanted())
    assert not refused or refused.startswith(str(FILE))
