"""The programs of a command are told, and no other word of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.connectors.programs import started


@pytest.mark.parametrize(
    ("command", "arguments", "expected"),
    [
        (["redis-server", "--requirepass", "hunter2"], [], ["redis-server"]),
        (["/bin/sh", "-c"], ["exec /usr/sbin/nginx -g 'daemon off;'"], ["nginx"]),
        (["bash", "-ec", "set -e\nPASSWORD=hunter2 mysqld --user=root"], [], ["mysqld"]),
        (["python3", "-m", "uvicorn", "app:app"], [], ["python3", "uvicorn"]),
        (["python", "manage.py", "runserver"], [], ["python", "django"]),
        (["npx", "next", "start"], [], ["npx", "next"]),
        (["env", "TOKEN=hunter2", "node", "server.js"], [], ["node"]),
        (["sh", "-c", "sh -c 'deep'"], [], []),
        (["sh", "/scripts/run.sh"], [], []),
        ([], ["hunter2"], []),
        ([], ["bin/rails", "server"], ["rails"]),
        ([], [], []),
    ],
)
def test_the_programs_of_a_command(command: list[str], arguments: list[str], expected: list[str]) -> None:
    assert started(command, arguments) == expected


@given(st.lists(st.text(max_size=20), max_size=5), st.lists(st.text(max_size=20), max_size=5))
def test_a_command_may_be_anything(command: list[str], arguments: list[str]) -> None:
    assert all(len(name) <= 41 for name in started(command, arguments))
