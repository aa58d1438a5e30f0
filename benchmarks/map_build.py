"""A cluster of N namespaces to a Map: what building costs, and what one change costs afterwards. Last line: JSON.

Two programs are measured, each in a process of its own, against a made-up cluster served over HTTP by a third: the
files of a whole workspace (``runstone discover --workspace-info``: slxs, files, cpu_s, wall_s, peak_rss_mb), and an
instance, edge and control in one process (first_cpu_s until all is on the Map; change_to_map_s and change_cpu_s for one
Deployment that gets another image; idle_rss_mb with nothing on the Map). RUNSTONE_COLLECTIONS names a folder of
CodeCollections; without it the built-in one is used, and figures are not comparable.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import yaml

sys.path[:0] = [str(Path(__file__).parents[1])]
from tests.apiserver import ApiServer, serving  # noqa: E402  it lies with the tests
from tests.estate import deployment, estate  # noqa: E402

_SIZES = (30, 300)
_PUBLIC = (*("rw-cli-codecollection", "rw-public-codecollection", "rw-generic-codecollection", "rw-workspace-utils"),)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=list(_SIZES))
    parser.add_argument("--instance", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.instance:
        asyncio.run(instance(json.loads(told.instance)))
        return
    print(json.dumps([figures(size) for size in told.sizes]))


def figures(namespaces: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(namespaces, str(folder), theirs), daemon=True)
        server.start()
        ours.recv()
        try:
            found = {"namespaces": namespaces, **built(folder), **watched(folder, ours)}
        finally:
            server.kill()
        print(found, file=sys.stderr)
        return found


def serve(namespaces: int, folder: str, told: Connection) -> None:
    """The cluster; changes one Deployment whenever it is told to."""

    async def work() -> None:
        api = ApiServer()
        api.load(estate(namespaces))
        async with serving(api):
            api.kubeconfig(Path(folder) / "kubeconfig")
            told.send("ready")
            number = 0
            while await asyncio.to_thread(told.recv):
                number += 1
                await api.put(deployment("cart", f"team-{namespaces // 2:03}", image=f"2.{number}"))
                told.send((time.time(), f"shop/cart:2.{number}"))

    asyncio.run(work())


def collections() -> list[Path]:
    folder = os.environ.get("RUNSTONE_COLLECTIONS", "")
    return [Path(folder) / name for name in _PUBLIC] if folder else []


def built(folder: Path) -> dict[str, Any]:
    """The files of a workspace, made from nothing, by a process of its own."""
    builtin = Path(__file__).parents[1] / "codecollection"
    info = {
        "workspaceName": "bench",
        "workspaceOwnerEmail": "owner@example.com",
        "defaultLocation": "loc-1",
        "cloudConfig": {"kubernetes": {"kubeconfigFile": "kubeconfig"}},
        "codeCollections": [{"repoURL": str(one), "ref": "worktree"} for one in collections() or [builtin]],
        "custom": {"kubeconfig_secret_name": "kubeconfig", "kubernetes_distribution_binary": "kubectl"},
    }
    (folder / "workspaceInfo.yaml").write_text(yaml.safe_dump(info))
    command = (sys.executable, "-m", "runstone.cli.main", "discover", "--json")
    options = ("--workspace-info", str(folder / "workspaceInfo.yaml"), "--output", str(folder / "out"))
    began = time.perf_counter()
    with (folder / "said").open("w") as said:
        process = subprocess.Popen([*command, *options], stdout=said, env={**os.environ, "XDG_DATA_HOME": str(folder)})
        _, _, used = os.wait4(process.pid, 0)
    outcome = json.loads((folder / "said").read_text())
    return {
        "slxs": outcome["slxs"],
        "files": outcome["files"],
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "wall_s": round(time.perf_counter() - began, 2),
        "peak_rss_mb": used.ru_maxrss // 1024,
    }


def watched(folder: Path, cluster: Connection) -> dict[str, Any]:
    """A running instance hears of changes; it is told when, and tells when each was on the Map."""
    order = {"folder": str(folder), "collections": [str(one) for one in collections()]}
    command = [sys.executable, __file__, "--instance", json.dumps(order)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        found: dict[str, Any] = json.loads(process.stdout.readline())
        delays: list[float] = []
        spent: list[float] = []
        for _ in range(5):
            cluster.send(True)
            at, image = cluster.recv()
            process.stdin.write(f"{image}\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
            delays.append(said["at"] - at)
            spent.append(said["cpu_s"])
        process.stdin.close()
        process.kill()
    worst = {"change_to_map_s": round(max(delays), 2), "change_cpu_s": round(sorted(spent)[len(spent) // 2], 3)}
    return found | worst


async def instance(order: dict[str, Any]) -> None:
    """An instance; answers each image on stdin with when it was on the Map, and the CPU seconds since it was asked."""
    from runstone import settings
    from runstone.cli import embedded, logs

    logs.configure()
    folder = Path(order["folder"])
    told = settings.read(
        kubeconfig=str(folder / "kubeconfig"), data=folder / "data", collections=tuple(order["collections"])
    )
    async with embedded.start(told) as one:
        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        began = time.process_time()
        await one.edge.scan()
        # Discovery alone: what running the SLIs of all these SLXs costs is measured by slis.py and task_start.py.
        following = asyncio.create_task(one.edge.scanner.follow(one.edge.home.map_update, 30))
        await one.control.maps.atlas()
        await asyncio.sleep(5)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        first = {"first_cpu_s": round(time.process_time() - began, 2), "idle_rss_mb": idle, "instance_rss_mb": peak}
        before = time.process_time()
        await asyncio.sleep(3)
        first["quiet_3s_cpu_s"] = round(time.process_time() - before, 3)
        print(json.dumps(first), flush=True)
        while image := (await asyncio.to_thread(sys.stdin.readline)).strip():
            before = time.process_time()
            at = await seen(one, image)
            await asyncio.sleep(2)
            await one.control.maps.atlas()
            print(json.dumps({"at": at, "cpu_s": time.process_time() - before}), flush=True)
        following.cancel()


async def seen(one: Any, image: str) -> float:
    """When a Deployment's image is on the Map that everybody reads."""
    while True:
        atlas = await one.control.maps.atlas()
        if any(found.facts.get("image/cart") == image for found in atlas.resources.values() if found.facts):
            return time.time()
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    main()
