"""A cloud's REST API over HTTPS: JSON, a few requests at a time, waiting as long as it asks to, but not for ever.

What may pass by itself (throttling, 5xx, lost connections) is tried again a few times; what is left comes as a Failure
of a kind that tells whose turn it is. Answers are never quoted: only error codes are, by their form.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self, cast

import httpx2

from runstone.connectors.items import Item

Authorization = Callable[[], Mapping[str, str]]
"""Gives the headers by which a request is let in now. It may block. Raises Failure when there are none to be had."""
_CONNECT_S = 5.0
_PAUSE_S = 0.5
"""Before the second attempt; twice as long before each further one."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of one answer. The largest page known of any of these APIs is 16 MB (Azure Resource Graph)."""
_AGAIN = frozenset({429, 500, 502, 503, 504})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,80}")
_SIGN_IN = frozenset({203, 302, 303, 307})
"""How Azure DevOps answers a token it does not take: with the page to sign in at, or the way there."""


class Failure(Exception):
    """The API gave no answer that can be used; the first argument says it in a few words."""

    codes: tuple[str, ...] = ()
    """The error codes it gave, of any."""


class Denied(Failure):
    """It may not be asked (403): permanent until someone grants it."""


class Expired(Failure):
    """The API does not take the credential, or there is none."""


class Missing(Failure):
    """What was asked about does not exist (404)."""


class Misunderstood(Failure):
    """The API does not understand what was asked (400), or finds it too much (413)."""


class Throttled(Failure):
    """It was asked too often, and still is (429)."""


class NoConnection(Failure):
    """There is nobody, or it does not answer in time."""


@dataclass(frozen=True)
class Limits:
    """How patiently an API is asked."""

    timeout_s: float = 15.0
    """For one answer."""
    attempts: int = 5
    """For one request."""
    longest_s: float = 60.0
    """The longest single wait that an API may ask for; more, and it counts as failed."""
    at_once: int = 4


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    body: Item
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class _Said:
    """An answer before it is read."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Rest:
    """One API. To be used as a context, which closes its connections."""

    def __init__(self, base: str, authorization: Authorization, limits: Limits, direct: bool = False) -> None:
        """``base`` is its address; the credential is sent nowhere else. ``direct``: through no proxy."""
        self.base = base.rstrip("/")
        self._authorization = authorization
        self._limits = limits
        self._free = asyncio.Semaphore(limits.at_once)
        timeout = httpx2.Timeout(limits.timeout_s, connect=min(_CONNECT_S, limits.timeout_s))
        agent = {"User-Agent": "runstone"}
        self._client = httpx2.AsyncClient(timeout=timeout, headers=agent, trust_env=not direct)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        """Ask. ``path`` may be a whole address, as links to further pages are, of this API only. Raises Failure."""
        return await self._asked("GET", path, query or {}, None)

    async def post(self, path: str, query: Mapping[str, Any], body: Item | None = None) -> Answer:
        """Ask with a body, where that is how a question is put. Raises Failure."""
        return await self._asked("POST", path, query, body)

    async def _asked(self, method: str, path: str, query: Mapping[str, Any], body: Item | None) -> Answer:
        address = self._address(path)
        for attempt in range(1, self._limits.attempts + 1):
            last = attempt == self._limits.attempts
            try:
                async with self._free:
                    said = await self._said(method, address, query, body)
            except NoConnection:
                if last:
                    raise
                pause = self._pause(attempt)
            else:
                pause = asked_to_wait(said.headers, self._pause(attempt))
                if said.status not in _AGAIN or last or pause > self._limits.longest_s:
                    return _read(said)
            await asyncio.sleep(pause)
        raise AssertionError("every way out of the loop is above")

    def _address(self, path: str) -> str:
        if path.startswith("/"):
            return self.base + path
        if path.startswith(f"{self.base}/"):
            return path
        raise Failure("it names a further page at another address")

    async def _said(self, method: str, address: str, query: Mapping[str, Any], body: Item | None) -> _Said:
        headers = dict(await asyncio.to_thread(self._authorization))
        url = httpx2.URL(address).copy_merge_params(dict(query)) if query else httpx2.URL(address)
        try:
            async with self._client.stream(method, url, json=body, headers=headers) as answer:
                return _Said(answer.status_code, dict(answer.headers), await _content(answer))
        except httpx2.TimeoutException as err:
            raise NoConnection(f"does not answer in {self._limits.timeout_s:g} s") from err
        except httpx2.HTTPError as err:
            raise NoConnection(f"cannot be reached ({type(err).__name__})") from err

    def _pause(self, attempt: int) -> float:
        return min(_PAUSE_S * 2 ** (attempt - 1), self._limits.longest_s)


async def _content(answer: httpx2.Response) -> bytes:
    """The body. Raises Failure when it is larger than any should be."""
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > _LARGEST:
            raise Failure(f"answers with more than {_LARGEST // 2**20} MB at once")
    return bytes(content)


def asked_to_wait(headers: Mapping[str, str], otherwise: float) -> float:
    """Seconds that an API asks to wait: Retry-After as seconds or a date, or Resource Graph's quota as hh:mm:ss."""
    said = headers.get("retry-after") or headers.get("x-ms-user-quota-resets-after") or ""
    if re.fullmatch(r"\d{1,6}(\.\d+)?", said):
        return float(said)
    if match := re.fullmatch(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?", said):
        return int(match[1]) * 3600.0 + int(match[2]) * 60.0 + int(match[3])
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return otherwise
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _read(said: _Said) -> Answer:
    if said.status in _SIGN_IN:
        raise Expired("asks to sign in")
    try:
        body: Any = json.loads(said.content) if said.content else {}
    except ValueError:
        body = None
    if said.status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(said.status, body)
    if not isinstance(body, dict):
        raise Failure("answers with something that is no JSON object")
    return Answer(cast("Item", body), said.headers)


def _refusal(status: int, said: Any) -> Failure:
    kinds: dict[int, type[Failure]] = {
        400: Misunderstood, 401: Expired, 403: Denied, 404: Missing, 413: Misunderstood, 422: Misunderstood,
        429: Throttled,
    }  # fmt: skip
    codes = _codes(said)
    failure = kinds.get(status, Failure)(f"answers {', '.join([*codes[:2], f'HTTP {status}'])}")
    failure.codes = codes
    return failure


def _codes(said: Any) -> tuple[str, ...]:
    """Error codes in the forms of Azure, Google, Azure DevOps and OpenAI; messages may repeat what was asked with."""
    if not isinstance(said, dict):
        return ()
    known = cast("Item", said)
    error: Any = known.get("error") or {}
    inner = cast("Item", error) if isinstance(error, dict) else {}
    details = [one for one in cast("list[Any]", inner.get("details") or []) if isinstance(one, dict)]
    found = [inner.get("status"), inner.get("code"), inner.get("param"), known.get("typeKey")]
    found += [one.get(key) for one in details for key in ("reason", "code")]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and _CODE.fullmatch(one)))
