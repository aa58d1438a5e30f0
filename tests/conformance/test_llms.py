"""The OpenAI-compatible connector against an endpoint over HTTP: what it sends, what it bears, what it says."""

import json
import time
from collections.abc import Generator

import pytest

import llm_server
from llm_server import GOOD, Body, Endpoint, Reply, good, refused, said
from runstone import plugins
from runstone.catalog.augment.draft import Draft
from runstone.connectors.llms import LLM, Message, Question, Tokens, Unusable
from runstone.connectors.rest import Limits
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable
from runstone.model.secret import Secret

KEY = "sk-canary-key"
QUESTION = Question((Message("system", "describe"), Message("user", "a task")), Draft, 500)
FAST = Limits(timeout_s=2.0, attempts=3, longest_s=5.0)


@pytest.fixture
def endpoint() -> Generator[Endpoint]:
    with llm_server.serving() as found:
        yield found


def model(endpoint: Endpoint, key: Secret | None = None, limits: Limits = FAST) -> LLM:
    return plugins.load("llms", "openai")(endpoint.url, "small", key, limits=limits)


async def test_a_good_answer_comes_with_its_tokens(endpoint: Endpoint) -> None:
    answer = await model(endpoint).complete(QUESTION)
    assert json.loads(answer.text) == GOOD
    assert answer.tokens == Tokens(100, 20)


async def test_the_schema_is_asked_for_strictly(endpoint: Endpoint) -> None:
    await model(endpoint).complete(QUESTION)
    (asked,) = endpoint.requests
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "small"
    assert asked.body["max_tokens"] == 500
    form = asked.body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert set(form["schema"]["required"]) == set(GOOD)
    assert form["schema"]["additionalProperties"] is False
    assert [one["content"] for one in asked.body["messages"]] == ["describe", "a task"]


async def test_a_base_address_may_end_in_v1(endpoint: Endpoint) -> None:
    await plugins.load("llms", "openai")(f"{endpoint.url}/v1/", "small", limits=FAST).complete(QUESTION)
    assert endpoint.requests[0].path == "/v1/chat/completions"


async def test_the_key_goes_into_one_header_and_nowhere_else(endpoint: Endpoint) -> None:
    await model(endpoint, Secret("key", KEY)).complete(QUESTION)
    (asked,) = endpoint.requests
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers.pop("authorization") == f"Bearer {KEY}"
    assert KEY not in str(headers)
    assert KEY.encode() not in asked.raw


async def test_without_a_key_none_is_sent(endpoint: Endpoint) -> None:
    await model(endpoint).complete(QUESTION)
    assert "authorization" not in {name.lower() for name in endpoint.requests[0].headers}


def formats(endpoint: Endpoint) -> list[str]:
    return [one.body["response_format"]["type"] for one in endpoint.requests]


async def test_an_endpoint_without_schemas_is_asked_for_any_json_with_the_schema_in_words(endpoint: Endpoint) -> None:
    def no_schema(body: Body) -> Reply | None:
        return refused(400, "x", "response_format") if body["response_format"]["type"] == "json_schema" else None

    endpoint.rule = no_schema
    one = model(endpoint)
    assert json.loads((await one.complete(QUESTION)).text) == GOOD
    assert formats(endpoint) == ["json_schema", "json_schema", "json_object"]
    assert any("additionalProperties" in one["content"] for one in endpoint.requests[-1].body["messages"])
    await one.complete(QUESTION)
    assert formats(endpoint)[3:] == ["json_object"], "what was learned is remembered"


async def test_an_endpoint_that_knows_no_lengths_gets_a_schema_without(endpoint: Endpoint) -> None:
    endpoint.rule = lambda body: refused(422) if "maxLength" in json.dumps(body) else None
    await model(endpoint).complete(QUESTION)
    assert formats(endpoint) == ["json_schema", "json_schema"]
    assert "maxItems" not in endpoint.requests[-1].raw.decode()


async def test_parameters_that_newer_models_refuse_are_changed(endpoint: Endpoint) -> None:
    def newer(body: Body) -> Reply | None:
        old = next((name for name in ("max_tokens", "temperature") if name in body), None)
        return refused(400, "unsupported_parameter", old) if old else None

    endpoint.rule = newer
    await model(endpoint).complete(QUESTION)
    last = endpoint.requests[-1].body
    assert last["max_completion_tokens"] == 500
    assert last["response_format"]["json_schema"]["schema"]["properties"]["purpose"]["maxLength"] == 400


async def test_what_is_refused_in_every_form_is_bad_input(endpoint: Endpoint) -> None:
    endpoint.always = refused(400, "context_length_exceeded")
    with pytest.raises(BadInput, match=r"context_length_exceeded, HTTP 400.*too long"):
        await model(endpoint).complete(QUESTION)
    assert len(endpoint.requests) == 3


async def test_a_busy_endpoint_is_asked_again_when_it_says(endpoint: Endpoint) -> None:
    endpoint.answers.append(refused(429, headers={"retry-after": "1"}))
    started = time.monotonic()
    await model(endpoint).complete(QUESTION)
    assert 1 <= time.monotonic() - started < 3
    assert len(endpoint.requests) == 2


async def test_a_wait_longer_than_we_bear_is_a_failure_now(endpoint: Endpoint) -> None:
    endpoint.always = refused(429, headers={"retry-after": "3600"})
    with pytest.raises(Unreachable, match="HTTP 429"):
        await model(endpoint).complete(QUESTION)
    assert len(endpoint.requests) == 1


async def test_errors_of_the_server_pass_or_are_told(endpoint: Endpoint) -> None:
    endpoint.answers += [refused(500), refused(503)]
    await model(endpoint, limits=Limits(timeout_s=2.0, attempts=3, longest_s=0.05)).complete(QUESTION)
    endpoint.always = refused(502)
    with pytest.raises(Unreachable, match=rf"{endpoint.url} answers HTTP 502.*overloaded"):
        await model(endpoint, limits=Limits(timeout_s=2.0, attempts=3, longest_s=0.05)).complete(QUESTION)


async def test_a_slow_answer_is_given_up(endpoint: Endpoint) -> None:
    endpoint.always = Reply(good().body, after_s=1)
    with pytest.raises(Unreachable, match=r"does not answer in 0\.2 s"):
        await model(endpoint, limits=Limits(timeout_s=0.2, attempts=1)).complete(QUESTION)


async def test_nobody_there_is_told() -> None:
    nobody = plugins.load("llms", "openai")("http://127.0.0.1:9", "small", limits=Limits(attempts=1))
    with pytest.raises(Unreachable, match="cannot be reached"):
        await nobody.complete(QUESTION)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (said("Sure! Here is your JSON"), "is no JSON"),
        (said('{"purpose": "x"'), "is no JSON"),
        (said('{"purpose": "x"}'), "use_when, missing"),
        (said(json.dumps(GOOD | {"purpose": 7})), "purpose, string type"),
        (said(json.dumps(GOOD | {"canary_field": "x"})), "the whole, extra forbidden"),
        (good(purpose="x" * 401), "purpose, string too long"),
        (said(json.dumps(GOOD)[:40], ended="length"), "cut at 500 tokens"),
        (said(None, ended="content_filter"), "no text"),
        (Reply({"choices": []}), "no text"),
        (Reply({"choices": "none", "usage": {"prompt_tokens": -1}}), "no text"),
    ],
)
async def test_an_answer_without_the_form_is_unusable_and_not_quoted(
    endpoint: Endpoint, reply: Reply, told: str
) -> None:
    endpoint.always = reply
    with pytest.raises(Unusable, match=told) as caught:
        await model(endpoint).complete(QUESTION)
    assert "canary_field" not in str(caught.value)
    assert caught.value.tokens.read > 0
    assert len(endpoint.requests) == 1, "whether to ask again is the caller's to say"


async def test_an_answer_in_a_fence_is_taken_out_of_it(endpoint: Endpoint) -> None:
    endpoint.always = said(f"```json\n{json.dumps(GOOD)}\n```\n")
    assert json.loads((await model(endpoint).complete(QUESTION)).text) == GOOD


async def test_tokens_are_estimated_where_they_are_not_counted(endpoint: Endpoint) -> None:
    endpoint.always = said(json.dumps(GOOD), usage=None)
    tokens = (await model(endpoint).complete(QUESTION)).tokens
    assert not tokens.counted
    assert tokens.read > 0
    assert tokens.written > 50


@pytest.mark.parametrize(
    ("status", "code", "kind", "told"),
    [
        (401, "invalid_api_key", Forbidden, "--key provider@path"),
        (403, "", Forbidden, "may not use the model small"),
        (404, "model_not_found", NotFound, "no model small"),
        (429, "insufficient_quota", Forbidden, "no quota left"),
    ],
)
async def test_a_refusal_says_what_to_do_and_never_the_key(
    endpoint: Endpoint, status: int, code: str, kind: type[Exception], told: str
) -> None:
    endpoint.always = refused(status, code)
    with pytest.raises(kind, match=told) as caught:
        await model(endpoint, Secret("key", KEY), Limits(attempts=1)).complete(QUESTION)
    assert KEY not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_redirect_is_not_followed_with_the_key(endpoint: Endpoint) -> None:
    with llm_server.serving() as elsewhere:
        endpoint.always = Reply({}, 307, {"location": f"{elsewhere.url}/v1/chat/completions"})
        with pytest.raises(Forbidden):
            await model(endpoint, Secret("key", KEY)).complete(QUESTION)
        assert elsewhere.requests == []


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:canary@127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    await model(endpoint).complete(QUESTION)
    assert "canary" not in endpoint.requests[0].whole


@pytest.mark.parametrize(
    "address",
    ["", "ftp://x", "api.example.test", "https://key@api.example.test", "https://x.test/?key=1", "http://[::1"],
)
def test_an_address_that_is_none_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(BadInput, match="must be http") as caught:
        plugins.load("llms", "openai")(address, "small")
    assert "key@" not in str(caught.value)


def test_http_is_for_this_machine_unless_told() -> None:
    load = plugins.load("llms", "openai")
    with pytest.raises(BadInput, match="--plain-http"):
        load("http://models.example.test:8080", "small")
    assert load("http://models.example.test:8080", "small", plain=True).name == "small"
    for here in ("http://localhost:1", "http://127.8.0.1:1/v1", "http://[::1]:1"):
        assert load(here, "small").name == "small"


def test_a_name_that_only_begins_like_this_machine_is_not_it() -> None:
    for there in ("http://localhost.example.test", "http://127.0.0.1.example.test"):
        with pytest.raises(BadInput, match="not on this machine"):
            plugins.load("llms", "openai")(there, "small")
