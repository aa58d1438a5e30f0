"""Collections behind a login, fetched by the command: where the token lies is named in workspaceInfo.yaml."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from tests.apiserver import ApiServer
from tests.cli.test_builder import api, cache
from tests.git_server import GitServer, git_server

from runstone.cli import builder
from runstone.errors import RunstoneError
from runstone.sandbox.cluster import Sandbox

__all__ = ["api", "cache"]
"""Fixtures of a neighbour's."""
TOKEN = "t0ken-of-the-reader"


@pytest.fixture
def server(cache: Path) -> Iterator[GitServer]:
    with git_server(cache, {"git": TOKEN, "robot": TOKEN}) as opened:
        yield opened


def told(folder: Path, api: ApiServer, *collections: dict[str, Any], **kubernetes: Any) -> Path:
    info = {
        "workspaceName": "ws",
        "workspaceOwnerEmail": "owner@example.com",
        "defaultLocation": "loc",
        "cloudConfig": {"kubernetes": {"kubeconfigFile": "kubeconfig", **kubernetes}},
        "codeCollections": list(collections),
    }
    (folder / "workspaceInfo.yaml").write_text(yaml.safe_dump(info))
    api.kubeconfig(folder / "kubeconfig")
    return folder / "workspaceInfo.yaml"


async def discover(folder: Path, info: Path, **env: str) -> tuple[int, str]:
    """The command's exit status, and all it said."""
    command = ["-m", "runstone.cli.main", "discover", "--workspace-info", str(info), "--output", str(folder / "out")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={**os.environ, "RUNSTONE_DATA": str(folder / "data"), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, " ".join(said.decode().split())


def everything(folder: Path) -> bytes:
    return b"\n".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


async def test_a_token_of_the_environment_gets_the_collection(
    tmp_path: Path, api: ApiServer, server: GitServer
) -> None:
    entry = {"repoURL": f"{server.url}/own.git", "authTokenFromEnv": "CODE_TOKEN", "authUser": "robot"}
    code, said = await discover(tmp_path, told(tmp_path, api, entry), CODE_TOKEN=TOKEN)
    assert (code, said.split(" SLXs")[0]) == (0, "6"), said
    assert f"robot:{TOKEN}" in server.seen
    for place in (everything(tmp_path), said.encode(), "".join(server.commands).encode()):
        assert TOKEN.encode() not in place


async def test_a_wrong_token_costs_its_collection_alone_and_is_not_shown(
    tmp_path: Path, api: ApiServer, server: GitServer
) -> None:
    right = {"repoURL": f"{server.url}/own.git", "authTokenFromEnv": "CODE_TOKEN"}
    wrong = {"repoURL": f"{server.url}/./own.git", "authTokenFromEnv": "OLD_TOKEN"}
    code, said = await discover(tmp_path, told(tmp_path, api, right, wrong), CODE_TOKEN=TOKEN, OLD_TOKEN="0ld-token")
    assert code == 1
    assert "could not be fetched: Authentication failed" in said
    assert "It is left out." in said
    assert "0ld-token" not in said


async def test_a_token_in_the_file_is_not_used_and_where_it_belongs_is_said(
    tmp_path: Path, api: ApiServer, server: GitServer
) -> None:
    entry = {"repoURL": f"{server.url}/own.git", "authToken": TOKEN, "authTokenFromEnv": "CODE_TOKEN", "colour": 1}
    code, said = await discover(tmp_path, told(tmp_path, api, entry), CODE_TOKEN=TOKEN)
    assert code == 0
    assert "codeCollections.authToken (a secret; name its environment variable in authTokenFromEnv" in said
    assert "codeCollections.colour" in said
    assert TOKEN not in said
    del entry["authTokenFromEnv"]
    code, said = await discover(tmp_path / "none", told(tmp_path, api, entry))
    assert code == 2
    assert "could not be fetched" in said
    assert TOKEN not in said


@pytest.mark.parametrize("named", ["option", "file"])
async def test_a_token_of_a_kubernetes_secret_comes_first(
    tmp_path: Path, cache: Path, server: GitServer, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    monkeypatch.setenv("CODE_TOKEN", "of-the-environment")
    async with Sandbox.start() as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token()}"}
        async with httpx2.AsyncClient(base_url=sandbox.url, headers=headers) as client:
            for name, key in (("code", "token"), ("other", "pat")):
                data = {key: base64.b64encode(f"{TOKEN}\n".encode()).decode()}
                body = {"apiVersion": "v1", "kind": "Secret", "data": data}
                body["metadata"] = {"namespace": "shop", "name": name}
                (await client.post("/api/v1/namespaces/shop/secrets", json=body)).raise_for_status()
        sandbox.write_kubeconfig(tmp_path / "kubeconfig")
        for entry in (
            {"authTokenSecretName": "code"},
            {"authTokenSecretName": "other", "authTokenSecretKey": "pat"},
        ):
            one = {"repoURL": f"{server.url}/own.git", "authTokenFromEnv": "CODE_TOKEN", **entry}
            kubernetes = {"kubeconfigFile": "kubeconfig"} if named == "file" else None
            info = {
                "workspaceName": "ws",
                "workspaceOwnerEmail": "owner@example.com",
                "defaultLocation": "loc",
                "cloudConfig": {"kubernetes": kubernetes},
                "codeCollections": [one],
            }
            (tmp_path / "workspaceInfo.yaml").write_text(yaml.safe_dump(info))
            file = "" if named == "file" else str(tmp_path / "kubeconfig")
            folders = (tmp_path / "out", None, tmp_path / "data")
            outcome = await builder.build(builder.Order(tmp_path / "workspaceInfo.yaml", *folders, file, ()))
            assert outcome.stale == []
    assert not [one for one in server.seen if "of-the-environment" in one]
    assert f"git:{TOKEN}" in server.seen


async def test_what_stops_every_way_to_a_token_is_said(
    tmp_path: Path, api: ApiServer, server: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODE_TOKEN", raising=False)
    secret = {"repoURL": f"{server.url}/own.git", "authTokenSecretName": "code", "authTokenFromEnv": "CODE_TOKEN"}
    info = told(tmp_path, api, secret)
    order = builder.Order(info, tmp_path / "out", None, tmp_path / "data", "", ())
    with pytest.raises(RunstoneError, match="The cluster with Secret default/code answered"):
        await builder.build(order)
    monkeypatch.setenv("CODE_TOKEN", "two\nlines")
    with pytest.raises(RunstoneError) as caught:
        await builder.build(order)
    assert "two" not in str(caught.value)
    monkeypatch.setenv("CODE_TOKEN", TOKEN)
    assert (await builder.build(order)).stale == []
    told(tmp_path, api, {**secret, "authTokenSecretName": ""})
    monkeypatch.setenv("CODE_TOKEN", "two\nlines")
    with pytest.raises(RunstoneError, match="it must be one line of text"):
        await builder.build(order)
