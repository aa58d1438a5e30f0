"""Clusters that clouds manage: found and named as their APIs tell, entered with a short-lived token, read as any other.

EKS by a moto server behind a gate, AKS and GKE by their REST APIs in their wire format; each leads to the sandbox
cluster behind TLS, which lets in only the token that its cloud gives.
"""

import base64
import functools
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance import azure_place, gcp_place
from tests.conformance.aws_estate import HOME
from tests.conformance.aws_gate import Gate, gate
from tests.conformance.azure_place import LAB, SHOP, TOKEN, AzurePlace
from tests.conformance.cluster_front import Front, authority, front
from tests.conformance.gcp_place import GcpPlace
from tests.conformance.wire import Asked, Reply, Wire, wired

from runstone import plugins
from runstone.connectors import aks
from runstone.connectors.managed import Area, Clusters, Seeking, Sought, server
from runstone.connectors.platforms import Platform
from runstone.errors import BadInput, Forbidden
from runstone.sandbox.cluster import Sandbox

ENTRA = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The id that AKS lets people in by, the same in every tenant (documentation of kubelogin)."""


def of_eks(token: str) -> bool:
    """As the cluster's authenticator sees it: a signed address of STS that names the cluster among what is signed."""
    text = token.removeprefix("k8s-aws-v1.")
    signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return "Action=GetCallerIdentity" in signed and "x-k8s-aws-id" in signed


@asynccontextmanager
async def cluster(folder: Path, accepts: Any) -> AsyncGenerator[Front]:
    async with Sandbox.start() as sandbox, front(sandbox, folder, accepts) as opened:
        yield opened


async def kinds(found: Clusters, **more: Any) -> set[str]:
    """The kinds of which the only cluster found holds anything."""
    (one,) = found.found
    platform: Platform = plugins.load("platforms", "kubernetes")(document=one.kubeconfig, name="known", **more)
    assert platform.name == "known"
    batches = [batch async for batch in platform.read()]
    assert [batch.reading.problem for batch in batches if not batch.reading.complete] == []
    return {batch.reading.scope.kind for batch in batches if batch.objects}


# EKS -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def aws(moto: str) -> Iterator[Gate]:
    with gate(moto) as opened:
        yield opened


def account(opened: Gate, **settings: Any) -> Platform:
    return plugins.load("platforms", "aws")(endpoint_url=opened.url, attempts=1, **{"regions": (HOME,), **settings})


def described(name: str, endpoint: str) -> dict[str, Any]:
    arn = f"arn:aws:eks:{HOME}:123456789012:cluster/{name}"
    known = {"name": name, "arn": arn, "endpoint": f"https://{endpoint}", "status": "ACTIVE"}
    return {"cluster": {**known, "certificateAuthority": {"data": authority()}}}


async def test_an_eks_cluster_is_entered_by_the_accounts_own_login(tmp_path: Path, aws: Gate) -> None:
    async with cluster(tmp_path, of_eks) as opened:
        aws.recorded["eks:GET /clusters/held"] = described("held", opened.endpoint)
        found = await account(aws).clusters(Seeking((Sought("held"),)))
        assert {"Deployment", "Pod", "Namespace"} <= await kinds(found)
        assert "" not in opened.tokens
    (one,) = found.found
    assert one.attributes == {
        "cluster_type": "eks",
        "cluster_name": "held",
        "region": HOME,
        "account_id": "123456789012",
        "cluster_arn": f"arn:aws:eks:{HOME}:123456789012:cluster/held",
        "auth_type": "aws_default_chain",
    }
    assert one.kubeconfig["current-context"] == f"held.{HOME}"
    assert "k8s-aws-v1" not in repr(found)


async def test_all_eks_clusters_of_regions_are_found_each_once(aws: Gate) -> None:
    aws.recorded["eks:GET /clusters"] = {"clusters": ["held", "second"]}
    aws.recorded["eks:GET /clusters/second"] = described("second", "127.0.0.1:1")
    found = await account(aws).clusters(Seeking((Sought("held", "", HOME),), (Area(),)))
    assert [(one.name, one.place, one.sought is not None) for one in found.found] == [
        ("held", HOME, True),
        ("second", HOME, False),
    ]
    assert found.problems == []


async def test_a_role_is_assumed_for_clusters_too(aws: Gate) -> None:
    role = "arn:aws:iam::210987654321:role/reader"
    found = await account(aws, role=role).clusters(Seeking((Sought("held"),)))
    assert [one for one in aws.asked if one.startswith("sts:AssumeRole")]
    assert found.found == []
    assert "The EKS cluster held in" in found.problems[0]
    aws.recorded["eks:GET /clusters/held"] = described("held", "127.0.0.1:1")
    found = await account(aws, role=role).clusters(Seeking((Sought("held"),)))
    (one,) = found.found
    assert (one.attributes["auth_type"], one.attributes["assume_role_arn"]) == ("aws_assume_role", role)
    assert one.account == "210987654321"


async def test_what_stops_one_eks_cluster_or_region_stops_no_other(aws: Gate) -> None:
    aws.refused |= {
        "eks:GET /clusters@eu-west-3": (403, "AccessDeniedException"),
        "eks:GET /clusters/closed": (403, "AccessDeniedException"),
    }
    aws.recorded["eks:GET /clusters/new"] = {"cluster": {"name": "new", "status": "CREATING"}}
    named = tuple(Sought(name) for name in ("gone", "closed", "new", "held"))
    found = await account(aws).clusters(Seeking(named, (Area("", "eu-west-3"),)))
    assert [one.name for one in found.found] == ["held"]
    gone, closed, new, region = found.problems
    assert "The EKS cluster gone in" in gone
    assert "is not there. Correct" in gone
    assert "may not call eks:DescribeCluster" in closed
    assert "has no endpoint (yet)" in new
    assert "may not call eks:ListClusters in eu-west-3" in region
    assert not [one for one in found.problems if "canary" in one]


# AKS -------------------------------------------------------------------------------------------------------------


@dataclass
class Aks(AzurePlace):
    """A tenant with AKS clusters, by their subscription and group, and the user that their kubeconfig logs in as."""

    clusters: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])
    """Endpoints."""
    user: dict[str, Any] = field(default_factory=lambda: {"token": "of-the-cluster"})

    def __call__(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if "managedClusters" not in parts or not asked.one("api-version"):
            return super().__call__(asked)
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return azure_place.error(401, "ExpiredAuthenticationToken")
        group = parts[3] if parts[2] == "resourceGroups" else ""
        if parts[-1] == "managedClusters":
            found = [one for one in self.clusters if one[0] == parts[1] and group in ("", one[1])]
            return self.page(asked, [{"id": _arm(one), "name": one[2]} for one in found])
        key = (parts[1], group, parts[-2])
        if asked.method != "POST" or key not in self.clusters:
            return azure_place.error(404, "ResourceNotFound")
        return Reply(200, {"kubeconfigs": [{"name": "clusterUser", "value": self.kubeconfig(key)}]})

    def kubeconfig(self, key: tuple[str, str, str]) -> str:
        _, group, name = key
        place = {"server": f"https://{self.clusters[key]}", "certificate-authority-data": authority()}
        user = f"clusterUser_{group}_{name}"
        text = yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": name,
                "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
                "clusters": [{"name": name, "cluster": place}],
                "users": [{"name": user, "user": self.user}],
            }
        )
        return base64.b64encode(text.encode()).decode()


def _arm(key: tuple[str, str, str]) -> str:
    return (
        f"/subscriptions/{key[0]}/resourcegroups/{key[1]}/providers/Microsoft.ContainerService/managedClusters/{key[2]}"
    )


def tenant(wire: Wire, **settings: Any) -> Platform:
    token = functools.partial(str, TOKEN)
    return plugins.load("platforms", "azure")(endpoint_url=wire.url, token=token, attempts=1, **settings)


KUBELOGIN = {
    "exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": ["get-token", "--environment", "AzurePublicCloud", "--server-id", ENTRA, "--login", "devicecode"],
    }
}
PROVIDER = {"auth-provider": {"name": "azure", "config": {"apiserver-id": ENTRA, "tenant-id": "t"}}}


async def test_an_aks_cluster_is_entered_without_a_program(tmp_path: Path) -> None:
    place = Aks()
    async with cluster(tmp_path, lambda _: False) as opened:
        place.clusters[SHOP, "web", "main"] = opened.endpoint
        for user, token in ((place.user, "of-the-cluster"), (KUBELOGIN, TOKEN), (PROVIDER, TOKEN)):
            place.user, opened.accepts = user, token.__eq__
            with wired(place) as wire:
                found = await tenant(wire).clusters(Seeking((Sought("main", SHOP, "web"),)))
            assert {"Deployment", "Pod"} <= await kinds(found)
            assert token not in repr(found)
    (one,) = found.found
    name = azure_place.recorded("subscriptions")[0]["displayName"]
    assert one.attributes == {
        "cluster_type": "aks",
        "cluster_name": "main",
        "resource_group": "web",
        "subscription_id": SHOP,
        "subscription_name": name,
        "auth_type": "azure_managed_identity",
    }


async def test_aks_clusters_are_found_by_subscription_by_group_and_by_name(tmp_path: Path) -> None:
    place = Aks(subscriptions=[*azure_place.recorded("subscriptions"), azure_place.lab()])
    keys = [(SHOP, "web", "one"), (SHOP, "web", "two"), (SHOP, "data", "three"), (LAB, "web", "four")]
    place.clusters |= {key: f"127.0.0.1:{port}" for port, key in enumerate(keys, 1)}
    with wired(place) as wire:

        async def names(seeking: Seeking, **settings: Any) -> list[str]:
            found = await tenant(wire, **settings).clusters(seeking)
            assert found.problems == []
            return [one.name for one in found.found]

        assert await names(Seeking((), (Area(),))) == ["one", "two", "three", "four"]
        assert await names(Seeking((), (Area(),)), subscriptions=(LAB,)) == ["four"]
        assert await names(Seeking((), (Area(SHOP, "web"),))) == ["one", "two"]
        assert await names(Seeking((Sought("four", "", "web"),))) == ["four"]
        assert await names(Seeking((Sought("THREE"), Sought("two", SHOP)))) == ["three", "two"]
        assert len(wire.lines("listClusterUserCredential")) == 11


async def test_what_stops_one_aks_cluster_or_subscription_stops_no_other() -> None:
    place = Aks(subscriptions=[*azure_place.recorded("subscriptions"), azure_place.lab()])
    place.clusters |= {(SHOP, "web", "one"): "127.0.0.1:1", (SHOP, "web", "closed"): "127.0.0.1:2"}
    with wired(place) as wire:
        wire.refused |= {
            "closed/listClusterUserCredential": azure_place.error(403, "AuthorizationFailed"),
            f"GET /subscriptions/{LAB}/providers": azure_place.error(403, "AuthorizationFailed"),
        }
        named = (Sought("gone", SHOP, "web"), Sought("nowhere", SHOP))
        found = await tenant(wire, auth_secret="sp").clusters(Seeking(named, (Area(),)))
    assert [one.name for one in found.found] == ["one"]
    assert found.found[0].attributes["auth_type"] == "azure_service_principal_secret"
    assert found.found[0].attributes["auth_secret"] == "sp"
    said = "\n".join(found.problems)
    assert len(found.problems) == 4
    assert "The AKS cluster gone of the group web" in said
    assert "There is no AKS cluster nowhere" in said
    assert "Azure Kubernetes Service Cluster User" in said
    assert "AKS clusters of the subscription Lab" in said
    assert "canary" not in said


async def test_an_answer_that_is_no_kubeconfig_is_said() -> None:
    place = Aks()
    place.clusters[SHOP, "web", "one"] = "127.0.0.1:1"
    with wired(place) as wire:
        for said in ({}, {"kubeconfigs": []}, {"kubeconfigs": [{"value": "!"}]}, {"kubeconfigs": [{"value": "W10="}]}):
            wire.refused["listClusterUserCredential"] = Reply(200, said)
            found = await tenant(wire).clusters(Seeking((Sought("one", SHOP, "web"),)))
            assert found.found == []
            assert "no kubeconfig" in found.problems[0]


# GKE -------------------------------------------------------------------------------------------------------------


@dataclass
class Gke(GcpPlace):
    """An organization with GKE clusters, by project, location and name."""

    clusters: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])
    """Endpoints; empty for one that is being made."""
    missing: tuple[str, ...] = ()

    def __call__(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if len(parts) < 6 or parts[5] != "clusters":
            return super().__call__(asked)
        if asked.headers.get("Authorization") != f"Bearer {gcp_place.TOKEN}":
            return gcp_place.error(401, "UNAUTHENTICATED")
        project, location = parts[2], parts[4]
        if project not in self.projects:
            return gcp_place.error(403, "PERMISSION_DENIED")
        if len(parts) == 7:
            known = (project, location, parts[6])
            return Reply(200, self.row(known)) if known in self.clusters else gcp_place.error(404, "NOT_FOUND")
        found = [self.row(one) for one in self.clusters if one[0] == project and location in ("-", one[1])]
        more = {"missingZones": list(self.missing)} if self.missing else {}
        return Reply(200, {**({"clusters": found} if found else {}), **more})

    def row(self, key: tuple[str, str, str]) -> dict[str, Any]:
        known = {"name": key[2], "location": key[1], "masterAuth": {"clusterCaCertificate": authority()}}
        endpoint = self.clusters[key]
        return {**known, **({"endpoint": endpoint, "status": "RUNNING"} if endpoint else {"status": "PROVISIONING"})}


def organization(wire: Wire, **settings: Any) -> Platform:
    token = functools.partial(str, gcp_place.TOKEN)
    return plugins.load("platforms", "gcp")(endpoint_url=wire.url, token=token, attempts=1, **settings)


async def test_a_gke_cluster_is_entered_by_googles_token(tmp_path: Path) -> None:
    async with cluster(tmp_path, gcp_place.TOKEN.__eq__) as opened:
        with wired(Gke(clusters={("shop-prod", "europe-west4", "main"): opened.endpoint})) as wire:
            found = await organization(wire).clusters(Seeking((Sought("main", "shop-prod", "europe-west4"),)))
        assert {"Deployment", "Pod"} <= await kinds(found)
    (one,) = found.found
    assert one.attributes == {
        "cluster_type": "gke",
        "cluster_name": "main",
        "project_id": "shop-prod",
        "location": "europe-west4",
        "auth_type": "gcp_adc",
    }
    assert one.kubeconfig["current-context"] == "gke_shop-prod_europe-west4_main"
    assert gcp_place.TOKEN not in repr(found)


async def test_gke_clusters_are_found_by_project_and_by_name() -> None:
    place = Gke(projects={gcp_place.SHOP: gcp_place.NUMBER, gcp_place.LAB: gcp_place.LAB_NUMBER})
    place.clusters |= {(gcp_place.SHOP, "a", "one"): "1.1.1.1", (gcp_place.LAB, "b", "one"): "1.1.1.2"}
    with wired(place) as wire:

        async def places(seeking: Seeking, **settings: Any) -> list[tuple[str, str]]:
            found = await organization(wire, **settings).clusters(seeking)
            assert found.problems == []
            return [(one.account, one.place) for one in found.found]

        everything = [(gcp_place.SHOP, "a"), (gcp_place.LAB, "b")]
        assert await places(Seeking((), (Area(),))) == everything
        assert await places(Seeking((), (Area(),)), projects=(gcp_place.LAB,)) == everything[1:]
        assert await places(Seeking((Sought("one", gcp_place.LAB),))) == everything[1:]
        assert await places(Seeking((Sought("one"),))) == everything
        assert await places(Seeking((Sought("one", "", "b"),))) == everything[1:]


async def test_what_stops_one_gke_cluster_or_project_stops_no_other() -> None:
    place = Gke(missing=("europe-west4-c",))
    place.clusters |= {(gcp_place.SHOP, "a", "one"): "1.1.1.1", (gcp_place.SHOP, "a", "new"): ""}
    with wired(place) as wire:
        wire.refused["shop-off"] = gcp_place.error(403, "PERMISSION_DENIED", "SERVICE_DISABLED")
        named = (Sought("gone", gcp_place.SHOP, "a"), Sought("nowhere", gcp_place.SHOP))
        areas = (Area(gcp_place.SHOP), Area("other"), Area("shop-off"))
        found = await organization(wire, auth_secret="sa").clusters(Seeking(named, areas))
    assert [(one.name, one.attributes["auth_secret"]) for one in found.found] == [("one", "sa")]
    said = "\n".join(found.problems)
    assert "The GKE cluster gone in a of the project shop-prod is not there" in said
    assert "There is no GKE cluster nowhere" in said or "nowhere" not in said
    assert "has no endpoint (PROVISIONING)" in said
    assert "the zones europe-west4-c did not answer" in said
    assert "GKE clusters of the project other: The account may not read it. Grant it the role" in said
    assert "gcloud services enable container.googleapis.com" in said
    assert "canary" not in said


async def test_without_a_login_to_google_nothing_is_looked_for() -> None:
    with wired(Gke(tokens=set())) as wire, pytest.raises(Forbidden, match="Log in anew"):
        await organization(wire).clusters(Seeking((), (Area(),)))


# A kubeconfig in memory ------------------------------------------------------------------------------------------


def given_(address: str = "https://127.0.0.1:9", **user: Any) -> dict[str, Any]:
    return {
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "users": [{"name": "u", "user": {"token": "t", **user}}],
    }


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "rm", "apiVersion": "client.authentication.k8s.io/v1"}},
        {"tokenFile": "/etc/passwd"},
        {"client-key": "/etc/shadow"},
        {"auth-provider": {"name": "gcp"}},
    ],
)
def test_a_kubeconfig_from_elsewhere_runs_no_program_and_reads_no_file(user: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=f"asks for {next(iter(user))}"):
        plugins.load("platforms", "kubernetes")(document=given_(**user))


@pytest.mark.parametrize("document", [{}, {"contexts": []}, {**given_(), "clusters": []}, {**given_(), "users": [1]}])
def test_a_kubeconfig_in_memory_that_is_none_is_refused_with_a_sentence(document: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="given out for the cluster"):
        plugins.load("platforms", "kubernetes")(document=document)


def test_a_kubeconfig_in_memory_is_a_cluster_under_its_own_name_or_another() -> None:
    kind = plugins.load("platforms", "kubernetes")
    assert (kind(document=given_()).name, kind(document=given_(), name="x").name) == ("c", "x")
    assert kind(document=given_()).server == "https://127.0.0.1:9"
    assert yaml.safe_load(kind(document=given_()).portable_kubeconfig())["users"] == given_()["users"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "context", "cluster", "user", "server", "token", "exec", "args"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
documents = st.dictionaries(
    st.sampled_from(["contexts", "clusters", "users", "current-context"]), st.lists(anything, max_size=2) | anything
)


@given(st.fixed_dictionaries({}, optional={**dict.fromkeys(given_(), anything)}) | documents)
def test_any_kubeconfig_in_memory_is_used_or_refused(document: dict[str, Any]) -> None:
    refused = ""
    try:
        plugins.load("platforms", "kubernetes")(document={**given_(), **document})
    except BadInput as err:
        refused = str(err)
    assert not refused or "The" in refused


@given(documents)
def test_any_answer_of_azure_is_a_kubeconfig_or_none(document: dict[str, Any]) -> None:
    value = base64.b64encode(yaml.safe_dump(document).encode()).decode()
    made = yaml.safe_load(aks.kubeconfig({"kubeconfigs": [{"value": value}]}, lambda id_: f"token-for-{id_}"))
    assert made == yaml.safe_load(yaml.safe_dump(document)) or "token-for-" in str(made)
    assert isinstance(server(made), str)
