"""A sandbox and a real kubectl for it."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from runstone.sandbox.cluster import Sandbox

Run = Callable[..., Awaitable[str]]
"""run(cluster, "get pods", user="admin", stdin="") -> stdout and stderr together."""


def _kubectl() -> str:
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if not found:
        pytest.skip("no kubectl: install the dev dependencies")
    return found


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs kubectl against a sandbox; every cluster and user has a kubeconfig of its own, and no cache is shared."""
    program, folder = _kubectl(), tmp_path_factory.mktemp("kubectl")

    async def run(cluster: Sandbox, line: str, *more: str, user: str = "admin", stdin: str = "") -> str:
        config = cluster.write_kubeconfig(folder / f"{cluster.port}-{user}", user)
        arguments = ["--kubeconfig", str(config), "--cache-dir", str(folder / str(cluster.port)), *line.split(), *more]
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 40)
        return out.decode()

    return run
