"""The API of one cluster over HTTP: plain JSON in, errors as sentences out.

Facts as in the Kubernetes API conventions: paging by ``limit`` and ``continue``, 410 when a continue token is too old,
and the metadata-only form of a list (``PartialObjectMetadataList``). Plain JSON costs a third of typed models when only
a few fields are kept, and any kind is read the same way.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import httpx2
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError

from runstone.connectors.kept import Object
from runstone.errors import BadInput, Forbidden, Unreachable

_PAGE = 500
"""Objects per page unless told otherwise."""
_PARALLEL = 8
"""Requests at once: enough to hide latency, few enough for a small API server's own limits."""
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_EVENTS_METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_WATCH_S = 300
"""How long the server is asked to keep one watch open."""
_USER = re.compile(r'User "([^"]+)"')


class NotServed(Exception):
    """The cluster has nothing at this path."""


class Expired(Forbidden):
    """The cluster does not know who asks: nothing else can be read either."""


class Refused(Forbidden):
    """This user may not do this. ``user``: as the cluster calls it; empty when it does not say."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        found = _USER.search(message)
        self.user = found[1] if found else ""


class _Gone(Exception):
    """A continue token is too old: the list must be read from its start."""


class Outdated(Exception):
    """What is asked for happened too long ago: the list must be read anew."""


@dataclass(frozen=True)
class Listing:
    """A list as it was read, and the version from which it can be watched; empty when the server told none."""

    items: list[Object]
    version: str


Keep = Callable[[Object], Object]
"""Makes of an object what is kept of it."""


class Api:
    """An open connection to a cluster; use as ``async with``."""

    def __init__(self, config: SingleConfig, name: str, timeout_s: float) -> None:
        """``name``: how the cluster is called in errors. Raises BadInput when the kubeconfig cannot be used."""
        self._name = name
        self._context = config.context_name
        self._timeout_s = timeout_s
        self._limit = asyncio.Semaphore(_PARALLEL)
        try:
            timeout = httpx2.Timeout(timeout_s, connect=min(5.0, timeout_s))
            # No pool timeout: our own semaphore decides who waits.
            timeout.pool = None
            self._client = AsyncClient(config, ConnectionParams(timeout=timeout))
        except (ConfigError, OSError, ValueError) as err:
            raise BadInput(f"The kubeconfig's context {self._context} cannot be used: {err}") from err

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, err, trace)

    async def listed(
        self, path: str, *, bare: bool, first: int = 0, page: int = _PAGE, keep: Keep | None = None
    ) -> Listing:
        """Every object of a list, or its ``first`` ones. ``bare``: metadata only.

        Each goes through ``keep`` as its page is read, so that never more than a ``page`` is held in full. Raises
        Unreachable, Refused, Expired, or NotServed.
        """
        for attempt in range(3):
            try:
                return await self._pages(path, bare, first or page, keep, stop=bool(first))
            except _Gone:
                await asyncio.sleep(0.2 * attempt)
        raise Unreachable(f"{path} of {self._name} changes faster than it can be read page by page.")

    async def events(self, path: str, version: str, *, bare: bool) -> AsyncGenerator[Object]:
        """What happens in a list after a ``version`` of it: objects ``{"type", "object"}``, until the server ends it.

        Raises Unreachable, Refused, Expired, NotServed, or Outdated when the version is too old.
        """
        query = f"?watch=1&allowWatchBookmarks=true&timeoutSeconds={_WATCH_S}&resourceVersion={quote(version)}"
        accept = _EVENTS_METADATA_ONLY if bare else "application/json"
        timeout = httpx2.Timeout(self._timeout_s, read=_WATCH_S + self._timeout_s, pool=None)
        try:
            async with self._client.stream("GET", path + query, headers={"Accept": accept}, timeout=timeout) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    self._read(answer, path)
                async for line in answer.aiter_lines():
                    if line:
                        yield self._event(line, path)
        except _Gone as err:
            raise Outdated from err
        except httpx2.HTTPError as err:
            raise Unreachable(f"Watching {path} of {self._name} broke off: {_why(err)}.") from err

    def _event(self, line: str, path: str) -> Object:
        try:
            event: Any = json.loads(line)
        except ValueError as err:
            raise Unreachable(f"Watching {path} of {self._name}: what came is not JSON.") from err
        if isinstance(event, dict) and cast("Object", event).get("type") == "ERROR":
            said = cast("Object", event).get("object") or {}
            if said.get("code") == 410:
                raise Outdated
            raise Unreachable(f"Watching {path} of {self._name}: {str(said.get('message', ''))[:300]}")
        return cast("Object", event)

    async def get(self, path: str, accept: str = "application/json") -> Object:
        """One answer. Raises as :meth:`listed`."""
        async with self._limit:
            answer = await self._asked(path, accept)
        return self._read(answer, path)

    async def _pages(self, path: str, bare: bool, page: int, keep: Keep | None, *, stop: bool) -> Listing:
        items: list[Object] = []
        accept = _METADATA_ONLY if bare else "application/json"
        continued = ""
        while True:
            query = f"?limit={page}" + (f"&continue={quote(continued)}" if continued else "")
            answer = await self.get(path + query, accept)
            found = cast("list[Object]", answer.get("items") or [])
            items += [keep(one) for one in found] if keep else found
            metadata = answer.get("metadata") or {}
            continued = str(metadata.get("continue") or "")
            if not continued or stop:
                return Listing(items, str(metadata.get("resourceVersion") or ""))

    async def _asked(self, path: str, accept: str) -> httpx2.Response:
        cluster = f"The cluster {self._name} at {self._where()}"
        try:
            return await self._client.get(path, headers={"Accept": accept})
        except httpx2.TimeoutException as err:
            raise Unreachable(
                f"{cluster} did not answer in {self._timeout_s:g} s. Is it up, and is this its address?"
            ) from err
        except httpx2.HTTPError as err:
            raise Unreachable(f"{cluster} cannot be reached: {_why(err)}.") from err
        except (ConfigError, OSError, ValueError, KeyError) as err:
            # Only logging in can fail so: a plugin that is missing, fails, or does not answer with a token.
            said = f"Logging in to {self._name} failed: {str(err) or type(err).__name__}"
            raise Expired(f"{said}. Run the command of the user of context {self._context} by hand.") from err

    def _read(self, answer: httpx2.Response, path: str) -> Object:
        if answer.status_code == 401:
            raise Expired(
                f"The cluster {self._name} does not accept the credentials of context {self._context} (401): the token "
                f"or certificate has probably expired. Log in again, then retry."
            )
        if answer.status_code == 403:
            raise Refused(_message(answer))
        if answer.status_code == 404:
            raise NotServed
        if answer.status_code == 410:
            raise _Gone
        if answer.status_code >= 400:
            plain = path.partition("?")[0]
            raise Unreachable(f"The cluster {self._name} answered {answer.status_code} to {plain}: {_message(answer)}")
        return self._parsed(answer)

    def _parsed(self, answer: httpx2.Response) -> Object:
        try:
            body: Any = json.loads(answer.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Unreachable(f"{self._where()} did not answer with JSON; is it a Kubernetes API?")
        return cast("Object", body)

    def _where(self) -> str:
        """Scheme, host and port: a path might hold a token."""
        return str(self._client.base_url.copy_with(path="/")).rstrip("/")


def _why(err: Exception) -> str:
    text = str(err) or type(err).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"its certificate is not trusted ({text}); the kubeconfig's certificate-authority must match it"
    return text


def _message(answer: httpx2.Response) -> str:
    try:
        return str(json.loads(answer.content).get("message", ""))[:300]
    except (ValueError, AttributeError):
        return answer.text[:200]
