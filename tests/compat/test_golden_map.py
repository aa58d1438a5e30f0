"""A workspace the reference builder made from 111 objects and four public collections, file by file.

``RUNSTONE_GOLDEN_MAP`` names its folder (``input`` and ``output``); the collections must have the commits it was made
from on their branch ``main``.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.apiserver import ApiServer, serving


@pytest.fixture(scope="session")
def golden() -> Path:
    named = os.environ.get("RUNSTONE_GOLDEN_MAP")
    if not named:
        pytest.skip("The golden workspace is not here: set RUNSTONE_GOLDEN_MAP to its folder.")
    return Path(named)


@pytest.fixture(scope="session")
def workspaces(golden: Path, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of the workspace as we make it, and as it should be."""
    place = tmp_path_factory.mktemp("golden")
    shutil.copy(golden / "input/workspaceInfo.yaml", place)
    (place / "cache").mkdir()
    for one in collections.iterdir():
        if (one / ".git").exists():
            (place / "cache" / f"{one.name}.git").symlink_to(one / ".git")
    asyncio.run(_discover(golden / "input/objects.yaml", place))
    name = "workspaces/sim-workspace"
    return place / "out" / name, golden / "output" / name


async def _discover(objects: Path, place: Path) -> None:
    api = ApiServer()
    api.load(yaml.load_all(objects.read_text(), yaml.CSafeLoader))
    async with serving(api):
        api.kubeconfig(place / "kubeconfig.yaml")
        options = ["--output", str(place / "out"), "--collections-cache", str(place / "cache")]
        info = ["--workspace-info", str(place / "workspaceInfo.yaml")]
        command = (sys.executable, "-m", "runstone.cli.main", "discover", *info, *options)
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "XDG_DATA_HOME": str(place)})
        assert await process.wait() == 0


def test_every_file_of_every_slx_is_equal_to_the_byte(workspaces: tuple[Path, Path]) -> None:
    ours, theirs = (
        {str(one.relative_to(root)): one.read_bytes() for one in _files(root / "slxs")} for root in workspaces
    )
    assert ours.keys() == theirs.keys()
    assert [name for name, text in theirs.items() if ours[name] != text] == []


def test_the_same_groups_have_the_same_members(workspaces: tuple[Path, Path]) -> None:
    ours, theirs = (_grouped(yaml.safe_load((root / "workspace.yaml").read_text())) for root in workspaces)
    assert ours == theirs


def _files(root: Path) -> list[Path]:
    return [one for one in root.rglob("*") if one.is_file()]


def _grouped(value: Any) -> Any:
    """A document with the members of groups as sets: their order hangs on hash seeds and listings."""
    groups = {one["name"]: {**one, "slxs": sorted(one["slxs"])} for one in value["spec"]["slxGroups"]}
    return {**value, "spec": {**value["spec"], "slxGroups": groups}}
