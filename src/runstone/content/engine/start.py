"""From the order on stdin to the end of the process: environment, import path, descriptors."""

import base64
import gc
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from pkgutil import extend_path
from typing import Any

from runstone.content.engine import robot_suite, scripts
from runstone.content.engine.voice import Voice

# What most suites import; a warm start has it ready.
_READY = ("BuiltIn", "Collections", "DateTime", "OperatingSystem", "Process", "String")
_PRIMER = """*** Settings ***
Library    RW.Core
Library    RW.CLI
Library    RW.platform
Library    OperatingSystem
Library    Collections
Library    String
Suite Setup    Begin

*** Tasks ***
Warm Up
    [Documentation]    Nothing.
    ${text}=    Evaluate    json.dumps([1])    modules=json
    IF    "${text}" == "[1]"    Log    ${text}
    FOR    ${one}    IN    a    b
        Should Not Be Empty    ${one}
    END

*** Keywords ***
Begin
    Set Suite Variable    ${READY}    yes
"""


def prime() -> None:
    """Import what suites need and run one, so that a fork finds everything imported, compiled and cached.

    Only Robot Framework and the RW libraries are touched: what is ready here is shared by the runs of all collections.
    """
    for name in _READY:
        importlib.import_module(f"robot.libraries.{name}")
    for name in ("RW.Core", "RW.CLI", "RW.platform"):
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        robot_suite.rehearse(_PRIMER, folder)
    gc.collect()


def main() -> None:
    """Run the order on stdin, then end this process."""
    order: dict[str, Any] = json.load(sys.stdin)
    workdir = Path(order["workdir"])
    # An unpaired surrogate becomes \\udc80, which is JSON again.
    said = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    _redirect(workdir / "logs")
    voice = Voice(said, workdir / "rest", order["commands"])
    try:
        code = _run(order, voice)
    except Exception as err:  # noqa: BLE001  the last stand: whatever broke, the one who waits is told in a sentence
        voice.say("end", ok=False, message=f"The suite's process broke: {type(err).__name__}: {err}")
        code = 1
    said.flush()
    # Not a normal exit: a library may have left threads that would keep the interpreter alive.
    os._exit(code)


def _run(order: dict[str, Any], voice: Voice) -> int:
    _environment(order)
    _imports(order)
    from RW import platform
    from RW.CLI import stage

    platform.given_secrets = order["secrets"]
    platform.sink = voice.hear
    os.chdir(stage.folder())
    engine = robot_suite if order["robot"].endswith(".robot") else scripts
    problem = engine.run(order, voice)
    voice.say("end", ok=not problem, message=problem)
    return 1 if problem else 0


def _imports(order: dict[str, Any]) -> None:
    """Our RW first, then the collection, then what its requirements ask for; see sys.path."""
    ours = importlib.import_module("RW.Core").__file__
    root = Path(order["root"])
    sys.path[:0] = [str(Path(ours or "").parents[2]), str(root), str(root / "libraries"), *order["dependencies"]]
    # A warm start has imported ours already: the collection's own RW.* are found beside them.
    for name in ("RW", "RW.CLI"):
        package = importlib.import_module(name)
        package.__path__ = extend_path(package.__path__, name)
    importlib.invalidate_caches()


def _environment(order: dict[str, Any]) -> None:
    """What a suite may read of the environment: its variables, its context, and the folders of this run."""
    workdir = Path(order["workdir"])
    cloud = workdir / "cloud"
    folders = {
        "RUNWHEN_WORKDIR": workdir,
        "CODEBUNDLE_TEMP_DIR": workdir / "cb-temp",
        "AZURE_CONFIG_DIR": cloud / "azure",
        "CLOUDSDK_CONFIG": cloud / "gcloud",
        "AWS_CONFIG_DIR": cloud / "aws",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    path = Path(order["bundle"]) / order["robot"]
    files = {
        "KUBECONFIG": workdir / ".kube" / "config",
        "AWS_CONFIG_FILE": cloud / "aws" / "config",
        "AWS_SHARED_CREDENTIALS_FILE": cloud / "aws" / "credentials",
        "RW_PATH_TO_ROBOT": path,
    }
    os.environ.update(order["variables"])
    os.environ.update(order["context"])
    os.environ.update({name: str(place) for name, place in {**folders, **files}.items()})
    os.environ["RW_RFNS"] = path.stem
    for name, value in order["secrets"].items():
        if "kubeconfig" in name.lower():
            _write_private(files["KUBECONFIG"], value.encode())
    for name, content in order["files"].items():
        _write_private(workdir / name, base64.b64decode(content))


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)


def _redirect(logs: Path) -> None:
    """File descriptors 0, 1 and 2 of everything from here on: nothing in, a file out."""
    logs.mkdir(parents=True, exist_ok=True)
    file = os.open(logs / "stdout.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(old, new)
    os.close(file)
    os.close(nothing)
