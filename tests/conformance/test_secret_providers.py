"""Every secret provider keeps the promises of its kind, each through its real client.

Against: files and variables of this machine; the sandbox cluster's API; a moto server; Vault, Azure and Google Cloud in
their wire format on loopback (tests/secret_places.py).
"""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import httpx2
import pytest
from moto.server import ThreadedMotoServer
from tests import secret_places
from tests.secret_places import VALUE, Place

from runstone import plugins
from runstone.connectors.secrets import Found, SecretProvider
from runstone.edge.runner.secrets import Vault
from runstone.errors import BadInput, Forbidden, NotFound, RunstoneError, Unreachable
from runstone.model.secret import Secret, SecretRef
from runstone.model.workspace import SecretNeed
from runstone.sandbox.cluster import Sandbox


@dataclass
class Case:
    """Keys of one provider in one place; an empty key means that the place cannot say so."""

    good: tuple[str, ...]
    missing: str
    forbidden: str = ""
    malformed: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """Other secrets of the run, by name."""
    broken: Mapping[str, str] | None = None
    """Variables that point at a place which does not answer; None where there is none."""


@contextlib.asynccontextmanager
async def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    monkeypatch.setenv("SHOP_TOKEN", VALUE)
    yield Case(("env@SHOP_TOKEN",), "env@NO_SUCH_TOKEN")


@contextlib.asynccontextmanager
async def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    (tmp_path / "token").write_text(f"{VALUE}\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    yield Case((f"file@{tmp_path}/token",), f"file@{tmp_path}/binary")


@contextlib.asynccontextmanager
async def kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    async with Sandbox.start() as cluster:
        place = {"apiVersion": "v1", "metadata": {"namespace": "shop"}}
        secret = {"kind": "Secret", "data": {"t": base64.b64encode(VALUE.encode()).decode()}}
        config = {"kind": "ConfigMap", "data": {"t": VALUE}}
        headers = {"Authorization": f"Bearer {cluster.token()}"}
        async with httpx2.AsyncClient(base_url=cluster.url, headers=headers) as client:
            for plural, name, one in (("secrets", "db", secret), ("configmaps", "c", config)):
                body = {**place, **one, "metadata": {"namespace": "shop", "name": name}}
                (await client.post(f"/api/v1/namespaces/shop/{plural}", json=body)).raise_for_status()
        admin = cluster.write_kubeconfig(tmp_path / "admin")
        viewer = cluster.write_kubeconfig(tmp_path / "viewer", "viewer")
        monkeypatch.setenv("KUBECONFIG", str(admin))
        (tmp_path / "dead").write_text(viewer.read_text().replace(cluster.url, "http://127.0.0.1:9"))
        yield Case(
            ("k8s:file@shop/secret/db:t", "k8s:env@secret/db:t", "kubernetes@shop/configmap/c:t"),
            "kubernetes@shop/secret/gone:t",
            malformed="kubernetes@shop/db",
            broken={"KUBECONFIG": str(tmp_path / "dead")},
        )


@contextlib.asynccontextmanager
async def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    with secret_places.serving() as url:
        for name, value in {"VAULT_ADDR": url, "RW_VAULT_ADDR": url, "RW_WORKSPACE": "shop"}.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "vault-token").write_text(f"{secret_places.TOKEN}\n")
        monkeypatch.setenv("VAULT_TOKEN_FILE", str(tmp_path / "vault-token"))
        for name, value in {"ADDR": url, "APPROLE_ROLE_ID": "role", "APPROLE_SECRET_ID": "proof"}.items():
            monkeypatch.setenv(f"SECRET_PROVIDER_ours_VAULT_{name}", value)
        yield Case(
            (
                "vault@secret/shop:token",
                "vault@secret/data/shop:token",
                "vault@old/shop:token",
                "kept",
                "ours@old/shop:token",
            ),
            "vault@secret/gone:token",
            forbidden="vault@closed/shop:token",
            malformed="vault@shop",
            broken={"RW_VAULT_ADDR": "http://127.0.0.1:9"},
        )


@contextlib.asynccontextmanager
async def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        settings = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
        settings |= {"AWS_ACCESS_KEY_ID": "AKIA0000000000000000", "AWS_SECRET_ACCESS_KEY": "x" * 40}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        httpx2.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()
        manager, parameters = boto3.client("secretsmanager"), boto3.client("ssm")
        manager.create_secret(Name="shop/token", SecretString=VALUE)
        manager.create_secret(Name="shop/fields", SecretString=json.dumps({"token": VALUE}))
        manager.create_secret(Name="shop/bytes", SecretBinary=VALUE.encode())
        parameters.put_parameter(Name="/shop/token", Value=VALUE, Type="SecureString")
        yield Case(
            ("aws@shop/token", "aws@shop/fields:token", "aws@shop/bytes", "aws:ssm@/shop/token"),
            "aws@shop/gone",
            malformed="aws:nothing@x",
            broken={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"},
        )
    finally:
        server.stop()


@contextlib.asynccontextmanager
async def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    with secret_places.serving() as url:
        for name in ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_RESOURCE_MANAGER"):
            monkeypatch.setenv(name, url)
        yield Case(
            (f"azure@{url}/shop", f"azure:identity@{url}/shop"),
            f"azure@{url}/gone",
            forbidden=f"azure@{url}/closed",
            malformed="azure@shop",
        )


@contextlib.asynccontextmanager
async def gcp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    with secret_places.serving(secret_places.google_port()) as url:
        settings = {
            "GCE_METADATA_HOST": url.removeprefix("http://"),
            "GCE_METADATA_IP": url.removeprefix("http://"),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": url,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": url,
            "CLOUDSDK_CONFIG": str(tmp_path),
            "GOOGLE_CLOUD_PROJECT": "p",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield Case(
            ("gcp@p/shop", "gcp:adc@projects/p/secrets/shop", "gcp:sa@p/shop:latest"),
            "gcp@p/gone",
            forbidden="gcp@p/closed",
            malformed="gcp@shop",
            given={"gcp_serviceAccountKey": secret_places.account_key(url)},
            broken={"CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": "http://127.0.0.1:9"},
        )


PLACES = {"env": env, "file": file, "kubernetes": kubernetes, "vault": vault, "aws": aws, "azure": azure, "gcp": gcp}


@pytest.fixture(params=list(PLACES))
async def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    async with PLACES[request.param](tmp_path, monkeypatch) as one:
        yield one


async def got(case: Case, key: str) -> Found:
    def blocking() -> Found:
        ref = Vault({}).ref(key)
        provider: SecretProvider = plugins.load("secrets", ref.provider)()
        return provider.get(ref.kind, ref.path, case.given.get)

    return await asyncio.to_thread(blocking)


def test_every_provider_is_held_to_it() -> None:
    assert set(PLACES) == set(plugins.names("secrets"))


async def test_a_value_comes_as_it_was_put_there(case: Case) -> None:
    for key in case.good:
        assert (await got(case, key)).value == VALUE, key


async def test_one_that_is_not_there_is_named_with_its_place_and_the_remedy(case: Case) -> None:
    with pytest.raises(NotFound) as caught:
        await got(case, case.missing)
    assert len(str(caught.value)) > 30


async def test_one_that_may_not_be_read_says_who_must_be_asked(case: Case) -> None:
    if not case.forbidden:
        pytest.skip("this place has no way to refuse one secret")
    with pytest.raises(Forbidden):
        await got(case, case.forbidden)


async def test_a_key_that_makes_no_sense_shows_the_form(case: Case) -> None:
    if not case.malformed:
        pytest.skip("any path makes sense here")
    with pytest.raises(BadInput, match=r"@"):
        await got(case, case.malformed)


async def test_a_place_that_does_not_answer_is_told_from_a_secret_that_is_not_there(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.broken is None:
        pytest.skip("there is no server to be down, or its address is not a setting")
    for name, value in case.broken.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unreachable):
        await got(case, case.good[0])


async def test_no_answer_shows_a_value(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await got(case, case.good[0])
    said = [repr(found)]
    for key in (case.missing, case.forbidden, case.malformed):
        with contextlib.suppress(RunstoneError):
            await got(case, key or "env@NO_SUCH_TOKEN")
    for key in (case.missing, case.malformed):
        try:
            await got(case, key or "env@NO_SUCH_TOKEN")
        except RunstoneError as err:
            said.append(str(err))
    assert VALUE not in "".join(said)
    assert secret_places.TOKEN not in "".join(said)


async def test_a_viewer_may_not_read_secrets_of_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kubernetes(tmp_path, monkeypatch) as one:
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "viewer"))
        with pytest.raises(Forbidden, match="Grant the runner get on it"):
            await got(one, one.good[0])


async def test_a_sealed_vault_is_unreachable_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with vault(tmp_path, monkeypatch) as one:
        Place.down = True
        with pytest.raises(Unreachable, match="unsealed|up and open|cannot serve"):
            await got(one, one.good[0])


async def test_an_aws_login_is_files_and_what_is_secret_in_them_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with aws(tmp_path, monkeypatch) as one:
        one.given = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/look"}
        found = await got(one, "aws:assume_role@cli")
        boto3.client("eks").create_cluster(
            name="one", roleArn="arn:aws:iam::123456789012:role/x", resourcesVpcConfig={}
        )
        config = json.loads((await got(one, "aws:default@kubeconfig:us-east-1/one")).value)
    credentials = found.files["cloud/aws/credentials"].decode()
    assert "aws_session_token = " in credentials
    assert all(value in credentials for value in found.hidden)
    assert found.value.startswith("The run is logged in to AWS")
    token = config["users"][0]["user"]["token"].removeprefix("k8s-aws-v1.")
    signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    assert "Action=GetCallerIdentity" in signed
    assert "x-k8s-aws-id" in signed


async def test_clusters_of_azure_and_google_give_a_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with azure(tmp_path, monkeypatch) as one:
        one.given = {"az_subscriptionId": "s"}
        assert (await got(one, "azure:identity@kubeconfig:group/one")).value == "apiVersion: v1\nkind: Config\n"
    async with gcp(tmp_path, monkeypatch) as one:
        config = json.loads((await got(one, "gcp:adc@kubeconfig:p/one/here")).value)
        assert config["clusters"][0]["cluster"]["server"] == "https://192.0.2.1"


@pytest.mark.parametrize(
    ("program", "key", "given", "below"),
    [
        (
            "az",
            "azure:sp@cli",
            {"az_tenantId": "t", "az_clientId": "c", "az_clientSecret": VALUE},
            "cloud/azure/state.json",
        ),
        (
            "gcloud",
            "gcp:sa@cli",
            {"gcp_serviceAccountKey": json.dumps({"private_key": VALUE})},
            "cloud/gcloud/state.json",
        ),
    ],
)
async def test_a_login_is_what_the_clouds_own_command_leaves_and_no_secret_is_its_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, key: str, given: dict[str, str], below: str
) -> None:
    tool = tmp_path / program
    tool.write_text('#!/bin/sh\necho "{\\"said\\": \\"$*\\"}" > "${AZURE_CONFIG_DIR:-$CLOUDSDK_CONFIG}/state.json"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("AZURE_CONFIG_DIR", raising=False)
    found = await got(Case((), "", given=given), key)
    said = json.loads(found.files[below])["said"]
    assert "login" in said or "activate-service-account" in said
    assert VALUE not in said
    tool.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(Forbidden, match=f"{program} could not log in"):
        await got(Case((), "", given=given), key)
    tool.unlink()
    with pytest.raises(NotFound, match=f"needs the program {program}"):
        await got(Case((), "", given=given), key)


def need(name: str, key: str) -> SecretNeed:
    return SecretNeed(name=name, key=key)


def test_a_run_gets_what_is_found_and_a_sentence_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", VALUE)
    resolved = Vault({"known": "env@SHOP_TOKEN"}).resolve((need("a", "known"), need("b", "unknown"), need("c", "x@y")))
    assert [(secret.name, secret.reveal()) for secret in resolved.secrets] == [("a", VALUE)]
    assert "No secret 'unknown' is known on this runner (known: known)" in resolved.missing[0]
    assert "There is no 'x' among secrets" in resolved.missing[1]
    assert VALUE not in repr(resolved)


def test_values_are_kept_for_a_minute_and_failures_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    one = Vault({}, now=lambda: clock[0])
    assert one.resolve((need("a", "env@SHOP_TOKEN"),)).missing
    monkeypatch.setenv("SHOP_TOKEN", "first")
    seen = [one.resolve((need("a", "env@SHOP_TOKEN"),)).secrets[0].reveal()]
    monkeypatch.setenv("SHOP_TOKEN", "second")
    for moment in (30.0, 61.0):
        clock[0] = moment
        seen.append(one.resolve((need("a", "env@SHOP_TOKEN"),)).secrets[0].reveal())
    assert seen == ["first", "first", "second"]


def test_a_secret_that_needs_itself_is_named() -> None:
    resolved = Vault({}).resolve((need("gcp_serviceAccountKey", "gcp:sa@p/x"),))
    assert "The secret gcp_serviceAccountKey needs itself" in resolved.missing[0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("file@/a b/c", ("file", "", "/a b/c")),
        ("k8s:file@ns/secret/a:b", ("kubernetes", "file", "ns/secret/a:b")),
        ("AWS:IRSA@cli", ("aws", "irsa", "cli")),
        ("vault@secret/a@b:c", ("vault", "", "secret/a@b:c")),
    ],
)
def test_a_key_is_read(key: str, expected: tuple[str, str, str]) -> None:
    ref = SecretRef.parse(key)
    assert (ref.provider, ref.kind, ref.path) == expected


@pytest.mark.parametrize("key", ["", "plain", "@x", "file@", "a b@c", ":x@y"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="Write provider@path"):
        SecretRef.parse(key)


def test_a_port_nobody_listens_on_is_what_the_tests_take_for_a_dead_server() -> None:
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", 9)) != 0


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("token", "hidden-value")
    assert "hidden-value" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="does not serialise"):
        __import__("pickle").dumps(secret)
