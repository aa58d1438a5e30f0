"""The catalogue over HTTP: register, build, follow, go back, and webhooks that prove who they are."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from repositories import Repository
from runstone.catalog.builder import Builder
from runstone.catalog.registry import Options, Registry
from runstone.errors import BadInput, NotFound
from stage import stage

SECRET = "a secret of the hook's own"
ROOT = "/api/v1/catalog"


@dataclass
class Shelf:
    client: httpx2.AsyncClient
    builder: Builder
    origin: Repository
    now: list[float]

    async def ask(self, method: str, path: str, body: Any = None, token: str = "user") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.request(method, ROOT + path, json=body, headers=headers)

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def registered(self, **more: Any) -> None:
        await self.ok("POST", "/collections", {"url": str(self.origin.folder), "name": "mine", **more})
        await self.builder.work()


async def secret(key: str) -> str:
    if key.startswith("vault@"):
        raise BadInput(f"{key}: set VAULT_ADDR, or the place in ~/.vault.")
    if key != "env@HOOK":
        raise NotFound(f"There is no {key}.")
    return SECRET


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncGenerator[Shelf]:
    origin = Repository(tmp_path / "origin").bundle("pods")
    origin.commit()
    registry = await Registry.open(tmp_path, Options(hook_secret=secret, augment=False))
    now = [0.0]
    builder = Builder(registry, clock=lambda: now[0])
    async with stage(tmp_path, catalogue=builder) as one:
        yield Shelf(one.client, builder, origin, now)
    await registry.close()


async def test_a_collection_is_registered_built_and_read(shelf: Shelf) -> None:
    await shelf.registered()
    (listed,) = await shelf.ok("GET", "/collections")
    assert (listed["name"], listed["last_build"]["state"], listed["added_by"]) == ("mine", "built", "user:test")
    one = await shelf.ok("GET", "/collections/mine")
    assert [build["number"] for build in one["builds"]] == [1]
    assert [version["commit"] for version in one["versions"]] == [one["current"]]
    page = await shelf.ok("GET", "/collections/mine/page")
    assert [bundle["name"] for bundle in page["bundles"]] == ["pods"]
    bundle = await shelf.ok("GET", f"/collections/mine/bundles/pods?commit={one['current']}")
    assert bundle["tasks"][0]["title"] == "List Restarting Pods in `${NAMESPACE}`"


async def test_a_build_is_asked_for_and_followed_live(shelf: Shelf) -> None:
    await shelf.registered()
    commit = shelf.origin.bundle("more").commit()
    asked = await shelf.ok("POST", "/collections/mine/builds")
    assert asked == {"collection": "mine", "after": 1}
    working = asyncio.create_task(shelf.builder.work())
    while (await shelf.ask("GET", "/collections/mine/builds/2")).status_code == 404:
        await asyncio.sleep(0.02)
    followed = await shelf.ask("GET", "/collections/mine/builds/2/events")
    await working
    told = [json.loads(line[6:]) for line in followed.text.splitlines() if line.startswith("data: ")]
    assert told[-1]["state"] == "built"
    assert told[-1]["commit"] == commit
    assert told[-1]["stages"][0]["name"] == "checkout"
    assert [one["number"] for one in await shelf.ok("GET", "/builds")] == [2, 1]


async def test_rollback_and_removal(shelf: Shelf) -> None:
    await shelf.registered()
    first = (await shelf.ok("GET", "/collections/mine"))["current"]
    shelf.origin.bundle("more").commit()
    shelf.builder.ask("mine", "test")
    await shelf.builder.work()
    assert (await shelf.ok("POST", "/collections/mine/rollback", {}))["commit"] == first
    assert (await shelf.ok("GET", "/collections/mine"))["current"] == first
    await shelf.ok("DELETE", "/collections/mine")
    assert await shelf.ok("GET", "/collections") == []


async def test_why_nothing_was_built_is_shown(shelf: Shelf) -> None:
    await shelf.registered(ref="nowhere")
    (listed,) = await shelf.ok("GET", "/collections")
    assert "no branch, tag or commit nowhere" in listed["problem"]


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status"),
    [
        ("GET", "/collections", None, "viewer", 200),
        ("POST", "/collections", {"url": "https://example.org/x.git"}, "viewer", 403),
        ("POST", "/collections", {"url": "https://example.org/x.git"}, "runner", 403),
        ("POST", "/collections", {"url": "https://me:pw@example.org/x.git"}, "user", 422),
        ("POST", "/collections", {"url": "ext::sh -c id"}, "user", 422),
        ("POST", "/collections/mine/builds", None, "viewer", 403),
        ("POST", "/collections/nope/builds", None, "user", 404),
        ("GET", "/collections/nope", None, "user", 404),
        ("GET", "/collections/nope/builds/1/events", None, "user", 404),
        ("DELETE", "/collections/nope", None, "user", 404),
        ("DELETE", "/collections/nope", None, "viewer", 403),
        ("POST", "/collections/nope/rollback", {"commit": "abc"}, "user", 404),
    ],
)
async def test_who_may_do_what(shelf: Shelf, method: str, path: str, body: Any, token: str, status: int) -> None:
    answer = await shelf.ask(method, path, body, token)
    assert answer.status_code == status, answer.text
    assert "pw" not in answer.text


async def push(shelf: Shelf, name: str = "mine", key: str = SECRET, body: bytes = b'{"ref":"x"}') -> int:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}", "Authorization": ""}
    return (await shelf.client.post(f"/hooks/git/{name}", content=body, headers=headers)).status_code


async def test_a_signed_push_builds_a_new_commit_and_does_nothing_twice(shelf: Shelf) -> None:
    await shelf.registered(hook_key="env@HOOK")
    shelf.origin.bundle("more").commit()
    for _ in range(3):
        assert await push(shelf) == 202
        await shelf.builder.work()
    assert [one["number"] for one in (await shelf.ok("GET", "/collections/mine"))["builds"]] == [2, 1]


async def test_a_push_that_is_not_signed_is_not_heard(shelf: Shelf) -> None:
    await shelf.registered(hook_key="env@HOOK")
    shelf.origin.bundle("more").commit()
    assert await push(shelf, key="another secret, long enough") == 401
    assert await push(shelf, name="nope") == 401
    user = {"Authorization": "Bearer user"}
    assert (await shelf.client.post("/hooks/git/mine", json={}, headers=user)).status_code == 401
    await shelf.builder.work()
    assert len((await shelf.ok("GET", "/collections/mine"))["builds"]) == 1


async def test_a_collection_without_a_hook_key_hears_no_push(shelf: Shelf) -> None:
    await shelf.registered()
    assert await push(shelf, key="") == 401
    assert await push(shelf) == 401


@pytest.mark.parametrize("key", ["vault@secret/hook:x", "env@RUNSTONE_TOKEN", ""])
async def test_a_stranger_learns_nothing_of_where_secrets_lie(shelf: Shelf, key: str) -> None:
    await shelf.registered(hook_key=key)
    answers = [
        await shelf.client.post(f"/hooks/git/{name}", content=b"{}", headers={"x-gitlab-token": "x" * 20})
        for name in ("mine", "none")
    ]
    assert [one.status_code for one in answers] == [401, 401]
    assert answers[0].text.replace("mine", "none") == answers[1].text


async def test_polling_looks_when_it_is_time_and_builds_only_what_is_new(shelf: Shelf) -> None:
    await shelf.registered(poll_s=60)
    shelf.origin.bundle("more").commit()

    async def numbers_after(seconds: float) -> list[int]:
        shelf.now[0] += seconds
        await shelf.builder.look()
        await shelf.builder.work()
        return [one["number"] for one in (await shelf.ok("GET", "/collections/mine"))["builds"]]

    assert await numbers_after(59) == [1]
    assert await numbers_after(1) == [2, 1]
    assert await numbers_after(60) == [2, 1]


async def test_a_commit_that_failed_is_tried_again_only_when_somebody_asks(shelf: Shelf) -> None:
    await shelf.registered(poll_s=60)
    shelf.origin.write("codebundles/pods/runbook.robot", b"\xff")
    (shelf.origin.folder / "codebundles/pods/README.md").unlink()
    shelf.origin.write("passwords", "x")
    (shelf.origin.folder / "passwords").unlink()
    (shelf.origin.folder / "passwords").symlink_to("/etc/passwd")
    shelf.origin.commit()
    for _ in range(2):
        shelf.builder.ask("mine", "poll")
        await shelf.builder.work()
    assert "link out of the collection" in (await shelf.ok("GET", "/collections"))[0]["problem"]
    builds = (await shelf.ok("GET", "/collections/mine"))["builds"]
    assert [one["number"] for one in builds] == [1]
    shelf.builder.ask("mine", "user", always=True)
    await shelf.builder.work()
    assert [one["state"] for one in (await shelf.ok("GET", "/collections/mine"))["builds"]] == ["failed", "built"]


async def test_the_builder_works_until_it_is_stopped(shelf: Shelf) -> None:
    await shelf.registered()
    running = asyncio.create_task(shelf.builder.run(look_s=0.05))
    shelf.origin.bundle("more").commit()
    shelf.builder.ask("mine", "test")
    async with asyncio.timeout(20):
        while len((await shelf.ok("GET", "/collections/mine"))["versions"]) < 2:
            await asyncio.sleep(0.05)
    running.cancel()
