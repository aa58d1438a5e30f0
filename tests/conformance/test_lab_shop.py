"""A real cluster with a shop in it: relations that its manifests say it has, and a change as it happens.

It runs where ``RUNSTONE_LAB_KUBECONFIG`` names a kube-apiserver that holds the Online Boutique in the namespace
``online-boutique``, with a database, a nightly job, an autoscaler and an Ingress.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from runstone import settings
from runstone.cli import embedded, follow

SHOP = "online-boutique"
CALLS = {
    "frontend": (
        "adservice cartservice checkoutservice currencyservice productcatalogservice recommendationservice "
        "shippingservice"
    ),
    "checkoutservice": (
        "cartservice currencyservice emailservice orders-db paymentservice productcatalogservice shippingservice"
    ),
    "recommendationservice": "productcatalogservice",
    "cartservice": "redis-cart",
    "loadgenerator": "frontend",
}
SERVICES = (
    *("adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "paymentservice"),
    *("productcatalogservice", "recommendationservice", "redis-cart", "shippingservice"),
)
EXPECTED = {
    *(f"Deployment/{caller} calls Service/{one}" for caller, called in CALLS.items() for one in called.split()),
    *(f"Service/{name} selects Deployment/{name}" for name in SERVICES),
    "Service/orders-db selects StatefulSet/orders-db",
    "CronJob/nightly-report calls Service/orders-db",
    "Deployment/currencyservice mounts ConfigMap/currency-rates",
    "Deployment/redis-cart mounts PersistentVolumeClaim/redis-data",
    "StatefulSet/orders-db mounts PersistentVolumeClaim/data-orders-db-0",
    "Deployment/frontend references ConfigMap/shop-config",
    "Deployment/paymentservice references Secret/payment-api-key",
    "StatefulSet/orders-db references Secret/orders-db",
    "Deployment/cartservice references ServiceAccount/shop",
    "HorizontalPodAutoscaler/frontend scales Deployment/frontend",
    "Ingress/shop routes-to Service/frontend",
    "Ingress/shop references Secret/shop-tls",
    "Ingress/shop references IngressClass/nginx",
    "PersistentVolumeClaim/redis-data references StorageClass/lab-standard",
    "Deployment/cartservice same-app Deployment/adservice",
}


@pytest.fixture
def kubeconfig() -> str:
    named = os.environ.get("RUNSTONE_LAB_KUBECONFIG")
    if not named:
        pytest.skip("There is no lab cluster here: set RUNSTONE_LAB_KUBECONFIG to its kubeconfig.")
    return named


@contextlib.asynccontextmanager
async def instance(folder: Path, kubeconfig: str) -> AsyncGenerator[embedded.Embedded]:
    told = settings.read({}, data=folder / "data", kubeconfig=kubeconfig)
    async with embedded.start(told) as one:
        await one.edge.scan()
        yield one


def named(ref: dict[str, Any]) -> str:
    return f"{ref['kind']}/{ref['name']}"


async def test_the_relations_of_the_shop_are_on_the_map(tmp_path: Path, kubeconfig: str) -> None:
    assert len(EXPECTED) >= 40
    async with instance(tmp_path, kubeconfig) as one:
        found = await follow.call(one.client, "GET", "/api/v1/map")
    told = {f"{named(each['source'])} {each['type']} {named(each['target'])}" for each in found["relations"]}
    assert EXPECTED - told == set()
    wrong = {each for each in told if " calls " in each and each.startswith("Deployment/")} - EXPECTED
    assert wrong == set(), "nobody is said to call whom it does not"


async def test_a_change_in_the_cluster_is_on_the_map_as_it_happens(
    tmp_path: Path, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with instance(tmp_path, kubeconfig) as one, embedded.working(one):
        await asyncio.sleep(3)
        stamp = str(time.time_ns())
        kubectl = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", kubeconfig, "-n", SHOP]
        change = [*kubectl, "set", "env", "deployment/emailservice", f"RUNSTONE_TEST={stamp}"]
        await asyncio.to_thread(subprocess.run, change, check=True, capture_output=True)
        began = time.monotonic()
        async with asyncio.timeout(20):
            while not await seen(one):
                await asyncio.sleep(0.02)
        took = time.monotonic() - began
        undo = [*kubectl, "set", "env", "deployment/emailservice", "RUNSTONE_TEST-"]
        await asyncio.to_thread(subprocess.run, undo, check=True, capture_output=True)
    with capsys.disabled():
        print(f" on the Map {took:.2f} s after kubectl returned", end="")  # noqa: T201


async def seen(one: embedded.Embedded) -> bool:
    path = f"/api/v1/map/changes?near=Deployment/{SHOP}/emailservice"
    found = await follow.call(one.client, "GET", path)
    return any("RUNSTONE_TEST" in each["said"] for each in found["changes"])
