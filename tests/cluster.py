"""A cluster as far as Jobs need one: the API over HTTP, and a kubelet that runs containers as processes.

What it leaves out (images, mounts, users, limits) a real one does; paths in a pod are paths here.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

Object = dict[str, Any]
SCRIPTS = Path(sys.executable).parent


class Cluster:
    """Objects by plural and name; ``images`` are those that can be pulled; ``refuse`` answers 403 to these plurals."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Object]] = {"jobs": {}, "pods": {}, "secrets": {}}
        self.made: list[Object] = []
        self.images = {"runstone:test"}
        self.refuse: set[str] = set()
        self.logs: dict[str, asyncio.StreamReader] = {}
        self._kubelet: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._version = 1

    def told(self) -> None:
        self._version += 1
        self._news.set()
        self._news = asyncio.Event()

    async def create(self, plural: str, body: Object) -> None:
        name = body["metadata"]["name"]
        self.objects[plural][name] = body
        self.made.append(body)
        if plural == "jobs":
            self._kubelet[name] = asyncio.create_task(self._pod(name, body["spec"]["template"]["spec"]))

    async def remove(self, plural: str, name: str) -> None:
        self.objects[plural].pop(name, None)
        if plural == "jobs" and name in self._kubelet:
            running = self._kubelet.pop(name)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _pod(self, job: str, spec: Object) -> None:
        pod: Object = {
            "metadata": {"name": f"{job}-x", "labels": {"job-name": job}},
            "status": {"phase": "Pending", "initContainerStatuses": [], "containerStatuses": []},
        }
        self.objects["pods"][f"{job}-x"] = pod
        self.told()
        container = spec["containers"][0]
        if container["image"] not in self.images:
            waiting = {"reason": "ImagePullBackOff", "message": f"Back-off pulling image {container['image']}"}
            pod["status"]["containerStatuses"] = [{"name": "run", "state": {"waiting": waiting}}]
            self.told()
            return
        for one in spec["initContainers"]:
            status: Object = {"name": one["name"], "state": {"running": {}}}
            pod["status"]["initContainerStatuses"].append(status)
            code, said = await self._fetched(one)
            status["state"] = {"terminated": {"exitCode": code, "message": said}}
            self.told()
            if code:
                pod["status"]["phase"] = "Failed"
                return
        await self._run(job, pod, spec)

    async def _fetched(self, container: Object) -> tuple[int, str]:
        program = await asyncio.create_subprocess_exec(
            str(SCRIPTS / container["command"][0]),
            *container["command"][1:],
            env={**os.environ, **{one["name"]: one["value"] for one in container["env"]}},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await program.communicate()
        return program.returncode or 0, said.decode()

    async def _run(self, job: str, pod: Object, spec: Object) -> None:
        container = spec["containers"][0]
        for volume in spec["volumes"]:
            if "secret" in volume:
                mount = next(one for one in container["volumeMounts"] if one["name"] == volume["name"])
                folder = Path(mount["mountPath"])
                folder.mkdir(parents=True, exist_ok=True)
                for name, data in self.objects["secrets"][volume["secret"]["secretName"]]["data"].items():
                    (folder / name).write_bytes(base64.b64decode(data))
        command = [sys.executable if word == "python3" else word for word in container["command"]]
        env = {"PATH": os.environ["PATH"], **{one["name"]: one["value"] for one in container["env"]}}
        process = await asyncio.create_subprocess_exec(
            *command, env=env, cwd=container["workingDir"], stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert process.stdout
        self.logs[pod["metadata"]["name"]] = process.stdout
        pod["status"] |= {"phase": "Running", "containerStatuses": [{"name": "run", "state": {"running": {}}}]}
        self.told()
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                # Not waited for: asyncio's wait ends only when somebody has read all that it printed.
                os.killpg(process.pid, 9)
        reason = "OOMKilled" if code == -9 else "Completed" if code == 0 else "Error"
        ended = {"exitCode": code, "reason": reason}
        pod["status"] |= {"phase": "Succeeded", "containerStatuses": [{"name": "run", "state": {"terminated": ended}}]}
        self.told()

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/api/v1/namespaces/{ns}/{plural}", status_code=201)
        @app.post("/apis/batch/v1/namespaces/{ns}/{plural}", status_code=201)
        async def create(ns: str, plural: str, request: Request) -> Any:
            if plural in self.refuse:
                return JSONResponse({"message": "no such right"}, status_code=403)
            body = await request.json()
            await self.create(plural, body)
            return body

        @app.get("/api/v1/namespaces/{ns}/pods")
        async def pods(ns: str, labelSelector: str, watch: bool = False, resourceVersion: int = 0) -> Any:  # noqa: N803
            if watch:
                return StreamingResponse(self._changes(resourceVersion), media_type="application/json")
            wanted = labelSelector.partition("=")[2]
            items = [one for one in self.objects["pods"].values() if one["metadata"]["labels"]["job-name"] == wanted]
            return {"metadata": {"resourceVersion": str(self._version)}, "items": items}

        @app.get("/api/v1/namespaces/{ns}/pods/{name}")
        async def pod(ns: str, name: str) -> Any:
            return self.objects["pods"].get(name) or JSONResponse({"message": "not found"}, status_code=404)

        @app.get("/api/v1/namespaces/{ns}/pods/{name}/log")
        async def log(ns: str, name: str, container: str, follow: bool) -> Any:
            return StreamingResponse(self.logs[name], media_type="text/plain")

        @app.delete("/api/v1/namespaces/{ns}/pods")
        async def remove_pods(ns: str, labelSelector: str) -> Object:  # noqa: N803
            self.objects["pods"].pop(f"{labelSelector.partition('=')[2]}-x", None)
            return {}

        @app.delete("/api/v1/namespaces/{ns}/{plural}/{name}")
        @app.delete("/apis/batch/v1/namespaces/{ns}/{plural}/{name}")
        async def remove(ns: str, plural: str, name: str) -> Object:
            await self.remove(plural, name)
            return {}

        return app

    async def _changes(self, since: int) -> AsyncGenerator[bytes]:
        if since == self._version:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._news.wait()
        if since != self._version:
            yield json.dumps({"type": "MODIFIED"}).encode() + b"\n"


@contextlib.asynccontextmanager
async def serving(cluster: Cluster, folder: Path) -> AsyncGenerator[Path]:
    """The API on loopback while the block lasts; gives a kubeconfig."""
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(cluster.app(), log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve(sockets=[sock]))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "t",
        "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
        "clusters": [{"name": "t", "cluster": {"server": url}}],
        "users": [{"name": "t", "user": {}}],
    }
    path = folder / "kubeconfig.json"
    path.write_text(json.dumps(config))
    try:
        yield path
    finally:
        server.should_exit = True
        await running
        shutil.rmtree(path, ignore_errors=True)
