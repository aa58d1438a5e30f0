"""Kubernetes clusters that a cloud manages: which are looked for, what was found, and the kubeconfig of one. Pure.

``connectors.eks``, ``connectors.aks`` and ``connectors.gke`` make the kubeconfigs; platforms find clusters with them,
secret providers give Tasks access by them, so that a context is called the same in discovery and in a Task.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors.items import text

Document = dict[str, Any]
"""A kubeconfig."""


@dataclass(frozen=True)
class Sought:
    """A cluster that is named. ``place`` is its region, resource group or location; empty where that is not said.

    ``account`` is its subscription or project; empty for what the platform reads anyway. AWS has one account.
    """

    name: str
    account: str = ""
    place: str = ""


@dataclass(frozen=True)
class Area:
    """Where all clusters are looked for; empty for wherever the platform looks for anything."""

    account: str = ""
    place: str = ""


@dataclass(frozen=True)
class Seeking:
    """What is looked for."""

    named: tuple[Sought, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True)
class Managed:
    """A cluster, and a way in that holds for some minutes at least.

    ``attributes`` are what templates see of it; ``sought``: the name it was looked for by, if it was.
    """

    name: str
    account: str
    place: str
    attributes: Mapping[str, object]
    kubeconfig: Document = field(repr=False)
    sought: Sought | None = None

    @property
    def server(self) -> str:
        """Where its API is."""
        return server(self.kubeconfig)


@dataclass
class Clusters:
    """What was found, and sentences on what was not."""

    found: list[Managed] = field(default_factory=list[Managed])
    problems: list[str] = field(default_factory=list[str])

    def add(self, others: "Iterable[Managed | str]") -> None:
        """Take more in: a cluster, which is where its server is, only once; so those that are named go first."""
        known = {one.server for one in self.found}
        for one in others:
            if isinstance(one, str):
                self.problems += [one] if one not in self.problems else []
            elif one.server not in known:
                known.add(one.server)
                self.found.append(one)


def document(name: str, server: str, authority: str, token: str) -> Document:
    """The kubeconfig of one cluster, its context and its user all of one name. ``authority``: base64 of its PEM."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"token": token}}],
    }


def server(kubeconfig: Document) -> str:
    """The address of a kubeconfig's first cluster; empty where there is none."""
    return text(kubeconfig, "clusters.cluster.server")
