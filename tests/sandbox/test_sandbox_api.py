"""The API's own manners: tokens, refusals, versions, pages, watches, patches."""

import json

import httpx2
import lightkube
import pytest
import pytest_asyncio
import yaml
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod

from runstone.sandbox.cluster import Sandbox
from runstone.sandbox.kinds import CONFIG_MAP

pytestmark = pytest.mark.asyncio(loop_scope="module")

MERGE, STRATEGIC, JSON = (f"application/{kind}+json" for kind in ("merge-patch", "strategic-merge-patch", "json-patch"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster():
    async with Sandbox.start() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def api(cluster: Sandbox):
    async with httpx2.AsyncClient(base_url=cluster.url, headers=_bearer(cluster.token()), timeout=10) as client:
        yield client


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_wrong_token_is_401(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/api/v1/pods", headers=_bearer("wrong"))
    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


async def test_an_expired_token_is_401(kubectl) -> None:
    async with Sandbox.start() as cluster, httpx2.AsyncClient(base_url=cluster.url) as client:
        old = cluster.token("viewer")
        cluster.expire_token("viewer")
        assert (await client.get("/api/v1/pods", headers=_bearer(old))).status_code == 401
        assert (await client.get("/api/v1/pods", headers=_bearer(cluster.token("viewer")))).status_code == 200


async def test_a_viewer_reads_and_does_not_write(cluster: Sandbox, kubectl) -> None:
    before = len(cluster.writes("viewer"))
    assert "storefront" in await kubectl(cluster, "get pods", user="viewer")
    said = await kubectl(cluster, "delete deploy cart", user="viewer")
    assert 'User "viewer" cannot delete resource "deployments" in API group "apps" in the namespace "shop"' in said
    assert await kubectl(cluster, "auth can-i delete pods", user="viewer") == "no\n"
    assert len(cluster.writes("viewer")) == before
    assert [one.code for one in cluster.audit if one.user == "viewer" and one.is_write] == [403]


@pytest.mark.parametrize(
    "line", ["get secrets", "get secret payment-gateway -o yaml", "get secrets -A", "describe secret"]
)
async def test_a_viewer_reads_no_secrets(cluster: Sandbox, kubectl, line: str) -> None:
    said = await kubectl(cluster, line, user="viewer")
    assert 'User "viewer" cannot' in said
    assert "api-key" not in said
    assert "api-key" in await kubectl(cluster, "get secret payment-gateway -o yaml"), "the admin does read it"


async def test_a_viewer_is_told_that_secrets_are_not_for_it(cluster: Sandbox, kubectl) -> None:
    assert await kubectl(cluster, "auth can-i get secrets", user="viewer") == "no\n"
    assert await kubectl(cluster, "auth can-i get configmaps", user="viewer") == "yes\n"
    assert await kubectl(cluster, "auth can-i get secrets") == "yes\n"


async def test_a_forbidden_verb_is_403_in_its_namespace_only(cluster: Sandbox, kubectl) -> None:
    ban = cluster.forbid("viewer", "list", "pods", "shop")
    assert "Forbidden" in await kubectl(cluster, "get pods", user="viewer")
    assert "coredns" in await kubectl(cluster, "get pods -n kube-system", user="viewer")
    cluster.allow(ban)
    assert "storefront" in await kubectl(cluster, "get pods", user="viewer")


async def test_the_audit_is_for_the_admin(cluster: Sandbox, api: httpx2.AsyncClient) -> None:
    await api.get("/api/v1/namespaces/shop/pods/nobody")
    assert (await api.get("/sandbox/audit")).json()["items"][-1]["code"] == 404
    assert (await api.get("/sandbox/audit", headers=_bearer(cluster.token("viewer")))).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "reason"),
    [
        ("GET", "/api/v1/namespaces/shop/pods/nobody", None, 404, "NotFound"),
        ("GET", "/apis/apps/v2/deployments", None, 404, "NotFound"),
        ("POST", "/api/v1/namespaces/nowhere/configmaps", {"metadata": {"name": "a"}}, 404, "NotFound"),
        ("POST", "/api/v1/namespaces/shop/configmaps", {"metadata": {"name": "shop-settings"}}, 409, "AlreadyExists"),
        ("POST", "/api/v1/namespaces/shop/configmaps", {"metadata": {"name": "Not_A_Name"}}, 422, "Invalid"),
        (
            "POST",
            "/api/v1/namespaces/shop/pods",
            {"metadata": {"name": "a"}, "spec": {"containers": []}},
            422,
            "Invalid",
        ),
        ("GET", "/api/v1/pods?labelSelector=a+b+c", None, 400, "BadRequest"),
        ("GET", "/api/v1/pods?continue=nonsense", None, 400, "BadRequest"),
        ("GET", "/api/v1/namespaces/shop/pods/x/exec", None, 501, "NotImplemented"),
    ],
)
async def test_a_refusal_is_a_status(api: httpx2.AsyncClient, method, path, body, code, reason) -> None:
    answer = await api.request(method, path, json=body)
    assert (answer.status_code, answer.json()["kind"], answer.json()["reason"]) == (code, "Status", reason)


async def test_a_stale_version_is_a_conflict(api: httpx2.AsyncClient) -> None:
    path = "/api/v1/namespaces/shop/configmaps"
    made = (await api.post(path, json={"metadata": {"name": "raced"}, "data": {"a": "1"}})).json()
    assert (await api.put(f"{path}/raced", json={**made, "data": {"a": "2"}})).status_code == 200
    late = await api.put(f"{path}/raced", json={**made, "data": {"a": "3"}})
    assert (late.status_code, late.json()["reason"]) == (409, "Conflict")


async def test_a_selector_cannot_be_changed(api: httpx2.AsyncClient) -> None:
    change = {"spec": {"selector": {"matchLabels": {"app": "other"}}}}
    answer = await api.patch(
        "/apis/apps/v1/namespaces/shop/deployments/cart", json=change, headers={"content-type": MERGE}
    )
    assert answer.status_code == 422


async def test_pages_together_are_the_list(api: httpx2.AsyncClient) -> None:
    whole = [one["metadata"]["name"] for one in (await api.get("/api/v1/pods")).json()["items"]]
    pages: list[str] = []
    token = ""
    while True:
        page = (await api.get("/api/v1/pods", params={"limit": 4, "continue": token})).json()
        pages += [one["metadata"]["name"] for one in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert pages == whole


@pytest.mark.parametrize(
    ("selector", "kind", "names"),
    [
        ("labelSelector", "app=cart", ["cart"]),
        ("labelSelector", "app in (cart, catalog)", ["cart", "catalog"]),
        ("labelSelector", "app notin (cart),app=mailer", ["mailer"]),
        ("labelSelector", "!app", []),
        ("fieldSelector", "metadata.name=payment", ["payment"]),
    ],
)
async def test_a_selector_chooses(api: httpx2.AsyncClient, selector: str, kind: str, names: list[str]) -> None:
    answer = await api.get("/apis/apps/v1/namespaces/shop/deployments", params={selector: kind})
    assert [one["metadata"]["name"] for one in answer.json()["items"]] == names


async def test_a_dry_run_changes_nothing(api: httpx2.AsyncClient) -> None:
    path = "/api/v1/namespaces/shop/configmaps"
    assert (await api.post(f"{path}?dryRun=All", json={"metadata": {"name": "ghost"}})).status_code == 201
    assert (await api.get(f"{path}/ghost")).status_code == 404


@pytest.mark.parametrize(
    ("media", "change", "data"),
    [
        (MERGE, {"data": {"a": None, "c": "3"}}, {"b": "2", "c": "3"}),
        (STRATEGIC, {"data": {"a": "9"}}, {"a": "9", "b": "2"}),
        (STRATEGIC, {"data": {"$patch": "replace", "z": "0"}}, {"z": "0"}),
        (JSON, [{"op": "replace", "path": "/data/a", "value": "7"}, {"op": "remove", "path": "/data/b"}], {"a": "7"}),
    ],
)
async def test_a_patch_in_each_language(api: httpx2.AsyncClient, media: str, change, data) -> None:
    path = "/api/v1/namespaces/shop/configmaps"
    await api.delete(f"{path}/patched")
    await api.post(path, json={"metadata": {"name": "patched"}, "data": {"a": "1", "b": "2"}})
    answer = await api.patch(f"{path}/patched", content=json.dumps(change), headers={"content-type": media})
    assert answer.json()["data"] == data


async def _lines(api: httpx2.AsyncClient, path: str, count: int) -> list[dict]:
    found: list[dict] = []
    async with api.stream("GET", path) as answer:
        async for line in answer.aiter_lines():
            found.append(json.loads(line))
            if len(found) == count:
                break
    return found


async def test_a_watch_tells_what_was_missed_and_goes_on(api: httpx2.AsyncClient) -> None:
    path = "/api/v1/namespaces/shop/configmaps"
    version = (await api.get(path)).json()["metadata"]["resourceVersion"]
    await api.post(path, json={"metadata": {"name": "seen", "labels": {"w": "1"}}})
    await api.patch(f"{path}/seen", json={"metadata": {"labels": {"w": None}}}, headers={"content-type": MERGE})
    events = await _lines(api, f"{path}?watch=1&labelSelector=w=1&resourceVersion={version}", 2)
    assert [one["type"] for one in events] == ["ADDED", "DELETED"]


async def test_a_watch_with_initial_events_marks_their_end(api: httpx2.AsyncClient) -> None:
    query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    events = await _lines(api, f"/api/v1/nodes?{query}", 4)
    assert [one["type"] for one in events] == ["ADDED", "ADDED", "ADDED", "BOOKMARK"]
    assert events[-1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"


async def test_a_watch_from_too_long_ago_is_gone(cluster: Sandbox, api: httpx2.AsyncClient) -> None:
    path = "/api/v1/namespaces/shop/configmaps"
    await api.post(path, json={"metadata": {"name": "busy"}})
    for number in range(4100):
        held = cluster.world.registry.need(CONFIG_MAP, "shop", "busy")
        cluster.world.store.put(CONFIG_MAP, {**held, "metadata": {**held["metadata"]}, "data": {"n": str(number)}})
    event = (await _lines(api, f"{path}?watch=1&resourceVersion=1001", 1))[0]
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_a_watch_ends_at_its_timeout(api: httpx2.AsyncClient) -> None:
    async with api.stream("GET", "/api/v1/nodes?watch=1&timeoutSeconds=1") as answer:
        assert len([line async for line in answer.aiter_lines()]) == 3


async def test_lightkube_reads_writes_and_is_refused(cluster: Sandbox) -> None:
    config = KubeConfig.from_dict(yaml.safe_load(cluster.kubeconfig_text()))
    client = lightkube.AsyncClient(config=config)
    names = [pod.metadata.name async for pod in client.list(Pod, namespace="shop", labels={"app": "cart"})]
    assert len(names) == 1
    await client.create(ConfigMap(metadata=ObjectMeta(name="by-lightkube", namespace="shop"), data={"a": "1"}))
    deployment = await client.get(Deployment, "cart", namespace="shop")
    assert deployment.status.readyReplicas == 1
    lines = [line async for line in client.log(names[0], namespace="shop", tail_lines=2)]
    assert len(lines) == 2
    viewer = lightkube.AsyncClient(config=KubeConfig.from_dict(yaml.safe_load(cluster.kubeconfig_text("viewer"))))
    with pytest.raises(ApiError) as refused:
        await viewer.delete(ConfigMap, "by-lightkube", namespace="shop")
    assert refused.value.status.code == 403
