"""The libraries as Python sees them, outside any run."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from RW import platform
from RW.CLI import CLI, moment
from RW.Core import Core
from RW.platform import Secret, ShellServiceResponse, TaskError


def test_importing_them_loads_no_robot_and_is_quick() -> None:
    code = "import sys, RW.Core, RW.CLI, RW.platform; print(*sys.modules)"
    began = time.process_time()
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"robot", "requests", "jmespath", "dateutil"} & set(loaded)
    assert time.process_time() - began < 1


def test_several_cores_live_side_by_side() -> None:
    assert Core() is not Core()
    assert (Core.SEV_1, Core.SEV_4) == (1, 4)


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("token", "s3cr3t")
    assert str(secret) == "******"
    assert "s3cr3t" not in repr(secret)
    assert (secret.key, secret.value) == ("token", "s3cr3t")


def test_a_shell_services_answer_is_read_and_what_it_lacks_is_named() -> None:
    full = {"cmd": "x", "parsedCmd": ["x"], "stdout": "o", "stderr": "", "returncode": -1, "errors": ["late"]}
    found = ShellServiceResponse.from_json(full, 200)
    assert (found.returncode, found.status, found.errors) == (-1, 200, ["late"])
    with pytest.raises(TaskError, match="lacks parsedCmd, stdout"):
        ShellServiceResponse.from_json({"cmd": "x", "stderr": "", "returncode": 0})


def test_without_a_service_there_is_no_shell() -> None:
    with pytest.raises(TaskError, match="No shell service was given"):
        platform.execute_shell_command("x", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "b"}', {"a": "b"}),
        ("{'a': None}", {"a": None}),
        ('{"a": true}', {"a": True}),
        ('{"a": "line\none"}', {"a": "line\none"}),
        ("", {}),
        (None, {}),
        ({"a": "x\\%{y}"}, {"a": "x%{y}"}),
        ('{"A":"[{"x": "y, "z"}]", "B":"2"}', {"A": '[{"x": "y, "z"}]', "B": "2"}),
        ('{"A":"say "hi""}', {"A": 'say "hi"'}),
    ],
)
def test_an_environment_is_a_dictionary_or_the_text_of_one(text: object, expected: dict[str, object]) -> None:
    assert CLI.mapping(text) == expected


def test_an_environment_that_is_neither_is_refused_with_a_way_out() -> None:
    with pytest.raises(TaskError, match="Create Dictionary"):
        CLI.mapping("KEY=value")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("1d2h", 93600),
        ("1d2m36s", 86556),
        ("2 hours 5 minutes", 7500),
        ("90", 90),
        ("0h", 0),
        ("1.5h", 5400),
    ],
)
def test_durations_are_understood(text: str, seconds: float) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert moment.ago(text, now) == now - timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        moment.seconds(text)


@given(st.integers(0, 99), st.integers(0, 23), st.integers(0, 59))
def test_durations_add_up(days: int, hours: int, minutes: int) -> None:
    assert moment.seconds(f"{days}d{hours}h{minutes}m") == days * 86400 + hours * 3600 + minutes * 60


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("at 2026-01-02T03:04:05.1234567Z it fell", "2026-01-02T03:04:05.123456Z"),
        ("at 2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        (f"creationTimestamp: 2020-01-01T00:00:00Z {'-' * 60} 2026-03-04 05:06:07", "2026-03-04T05:06:07Z"),
        ("2026-99-99T00:00:00Z then 2026-03-04 05:06:07", "2026-03-04T05:06:07Z"),
    ],
)
def test_the_first_moment_in_a_text_is_found(line: str, expected: str) -> None:
    assert moment.first_in(line) == expected


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.text(alphabet='ab{}[]", '), max_size=4))
def test_quotes_in_values_never_break_an_environment(given_env: dict[str, str]) -> None:
    text = "{" + ", ".join(f'"{name}":"{value}"' for name, value in given_env.items()) + "}"
    try:
        found = CLI.mapping(text)
    except TaskError:
        return
    assert set(found) <= {*given_env, *found}
    if not any('"' in value for value in given_env.values()):
        assert found == given_env


def test_a_default_is_taken_to_the_letter_but_two_quotes_in_an_environment_are_an_empty_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("QUOTED_X", raising=False)
    value = Core().import_user_variable("QUOTED_X", default='""')
    assert value == '""'
    assert CLI.mapping(f'{{"A":"{value}", "B":"2"}}') == {"A": "", "B": "2"}
