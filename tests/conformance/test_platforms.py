"""Every platform connector reads scope by scope, survives what a real one does to it, and keeps no secret."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.apiserver import ApiServer
from tests.apiserver import serving as api_serving
from tests.estate import estate

from runstone import plugins
from runstone.connectors.kept import address, argument
from runstone.connectors.platforms import Batch, Platform
from runstone.errors import BadInput, Forbidden, Unreachable

POD = {"metadata": {"name": "p0", "namespace": "shop"}, "spec": {}, "status": {"phase": "Running"}}
DEPLOYMENT = {
    "metadata": {
        "name": "cart",
        "namespace": "shop",
        "managedFields": [{"x": 1}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "canary-applied"},
    },
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "env": [
                            {"name": "KEY", "value": "canary-value"},
                            {"name": "DB", "value": "postgres://user:canary-pass@pg:5432/x"},
                        ],
                    }
                ]
            }
        }
    },
}


@dataclass
class Api:
    """A Kubernetes API of a few answers, over real HTTP: enough to be paged, refused, cut off and slow."""

    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    forbidden: set[str] = field(default_factory=set[str])
    token: str = "good"
    page: int = 500
    gone_once: bool = False
    silent: str = ""
    """A path that is never answered."""
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
                target = lines[0].split()[1]
                if self.silent and target.startswith(self.silent):
                    await asyncio.sleep(60)
                status, body = self.answer(target, headers)
                data = json.dumps(body).encode()
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()

    def answer(self, target: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        path, _, query = target.partition("?")
        self.asked.append((path, headers.get("accept", "")))
        if headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"message": "Unauthorized"}
        if path in self.forbidden:
            return 403, {"message": f'{path} is forbidden: User "system:me" cannot list'}
        if path == "/apis":
            names = (
                "apps/v1",
                "batch/v1",
                "batch/v1beta1",
                "networking.k8s.io/v1",
                "storage.k8s.io/v1",
                "example.com/v2",
            )
            return 200, {"groups": [{"versions": [{"groupVersion": name}]} for name in names]}
        if path == "/apis/example.com":
            return 200, {"preferredVersion": {"version": "v2"}}
        if path == "/apis/example.com/v2":
            kinds = (("widgets", "Widget", False), ("services", "Service", True))
            return 200, {"resources": [{"name": a, "kind": b, "namespaced": c} for a, b, c in kinds]}
        if path == "/version":
            return 200, {"gitVersion": "v1.30.0"}
        if path == "/api/v1/namespaces/shop":
            return 200, {"metadata": {"name": "shop"}}
        if path not in self.items:
            # As before Kubernetes 1.21: the group is served, this kind is not yet in it.
            absent = path.startswith("/api/v1/namespaces/") or path == "/apis/batch/v1/cronjobs"
            return (404, {}) if absent else (200, {"items": []})
        return self.paged(self.items[path], query)

    def paged(self, items: list[dict[str, Any]], query: str) -> tuple[int, dict[str, Any]]:
        said = dict(part.split("=") for part in query.split("&") if "=" in part)
        start = int(said.get("continue", 0))
        if start and self.gone_once:
            self.gone_once = False
            return 410, {"message": "too old"}
        end = start + self.page
        more = {"continue": str(end)} if end < len(items) else {}
        return 200, {"metadata": more, "items": items[start:end]}


@contextlib.asynccontextmanager
async def serving(api: Api) -> AsyncGenerator[Api]:
    callers: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.add(asyncio.ensure_future(api.serve(reader, writer)))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)


def kubeconfig(tmp_path: Path, url: str, token: str = "good", namespace: str = "", **user: Any) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ctx",
        "contexts": [{"name": "ctx", "context": {"cluster": "c", "user": "me", "namespace": namespace}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "me", "user": user or {"token": token}}],
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def kubernetes(path: str, **more: Any) -> Platform:
    return plugins.load("platforms", "kubernetes")(kubeconfig=path, **more)


async def read(platform: Platform, *extra: str) -> dict[str, Batch]:
    return {
        f"{batch.reading.scope.kind}/{batch.reading.scope.namespace}": batch async for batch in platform.read(extra)
    }


async def test_pages_are_put_together_and_a_token_that_is_too_old_starts_anew(tmp_path: Path) -> None:
    pods = [{**POD, "metadata": {"name": f"p{n}", "namespace": "shop"}} for n in range(7)]
    async with serving(Api({"/api/v1/pods": pods}, page=3, gone_once=True)) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)))
    assert [one["metadata"]["name"] for one in found["Pod/"].objects] == [f"p{n}" for n in range(7)]
    assert found["Pod/"].reading.complete


async def test_a_kind_that_may_not_be_listed_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    api = Api({"/api/v1/pods": [POD]}, forbidden={"/api/v1/secrets", "/api/v1/namespaces"})
    async with serving(api):
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)))
    secrets = found["Secret/"].reading
    assert not secrets.complete
    assert secrets.problem == (
        "system:me may not list secrets in all namespaces of c. "
        "Grant system:me the verbs get and list on secrets of the API group core to see them."
    )
    assert found["Pod/"].reading.complete


async def test_what_is_forbidden_for_all_namespaces_is_whole_when_each_may_be_read(tmp_path: Path) -> None:
    items = {
        "/api/v1/namespaces": [{"metadata": {"name": "shop"}}],
        "/api/v1/namespaces/shop/pods": [POD],
    }
    async with serving(Api(items, forbidden={"/api/v1/pods"})) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)))
    assert found["Pod/"].reading.complete
    assert len(found["Pod/"].objects) == 1


async def test_of_several_namespaces_each_is_told_by_itself_when_one_may_not_be_read(tmp_path: Path) -> None:
    items = {
        "/api/v1/namespaces": [{"metadata": {"name": "shop"}}, {"metadata": {"name": "vault"}}],
        "/api/v1/namespaces/shop/pods": [POD],
    }
    forbidden = {"/api/v1/pods", "/api/v1/namespaces/vault/pods"}
    async with serving(Api(items, forbidden=forbidden)) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)))
    assert not found["Pod/"].reading.complete
    assert found["Pod/shop"].reading.complete
    assert len(found["Pod/shop"].objects) == 1
    assert "may not list pods in namespace vault" in found["Pod/vault"].reading.problem


async def test_without_the_right_to_list_namespaces_the_contexts_own_is_read(tmp_path: Path) -> None:
    items = {"/api/v1/namespaces/shop/pods": [POD]}
    forbidden = {"/api/v1/pods", "/api/v1/namespaces"}
    async with serving(Api(items, forbidden=forbidden)) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url, namespace="shop")))
    assert not found["Namespace/"].reading.complete
    assert [one["metadata"]["name"] for one in found["Namespace/"].objects] == ["shop"]
    assert found["Pod/shop"].reading.complete


async def test_a_list_that_is_not_answered_in_time_costs_itself_alone(tmp_path: Path) -> None:
    api = Api({"/api/v1/services": [{"metadata": {"name": "s", "namespace": "shop"}}]}, silent="/api/v1/pods")
    async with serving(api):
        found = await read(kubernetes(kubeconfig(tmp_path, api.url), timeout_s=0.3))
    assert not found["Pod/"].reading.complete
    assert "did not answer in 0.3 s" in found["Pod/"].reading.problem
    assert found["Service/"].reading.complete


async def test_an_older_version_is_asked_where_the_newer_one_lacks_the_kind(tmp_path: Path) -> None:
    async with serving(Api({"/apis/batch/v1beta1/cronjobs": [{"metadata": {"name": "nightly"}}]})) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)))
    assert [one["apiVersion"] for one in found["CronJob/"].objects] == ["batch/v1beta1"]


async def test_what_questions_name_is_asked_for_first(tmp_path: Path) -> None:
    async with serving(Api()) as api:
        await read(kubernetes(kubeconfig(tmp_path, api.url)))
    asked = [path.rsplit("/", 1)[-1] for path, _ in api.asked]
    first = {"apis", "namespaces", "deployments", "statefulsets", "daemonsets", "services", "ingresses", "pods"}
    assert first <= set(asked[:11]), "eight at a time, so that a few later ones may overtake"


async def test_secrets_are_asked_for_by_their_metadata_alone_and_no_value_is_kept(tmp_path: Path) -> None:
    secret = {"metadata": {"name": "s", "namespace": "shop"}, "data": {"k": base64.b64encode(b"canary").decode()}}
    config_map = {"metadata": {"name": "m", "namespace": "shop"}, "data": {"LEVEL": "canary-level"}}
    items = {
        "/api/v1/secrets": [secret],
        "/api/v1/configmaps": [config_map],
        "/apis/apps/v1/deployments": [DEPLOYMENT],
    }
    async with serving(Api(items)) as api:
        platform = kubernetes(kubeconfig(tmp_path, api.url))
        platform.salt = b"own"
        found = await read(platform)
    assert dict(api.asked)["/api/v1/secrets"].startswith("application/json;as=PartialObjectMetadataList")
    kept = json.dumps([batch.objects for batch in found.values()])
    assert "canary" not in kept
    assert base64.b64encode(b"canary").decode() not in kept
    assert '"pg:5432"' in kept, "an address is kept without its credentials"
    (settings,) = found["ConfigMap/"].objects
    assert list(settings["_hashes"]) == ["LEVEL"], "a key, and whether its value is another"


async def test_an_api_without_lists_over_all_namespaces_is_read_namespace_by_namespace(tmp_path: Path) -> None:
    api = ApiServer(only_namespaced=True)
    api.load(estate(2))
    async with api_serving(api):
        found = await read(kubernetes(str(api.kubeconfig(tmp_path / "kc"))))
    assert len(found["Deployment/"].objects) == 10
    assert found["Deployment/"].reading.complete


async def test_a_type_that_a_rule_names_is_found_by_discovery_cluster_scoped_too(tmp_path: Path) -> None:
    items = {"/apis/example.com/v2/widgets": [{"metadata": {"name": "w"}}]}
    async with serving(Api(items)) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)), "widgets.example.com", "gone.nowhere.io")
    assert [one["metadata"]["name"] for one in found["Widget/"].objects] == ["w"]


async def test_a_custom_kind_with_the_name_of_a_built_in_one_is_told_apart(tmp_path: Path) -> None:
    items = {"/apis/example.com/v2/services": [{"metadata": {"name": "theirs", "namespace": "shop"}}]}
    async with serving(Api(items)) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url)), "services.example.com")
    assert found["Service/"].objects == ()
    assert [one["metadata"]["name"] for one in found["Service.example.com/"].objects] == ["theirs"]


async def test_a_namespace_narrows_every_namespaced_list(tmp_path: Path) -> None:
    async with serving(Api({"/api/v1/namespaces/shop/pods": [POD]})) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url), namespaces=("shop",)))
    assert "Pod/" not in found
    assert len(found["Pod/shop"].objects) == 1
    assert ("/api/v1/pods", "application/json") not in api.asked


async def test_narrowed_to_namespaces_only_these_are_on_the_map(tmp_path: Path) -> None:
    forbidden = {"/api/v1/namespaces", "/api/v1/namespaces/vault"}
    async with serving(Api(forbidden=forbidden)) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url), namespaces=("shop", "vault", "gone")))
    assert [one["metadata"]["name"] for one in found["Namespace/"].objects] == ["shop", "vault"]
    assert "Pod/gone" not in found


async def test_a_type_that_cannot_be_looked_up_is_an_incomplete_scope_named_like_it(tmp_path: Path) -> None:
    async with serving(Api(silent="/apis/example.com")) as api:
        found = await read(kubernetes(kubeconfig(tmp_path, api.url), timeout_s=0.3), "widgets.example.com")
    assert "Looking for widgets.example.com" in found["widgets.example.com/"].reading.problem


async def test_a_renewed_token_is_used_without_a_restart(tmp_path: Path) -> None:
    async with serving(Api()) as api:
        platform = kubernetes(kubeconfig(tmp_path, api.url, token="old"))
        with pytest.raises(Forbidden):
            await read(platform)
        kubeconfig(tmp_path, api.url)
        assert (await read(platform))["Pod/"].reading.complete


async def test_a_check_says_how_far_can_be_read(tmp_path: Path) -> None:
    async with serving(Api(forbidden={"/api/v1/secrets"})) as api:
        said = await kubernetes(kubeconfig(tmp_path, api.url)).check()
    assert said.startswith("c (context ctx), Kubernetes v1.30.0; not readable: system:me may not list secrets")


async def test_a_login_command_that_fails_is_said(tmp_path: Path) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login", "interactiveMode": "Never"}
    async with serving(Api()) as api:
        with pytest.raises(Forbidden, match="Logging in to c failed: .*no-such-login"):
            await read(kubernetes(kubeconfig(tmp_path, api.url, exec=plugin)))


async def test_a_server_that_is_no_cluster_is_told_apart(tmp_path: Path) -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hello, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unreachable, match="is it a Kubernetes API"):
            await read(kubernetes(kubeconfig(tmp_path, url)))


async def test_a_namespace_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    async with serving(Api()) as api:
        with pytest.raises(BadInput, match="There is no namespace 'shpo'"):
            await read(kubernetes(kubeconfig(tmp_path, api.url), namespaces=("shpo",)))


async def test_an_expired_token_says_so(tmp_path: Path) -> None:
    async with serving(Api()) as api:
        with pytest.raises(Forbidden, match="probably expired"):
            await read(kubernetes(kubeconfig(tmp_path, api.url, token="old")))


async def test_a_cluster_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 cannot be reached"):
        await read(kubernetes(kubeconfig(tmp_path, "http://127.0.0.1:9")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "There is no kubeconfig at"),
        ("{", "is not YAML"),
        ("[]", "is not a kubeconfig"),
        ("contexts: []", "names no current context"),
        ("contexts: []\ncurrent-context: a", "has no context 'a'"),
        (
            "contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n"
            "clusters: [{name: c, cluster: {}}]\nusers: [{name: u, user: {}}]",
            "has no server",
        ),
        ("contexts: [{name: a}]\ncurrent-context: a", "points to a cluster"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=said):
        kubernetes(str(path))


def test_a_file_that_the_kubeconfig_points_to_is_named_when_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"points to the file .*/gone\.pem, which cannot be read"):
        kubernetes(kubeconfig(tmp_path, "http://127.0.0.1:1", **{"client-certificate": "gone.pem"}))


def test_of_several_kubeconfigs_the_first_to_name_something_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, server in (("one", "http://127.0.0.1:1"), ("two", "http://127.0.0.1:2")):
        (tmp_path / folder).mkdir()
        kubeconfig(tmp_path / folder, server)
    other = tmp_path / "three"
    other.write_text(
        "contexts: [{name: far, context: {cluster: c, user: you}}]\nclusters: []\n"
        "users: [{name: you, user: {token: t}}]"
    )
    files = [tmp_path / "one/kubeconfig", tmp_path / "two/kubeconfig", tmp_path / "gone", other]
    monkeypatch.setenv("KUBECONFIG", ":".join(str(file) for file in files))
    assert kubernetes("").context == "ctx"
    far = yaml.safe_load(kubernetes("", context="far").portable_kubeconfig())
    assert far["clusters"] == [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}]
    assert far["users"] == [{"name": "you", "user": {"token": "t"}}]


def test_an_unknown_context_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no context 'nope'. It has: ctx"):
        kubernetes(kubeconfig(tmp_path, "http://127.0.0.1:1"), context="nope")


def test_the_portable_kubeconfig_carries_its_files_inside(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    platform = kubernetes(kubeconfig(tmp_path, "http://127.0.0.1:1", tokenFile="token"))
    assert yaml.safe_load(platform.portable_kubeconfig())["users"][0]["user"] == {"token": "from-a-file"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("redis:6379", "redis:6379"),
        ("http://cart.shop.svc:80/x?y=z", "cart.shop.svc:80"),
        ("postgres://u:p@pg/db", "pg"),
        ("db.shop", "db.shop"),
        ("production", ""),
        ("hunter22", ""),
        ("8080", ""),
        ("0.0.0.0:8080", ""),
        ("", ""),
        ("-Xmx180m", ""),
        ("postgres://u:1234/x@pg:5432/db", "pg:5432"),
        ("user:pa:ss@tcp(mysql:3306)/db", "mysql:3306"),
        ("mongodb://u:p@h1:27017,h2:27017/db", "h1:27017,h2:27017"),
        ("jdbc:postgresql://pg:5432/db?password=x", "pg:5432"),
        ("a:9092,b:9092", "a:9092,b:9092"),
        ("eyJhbGciOi.J9x.abc", ""),
        ("curl -s http://cart:8080/health && sleep 5", "cart:8080"),
    ],
)
def test_of_an_environment_value_only_an_address_is_kept(value: str, expected: str) -> None:
    assert address(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("--redis=redis:6379", "--redis=redis:6379"),
        ("--password=redis:6379", "--password="),
        ("--db-token-url=http://u:p@issuer/x", "--db-token-url=issuer"),
        ("--verbose", "--verbose"),
        ("sh", ""),
    ],
)
def test_of_an_argument_only_its_flag_and_an_address_are_kept(value: str, expected: str) -> None:
    assert argument(value) == expected


async def test_written_objects_are_read_and_a_bad_file_is_an_incomplete_scope(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"kind": "List", "items": [{"kind": "Pod", **POD}]}))
    (tmp_path / "b.yaml").write_text("{")
    found = await read(plugins.load("platforms", "fixture")(str(tmp_path)))
    assert found["Pod/"].reading.complete
    assert not found["b.yaml/"].reading.complete


async def test_written_objects_lose_their_values_too(tmp_path: Path) -> None:
    container = {
        "name": "c",
        "args": ["--password", "canary:1", "--db=pg:5432"],
        "env": [{"name": "BASIC_AUTH", "value": "canary:1"}],
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "canary"}]}},
    }
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "canary"}}
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    (tmp_path / "a.json").write_text(json.dumps([{"kind": "List", "items": [secret, pod]}][0]))
    found = await read(plugins.load("platforms", "fixture")(str(tmp_path / "a.json")))
    kept = json.dumps([batch.objects for batch in found.values()])
    assert "canary" not in kept
    assert "--db=pg:5432" in kept
