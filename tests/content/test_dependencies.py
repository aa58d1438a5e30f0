"""What collections need, built with the real installer from an index of wheels made here."""

import asyncio
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from runstone import plugins
from runstone.content import dependencies, suite
from runstone.content.suite import SuiteEvent, SuiteOrder

PROBE = """*** Settings ***
Library    Probe

*** Tasks ***
Tell The Version
    Tell
"""
LIBRARY = """import runstone_probe
from RW.Core import Core

def tell():
    Core().add_pre_to_report(runstone_probe.VERSION)
"""


def wheel(folder: Path, version: str) -> None:
    """A wheel of the package ``runstone_probe`` (PEP 427)."""
    info = f"runstone_probe-{version}.dist-info"
    with zipfile.ZipFile(folder / f"runstone_probe-{version}-py3-none-any.whl", "w") as out:
        out.writestr("runstone_probe.py", f"VERSION = 'probe {version}'\n")
        out.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: runstone-probe\nVersion: {version}\n")
        out.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{info}/RECORD", "")


def collection(folder: Path, needs: str) -> Path:
    bundle = folder / "codebundles" / "probe"
    bundle.mkdir(parents=True)
    (folder / "libraries").mkdir()
    (bundle / "runbook.robot").write_text(PROBE)
    (folder / "libraries" / "Probe.py").write_text(LIBRARY)
    (folder / "requirements.txt").write_text(needs)
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's index: a folder, and no other."""
    folder = tmp_path / "index"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        wheel(folder, version)
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    return folder


async def said(root: Path, environment: dependencies.Environment, workdir: Path) -> str:
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    order = SuiteOrder(
        root=root,
        bundle=root / "codebundles" / "probe",
        robot="runbook.robot",
        titles=None,
        variables={},
        secrets={},
        workdir=workdir,
        deadline_s=60,
        context={},
        dependencies=environment.folders,
    )
    await suite.run(order, plugins.load("executors", "process")(), hear)
    return "".join(event.text + event.message for event in events)


async def test_two_collections_with_conflicting_needs_run_side_by_side_and_offline(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [collection(tmp_path / f"c{number}", f"runstone-probe=={number}.0\n") for number in (1, 2)]
    built = [await dependencies.built(root, tmp_path / "cache") for root in roots]
    assert [one.findings for one in built] == [(), ()]
    shutil.rmtree(index)
    monkeypatch.setenv("UV_OFFLINE", "1")
    again = [await dependencies.built(root, tmp_path / "cache") for root in roots]
    assert again == built
    told = await asyncio.gather(
        *(said(root, one, tmp_path / root.name / "run") for root, one in zip(roots, again, strict=True))
    )
    assert told == ["probe 1.0\n", "probe 2.0\n"]


async def test_what_cannot_be_had_is_a_finding_with_the_log_and_tasks_say_what_they_lack(
    tmp_path: Path, index: Path
) -> None:
    root = collection(tmp_path / "c", "runstone-probe==3.0\n")
    environment = await dependencies.built(root, tmp_path / "cache")
    assert environment.folders == ()
    [finding] = environment.findings
    assert (finding.file, finding.severity) == ("requirements.txt", "error")
    assert "runstone-probe==3.0" in finding.message
    assert "runstone-probe" in environment.log
    assert "No module named 'runstone_probe'" in await said(root, environment, tmp_path / "run")


async def test_what_runstone_brings_is_not_installed(tmp_path: Path, index: Path) -> None:
    root = collection(tmp_path / "c", "robotframework>=4.1.2\nrw_core.keywords\nrunstone-probe\n")
    environment = await dependencies.built(root, tmp_path / "cache")
    assert sorted(path.name for path in environment.folders[0].glob("*.dist-info")) == ["runstone_probe-2.0.dist-info"]


@pytest.mark.parametrize(
    "line",
    [
        "git+https://example.org/x.git",
        "probe @ https://example.org/probe.whl",
        "--index-url https://example.org/simple",
        "-r other.txt",
        "-e .",
        "../local",
        "./wheel.whl",
    ],
)
def test_only_requirements_by_name_are_taken(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"# needs\n{line}\n")
    wanted, findings = dependencies.requirements(tmp_path)
    assert wanted == ()
    assert (findings[0].line, findings[0].severity) == (2, "warning")
    assert "Only names with versions are installed" in findings[0].message


def test_names_versions_extras_and_markers_are_taken(tmp_path: Path) -> None:
    lines = ["a", "b>=1,<2", "c[x,y]==1.0", "d~=1.4 # why", 'e>=1; python_version < "3.12"', "f ==2.*", "G_h"]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    wanted, findings = dependencies.requirements(tmp_path)
    assert findings == ()
    assert [one.split()[0] for one in wanted] == ["a", "b>=1,<2", "c[x,y]==1.0", "d~=1.4", "e>=1;", "f", "G_h"]


def test_packages_of_the_public_base_image_are_added_when_imported(tmp_path: Path) -> None:
    (tmp_path / "libraries" / "RW").mkdir(parents=True)
    (tmp_path / "libraries" / "RW" / "Some.py").write_text(
        "from azure.identity import X\nimport azure.other\nimport yaml\n"
    )
    (tmp_path / "requirements.txt").write_text("PyYAML>=6\n")
    wanted, _ = dependencies.requirements(tmp_path)
    assert wanted == ("PyYAML>=6", "azure-identity")


def test_nothing_is_needed_where_nothing_is_said(tmp_path: Path) -> None:
    assert json.dumps(dependencies.requirements(tmp_path)) == "[[], []]"
