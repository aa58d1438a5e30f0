"""Values given to a suite, and the remote shell, without Robot."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from RW import platform
from RW.Core import Core
from RW.platform import FatalError, MissingValue, Secret, Service, ShellServiceRequestSecret, TaskError

Env = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def no_platform(monkeypatch: Env) -> None:
    for name in (
        "RW_MODE",
        "RW_RUNREQUEST_ID",
        "RW_SECRETS_KEYS",
        "RW_SVC_URLS",
        "RW_SLX_API_URL",
        "RW_LOOKBACK_WINDOW",
    ):
        monkeypatch.delenv(name, raising=False)


def test_a_variable_comes_from_the_environment_then_from_its_default(monkeypatch: Env) -> None:
    assert Core().import_user_variable("NAMESPACE_X", default="shop") == "shop"
    monkeypatch.setenv("NAMESPACE_X", "")
    assert Core().import_user_variable("NAMESPACE_X", default="shop") == ""
    monkeypatch.setenv("NAMESPACE_X", "a%{b}")
    assert Core().import_user_variable("NAMESPACE_X") == "a\\%{b}"


def test_platform_names_are_refused_but_for_the_window_of_a_runbook(monkeypatch: Env) -> None:
    monkeypatch.setenv("RW_LOOKBACK_WINDOW", "600")
    with pytest.raises(FatalError, match="Use Import Platform Variable"):
        Core().import_user_variable("RW_LOOKBACK_WINDOW", default="1h")
    monkeypatch.setenv("RW_RUNREQUEST_ID", "7")
    assert Core().import_user_variable("RW_LOOKBACK_WINDOW", default="1h") == "600"
    assert Core().import_platform_variable("RW_LOOKBACK_WINDOW") == "600"
    with pytest.raises(MissingValue, match="their names start with RW_"):
        Core().import_platform_variable("NAMESPACE")


def test_secrets_come_from_their_keys(tmp_path: Path, monkeypatch: Env) -> None:
    (tmp_path / "token").write_text(" from a file \n")
    monkeypatch.setenv("FROM_ENV", "from env")
    keys = {"a": f"file@{tmp_path}/token", "b": "env@FROM_ENV", "c": "vault@x", "d": f"file@{tmp_path}/none"}
    monkeypatch.setenv("RW_SECRETS_KEYS", json.dumps(keys))
    found = [Core().import_secret(name) for name in ("a", "b")]
    assert [(one.key, one.value) for one in found if one] == [("a", "from a file"), ("b", "from env")]
    assert Core().import_secret("missing", optional=True) is None
    assert Core().import_optional_secret("d") is None
    with pytest.raises(MissingValue, match=r"Secret c was not given.*'vault@x' is of a kind only a runner resolves"):
        Core().import_secret("c")


def test_on_an_authors_desk_names_are_mapped(tmp_path: Path, monkeypatch: Env) -> None:
    (tmp_path / "kubeconfig").write_text("apiVersion: v1")
    monkeypatch.setenv("RW_MODE", "dev")
    monkeypatch.setenv("RW_ENV_REMAP", '{"NAMESPACE": "MY_NAMESPACE"}')
    monkeypatch.setenv("MY_NAMESPACE", "shop")
    monkeypatch.setenv("RW_FROM_FILE", json.dumps({"kubeconfig": str(tmp_path / "kubeconfig")}))
    assert Core().import_user_variable("NAMESPACE") == "shop"
    assert Core().import_user_variable("NOT_SET_ANYWHERE") == ""
    found = Core().import_secret("kubeconfig")
    assert found
    assert found.value == "apiVersion: v1"


def test_a_service_is_one_of_those_given(monkeypatch: Env) -> None:
    monkeypatch.setenv("RW_SVC_URLS", '{"kubectl": "http://kubectl"}')
    assert Core().import_service("kubectl").url == "http://kubectl"
    with pytest.raises(MissingValue, match="Service curl was not given"):
        Core().import_service("curl", default="curl-service.shared")


def test_without_a_platform_there_is_no_memo() -> None:
    assert Core().import_memo_variable("webhookJson") is None


class _Shell(BaseHTTPRequestHandler):
    asked: list[Any] = []  # noqa: RUF012  shared on purpose: the server makes the handlers

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        answer = {"cmd": body["cmd"], "parsedCmd": [], "stdout": "there", "stderr": "", "returncode": 0, "errors": []}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([answer]).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def shell_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Shell)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_remote_shell_speaks_the_documented_protocol(shell_url: str) -> None:
    _Shell.asked.clear()
    secret = Secret("token", "s3cr3t")
    answer = Core().shell("ls", Service(shell_url), secret=secret, secret_as_file=True, env={"A": "1"})
    assert (answer.stdout, answer.returncode, answer.status) == ("there", 0, 200)
    secrets = [{"key": "token", "value": "s3cr3t", "file": True}]
    assert _Shell.asked == [("/api/v1/cmd", {"cmd": "ls", "secrets": secrets, "files": {}, "env": {"A": "1"}})]
    again = platform.execute_shell_command("ls", Service(shell_url), [ShellServiceRequestSecret(secret)])
    assert again.stdout == "there"


def test_a_remote_shell_that_is_silent_is_named() -> None:
    with pytest.raises(TaskError, match=r"http://127\.0\.0\.1:1 did not answer"):
        platform.execute_shell_command("ls", Service("http://127.0.0.1:1"))


@pytest.mark.parametrize(("value", "number"), [("1", 1), ("0.50", 0.5), (2, 2), ("1e3", 1000), (True, True)])
def test_a_metric_is_a_number_and_the_value_is_returned(value: Any, number: float, monkeypatch: Env) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(platform, "sink", lambda kind, record: told.append((kind, record)))
    monkeypatch.setenv("RW_SLI_METRIC_NAME", "m")
    assert Core().push_metric(value, sub_name="s", region="eu") == value
    assert [(kind, record["name"], record["value"]) for kind, record in told] == [("metric", "m__s", number)]
    assert told[0][1]["labels"]["region"] == "eu"
    assert Core().push_metric(value, dry_run=True) == value
    assert len(told) == 1


def test_a_metric_that_is_no_number_is_an_error() -> None:
    with pytest.raises(TaskError, match="needs a number, not 'many'"):
        Core().push_metric("many")
