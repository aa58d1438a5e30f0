"""The API server: an ASGI application that authenticates, finds the target, and hands over to reading or writing."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from runstone.sandbox import discovery, reading, reviews, writing
from runstone.sandbox.access import REVIEWS, Asked
from runstone.sandbox.clock import fine_stamp
from runstone.sandbox.logbook import Line, LogBook
from runstone.sandbox.objects import Obj, at, each, mapping, uid_of
from runstone.sandbox.reading import Wish
from runstone.sandbox.status import ApiError, bad_request, no_such_path
from runstone.sandbox.target import Target, locate
from runstone.sandbox.world import World

TOKEN_PATH = "/as/"  # noqa: S105 — a path, not a password
"""`/as/<token>/...` carries the token: kubectl sends no credentials over plain HTTP, only the path it was given."""
HEALTH = ("/healthz", "/readyz", "/livez")
FOLLOW_SECONDS = 0.5
"""How often a followed log is looked at."""


class Api:
    """The ASGI application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Lifespan and websockets are not spoken."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, token = _credentials(request)
        if path.startswith(HEALTH):
            return PlainTextResponse("ok")
        try:
            user = self.world.gate.user_of(token)
            return await self._serve(request, path, user)
        except ApiError as err:
            return _json(err.as_object(), err.code)

    async def _serve(self, request: Request, path: str, user: str) -> Response:
        if path == "/sandbox/audit":
            return self._audit(user)
        general = self._general(path, request.headers.get("accept", ""))
        if general is not None:
            return general
        target = locate(self.world.kinds, path)
        query = dict(request.query_params)
        wish = Wish.parse(query, request.headers.get("accept", ""))
        asked = target.asked(request.method, wish.watch)
        try:
            if asked.resource not in REVIEWS:
                self.world.gate.check(user, asked)
            response = await self._on_target(request, target, wish, asked, user)
        except ApiError as err:
            self.world.gate.record(user, asked, err.code)
            raise
        self.world.gate.record(user, asked, response.status_code)
        return response

    def _audit(self, user: str) -> Response:
        if user != "admin":
            raise ApiError(403, "Forbidden", "the audit is for the admin")
        return _json({"kind": "SandboxAudit", "items": [asdict(one) for one in self.world.gate.audit]})

    def _general(self, path: str, accept: str) -> Response | None:
        """Everything that is no resource: versions, discovery, OpenAPI."""
        kinds, parts = self.world.kinds, [part for part in path.split("/") if part]
        if path in ("/api", "/apis") and "as=APIGroupDiscoveryList" in accept:
            media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            return _json(discovery.aggregated(kinds, path == "/api"), media=media)
        match parts:
            case []:
                return _json({"paths": ["/api", "/apis", "/openapi/v3", "/version", *HEALTH]})
            case ["version"]:
                return _json(discovery.VERSION)
            case ["api"]:
                return _json(discovery.api_versions())
            case ["apis"]:
                return _json(discovery.group_list(kinds))
            case ["apis", name]:
                return _json_or_404(discovery.group(kinds, name))
            case ["api", version]:
                return _json_or_404(discovery.resource_list(kinds, "", version))
            case ["apis", name, version]:
                return _json_or_404(discovery.resource_list(kinds, name, version))
            case ["openapi", "v3"]:
                return _json(discovery.openapi_index(kinds))
            case ["openapi", "v3", *place]:
                return _json(discovery.openapi(kinds, "/".join(place)))
            case _:
                return None

    async def _on_target(self, request: Request, target: Target, wish: Wish, asked: Asked, user: str) -> Response:
        if target.subresource in ("exec", "attach", "portforward", "proxy", "ephemeralcontainers"):
            what = f"the sandbox has no {target.subresource}: its containers are simulated"
            raise ApiError(501, "NotImplemented", what)
        if request.method in ("GET", "HEAD"):
            return await self._read(request, target, wish)
        order = writing.Order(await request.body(), request.headers.get("content-type", ""), dict(request.query_params))
        if asked.resource in REVIEWS:
            return _json(reviews.answer(self.world, user, order.manifest(target.kind)), 201)
        return _json(self._write(request.method, target, wish, order), 201 if _creates(request, target) else 200)

    def _write(self, method: str, target: Target, wish: Wish, order: writing.Order) -> Obj:
        match method:
            case "POST":
                made = writing.create(self.world, target, order)
            case "PUT":
                made = writing.update(self.world, target, order)
            case "PATCH":
                made = writing.change(self.world, target, order)
            case "DELETE":
                return (writing.delete if target.name else writing.delete_all)(self.world, target, order)
            case _:
                raise ApiError(
                    405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
                )
        if target.subresource in ("", "status"):
            return reading.shown(self.world, target.kind, made, wish)
        return made

    async def _read(self, request: Request, target: Target, wish: Wish) -> Response:
        if wish.watch:
            stream = reading.follow(self.world, target, wish)
            return StreamingResponse(_lines(stream), media_type="application/json")
        if not target.name:
            return _json(reading.page(self.world, target, wish))
        if target.subresource == "log":
            return self._log(target, dict(request.query_params))
        obj = reading.one(self.world, target)
        if target.subresource == "scale":
            return _json(writing.scale_of(obj))
        return _json(reading.shown(self.world, target.kind, obj, wish))

    def _log(self, target: Target, query: dict[str, str]) -> Response:
        pod = self.world.registry.need(target.kind, target.namespace, target.name)
        container = query.get("container") or _only_container(pod)
        book = self.world.books.get((uid_of(pod), container))
        status = _container_status(pod, container)
        if status is None:
            raise bad_request(f"container {container} is not valid for pod {target.name}")
        if query.get("previous") in ("true", "1"):
            if book is None or book.previous is None:
                raise bad_request(f'previous terminated container "{container}" in pod "{target.name}" not found')
            return PlainTextResponse(_text(_chosen(book.previous, query, self.world.now), query))
        if book is None:
            why = at(status, "state", "waiting", "reason") or "ContainerCreating"
            message = f'container "{container}" in pod "{target.name}" is waiting to start: '
            told = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
            raise bad_request(message + told.get(why, why))
        book.catch_up(self.world.now)
        if query.get("follow") in ("true", "1"):
            return StreamingResponse(self._followed(book, target, query), media_type="text/plain")
        return PlainTextResponse(_text(_chosen(list(book.lines), query, self.world.now), query))

    async def _followed(self, book: LogBook, target: Target, query: dict[str, str]) -> AsyncIterator[str]:
        """Lines as they come, until the Pod or the cluster is gone."""
        first = _chosen(list(book.lines), query, self.world.now)
        last = first[-1][0] if first else 0.0
        yield _text(first, query)
        while not self.is_closing and self.world.store.get(target.kind, target.namespace, target.name):
            await asyncio.sleep(FOLLOW_SECONDS)
            book.catch_up(self.world.now)
            fresh = [line for line in book.lines if line[0] > last]
            if fresh:
                last = fresh[-1][0]
                yield _text(fresh, query)


def _credentials(request: Request) -> tuple[str, str]:
    """The path proper and the token, from the header or from the path."""
    path, header = request.url.path, request.headers.get("authorization", "")
    if path.startswith(TOKEN_PATH):
        token, _, rest = path.removeprefix(TOKEN_PATH).partition("/")
        return "/" + rest, token
    return path, header.removeprefix("Bearer ").strip()


def _json(body: Obj, code: int = 200, media: str = "application/json") -> Response:
    return Response(json.dumps(body, separators=(",", ":")), code, media_type=media)


def _json_or_404(body: Obj | None) -> Response:
    if body is None:
        raise no_such_path()
    return _json(body)


def _creates(request: Request, target: Target) -> bool:
    return request.method == "POST" and target.subresource in ("", "binding", "token", "eviction")


async def _lines(stream: AsyncIterator[Obj]) -> AsyncIterator[str]:
    """The stream as lines; what is wrong with the request becomes an ERROR event, as watches say it."""
    try:
        async for event in stream:
            yield json.dumps(event, separators=(",", ":")) + "\n"
    except ApiError as err:
        yield json.dumps({"type": "ERROR", "object": err.as_object()}) + "\n"


def _only_container(pod: Obj) -> str:
    names = [one["name"] for one in each(pod, "spec", "containers")]
    chosen = mapping(pod, "metadata", "annotations").get("kubectl.kubernetes.io/default-container")
    if len(names) > 1 and not chosen:
        raise bad_request(
            f"a container name must be specified for pod {pod['metadata']['name']}, choose one of: {names}"
        )
    return chosen or names[0]


def _container_status(pod: Obj, container: str) -> Obj | None:
    names = [one["name"] for one in [*each(pod, "spec", "containers"), *each(pod, "spec", "initContainers")]]
    if container not in names:
        return None
    statuses = [*each(pod, "status", "containerStatuses"), *each(pod, "status", "initContainerStatuses")]
    return next((one for one in statuses if one["name"] == container), {})


def _chosen(lines: list[Line], query: dict[str, str], now: float) -> list[Line]:
    try:
        since = now - float(query.get("sinceSeconds") or math.inf)
        count = int(query["tailLines"]) if query.get("tailLines") else None
    except ValueError as err:
        raise bad_request(f"invalid number in the query: {err}") from err
    lines = [line for line in lines if line[0] >= since]
    return lines if count is None else lines[len(lines) - count :] if count < len(lines) else lines


def _text(lines: list[Line], query: dict[str, str]) -> str:
    stamped = query.get("timestamps") in ("true", "1")
    return "".join(f"{fine_stamp(when)} {text}\n" if stamped else f"{text}\n" for when, text in lines)
