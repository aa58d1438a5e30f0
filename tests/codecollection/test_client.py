"""The client against a small API server: paging, keeping, metadata only, and what it says when it may not or cannot."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from RW.Kubernetes import Kubernetes, kubeconfig, trouble
from RW.Kubernetes.client import Client
from scene import a_config

POD = {"metadata": {"name": "p", "namespace": "shop"}}


class Api(BaseHTTPRequestHandler):
    """Answers by path; remembers what was asked."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Accept"], self.headers["Authorization"]))
        status, body = self.server.answer(self.path)
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.asked = []
    server.answer = lambda path: (404, {"message": f"{path} not found"})
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(api, tmp_path):
    return Client(kubeconfig.read(a_config(api.url), "", tmp_path))


def test_a_list_is_read_page_by_page_and_kept(api, client):
    pages = {"": {"items": [POD], "metadata": {"continue": "two"}}, "two": {"items": [POD]}}
    api.answer = lambda path: (200, pages["two" if "continue=two" in path else ""])
    assert len(client.many("/api/v1/namespaces/shop/pods")) == 2
    assert len(client.many("/api/v1/namespaces/shop/pods")) == 2
    assert len(api.asked) == 2
    assert api.asked[0][2] == "Bearer t0k"


def test_secrets_are_asked_for_by_metadata_only(api, tmp_path):
    api.answer = lambda path: (200, {"items": []})
    checks = Kubernetes()
    checks.use_cluster(a_config(api.url))
    checks.cluster.names("secrets", "shop")
    checks.cluster.names("configmaps", "shop")
    assert {accept for _, accept, _ in api.asked} == {
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    }


def test_a_missing_permission_is_a_gap_that_names_it_and_asked_once(api):
    api.answer = lambda path: (403, {"message": 'deployments.apps "cart" is forbidden: User "v" cannot get resource'})
    checks = Kubernetes()
    checks.use_cluster(a_config(api.url))
    for task in (checks.check_pods, checks.check_logs, checks.check_rollout):
        answer = task("Deployment", "shop", "cart")
        assert not answer["issues"]
        assert "Grant the verbs get and list on deployments" in answer["could_not_check"][0]["why"]
    assert len(api.asked) == 1


def test_a_workload_that_is_gone_is_an_issue(api):
    checks = Kubernetes()
    checks.use_cluster(a_config(api.url))
    assert [issue["cause"] for issue in checks.check_pods("Deployment", "shop", "cart")["issues"]] == [
        "RESOURCE_MISSING"
    ]


def test_an_expired_token_is_said_once_and_every_task_repeats_it(api, client):
    api.answer = lambda path: (401, {"message": "Unauthorized"})
    for _ in range(2):
        with pytest.raises(trouble.Unauthorised, match="expired or was revoked. Store a fresh kubeconfig"):
            client.get("/api/v1/nodes/n1")
    assert len(api.asked) == 1


def test_a_server_that_does_not_answer_is_named_with_what_to_check(tmp_path):
    client = Client(kubeconfig.read(a_config("http://127.0.0.1:1"), "", tmp_path))
    with pytest.raises(trouble.Unreachable, match=r"127\.0\.0\.1:1 of context 'c' is unreachable: .*check its address"):
        client.get("/api/v1/nodes/n1")


def test_old_clusters_are_asked_in_the_older_version(api):
    api.answer = lambda path: (200, {"items": [POD]}) if "v1beta1" in path else (404, {"message": "not found"})
    checks = Kubernetes()
    checks.use_cluster(a_config(api.url))
    assert checks.cluster.names("cronjobs", "shop") == {"p"}
    assert checks.cluster.names("poddisruptionbudgets", "shop") == {"p"}


def test_a_context_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    with pytest.raises(trouble.Unusable, match=r"no context 'prod' \(it has: c\)"):
        kubeconfig.read(a_config("http://x"), "prod", tmp_path)


def test_credentials_come_from_tokens_files_and_plugins(tmp_path):
    (tmp_path / "token").write_text("from-file\n")
    plugin = {"exec": {"command": "sh", "args": ["-c", 'echo \'{"status":{"token":"from-plugin"}}\'']}}
    for user, expected in (
        ({"token": "t"}, "Bearer t"),
        ({"tokenFile": "token"}, "Bearer from-file"),
        (plugin, "Bearer from-plugin"),
    ):
        target = kubeconfig.read(a_config("http://x", user), "", tmp_path)
        assert kubeconfig.credentials(target).authorization == expected


def test_a_plugin_that_is_not_installed_is_named(tmp_path):
    target = kubeconfig.read(a_config("http://x", {"exec": {"command": "no-such-plugin"}}), "", tmp_path)
    with pytest.raises(trouble.Unusable, match="'no-such-plugin' is not installed here"):
        kubeconfig.credentials(target)


def test_an_answer_carries_when_it_was_seen(api):
    checks = Kubernetes()
    checks.use_cluster(a_config(api.url))
    issue = checks.check_endpoints("shop", "cart")["issues"][0]
    assert issue["observed_at"].endswith("Z")
    assert issue["resource"] == "Service/shop/cart"
