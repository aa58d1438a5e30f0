"""The table of commands: each only reads, a shell can read it, and it is for something that the ontology knows."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import advice
from runstone.catalog.advice import Wanted
from runstone.catalog.augment import situations
from runstone.catalog.ontology import commands, tables
from runstone.catalog.ontology.commands import PLACE, Command, Serves
from runstone.content import mutates, shell

TABLE = commands.load()
ROWS = [(program, row) for program, rows in TABLE.commands.items() for row in rows]
SHELL = [(program, row) for program, row in ROWS if TABLE.programs[program].takes == "command"]
QUERIES = [(program, row) for program, row in ROWS if TABLE.programs[program].takes == "query"]


def told(pair: tuple[str, Command]) -> str:
    return f"{pair[0]}:{pair[1].run[:60]}"


@pytest.mark.parametrize("pair", SHELL, ids=told)
def test_no_command_changes_anything(pair: tuple[str, Command]) -> None:
    script = shell.read(pair[1].run)
    assert script.problem is None
    assert script.commands
    assert not [one.words for one in script.commands if mutates.changes(one.words)]


@pytest.mark.parametrize("pair", SHELL, ids=told)
def test_every_command_starts_its_program(pair: tuple[str, Command]) -> None:
    words = {one.words[0] for one in shell.read(pair[1].run).commands}
    assert words & set(TABLE.programs[pair[0]].starts)


def test_the_test_of_changes_would_find_one() -> None:
    for text in ("kubectl delete pod {pod}", "kubectl get pods && aws ec2 stop-instances --instance-ids {id}"):
        assert any(mutates.changes(one.words) for one in shell.read(text).commands)


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_can_read_every_command() -> None:
    for program, row in SHELL:
        read = subprocess.run(["bash", "-n", "-c", row.run], capture_output=True, text=True, check=False)
        assert read.returncode == 0, f"{program}: {row.run}: {read.stderr}"


@pytest.mark.parametrize("pair", QUERIES, ids=told)
def test_every_query_closes_what_it_opens(pair: tuple[str, Command]) -> None:
    text = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", "", pair[1].run)
    open_: list[str] = []
    for sign in text:
        if sign in "([{":
            open_.append(sign)
        elif sign in ")]}":
            assert open_
            assert open_.pop() + sign in ("()", "[]", "{}")
    assert not open_
    assert '"' not in text
    assert "'" not in text


@pytest.mark.parametrize("row", TABLE.commands["cosmos"], ids=lambda row: row.run[:60])
def test_a_query_of_a_database_only_selects(row: Command) -> None:
    assert row.run.startswith("SELECT ")
    assert not mutates.sql_changes(row.run)


def test_no_command_is_there_twice_in_the_same_surroundings() -> None:
    seen = [(program, row.run, row.when) for program, row in ROWS]
    assert len(seen) == len(set(seen))


def test_every_place_is_told_and_used() -> None:
    assert {place for _, row in ROWS for place in row.places} == set(TABLE.fill)


@pytest.mark.parametrize(
    ("run", "plain"),
    [
        ("curl -sS '{url}/a|b?c=d;e' < /dev/null", True),
        ("curl -sS {url} | jq .", False),
        ("curl -sS {url} && echo well", False),
        ("curl -sS {url}; echo done", False),
        ("for i in 1 2; do curl -sS {url}; done", False),
        ("curl -sS {url} -d $(date +%s)", False),
    ],
)
def test_only_one_command_by_itself_is_plain(run: str, plain: bool) -> None:
    row = Command(run=run, reads="", serves=Serves(looks=("logs",), signals=()))
    assert row.is_plain is plain


def test_a_place_of_curl_is_not_filled_in() -> None:
    assert PLACE.findall("curl -w '%{http_code}' {url}") == ["url"]


def test_surroundings_are_those_of_scenarios() -> None:
    assert {row.when for _, row in ROWS if row.when} <= set(situations.SURROUNDINGS)


@pytest.mark.parametrize("program", sorted(TABLE.commands))
def test_a_command_is_the_answer_to_each_signal_it_is_for(program: str) -> None:
    """Asked with everything a row is for, the row is at least good enough to be given."""
    for row in TABLE.commands[program]:
        for name in row.serves.signals:
            wanted = Wanted(
                looks=tables.load().signals[name].looks,
                signals={name: 1.0},
                kinds=dict.fromkeys(row.serves.kinds, 1.0),
                products=dict.fromkeys(row.serves.products, 1.0),
                when=row.when,
            )
            assert advice.score(row, wanted) >= advice.LEAST, f"{row.run} for {name}"


@pytest.mark.parametrize(
    ("program", "signal", "kind", "product", "when", "part"),
    [
        ("kubectl", "crash-looping", "pod", "", "", "--previous"),
        ("kubectl", "crash-looping", "deployment", "", "release", "rollout history deployment/"),
        ("kubectl", "out-of-memory", "pod", "", "", "lastState.terminated"),
        ("kubectl", "pending-pod", "pod", "", "", "FailedScheduling"),
        ("kubectl", "slow", "pod", "", "load", "top pods"),
        ("kubectl", "certificate", "certificate", "", "", "openssl x509"),
        ("aws", "queue-growing", "", "sqs", "", "sqs get-queue-attributes"),
        ("aws", "replication-lag", "", "rds", "", "ReplicaLag"),
        ("az", "backend-unhealthy", "", "app-gateway", "", "show-backend-health"),
        ("gcloud", "startup-failing", "", "cloud-run", "", "run services describe"),
        ("promql", "disk-full", "pvc", "", "", "kubelet_volume_stats"),
        ("promql", "replication-lag", "", "postgres", "", "pg_replication_lag"),
        ("logql", "dns-failing", "", "coredns", "", "coredns"),
        ("curl", "certificate", "ingress", "", "", "expire date"),
    ],
)
def test_the_best_command_is_the_one_a_person_would_run(
    program: str, signal: str, kind: str, product: str, when: str, part: str
) -> None:
    wanted = Wanted(
        looks=tables.load().signals[signal].looks,
        signals={signal: 1.0},
        kinds={kind: 1.0} if kind else {},
        products={product: 1.0} if product else {},
        when=when,
    )
    found = advice.best(program, wanted)
    assert found is not None
    assert part in found.run


WEIGHTS = st.floats(min_value=0.05, max_value=1)


@given(
    program=st.sampled_from(sorted(TABLE.commands)),
    looks=st.dictionaries(st.sampled_from(sorted(tables.load().looks)), WEIGHTS, max_size=4),
    signals=st.dictionaries(st.sampled_from(sorted(tables.load().signals)), WEIGHTS, max_size=2),
    kinds=st.dictionaries(st.sampled_from(sorted(tables.load().kinds)), WEIGHTS, max_size=2),
    products=st.dictionaries(st.sampled_from(sorted(tables.load().products)), WEIGHTS, max_size=2),
    faults=st.booleans(),
)
def test_whatever_is_asked_an_answer_keeps_the_rules(
    program: str,
    looks: dict[str, float],
    signals: dict[str, float],
    kinds: dict[str, float],
    products: dict[str, float],
    faults: bool,
) -> None:
    asked = Wanted(looks, signals, kinds, products, faults=faults)
    found = advice.ranked(program, asked)
    scores = [advice.score(one, asked) for one in found]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert not one.when
        assert one.faults or not faults
        assert not one.serves.products or not products or any(near(own, products) for own in one.serves.products)


def near(own: str, products: dict[str, float]) -> bool:
    known = tables.load().products
    return any(name == own or known[name].like.get(own) or known[own].like.get(name) for name in products)
