"""The ontology's tables are whole, and every phrase of theirs is found."""

from collections.abc import Iterator

import pytest

from runstone.catalog import words
from runstone.catalog.ontology import lexicon, tables
from runstone.catalog.ontology.phrases import Phrases
from runstone.catalog.ontology.tables import Weights

KNOWN = tables.load()


def phrases() -> Iterator[tuple[str, str, str]]:
    for table in ("kinds", "platforms", "products", "looks"):
        for one in getattr(KNOWN, table).values():
            yield from ((table, one.name, phrase) for phrase in one.words)
    for signal in KNOWN.signals.values():
        yield from (("signals", signal.name, phrase) for phrase in signal.says if not phrase.startswith("re:"))


@pytest.mark.parametrize("table", ["kinds", "platforms", "products", "looks", "signals"])
def test_every_phrase_is_found_as_its_own(table: str) -> None:
    finder: Phrases = getattr(lexicon.load(), table)
    for where, name, phrase in phrases():
        if where == table:
            assert name in {one.name for one in finder.find(words.fold(phrase))}, f"{table}: {phrase!r} of {name}"


def weights() -> Iterator[tuple[str, Weights]]:
    yield from ((one.name, one.looks) for one in KNOWN.signals.values())
    yield from ((one.name, one.seen) for one in KNOWN.kinds.values())
    yield from ((one.name, one.like) for one in KNOWN.products.values())
    yield from ((one.alerts[0], one.looks) for one in KNOWN.alerts)


def test_weights_are_from_0_to_1() -> None:
    for name, one in weights():
        assert all(0 < value <= 1 for value in one.values()), name


def test_every_signal_calls_for_something() -> None:
    assert [one.name for one in KNOWN.signals.values() if max(one.looks.values(), default=0) < 0.6] == []


def test_every_look_is_called_for_or_can_be_asked_for() -> None:
    assert all(one.words for one in KNOWN.looks.values())


def test_no_alert_stands_twice() -> None:
    names = [lexicon.squeezed(name) for alert in KNOWN.alerts for name in alert.alerts]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Last State: Terminated, Reason: OOMKilled, exited with code 137", "out-of-memory"),
        ("Back-off restarting failed container", "crash-looping"),
        ('Failed to pull image "web:v9": manifest unknown', "image-pull"),
        ("0/6 nodes are available: 6 Insufficient memory", "pending-pod"),
        ("dial tcp: lookup db on 10.0.0.10:53: no such host", "dns-failing"),
        ("connect ECONNREFUSED 10.1.2.3:5432", "refused"),
        ("upstream returned HTTP 502", "server-errors"),
        ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", "time-out"),
        ("x509: certificate signed by unknown authority", "certificate"),
        ("User is not authorized to perform: eks:DescribeCluster", "access-denied"),
        ("FATAL: sorry, too many clients already", "too-many-connections"),
        ("ERROR: deadlock detected", "locked"),
        ("write /data/wal: no space left on device", "disk-full"),
        ("HTTP 429 Too Many Requests", "rate-limited"),
    ],
)
def test_what_machines_write_is_understood(text: str, signal: str) -> None:
    assert signal in {one.name for one in lexicon.load().signals.find(words.fold(text), text)}


def test_a_longer_phrase_hides_the_shorter_ones_in_it() -> None:
    finder = Phrases({"long": ["connection pool exhausted"], "short": ["pool", "connection pool"]})
    assert [one.name for one in finder.find(words.fold("the connection pool is exhausted"))] == ["short"]
    assert [one.name for one in finder.find(words.fold("connection pool exhausted"))] == ["long"]


def test_one_common_word_tells_less_than_a_term() -> None:
    finder = Phrases({"slow": ["slow"], "term": ["slow query"]})
    (alone,) = finder.find(words.fold("so slow"))
    (term,) = finder.find(words.fold("a slow query"))
    assert alone.weight < term.weight == 1
