"""Any endpoint that speaks OpenAI's chat completions: ``POST <base>/v1/chat/completions``, answers as JSON by a schema.

Endpoints differ in what they take. Each difference is met when it is told of, by its HTTP 400, and remembered: without
lengths in the schema, then any JSON object with the schema in words; ``max_completion_tokens``; no temperature.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import httpx2
from pydantic import ValidationError

from runstone.connectors.items import Item
from runstone.connectors.llms import LLM, Completion, Message, Question, Tokens, Unusable, estimated
from runstone.connectors.rest import Denied, Expired, Failure, Limits, Missing, Misunderstood, Rest, Throttled
from runstone.errors import BadInput, Forbidden, NotFound, RunstoneError, Unreachable
from runstone.model.noun import Noun
from runstone.model.secret import Secret

_LIMITS = Limits(timeout_s=240.0, attempts=3, longest_s=60.0, at_once=1)
_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_LENGTHS = ("minLength", "maxLength", "minItems", "maxItems")
_NO_MONEY = "insufficient_quota"
Format = Literal["limited", "plain", "object"]
_SIMPLER: Mapping[Format, Format] = {"limited": "plain", "plain": "object"}


@dataclass(frozen=True)
class _Dialect:
    """What an endpoint takes, as far as it has told."""

    format: Format = "limited"
    cap: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    cool: bool = True

    def other(self, codes: tuple[str, ...]) -> "_Dialect | None":
        """What to try after a refusal that names these codes and parameters; None when there is nothing left."""
        if self.cap == "max_tokens" and "max_tokens" in codes:
            return replace(self, cap="max_completion_tokens")
        if self.cool and "temperature" in codes:
            return replace(self, cool=False)
        simpler = _SIMPLER.get(self.format)
        return replace(self, format=simpler) if simpler else None


class OpenAI(LLM):
    """A model at an address. The key goes into one header of requests to that address, and nowhere else."""

    def __init__(
        self, base: str, model: str, key: Secret | None = None, plain: bool = False, limits: Limits = _LIMITS
    ) -> None:
        """``base`` with or without ``/v1``. ``plain`` allows http beyond this machine. Raises BadInput."""
        self._base = _address(base, plain)
        self._model = model
        self._key = key
        self._limits = limits
        self._dialect = _Dialect()

    @property
    def name(self) -> str:
        """The model's."""
        return self._model

    async def complete(self, question: Question) -> Completion:
        """Ask; see the protocol for what it raises."""
        while True:
            asked = self._dialect
            try:
                body = await self._sent(_request(self._model, question, asked))
            except Misunderstood as err:
                other = asked.other(err.codes)
                if other is None:
                    raise self._explained(err) from err
                # Requests run side by side: one that was asked in an older dialect must not undo what others learned.
                self._dialect = other if self._dialect == asked else self._dialect
            except Failure as err:
                raise self._explained(err) from err
            else:
                return _read(body, question)

    async def _sent(self, request: Item) -> Item:
        # A connection of its own for each: answers take seconds, and callers may come from more than one event loop.
        # Proxies of the environment have no place between this machine and itself.
        async with Rest(self._base, self._authorization, self._limits, direct=_is_loopback(self._base)) as rest:
            return (await rest.post("/v1/chat/completions", {}, request)).body

    def _authorization(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._key.reveal()}"} if self._key else {}

    def _explained(self, err: Failure) -> RunstoneError:
        """Our sentence for it. An endpoint's own words may repeat the key or the question, and are never shown."""
        at = f"The model endpoint {self._base} {err}"
        if isinstance(err, Expired):
            return Forbidden(f"{at}: it does not take the key. Give the one meant for it with --key provider@path.")
        if isinstance(err, Denied):
            return Forbidden(f"{at}: the key may not use the model {self._model}. Ask for access, or name another.")
        if isinstance(err, Throttled) and _NO_MONEY in err.codes:
            return Forbidden(f"{at}: the account has no quota left. Add to it there, and go on: answers are kept.")
        if isinstance(err, Missing):
            return NotFound(f"{at}: no model {self._model} is served there. Look at {self._base}/v1/models.")
        if isinstance(err, Misunderstood):
            return BadInput(f"{at}: it does not take the question. It may be too long for the model {self._model}.")
        return Unreachable(f"{at}. Look whether it runs and is not overloaded, then go on: answers are kept.")


def _address(base: str, plain: bool) -> str:
    try:
        url = httpx2.URL(base)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.userinfo:
        raise BadInput(
            "The model's address must be http(s)://host[:port][/path], with no key in it: use --key for that."
        )
    found = str(url).rstrip("/").removesuffix("/v1")
    if url.scheme == "http" and not plain and not _is_loopback(found):
        raise BadInput(f"{found} is not on this machine: use https, or allow http with --plain-http.")
    return found


def _is_loopback(address: str) -> bool:
    host = httpx2.URL(address).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _request(model: str, question: Question, dialect: _Dialect) -> Item:
    schema = question.form.model_json_schema()
    messages = list(question.messages)
    if dialect.format == "object":
        told = f"Answer with one JSON object of this JSON schema and nothing else:\n{json.dumps(schema)}"
        messages.insert(1, Message("system", told))
        form: Item = {"type": "json_object"}
    else:
        sent = schema if dialect.format == "limited" else _without_lengths(schema)
        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": sent}}
    return {
        "model": model,
        "messages": [{"role": one.role, "content": one.text} for one in messages],
        "response_format": form,
        dialect.cap: question.most,
        **({"temperature": 0} if dialect.cool else {}),
    }


def _without_lengths(schema: Any) -> Any:
    """The same schema for endpoints that know no lengths; the answer is held to them all the same."""
    if isinstance(schema, dict):
        known = cast("Item", schema)
        return {name: _without_lengths(inner) for name, inner in known.items() if name not in _LENGTHS}
    if isinstance(schema, list):
        return [_without_lengths(one) for one in cast("list[Any]", schema)]
    return schema


def _read(body: Item, question: Question) -> Completion:
    """The answer, as far as it has the form. Raises Unusable."""
    text, ended = _choice(body)
    tokens = _tokens(body, question, text)
    if ended == "length":
        raise Unusable(f"The answer was cut at {question.most} tokens.", tokens)
    if not text:
        raise Unusable("The answer has no text.", tokens)
    fenced = _FENCE.fullmatch(text)
    found = fenced[1] if fenced else text
    if fault := _fault(found, question.form):
        raise Unusable(f"The answer {fault}.", tokens)
    return Completion(found, tokens)


def _choice(body: Item) -> tuple[str, str]:
    """The text and why it ended; empty where the answer has none."""
    match body:
        case {"choices": [{"message": {"content": str(text)}, **rest}, *_]}:
            return text, str(rest.get("finish_reason") or "")
        case {"choices": [{"finish_reason": str(ended)}, *_]}:
            return "", ended
        case _:
            return "", ""


def _tokens(body: Item, question: Question, text: str) -> Tokens:
    match body:
        case {"usage": {"prompt_tokens": int(read), "completion_tokens": int(written)}} if min(read, written) >= 0:
            return Tokens(read, written)
        case _:
            return Tokens(estimated(question.messages), estimated([Message("assistant", text)]), counted=False)


def _fault(text: str, form: type[Noun]) -> str:
    """What keeps the text from being of the form; places are named, what stands there is not."""
    try:
        form.model_validate_json(text)
    except ValidationError as err:
        first = err.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            return "is no JSON"
        where = first["loc"][0] if first["loc"] and first["loc"][0] in form.model_fields else "the whole"
        return f"has not the form asked for: {where}, {first['type'].replace('_', ' ')}"
    return ""
