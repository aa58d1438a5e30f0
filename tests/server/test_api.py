"""The API lets in who may come in, and explains itself."""

import re
from pathlib import Path

import httpx2
import pytest

from stage import stage

OPEN = {"/healthz", "/", "/web/{name}", "/openapi.json"}


async def test_every_route_but_the_page_wants_a_token(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        app = one.client._transport.app  # pyright: ignore
        routes = [route for route in _routes(app) if route[1] not in OPEN]
        assert len(routes) > 12
        async with httpx2.AsyncClient(transport=one.client._transport, base_url="http://test") as nobody:  # pyright: ignore
            for method, path in routes:
                answer = await nobody.request(method, path.replace("{", "").replace("}", ""), json={})
                assert answer.status_code == 401, (method, path)
                assert "Bearer" in answer.headers["WWW-Authenticate"]


def _routes(app: object) -> list[tuple[str, str]]:
    paths = app.openapi()["paths"]  # pyright: ignore
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(
    ("token", "method", "path", "status"),
    [
        ("viewer", "GET", "/api/v1/map", 200),
        ("viewer", "POST", "/api/v1/sessions", 403),
        ("runner", "GET", "/api/v1/map", 403),
        ("user", "POST", "/runner/v1/lease", 403),
        ("user", "GET", "/api/v1/sessions/nope", 404),
        ("user", "POST", "/hooks/nobody", 404),
        ("user", "POST", "/hooks/alertmanager", 422),
        ("user", "GET", "/web/..%2fapp.py", 404),
    ],
)
async def test_roles_and_errors(tmp_path: Path, token: str, method: str, path: str, status: int) -> None:
    bodies = {"/runner/v1/lease": {"location": "l", "runner": "r", "instance": "i", "free": 1, "wait_s": 0}}
    body = bodies.get(path, {"text": "why?"})
    async with stage(tmp_path) as one:
        answer = await one.client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
    if status not in (200, 404) or "sessions" in path:
        assert answer.json()["message"]


async def test_the_page_comes_with_a_strict_policy(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        page = await one.client.get("/")
        script = await one.client.get("/web/page.js")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "<script" not in page.text.replace('<script type="module" src="/web/page.js">', "")


async def test_every_script_that_the_page_imports_is_served(tmp_path: Path) -> None:
    async with stage(tmp_path) as one:
        ask, known = ["page.js"], set[str]()
        while ask:
            name = ask.pop()
            script = await one.client.get(f"/web/{name}")
            assert script.status_code == 200, name
            known.add(name)
            ask += {found for found in re.findall(r'from "\./(\w+\.js)"', script.text) if found not in known}
    assert known == {"page.js", "common.js", "catalogue.js"}
