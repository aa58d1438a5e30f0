"""Clusters of a kubeconfig and of clouds become platforms, each once and each with a name of its own."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from runstone import plugins
from runstone.cli import clusters
from runstone.cli.clusters import Found
from runstone.connectors.managed import Clusters, Document, Managed, Seeking, Sought, document
from runstone.connectors.platforms import Batch, Platform
from runstone.edge.discovery.cloud_config import CloudEntry
from runstone.edge.discovery.cluster_config import ClustersEntry
from runstone.edge.discovery.levels import Wanted
from runstone.errors import Forbidden

EVERY = Wanted(places={"all": 1})
OF_CONTEXT = Wanted(default=0)


class Cloud(Platform):
    """An account that manages what it is told to, or refuses to say."""

    family = "gcp"
    context = ""

    def __init__(self, *found: Managed, refusal: str = "") -> None:
        self.name = "cloud"
        self._found, self._refusal = list(found), refusal

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        return
        yield

    async def clusters(self, seeking: Seeking) -> Clusters:
        if self._refusal:
            raise Forbidden(self._refusal)
        return Clusters(self._found, ["one could not be had"])

    async def check(self) -> str:
        return ""

    def portable_kubeconfig(self) -> str:
        return ""


def kubeconfig(port: int, **user: Any) -> Document:
    made = document("context", f"https://127.0.0.1:{port}", "", "t")
    made["clusters"][0]["cluster"].pop("certificate-authority-data")
    made["users"][0]["user"] |= user
    return made


def gke(port: int, name: str = "main", project: str = "p", location: str = "l", **more: Any) -> Managed:
    return Managed(name, project, location, {"cluster_type": "gke"}, kubeconfig(port), **more)


async def found(*managed: Managed, contexts: Sequence[Found] = (), **more: Any) -> tuple[list[Found], list[str]]:
    unread: list[str] = []
    entry = CloudEntry("gcp", {}, Wanted(), clusters=ClustersEntry(Seeking()))
    cloud = [(Cloud(*managed, **more), entry)]
    return await clusters.managed(cloud, EVERY, contexts, unread), unread


def context(port: int, name: str = "mine") -> Found:
    made: Platform = plugins.load("platforms", "kubernetes")(document=kubeconfig(port), name=name)
    return Found(made, OF_CONTEXT)


def names(made: Sequence[Found]) -> list[str]:
    return [one.platform.name for one in made]


async def test_clusters_are_called_by_as_much_as_sets_them_apart() -> None:
    managed = [
        gke(1, "alone"),
        gke(2, "two", "p"),
        gke(3, "two", "q"),
        gke(4, "three", "p", "a"),
        gke(5, "three", "p", "b"),
        gke(6, "mine"),
        Managed("two", "123", "eu-west-1", {"cluster_type": "eks"}, kubeconfig(7)),
    ]
    made, _ = await found(*managed, contexts=[context(8)])
    assert names(made) == [
        *("mine", "alone", "p--two", "q--two", "p--a--three", "p--b--three", "p--mine", "eu-west-1--two"),
    ]


async def test_a_cluster_of_a_context_keeps_the_contexts_login_and_name() -> None:
    made, _ = await found(gke(1), gke(2), contexts=[context(1), context(3, "other")])
    assert names(made) == ["mine", "other", "main"]
    assert [dict(one.attributes) for one in made] == [{"cluster_type": "gke"}, {}, {"cluster_type": "gke"}]
    assert [one.wanted for one in made] == [OF_CONTEXT, OF_CONTEXT, EVERY]


async def test_a_cluster_that_is_named_counts_more_than_its_context() -> None:
    made, _ = await found(gke(1, sought=Sought("main")), contexts=[context(1)])
    assert [(one.platform.name, one.wanted) for one in made] == [("mine", EVERY)]


@pytest.mark.parametrize("address", ["https://ABC.example:443", "https://abc.example/"])
async def test_a_server_is_the_same_however_it_is_written(address: str) -> None:
    mine, theirs = kubeconfig(1), kubeconfig(1)
    mine["clusters"][0]["cluster"]["server"] = address
    theirs["clusters"][0]["cluster"]["server"] = "https://abc.example"
    one: Platform = plugins.load("platforms", "kubernetes")(document=mine)
    cluster = Managed("main", "p", "l", {}, theirs)
    made, _ = await found(cluster, contexts=[Found(one, OF_CONTEXT)])
    assert len(made) == 1


async def test_a_kubeconfig_that_runs_a_program_costs_its_cluster_alone() -> None:
    strange = Managed("strange", "p", "l", {}, kubeconfig(1, exec={"command": "rm"}))
    made, unread = await found(strange, gke(2))
    assert names(made) == ["main"]
    assert unread[0] == "one could not be had"
    assert unread[1].startswith("The cluster strange: The kubeconfig that was given out")


async def test_a_cloud_that_says_nothing_leaves_the_contexts() -> None:
    made, unread = await found(contexts=[context(1)], refusal="no.")
    assert names(made) == ["mine"]
    assert unread == ["Clusters of cloud: no."]
