"""A Kubernetes API of given objects over real HTTP: lists, pages, bare metadata, custom types, and watches.

As a real one it leaves kind and apiVersion out of the items of built-in lists. Enough for what discovery asks; the
sandbox is the emulator with behaviour.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import yaml

Object = dict[str, Any]
_BUILT_IN = {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "autoscaling/v2", "policy/v1", "storage.k8s.io/v1"}
_PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "Endpoints": "endpoints"}
_CLUSTER = {"Namespace", "Node", "PersistentVolume", "StorageClass", "IngressClass", "ClusterIssuer"}


def plural(kind: str) -> str:
    return _PLURALS.get(kind, kind.lower() + ("es" if kind.endswith("s") else "s"))


@dataclass
class ApiServer:
    """``objects`` by (group/version, plural), then by (namespace, name)."""

    objects: dict[tuple[str, str], dict[tuple[str, str], Object]] = field(
        default_factory=dict[tuple[str, str], dict[tuple[str, str], Object]]
    )
    kinds: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    only_namespaced: bool = False
    """Whether lists over all namespaces are not served, as by the simplest stubs."""
    forbidden: set[str] = field(default_factory=set[str])
    """Paths."""
    unwatchable: bool = False
    url: str = ""
    revision: int = 1000
    log: list[tuple[int, str, str, Object]] = field(default_factory=list[tuple[int, str, str, Object]])
    """What happened: revision, ADDED, MODIFIED or DELETED, path of the list, object."""
    oldest: int = 0
    """Watches from before this revision are gone (410)."""
    asked: list[str] = field(default_factory=list[str])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def load(self, objects: Iterable[Object]) -> None:
        for obj in objects:
            key = (str(obj["apiVersion"]), plural(str(obj["kind"])))
            self.kinds[key] = str(obj["kind"])
            metadata = obj["metadata"]
            metadata.setdefault("resourceVersion", "1")
            metadata.setdefault("uid", f"{obj['kind']}-{metadata.get('namespace', '')}-{metadata['name']}")
            self.objects.setdefault(key, {})[metadata.get("namespace", ""), metadata["name"]] = obj

    async def put(self, obj: Object) -> None:
        """Create or replace an object; watchers hear of it."""
        key = (str(obj["apiVersion"]), plural(str(obj["kind"])))
        place = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        verb = "MODIFIED" if place in self.objects.get(key, {}) else "ADDED"
        self.load([obj])
        await self._happened(verb, key, obj)

    async def delete(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        key = (api_version, plural(kind))
        await self._happened("DELETED", key, self.objects[key].pop((namespace, name)))

    async def _happened(self, verb: str, key: tuple[str, str], obj: Object) -> None:
        async with self._news:
            self.revision += 1
            obj["metadata"]["resourceVersion"] = str(self.revision)
            self.log.append((self.revision, verb, f"{_base(key[0])}/{key[1]}", json.loads(json.dumps(obj))))
            self._news.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                path, _, query = lines[0].split()[1].partition("?")
                said = {name: values[0] for name, values in parse_qs(query).items()}
                bare = "PartialObjectMetadataList" in head.decode()
                self.asked.append(path)
                if said.get("watch") in ("1", "true"):
                    await self._watch(path, said, writer)
                    return
                status, body = self.answer(path, said, bare=bare)
                data = json.dumps(body).encode()
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()

    async def _watch(self, path: str, said: dict[str, str], writer: asyncio.StreamWriter) -> None:
        if self.unwatchable or path in self.forbidden:
            data = json.dumps({"message": 'User "me" cannot watch'}).encode()
            writer.write(f"HTTP/1.1 403 x\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
            await writer.drain()
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
        since = int(said.get("resourceVersion") or 0)
        if since < self.oldest:
            await _line(writer, {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}})
            writer.close()
            return
        namespace = path.split("/namespaces/")[1].split("/")[0] if "/namespaces/" in path else ""
        wide = path.replace(f"/namespaces/{namespace}", "") if namespace else path
        while True:
            for revision, verb, where, obj in list(self.log):
                mine = where == wide and namespace in ("", obj["metadata"].get("namespace", ""))
                if revision > since and mine:
                    await _line(writer, {"type": verb, "object": obj})
                since = max(since, revision)
            bookmark = {"kind": "x", "apiVersion": "v1", "metadata": {"resourceVersion": str(since)}}
            await _line(writer, {"type": "BOOKMARK", "object": bookmark})
            async with self._news:
                while self.revision <= since:
                    await self._news.wait()

    def answer(self, path: str, said: dict[str, str], *, bare: bool) -> tuple[int, Object]:
        if path in self.forbidden:
            return 403, {"message": f'{path} is forbidden: User "me" cannot list resource'}
        if path == "/version":
            return 200, {"gitVersion": "v1.31.0"}
        if path == "/apis":
            return 200, {"groups": self._groups()}
        parts = path.strip("/").split("/")
        if parts[0] == "apis" and len(parts) in (2, 3):
            return self._group(parts)
        if parts[0] == "api" and len(parts) == 2:
            return 200, {"resources": self._resources("v1")}
        return self._listed(parts, said, bare)

    def _groups(self) -> list[Object]:
        versions = sorted({*_BUILT_IN, *(version for version, _ in self.objects)} - {"v1"})
        return [
            {
                "name": one.partition("/")[0],
                "versions": [{"groupVersion": one, "version": one.partition("/")[2]}],
                "preferredVersion": {"groupVersion": one, "version": one.partition("/")[2]},
            }
            for one in versions
        ]

    def _group(self, parts: list[str]) -> tuple[int, Object]:
        known = next((one for one in self._groups() if one["name"] == parts[1]), None)
        if known is None:
            return 404, {"message": "not found"}
        return 200, known if len(parts) == 2 else {"resources": self._resources("/".join(parts[1:]))}

    def _resources(self, version: str) -> list[Object]:
        return [
            {"name": key[1], "kind": kind, "singularName": kind.lower(), "namespaced": kind not in _CLUSTER}
            for key, kind in self.kinds.items()
            if key[0] == version
        ]

    def _listed(self, parts: list[str], said: dict[str, str], bare: bool) -> tuple[int, Object]:
        version, rest = ("v1", parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        if not rest:
            return 404, {"message": "not found"}
        namespace = ""
        if len(rest) >= 3 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        if len(rest) == 2:
            found = self.objects.get((version, rest[0]), {}).get(("", rest[1]))
            return (200, found) if found else (404, {"message": "not found"})
        key = (version, rest[0])
        if key not in self.kinds and version not in _BUILT_IN:
            return 404, {"message": "not found"}
        wide = not namespace and self.kinds.get(key, "") not in _CLUSTER
        if self.only_namespaced and wide and rest[0] != "namespaces":
            return 404, {"message": "not found"}
        chosen = [one for place, one in self.objects.get(key, {}).items() if namespace in ("", place[0])]
        start, limit = int(said.get("continue", 0)), int(said.get("limit", 0)) or len(chosen)
        more = {"continue": str(start + limit)} if start + limit < len(chosen) else {}
        items = [self._item(one, version, bare) for one in chosen[start : start + limit]]
        return 200, {"metadata": {"resourceVersion": str(self.revision), **more}, "items": items}

    def _item(self, obj: Object, version: str, bare: bool) -> Object:
        if bare:
            return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        if version in _BUILT_IN:
            return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
        return obj

    def kubeconfig(self, path: Path, name: str = "sim-cluster") -> Path:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}}],
            "clusters": [{"name": name, "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path


def _base(version: str) -> str:
    return "/api/v1" if version == "v1" else f"/apis/{version}"


async def _line(writer: asyncio.StreamWriter, event: Object) -> None:
    data = json.dumps(event).encode() + b"\n"
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def serving(api: ApiServer) -> AsyncGenerator[ApiServer]:
    """The API on a free port of this machine."""
    callers: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(api.serve(reader, writer))
        callers.add(task)
        task.add_done_callback(callers.discard)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()
        for task in list(callers):
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
