"""``runstone discover --workspace-info`` on clusters that clouds manage: files at the end, with the login of Tasks."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conformance import azure_place, gcp_place
from tests.conformance.aws_estate import HOME
from tests.conformance.aws_gate import gate
from tests.conformance.azure_place import SHOP, TOKEN
from tests.conformance.cluster_front import front
from tests.conformance.test_cloud_maps import source
from tests.conformance.test_managed_clusters import (
    Aks,
    Gke,
    account,
    cluster,
    described,
    of_eks,
    organization,
    tenant,
)
from tests.conformance.test_workspace_of_an_account import clone
from tests.conformance.wire import wired

from runstone.cli import builder
from runstone.edge.discovery.cloud_config import CloudEntry
from runstone.sandbox.cluster import Sandbox


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a collection whose rule makes an SLX of every namespace, and the cache it is taken from."""
    source(tmp_path / "look", "kubernetes", "[namespace]", "[namespace, cluster]")
    (tmp_path / "cache").mkdir()
    clone(tmp_path / "look", tmp_path / "cache")
    return tmp_path


def told(place: Path, **cloud: Any) -> Path:
    info = {
        "workspaceName": "shop",
        "workspaceOwnerEmail": "owner@example.com",
        "defaultLocation": "eu",
        "cloudConfig": cloud,
        "codeCollections": [{"repoURL": "https://example.com/look", "ref": "main"}],
    }
    (place / "workspaceInfo.yaml").write_text(yaml.safe_dump(info))
    return place / "workspaceInfo.yaml"


def books(place: Path) -> dict[str, dict[str, Any]]:
    """Each SLX's tags, with the places of its secrets among them, by ``cluster/namespace``."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted((place / "out").glob("workspaces/shop/slxs/*/runbook.yaml")):
        tags = yaml.safe_load((file.parent / "slx.yaml").read_text())["spec"]["tags"]
        secrets = yaml.safe_load(file.read_text())["spec"]["secretsProvided"]
        said = {one["name"]: one["value"] for one in tags}
        found[f"{said['cluster']}/{said['resource_name']}"] = said | {
            one["name"]: one.get("workspaceKey", one.get("value")) for one in secrets
        }
    return found


async def discover(place: Path, info: Path, **env: str) -> tuple[int, str]:
    """The command, in a process of its own: its exit status and all it said."""
    command = ["-m", "runstone.cli.main", "discover", "--workspace-info", str(info), "--output", str(place / "out")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*command, "--collections-cache", str(place / "cache")),
        env={**os.environ, "RUNSTONE_DATA": str(place / "data"), "KUBECONFIG": str(place / "kubeconfig"), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, " ".join(said.decode().split())


class AllBut(dict[str, Any]):
    """Refusals of every service's calls but those of some: of an account that shows its clusters alone."""

    def __contains__(self, call: object) -> bool:
        return super().__contains__(call) or not str(call).startswith(("sts:", "eks:"))

    def __missing__(self, call: str) -> tuple[int, str]:
        return 403, "AccessDenied"


async def test_an_eks_cluster_is_scanned_and_its_tasks_are_told_how_to_get_there(place: Path, moto: str) -> None:
    eks = {
        "clusters": [{"name": "prod", "region": HOME, "namespaces": ["shop"], "flavour": 1}, {"name": "gone"}],
        "autoDiscover": False,
    }
    info = told(place, aws={"region": HOME, "eksClusters": eks, "accountLevelOfDetails": {}})
    async with cluster(place, of_eks) as opened:
        with gate(moto) as aws:
            aws.refused = AllBut()
            aws.recorded["eks:GET /clusters/prod"] = described("prod", opened.endpoint)
            code, said = await discover(place, info, AWS_ENDPOINT_URL=aws.url)
            assert code == 1, said
            assert "The EKS cluster gone in" in said
            assert "eksClusters.clusters.flavour" in said
            found = books(place)
            assert found.keys() == {"prod/shop"}
            assert found["prod/shop"]["kubeconfig"] == f"aws:cli@kubeconfig:{HOME}/prod"
            aws.refused["eks:GET /clusters/prod"] = (403, "AccessDeniedException")
            narrow = account(aws, types=("ec2_instance",))
            outcome = await builder.build(order(place, info, lambda _: narrow))
    assert "may not call eks:DescribeCluster" in outcome.unread[0]
    assert outcome.written.kept
    assert books(place).keys() == {"prod/shop"}
    written = b"".join(one.read_bytes() for one in place.rglob("*") if one.is_file() and one.suffix != ".pem")
    assert b"k8s-aws-v1" not in written


def order(place: Path, info: Path, opened: Any, kubeconfig: str = "") -> builder.Order:
    return builder.Order(info, place / "out", place / "cache", place / "data", kubeconfig, (), opened)


async def test_aks_and_gke_clusters_are_scanned_with_what_is_asked_for_of_each(place: Path) -> None:
    aks = {
        "clusters": [{"name": "main", "resource_group": "web", "subscriptionId": SHOP, "defaultNamespaceLOD": "none"}],
        "autoDiscover": True,
        "discoveryConfig": {"subscriptions": [{"subscriptionId": SHOP, "resourceGroups": ["data"]}]},
        "namespaces": ["shop"],
    }
    gke = {"autoDiscover": True, "discoveryConfig": {"projectId": gcp_place.SHOP}}
    info = told(
        place,
        azure={"spSecretName": "sp", "aksClusters": aks},
        gcp={"projects": [gcp_place.SHOP], "saSecretName": "sa", "gkeClusters": gke},
    )
    async with Sandbox.start() as sandbox:
        accepted = {"of-the-cluster", gcp_place.TOKEN}.__contains__
        async with (
            front(sandbox, place, accepted) as one,
            front(sandbox, place, accepted) as two,
            front(sandbox, place, accepted) as three,
        ):
            azure = Aks(clusters={(SHOP, "web", "main"): one.endpoint, (SHOP, "data", "main"): two.endpoint})
            google = Gke(clusters={(gcp_place.SHOP, "europe-west4", "lab"): three.endpoint})
            with wired(azure) as arm, wired(google) as apis:

                def opened(entry: CloudEntry) -> Any:
                    make, wire = (tenant, arm) if entry.platform == "azure" else (organization, apis)
                    return make(wire, **entry.settings)

                outcome = await builder.build(order(place, info, opened))
    assert [one for one in outcome.unread if "cluster" in one.lower()] == []
    found = books(place)
    # Two of the name "main" are told apart by their groups; nothing is asked for of the namespaces of one of them.
    assert "data--main/shop" in found
    assert not [name for name in found if name.startswith(("main/", "web--main/"))]
    assert found["data--main/shop"]["kubeconfig"] == "azure:sp@kubeconfig:data/main"
    assert found["data--main/shop"]["az_clientId"] == "k8s:file@secret/sp:clientId"
    assert found["data--main/shop"]["subscription_id"] == SHOP
    assert {"lab/shop", "lab/kube-system"} <= found.keys()
    written = b"".join(one.read_bytes() for one in place.rglob("*") if one.is_file())
    assert not [one for one in ("of-the-cluster", gcp_place.TOKEN, TOKEN) if one.encode() in written]
    assert found["lab/shop"]["kubeconfig"] == f"gcp:sa@kubeconfig:{gcp_place.SHOP}/lab/europe-west4"


async def test_clusters_of_one_name_in_two_projects_are_called_by_their_projects(place: Path) -> None:
    info = told(place, gcp={"gkeClusters": {"autoDiscover": True, "namespaces": ["shop"]}})
    async with (
        Sandbox.start() as sandbox,
        front(sandbox, place, gcp_place.TOKEN.__eq__) as one,
        front(sandbox, place, gcp_place.TOKEN.__eq__) as two,
    ):
        google = Gke(projects={gcp_place.SHOP: gcp_place.NUMBER, gcp_place.LAB: gcp_place.LAB_NUMBER})
        google.clusters |= {
            (gcp_place.SHOP, "a", "main"): one.endpoint,
            (gcp_place.LAB, "b", "main"): two.endpoint,
            (gcp_place.LAB, "b", "away"): "127.0.0.1:9",
        }
        with wired(google) as apis:
            outcome = await builder.build(order(place, info, lambda entry: organization(apis, **entry.settings)))
    found = books(place)
    assert found.keys() == {f"{gcp_place.SHOP}--main/shop", f"{gcp_place.LAB}--main/shop"}
    assert found[f"{gcp_place.LAB}--main/shop"]["kubeconfig"] == f"gcp:adc@kubeconfig:{gcp_place.LAB}/main/b"
    assert [one for one in outcome.unread if one.startswith("The cluster away at https://127.0.0.1:9")]


async def test_a_cluster_that_is_also_in_the_kubeconfig_is_scanned_once(place: Path) -> None:
    section = {"clusters": [{"name": "main", "projectId": gcp_place.SHOP, "location": "a", "namespaces": ["shop"]}]}
    info = told(place, kubernetes={"kubeconfigFile": "kubeconfig"}, gcp={"gkeClusters": section})
    async with cluster(place, {"of-the-user", gcp_place.TOKEN}.__contains__) as opened:
        document = {
            "contexts": [{"name": "mine", "context": {"cluster": "my-own", "user": "me"}}],
            "current-context": "mine",
            "clusters": [
                {
                    "name": "my-own",
                    "cluster": {"server": f"https://{opened.endpoint}/", "certificate-authority": "ca.pem"},
                }
            ],
            "users": [{"name": "me", "user": {"token": "of-the-user"}}],
        }
        (place / "ca.pem").write_bytes((place / "front.pem").read_bytes())
        (place / "kubeconfig").write_text(yaml.safe_dump(document))
        with wired(Gke(clusters={(gcp_place.SHOP, "a", "main"): opened.endpoint})) as apis:
            await builder.build(order(place, info, lambda entry: organization(apis, **entry.settings)))
        assert opened.tokens == {"of-the-user"}
    found = books(place)
    assert found.keys() == {"my-own/shop"}
    assert found["my-own/shop"]["kubeconfig"] == f"gcp:adc@kubeconfig:{gcp_place.SHOP}/main/a"


async def test_an_account_that_cannot_be_listed_is_said_and_the_rest_is_written(place: Path) -> None:
    section = {"autoDiscover": True, "namespaces": ["shop"]}
    info = told(place, azure={"aksClusters": section}, gcp={"gkeClusters": section})
    async with cluster(place, gcp_place.TOKEN.__eq__) as opened:
        google = Gke(clusters={(gcp_place.SHOP, "a", "main"): opened.endpoint})
        with wired(Aks(tokens=set())) as arm, wired(google) as apis:

            def made(entry: CloudEntry) -> Any:
                make, wire = (tenant, arm) if entry.platform == "azure" else (organization, apis)
                return make(wire, **entry.settings)

            outcome = await builder.build(order(place, info, made))
    assert [one for one in outcome.unread if one.startswith("Subscriptions to look for AKS clusters in")]
    assert books(place).keys() == {"main/shop"}
    assert TOKEN not in str(outcome)
    assert azure_place.TOKEN not in str(outcome)
