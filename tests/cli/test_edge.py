"""Which platforms an edge reads, as it is written; and an edge that calls a control zone elsewhere."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import yaml
from tests.apiserver import ApiServer, serving
from tests.estate import estate

from runstone import settings
from runstone.cli import platforms
from runstone.errors import BadInput, NotFound


def written(folder: Path, name: str = "kubeconfig", *contexts: str) -> Path:
    names = contexts or ("a",)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": names[0],
        "contexts": [{"name": one, "context": {"cluster": one, "user": "me"}} for one in names],
        "clusters": [{"name": one, "cluster": {"server": "http://127.0.0.1:9"}} for one in names],
        "users": [{"name": "me", "user": {"token": "t"}}],
    }
    (folder / name).write_text(yaml.safe_dump(document))
    return folder / name


def told(folder: Path, *said: str) -> settings.Settings:
    file = written(folder, "kubeconfig", "a", "b")
    return settings.read({"RUNSTONE_PLATFORMS": ",".join(said), "HOME": str(folder)}, kubeconfig=str(file))


def test_several_clusters_are_several_platforms_and_tasks_get_access_to_all(tmp_path: Path) -> None:
    found = platforms.chosen(told(tmp_path, "kubernetes?context=a", "kubernetes?context=b"))
    assert [one.name for one in found] == ["a", "b"]
    merged = yaml.safe_load(platforms.kubeconfig(found))
    assert [one["name"] for one in merged["contexts"]] == ["a", "b"]
    assert [one["name"] for one in merged["users"]] == ["me"]


def test_settings_are_taken_as_the_connector_wants_them(tmp_path: Path) -> None:
    said = "aws?name=prod&regions=eu-west-1&regions=us-east-1&timeout_s=2.5&attempts=3"
    (found,) = platforms.chosen(told(tmp_path, said))
    assert (found.name, found.family) == ("prod", "aws")
    assert platforms.kubeconfig([found]) == ""


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("gcp?name=prod&projects=shop-prod&projects=shop-data&types=gcp_compute_disks&longest_wait_s=5", "gcp"),
        (
            "azure_devops?name=prod&organization=https://dev.azure.com/contoso&projects=Shop&projects=Data.*",
            "azure_devops",
        ),
    ],
)
def test_a_cloud_is_a_platform_by_the_name_of_its_connector(tmp_path: Path, said: str, family: str) -> None:
    (found,) = platforms.chosen(told(tmp_path, said))
    assert (found.name, found.family) == ("prod", family)


@pytest.mark.parametrize(
    ("said", "error", "explained"),
    [
        ("nowhere", NotFound, "nowhere"),
        ("aws?region=x", BadInput, "has no setting 'region'. There are: "),
        ("aws?name=a&name=b", BadInput, "takes one 'name', not 2"),
        ("gcp?projects=a&organization=1", BadInput, "some projects or an organization, not both"),
        ("azure_devops", BadInput, "Set organization to its name (contoso)"),
        ("aws?attempts=many", BadInput, "attempts must be a number, not 'many'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, said: str, error: type[Exception], explained: str) -> None:
    with pytest.raises(error) as caught:
        platforms.chosen(told(tmp_path, said))
    assert explained in str(caught.value)


def test_two_platforms_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Two platforms are called a"):
        platforms.chosen(told(tmp_path, "kubernetes", "kubernetes?context=a"))


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "runstone.cli.main", *words]


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (("--home", "http://runstone.example.com"), {"RUNSTONE_EDGE_TOKEN": "x"}, "is not https"),
        (("--home", "https://runstone.example.com"), {}, "An edge needs a token"),
        (("--home", "https://runstone.example.com", "--token-file", "gone"), {}, "cannot be read"),
    ],
)
def test_an_edge_that_cannot_begin_says_what_to_do(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    env = {name: value for name, value in os.environ.items() if name != "RUNSTONE_EDGE_TOKEN"} | environment
    ran = subprocess.run(command("edge", *words), env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, said in ran.stderr) == (2, True)


async def test_an_edge_elsewhere_fills_the_map_and_its_token_is_on_no_command_line(tmp_path: Path) -> None:
    """Control reads another cluster's kubeconfig that leads nowhere: all that is on the Map comes from the edge."""
    api = ApiServer()
    api.load(estate(1))
    async with serving(api):
        api.kubeconfig(tmp_path / "kubeconfig")
        away = written(tmp_path, "away")
        options = ("--data", str(tmp_path / "control"), "--port", "0", "--kubeconfig", str(away))
        up = await asyncio.create_subprocess_exec(*command("up", *options), stdout=subprocess.DEVNULL)
        try:
            url, credentials = await _started(tmp_path / "control")
            edge = command("edge", "--home", url, "--once", "--data", str(tmp_path / "own"))
            edge += ["--kubeconfig", str(tmp_path / "kubeconfig"), "--location", "site"]
            env = {**os.environ, "RUNSTONE_EDGE_TOKEN": credentials["runner"]}
            ran = await _run(edge, env)
            assert (ran.returncode, ran.stderr) == (0, "")
            async with httpx2.AsyncClient(base_url=url) as client:
                headers = {"Authorization": f"Bearer {credentials['user']}"}
                found = (await client.get("/api/v1/map/resources?kind=Deployment", headers=headers)).json()
            assert [one["ref"]["platform"] for one in found["resources"]] == ["sim-cluster"] * 5
            assert (tmp_path / "own" / "edge" / "inventory.sqlite").stat().st_mode & 0o077 == 0
        finally:
            up.terminate()
            await up.wait()


async def _started(data: Path) -> tuple[str, dict[str, str]]:
    for _ in range(200):
        if (data / "running.json").exists():
            return json.loads((data / "running.json").read_text())["url"], json.loads(
                (data / "credentials.json").read_text()
            )
        await asyncio.sleep(0.1)
    raise AssertionError("no instance after 20 s")


async def _run(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    process = await asyncio.create_subprocess_exec(*words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await process.communicate()
    return subprocess.CompletedProcess(words, process.returncode or 0, out.decode(), err.decode())
