"""Every secret provider keeps the promises of its kind, each through its real client.

Against: files and variables of this machine; the sandbox cluster's API; a moto server; Vault, Azure and Google Cloud in
their wire format on loopback (tests/secret_places.py).
"""

import asyncio
import base64
import contextlib
import functools
import json
import os
import socket
import traceback
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import httpx2
import pytest
import yaml
from moto.server import ThreadedMotoServer
from tests import secret_places
from tests.secret_places import VALUE, Place

from runstone import plugins
from runstone.connectors.secrets import Found, SecretProvider
from runstone.edge.runner.secrets import Vault
from runstone.errors import BadInput, Forbidden, NotAllowed, NotFound, RunstoneError, Unreachable
from runstone.sandbox.cluster import Sandbox


@dataclass
class Case:
    """Keys of one provider in one place."""

    good: tuple[str, ...]
    missing: str
    malformed: tuple[str, ...]
    forbidden: str = ""
    binary: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """Other secrets of the run, by name."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Variables that point at a place which does not answer."""


DEAD = "http://127.0.0.1:9"


@contextlib.asynccontextmanager
async def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    monkeypatch.setenv("SHOP_TOKEN", VALUE)
    yield Case(("env@SHOP_TOKEN",), "env@NO_SUCH_TOKEN", ("env:kind@SHOP_TOKEN", "env@A=B"))


@contextlib.asynccontextmanager
async def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    (tmp_path / "token").write_text(f"{VALUE}\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    yield Case(
        (f"file@{tmp_path}/token",),
        f"file@{tmp_path}/gone",
        (f"file:kind@{tmp_path}/token", f"file@{tmp_path}/large"),
        binary=f"file@{tmp_path}/binary",
    )


@contextlib.asynccontextmanager
async def kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    async with Sandbox.start() as cluster:
        place = {"apiVersion": "v1", "metadata": {"namespace": "shop"}}
        data = {"t": base64.b64encode(VALUE.encode()).decode(), "b": base64.b64encode(b"\xff\xfe\x00").decode()}
        secret = {"kind": "Secret", "data": data}
        config = {"kind": "ConfigMap", "data": {"t": VALUE}, "binaryData": {"also": data["t"]}}
        headers = {"Authorization": f"Bearer {cluster.token()}"}
        async with httpx2.AsyncClient(base_url=cluster.url, headers=headers) as client:
            for plural, name, one in (("secrets", "db", secret), ("configmaps", "c", config)):
                body = {**place, **one, "metadata": {"namespace": "shop", "name": name}}
                (await client.post(f"/api/v1/namespaces/shop/{plural}", json=body)).raise_for_status()
        admin = cluster.write_kubeconfig(tmp_path / "admin")
        viewer = cluster.write_kubeconfig(tmp_path / "viewer", "viewer")
        monkeypatch.setenv("KUBECONFIG", str(admin))
        (tmp_path / "dead").write_text(viewer.read_text().replace(cluster.url, DEAD))
        yield Case(
            (
                *("k8s:file@shop/secret/db:t", "k8s:env@secret/db:t"),
                *("kubernetes@shop/configmap/c:t", "kubernetes@shop/configmap/c:also"),
            ),
            "kubernetes@shop/secret/gone:t",
            ("kubernetes@shop/db", "kubernetes:what@shop/secret/db:t", "k8s:file@../secret/db:t"),
            binary="kubernetes@shop/secret/db:b",
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
            monkeypatch.setenv(f"SECRET_PROVIDER_our_own_VAULT_{name}", value)
        yield Case(
            (
                *("vault@secret/shop:token", "vault@secret/data/shop:token", "vault@old/shop:token"),
                *("kept", "our-own@old/shop:token"),
            ),
            "vault@secret/gone:token",
            ("vault@shop", "vault@secret/shop", "vault@secret/../sys/seal:x", "vault@secret/shop?list=true:x"),
            forbidden="vault@closed/shop:token",
            broken={"RW_VAULT_ADDR": DEAD},
        )


@functools.cache
def moto() -> ThreadedMotoServer:
    """One for all tests, in a thread that ends with them."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server


@contextlib.asynccontextmanager
async def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    host, port = moto().get_host_and_port()
    settings = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    settings |= {"AWS_ACCESS_KEY_ID": "AKIA0000000000000000", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    manager, parameters = boto3.client("secretsmanager"), boto3.client("ssm")
    made = manager.create_secret(Name="shop/token", SecretString=VALUE)
    manager.create_secret(Name="shop/fields", SecretString=json.dumps({"token": VALUE}))
    manager.create_secret(Name="shop/bytes", SecretBinary=VALUE.encode())
    manager.create_secret(Name="shop/binary", SecretBinary=b"\xff\xfe\x00")
    parameters.put_parameter(Name="/shop/token", Value=VALUE, Type="SecureString")
    yield Case(
        (
            *("aws@shop/token", "aws@shop/fields:token", "aws@shop/bytes", "aws:ssm@/shop/token"),
            f"aws@{made['ARN']}",
        ),
        "aws@shop/gone",
        ("aws:nothing@x", "aws:default@x", "aws:default@kubeconfig:one"),
        binary="aws@shop/binary",
        broken={"AWS_ENDPOINT_URL": DEAD},
    )
    for name in ("token", "fields", "bytes", "binary"):
        manager.delete_secret(SecretId=f"shop/{name}", ForceDeleteWithoutRecovery=True)
    parameters.delete_parameter(Name="/shop/token")


@contextlib.asynccontextmanager
async def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    with secret_places.serving() as url:
        for name, value in secret_places.by_proxy(url, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", url)
        yield Case(
            (
                *("azure@shop/token", "azure:identity@shop/token/0a", "azure@https://shop.vault.azure.net/token"),
                "azure:sp@shop/token",
            ),
            "azure@shop/gone",
            ("azure@shop", "azure:what@shop/token", "azure@http://shop.vault.azure.net/token", "azure@kubeconfig:one"),
            forbidden="azure@shop/closed",
            given={"az_tenantId": "t", "az_clientId": "c", "az_clientSecret": VALUE},
            broken={"HTTPS_PROXY": DEAD},
        )


@contextlib.asynccontextmanager
async def gcp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Case]:
    with secret_places.serving(secret_places.google_port()) as url:
        settings = {
            **secret_places.by_proxy(url, tmp_path),
            "GCE_METADATA_HOST": url.removeprefix("http://"),
            "GCE_METADATA_IP": url.removeprefix("http://"),
            "CLOUDSDK_CONFIG": str(tmp_path),
            "GOOGLE_CLOUD_PROJECT": "p",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield Case(
            ("gcp@p/shop", "gcp:adc@projects/p/secrets/shop", "gcp:sa@p/shop:latest"),
            "gcp@p/gone",
            ("gcp@shop", "gcp:what@p/shop", "gcp@p/shop?alt=media", "gcp@kubeconfig:one"),
            forbidden="gcp@p/closed",
            binary="gcp@p/binary",
            given={"gcp_serviceAccountKey": secret_places.account_key()},
            broken={"HTTPS_PROXY": DEAD},
        )


PLACES = {"env": env, "file": file, "kubernetes": kubernetes, "vault": vault, "aws": aws, "azure": azure, "gcp": gcp}
SERVERS = ("kubernetes", "vault", "aws", "azure", "gcp")
"""Those that something else answers for."""


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
    assert {*PLACES, "text"} == set(plugins.names("secrets"))


def test_a_text_is_what_it_says_and_hides_nothing() -> None:
    provider: SecretProvider = plugins.load("secrets", "text")()
    found = provider.get("", "arn:aws:iam::1:role/reader", lambda _: None)
    assert (found.value, found.public, found.hidden) == ("arn:aws:iam::1:role/reader", True, ())
    with pytest.raises(BadInput, match="text@x"):
        provider.get("kind", "x", lambda _: None)


async def test_a_value_comes_as_it_was_put_there(case: Case) -> None:
    for key in case.good:
        assert (await got(case, key)).value == VALUE, key


async def test_one_that_is_not_there_is_named_with_its_place_and_the_remedy(case: Case) -> None:
    with pytest.raises(NotFound, match=r"(?i)gone|no_such") as caught:
        await got(case, case.missing)
    assert any(remedy in str(caught.value) for remedy in ("correct the key", "correct name", "Set it"))


@pytest.mark.parametrize("case", ["vault", "azure", "gcp"], indirect=True)
async def test_one_that_may_not_be_read_says_what_to_grant(case: Case) -> None:
    with pytest.raises(Forbidden, match="Grant"):
        await got(case, case.forbidden)


async def test_a_key_that_makes_no_sense_shows_the_form(case: Case) -> None:
    for key in case.malformed:
        with pytest.raises(BadInput, match=r"@"):
            await got(case, key)


@pytest.mark.parametrize("case", ["file", "kubernetes", "aws", "gcp"], indirect=True)
async def test_what_is_no_text_is_told_from_what_is_missing(case: Case) -> None:
    with pytest.raises(BadInput, match="no text"):
        await got(case, case.binary)


@pytest.mark.parametrize("case", SERVERS, indirect=True)
async def test_a_place_that_does_not_answer_is_told_from_a_secret_that_is_not_there(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in case.broken.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unreachable) as caught:
        await got(case, case.good[0])
    assert not isinstance(caught.value, Forbidden)


async def test_no_answer_error_or_log_shows_a_value(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    said = [repr(await got(case, key)) for key in case.good]
    for name, value in {"": "", **case.broken}.items():
        if name:
            monkeypatch.setenv(name, value)
        for key in filter(None, (case.missing, case.forbidden, case.binary, *case.malformed)):
            try:
                said.append(repr(await got(case, key)))
            except RunstoneError as err:
                said += traceback.format_exception(err)
    whole = "".join((*said, caplog.text))
    for secret in (VALUE, repr(VALUE)[1:-1], secret_places.TOKEN, *VALUE.splitlines()):
        assert secret not in whole


async def test_a_refused_service_principal_is_told_without_what_azure_repeats_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with azure(tmp_path, monkeypatch) as one:
        one.given = {"az_tenantId": "t", "az_clientId": "c", "az_clientSecret": "a-wrong-secret"}
        with pytest.raises(Forbidden, match="Check its identity or service principal") as caught:
            await got(one, "azure:sp@shop/token")
    assert "a-wrong-secret" not in str(caught.value)


async def test_a_token_of_key_vault_goes_to_no_other_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with azure(tmp_path, monkeypatch) as one:
        with pytest.raises(Forbidden, match="asks for a token that is not for it"):
            await got(one, "azure@https://vault.example.com/token")
        assert not any(secret_places.TOKEN in path for _, path, _ in Place.seen)


async def test_vault_lets_a_pod_in_by_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with vault(tmp_path, monkeypatch):
        monkeypatch.delenv("VAULT_TOKEN_FILE")
        monkeypatch.setenv("VAULT_ROLE", "runner")
        (tmp_path / "account").write_text(secret_places.ACCOUNT)
        provider = plugins.load("secrets", "vault")(account=tmp_path / "account")
        for _ in range(2):
            assert provider.get("", "secret/shop:token", lambda _: None).value == VALUE
        assert provider.get("", "secret/shop:list", lambda _: None).value == '["\\u00fc", 1]'
        assert sum(path.endswith("/auth/kubernetes/login") for _, path, _ in Place.seen) == 1
        (tmp_path / "account").write_text("of another pod")
        with pytest.raises(Forbidden, match="does not let the runner in by Kubernetes role 'runner'"):
            plugins.load("secrets", "vault")(account=tmp_path / "account").get("", "secret/shop:token", lambda _: None)
        with pytest.raises(Forbidden, match="no way to log in"):
            plugins.load("secrets", "vault")(account=tmp_path / "gone").get("", "secret/shop:token", lambda _: None)


async def test_a_login_to_vault_that_ended_is_told_from_a_missing_grant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with vault(tmp_path, monkeypatch) as one:
        (tmp_path / "vault-token").write_text(secret_places.OLD_TOKEN)
        with pytest.raises(Forbidden, match="not valid any more. Renew the token"):
            await got(one, one.good[0])
        monkeypatch.setenv("SECRET_PROVIDER_our_own_VAULT_APPROLE_SECRET_ID", "wrong")
        with pytest.raises(Forbidden, match="does not let the runner in by AppRole"):
            await got(one, "our-own@old/shop:token")


def test_the_runners_own_settings_are_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTONE_TOKEN", "of-the-runner")
    with pytest.raises(NotAllowed, match="a setting of the runner"):
        plugins.load("secrets", "env")().get("", "RUNSTONE_TOKEN", lambda _: None)


def test_a_pipe_is_no_secret_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound, match="no secret file"):
        plugins.load("secrets", "file")().get("", str(tmp_path / "pipe"), lambda _: None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_of_another_user_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(VALUE)
    (tmp_path / "token").chmod(0)
    with pytest.raises(Forbidden, match="Change its owner or mode"):
        plugins.load("secrets", "file")().get("", str(tmp_path / "token"), lambda _: None)


async def test_a_viewer_may_not_read_secrets_of_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kubernetes(tmp_path, monkeypatch) as one:
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "viewer"))
        with pytest.raises(Forbidden, match="Grant the runner get on it"):
            await got(one, one.good[0])


@pytest.mark.parametrize("text", ["[", "{}", "clusters: 1\ncontexts: []", None])
async def test_a_kubeconfig_that_is_not_whole_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    if text is not None:
        (tmp_path / "kubeconfig").write_text(text)
    provider: SecretProvider = plugins.load("secrets", "kubernetes")(kubeconfig=str(tmp_path / "kubeconfig"))
    with pytest.raises(BadInput, match="No cluster to read secrets from"):
        provider.get("", "secret/db:t", lambda _: None)


async def test_aws_says_no_to_credentials_it_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with aws(tmp_path, monkeypatch) as one:
        url = os.environ["AWS_ENDPOINT_URL"]
        httpx2.post(f"{url}/moto-api/reset-auth", content=b"0").raise_for_status()
        try:
            with pytest.raises(Forbidden, match="Renew the credentials, or grant"):
                await got(one, one.good[0])
        finally:
            httpx2.post(f"{url}/moto-api/reset-auth", content=b"inf").raise_for_status()


async def test_a_sealed_vault_is_unreachable_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with vault(tmp_path, monkeypatch) as one:
        Place.down = True
        with pytest.raises(Unreachable, match="up and unsealed"):
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
        config = yaml.safe_load((await got(one, "azure:identity@kubeconfig:group/people")).value)
        assert config["users"] == [{"name": "person", "user": {"token": secret_places.TOKEN}}]
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
    found = await got(Case((), "", (), given=given), key)
    said = json.loads(found.files[below])["said"]
    assert "login" in said or "activate-service-account" in said
    assert VALUE not in said
    tool.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(Forbidden, match=f"{program} could not log in"):
        await got(Case((), "", (), given=given), key)
    tool.unlink()
    with pytest.raises(NotFound, match=f"needs the program {program}"):
        await got(Case((), "", (), given=given), key)


def test_a_port_nobody_listens_on_is_what_the_tests_take_for_a_dead_server() -> None:
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", 9)) != 0
