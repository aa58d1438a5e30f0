"""Which answers say that a command could not look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from RW.CLI import blocked
from RW.platform import Secret, ShellServiceResponse

FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "u" cannot list resource "pods" in API group "" in the '
    'namespace "shop"'
)


def answer(stderr: str = "", stdout: str = "", returncode: int = 1) -> ShellServiceResponse:
    return ShellServiceResponse("kubectl get pods", None, stdout, stderr, returncode)


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("bash: line 1: jq: command not found", "program jq is not installed"),
        ("./x.sh: line 12: gcloud: command not found", "program gcloud is not installed"),
        ("env: ‘python2’: No such file or directory", "program python2 is not installed"),
        ("bash: line 1: ./x.sh: Permission denied", "Make the file executable"),
        (FORBIDDEN, "u may not list pods in the namespace shop. Grant it list on pods."),
        (
            FORBIDDEN.replace('in the namespace "shop"', "at the cluster scope"),
            "u may not list pods at the cluster scope.",
        ),
        (
            'Error from server (Forbidden): deployments.apps "cart" is forbidden: User "u" cannot get resource '
            '"deployments" in API group "apps" in the namespace "shop"',
            "u may not get deployments in the namespace shop.",
        ),
        ("error: You must be logged in to the server (Unauthorized)", "Renew the kubeconfig"),
        (
            "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
            "Renew the kubeconfig",
        ),
        (
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
            "API server 127.0.0.1:1 refused",
        ),
        ("Unable to connect to the server: dial tcp 10.0.0.1:443: connect: no route to host", "no route to host"),
        (
            'E1125 02:58:52.256603   24975 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API '
            'group list: Get \\"http://localhost:8080/api\\": dial tcp 127.0.0.1:8080: connect: connection refused"',
            "could not be reached: dial tcp 127.0.0.1:8080",
        ),
        ("error: unable to upgrade connection: Forbidden (user=u, verb=create)", "Allow exec"),
        ("error: error upgrading connection: ", "Allow exec"),
        ("Error from server: ", "most often exec, attach or port-forward"),
        ("Error from server (MethodNotAllowed): the server does not allow this method on the resource", "Look by hand"),
        ("Error in configuration: context was not found for specified context: nope", "has no context nope"),
        ('error: context "nope" does not exist', "has no context nope"),
        ("error: Metrics API not available", "metrics-server"),
    ],
)
def test_an_answer_that_could_not_look_says_what_is_missing(stderr: str, words: str) -> None:
    assert words in blocked.reason(answer(stderr), 60)


@pytest.mark.parametrize(
    "line",
    [
        'Error from server (NotFound): pods "x" not found',
        "No resources found in shop namespace.",
        'error: the server doesn\'t have a resource type "widgets"',
        "Warning: v1 Endpoints is deprecated",
        "curl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused",
        "2026-01-01 ERROR dial tcp 10.0.0.1:5432: connect: connection refused",
        "request is forbidden by policy",
        "rpc error: code = PermissionDenied desc = Permission denied",
        'level=error msg="Unauthorized"',
        "cat: /var/log/x: Permission denied",
    ],
)
def test_a_finding_is_not_taken_for_a_hindrance(line: str) -> None:
    assert blocked.reason(answer(line), 60) == ""
    assert blocked.reason(answer(stdout=line), 60) == ""


def test_output_counts_only_when_the_command_failed() -> None:
    assert blocked.reason(answer(stdout=FORBIDDEN, returncode=0), 60) == ""
    assert blocked.reason(answer(stdout=FORBIDDEN, returncode=1), 60) != ""


def test_a_timeout_is_told_in_seconds() -> None:
    late = ShellServiceResponse("sleep 9", None, errors=["late"])
    assert blocked.reason(late, 5) == "It did not end within 5 s. Raise its timeout, or see why it hangs."


@given(st.text())
def test_a_command_is_shown_short_in_one_line_and_without_secrets(text: str) -> None:
    Secret("token", "s3cr3t-of-the-shop")
    shown = blocked.shorten(f"{text} --token s3cr3t-of-the-shop {text}")
    assert "s3cr3t-of" not in shown
    assert len(shown) <= 120
    assert "\n" not in shown
