"""What a CodeCollection's Python code needs: built once, ahead of runs, into a folder of its own. No run installs.

``requirements.txt`` at the collection's root is resolved with uv from the package index that the operator configured
for uv (``UV_DEFAULT_INDEX``, ``uv.toml``). Only wheels are taken: a wheel runs nothing while it is installed. Two
collections that ask for different versions of the same package each get their own folder.

Public collections leave out what the image they were made for brings along; those packages are added when the
collection's own Python files import them.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import sys
import sysconfig
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from pathlib import Path

from runstone.model.content import Finding

_FILE = "requirements.txt"
_BUILD_S = 900.0
_LOG_CAP = 20_000
_OURS = ("robotframework", "rw-core-keywords", "rw-cli-keywords", "runstone-keywords", "runstone")
"""What Runstone itself brings: never taken from an index, whoever asks for it."""
_BROUGHT = {
    "requests": "requests",
    "yaml": "pyyaml",
    "dateutil": "python-dateutil",
    "jmespath": "jmespath",
    "github": "pygithub",
    "hvac": "hvac",
    "backoff": "backoff",
    "kubernetes": "kubernetes",
    "prometheus_client": "prometheus-client",
    "psutil": "psutil",
    "azure.identity": "azure-identity",
    "azure.mgmt.resource": "azure-mgmt-resource",
    "azure.mgmt.containerservice": "azure-mgmt-containerservice",
    "docker": "docker",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "azure.containerregistry": "azure-containerregistry",
    "gitlab": "python-gitlab",
    "jira": "jira",
    "pymsteams": "pymsteams",
    "opsgenie_sdk": "opsgenie-sdk",
    "pdpyras": "pdpyras",
}
"""Packages by import that public collections use without asking for them: what their base image has (dependencies of
rw-core-keywords and rw-cli-keywords, as their package metadata says), and a few clients that older ones forgot."""
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[A-Za-z0-9,._\s-]*\])?\s*((?:[<>=!~]=?|===)[^;@#\s].*?)?(;.*)?")
"""A requirement by name (PEP 508): no address, no path, no option of the installer."""
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Environment:
    """``folders`` go behind a collection's own libraries on the import path; empty when nothing is needed or built."""

    folders: tuple[Path, ...]
    findings: tuple[Finding, ...]
    log: str = ""
    """The end of what the installer said, when the build failed."""


def bytecode() -> Path:
    """Where compiled Python is kept between runs. It halves a run's price, and no collection's tree is touched."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "runstone" / "bytecode"
    # Where the home folder cannot be written to, Python goes without.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # runs read it as users of their own; only the runner's user writes
    return folder


async def built(root: Path, cache: Path, *, sources: bool = False) -> Environment:
    """The environment of the collection at ``root``, from ``cache`` when it is there.

    ``sources``: packages without a wheel may be built, which runs their own code as this user. Never raises for what a
    collection asks for: a requirement that cannot be had is a Finding, and the Tasks that do without it still run.
    """
    wanted, findings = requirements(root)
    if (root / "libraries").is_dir():
        await _compiled(root / "libraries")
    if not wanted:
        return Environment((), findings)
    place = cache / "environments" / _key(wanted, sources)
    place.mkdir(parents=True, exist_ok=True)
    async with _alone(place / "lock"):
        if not (place / "ready").exists():
            problem = await _build(wanted, place, sources)
            if problem:
                return Environment((), (*findings, problem), _tail(place / "log.txt"))
    return Environment((place / "site",), findings)


def requirements(root: Path) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """What to install, and what of the file cannot be."""
    file = root / _FILE
    wanted: list[str] = []
    findings: list[Finding] = []
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    for number, line in enumerate(lines, 1):
        text = line.split("#")[0].strip() if "#egg=" not in line else line.strip()
        if not text:
            continue
        named = _NAMED.fullmatch(text)
        if not named:
            message = (
                f"{text[:120]!r} is no requirement by name. Only names with versions are installed: no addresses, "
                "paths or options. Publish the package to an index."
            )
            findings.append(Finding(file=_FILE, line=number, message=message, severity="warning"))
        elif _plain(named[1]) not in _OURS:
            wanted.append(text)
    known = {_plain(re.split(r"[^A-Za-z0-9._-]", text)[0]) for text in wanted}
    wanted += [name for name in _brought(root) if name not in known]
    return tuple(wanted), tuple(findings)


def _plain(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _brought(root: Path) -> list[str]:
    """Packages of the base image that the collection's own Python files import."""
    files = [*(root / "libraries").rglob("*.py"), *root.glob("codebundles/*/*.py")]
    imports = {name for file in files for name in _IMPORT.findall(_text(file))}
    return sorted(
        {
            package
            for module, package in _BROUGHT.items()
            if any(f"{name}.".startswith(f"{module}.") for name in imports)
        }
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _key(wanted: Iterable[str], sources: bool) -> str:
    said = "\n".join((*wanted, str(sources), platform.machine(), sys.version, os.environ.get("UV_DEFAULT_INDEX", "")))
    return hashlib.sha256(said.encode()).hexdigest()[:24]


async def _build(wanted: tuple[str, ...], place: Path, sources: bool) -> Finding | None:
    """Fill ``place/site``. Returns what went wrong."""
    uv = _uv()
    if not uv:
        return _failed("needs the installer uv. Install it with: pip install 'runstone[collections]'")
    shutil.rmtree(place / "site", ignore_errors=True)
    (place / "wanted.txt").write_text("\n".join(wanted) + "\n")
    (place / "ours.txt").write_text("\n".join(_OURS) + "\n")
    argv = (uv, "pip", "install", "--target", str(place / "site"), "-r", "wanted.txt", "--excludes", "ours.txt")
    flags = () if sources else ("--only-binary", ":all:")
    code = await _said((*argv, *flags, "--python", sys.executable, "--compile-bytecode", "--no-progress"), place)
    if code:
        return _failed(f"cannot be installed: {_reason(_tail(place / 'log.txt'))}", wanted)
    (place / "ready").touch()
    return None


async def _said(argv: tuple[str, ...], place: Path) -> int:
    """Run the installer in ``place``; what it says goes to its log."""
    with (place / "log.txt").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=place,
            env={**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode()), "PYTHONDONTWRITEBYTECODE": ""},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            async with asyncio.timeout(_BUILD_S):
                return await process.wait()
        except TimeoutError:
            log.write(f"\nIt did not end within {_BUILD_S:g} s.\n".encode())
            return -1
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _uv() -> str | None:
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    return str(beside) if beside.is_file() else shutil.which("uv")


def _failed(why: str, wanted: tuple[str, ...] = ()) -> Finding:
    asked = f" (asked for: {', '.join(wanted)})" if wanted else ""
    return Finding(file=_FILE, line=0, message=f"What this collection needs {why}{asked}", severity="error")


def _reason(log: str) -> str:
    """The installer's explanation, in one line."""
    lines = [line.strip(" ×╰─▶│") for line in log.splitlines()]
    said = [line for line in lines if line and not re.match(r"(?:Using|Resolved|Downloading|hint:|WARN)", line)]
    return " ".join(said)[:600] or "the installer gave no reason"


def _tail(file: Path) -> str:
    return _text(file)[-_LOG_CAP:]


async def _compiled(libraries: Path) -> None:
    """Compile a collection's own libraries where runs find it: as another user they could not write it themselves."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-s", "-m", "compileall", "-q", str(libraries)),
        env={**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode()), "PYTHONDONTWRITEBYTECODE": ""},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()


@contextlib.asynccontextmanager
async def _alone(lock: Path) -> AsyncGenerator[None]:
    """One build of an environment at a time, on this machine."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
