"""A cluster with 10,000 Pods read into memory as an edge keeps it. Last line: JSON, memory in MB, CPU in seconds.

The cluster is served over HTTP by another process. ``idle_rss_mb`` is the same process with the connector loaded.
"""

import asyncio
import copy
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]
from tests.apiserver import ApiServer, serving  # noqa: E402  it lies with the tests
from tests.estate import estate  # noqa: E402

from runstone import plugins  # noqa: E402
from runstone.edge.discovery.picture import Picture  # noqa: E402

PODS, NAMESPACES = 10_000, 300


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as name:
        kubeconfig = Path(name) / "kubeconfig"
        server = multiprocessing.Process(target=serve, args=(str(kubeconfig), theirs), daemon=True)
        server.start()
        ours.recv()
        try:
            print(json.dumps(asyncio.run(read(str(kubeconfig)))))
        finally:
            server.kill()


def serve(kubeconfig: str, told: Connection) -> None:
    """The cluster: an estate, and copies of its Pods until there are enough."""

    async def work() -> None:
        objects = list(estate(NAMESPACES))
        pods = [one for one in objects if one["kind"] == "Pod"]
        for number in range(PODS - len(pods)):
            extra = copy.deepcopy(pods[number % len(pods)])
            extra["metadata"] |= {"name": f"{extra['metadata']['name']}-{number}", "uid": f"copy-{number}"}
            objects.append(extra)
        api = ApiServer()
        api.load(objects)
        async with serving(api):
            api.kubeconfig(Path(kubeconfig))
            told.send("ready")
            await asyncio.Event().wait()

    asyncio.run(work())


async def read(kubeconfig: str) -> dict[str, float]:
    kind = plugins.load("platforms", "kubernetes")
    platform = kind(kubeconfig=kubeconfig, context=kind.contexts(kubeconfig)[0])
    idle, began = rss_mb(), time.process_time()
    picture = Picture(platform)
    async for batch in platform.read(()):
        picture.take(batch)
    picture.end()
    return {
        "objects": len(picture.objects.by_ref),
        "pods": len(picture.objects.everywhere("Pod")),
        "cpu_s": round(time.process_time() - began, 2),
        "idle_rss_mb": idle,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def rss_mb() -> int:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024)


if __name__ == "__main__":
    main()
