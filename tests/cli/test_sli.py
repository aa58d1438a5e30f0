"""What ``runstone sli`` prints."""

import datetime as dt
import io
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from runstone.cli import sli
from runstone.errors import BadInput

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def row(kind: str, name: str, standing: str = "ok", value: float | None = 1.0, reason: str = "") -> dict[str, Any]:
    return {
        "slx": f"w--{name}-{kind.lower()}",
        "alias": f"{name} {kind} Health",
        "subject": {"platform": "c", "kind": kind, "namespace": "shop", "name": name},
        "interval_s": 60,
        "standing": standing,
        "reason": reason,
        "since": "2026-01-01T11:00:00.000Z",
        "due": "2026-01-01T12:00:30.000Z",
        "ended_at": "2026-01-01T11:59:30.000Z",
        "last": None if value is None else {"at": "2026-01-01T11:59:30.000Z", "value": value},
        "trend": [None, 0.0, 0.5, 1.0],
    }


def shown(show: Any, what: Any, width: int = 80) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width), what, NOW)
    return out.getvalue()


def test_the_table_puts_first_what_needs_a_person_and_says_why() -> None:
    text = shown(
        sli.show_all,
        [
            row("Deployment", "fine"),
            row("Deployment", "low", value=0.2),
            row("Deployment", "new", "never", None, "not measured yet; waits since …"),
            row("Deployment", "sick", "failing", None, "no route [to] host"),
            row("Deployment", "slow", "late", 0.5, "nothing since noon"),
        ],
    )
    order = [text.index(f"shop/{name}") for name in ("sick", "slow", "new", "low", "fine")]
    assert order == sorted(order)
    assert "failing  Deployment shop/sick: no route [to] host" in text
    assert "late  Deployment shop/slow: nothing since noon" in text
    assert "never  1 are not measured yet; they wait since 2026-01-01T11:00:00.000Z" in text
    assert "5 SLIs: 1 failing, 1 late, 1 never, 2 ok" in text
    assert "·▁▅█" in text
    assert "30 s" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_missing_runner_is_said_once_for_all() -> None:
    reason = "no runner at location 'local' gives a sign of life; start one there. The last run ended at noon"
    text = shown(sli.show_all, [row("Node", name, "no_runner", reason=reason) for name in ("a", "b", "c")])
    assert text.count("no runner at location 'local' gives a sign of life; start one there") == 1


def test_nothing_measured_explains_itself() -> None:
    assert "no SLX on the Map has an SLI" in shown(sli.show_all, [])


def test_two_slis_of_one_subject_are_told_apart() -> None:
    twin = row("Deployment", "cart") | {"slx": "w--cart-policies"}
    text = shown(sli.show_all, [row("Deployment", "cart"), twin])
    assert "w--cart-deployment" in text
    assert "w--cart-policies" in text


def test_one_sli_shows_all_its_series() -> None:
    bucket = {"at": "2026-01-01T11:30:00.000Z", "min": 1.0, "mean": 2.0, "max": 4.0, "count": 2}
    series = {"sub_name": "pods", "labels": {"zone": "a"}, "type": "gauge", "points": [], "buckets": [bucket]}
    last = {"at": "2026-01-01T11:59:00.000Z", "value": 4.0}
    window = {"start": "2026-01-01T11:00:00.000Z", "end": "2026-01-01T12:00:00.000Z"}
    one = row("Deployment", "cart") | window | {"series": [series | {"last": last}]}
    text = shown(sli.show_one, one)
    assert "cart Deployment Health  Deployment shop/cart" in text
    assert "score 1, 30 s ago; measured every 60 s" in text
    cells = next(line for line in text.splitlines() if "pods" in line).split()
    assert cells == ["pods", "zone=a", "4", "60", "s", "1", "2", "4", "········█·······"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("w--cart-deployment", "w--cart-deployment"),
        ("Service shop/cart", "w--cart-service"),
        ("Service", "w--cart-service"),
        ("cart-dep", "w--cart-deployment"),
        ("cart Deployment Health", "w--cart-deployment"),
    ],
)
def test_an_slx_is_meant_by_name_by_subject_or_by_a_part_of_them(said: str, wanted: str) -> None:
    assert sli.chosen([row("Deployment", "cart"), row("Service", "cart")], said) == wanted


def test_a_part_that_several_have_or_none_is_asked_back() -> None:
    listed = [row("Deployment", "cart"), row("Service", "cart")]
    with pytest.raises(BadInput, match="can mean 2 SLXs: w--cart-deployment, w--cart-service"):
        sli.chosen(listed, "cart")
    with pytest.raises(BadInput, match="No SLX that is measured is called 'pay'"):
        sli.chosen(listed, "pay")


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=40))
def test_a_trend_has_a_character_for_each_value(values: list[float | None]) -> None:
    drawn = sli.trend(values)
    assert len(drawn) == len(values)
    assert [mark == "·" for mark in drawn] == [value is None for value in values]


@given(st.floats(0, 1e8))
def test_an_age_is_short(seconds: float) -> None:
    at = (NOW - dt.timedelta(seconds=seconds)).isoformat()
    number, unit = sli.age(at, NOW).split()
    assert unit in ("s", "min", "h", "d")
    assert int(number) <= 1158


@pytest.mark.parametrize("said", ["3", "8d", "59s", "soon", ""])
def test_a_window_that_is_none_is_a_sentence(said: str) -> None:
    ran = CliRunner().invoke(sli.command, ["--window", said])
    assert ran.exit_code == 2
    assert "is no time from 1m to 7d" in ran.output
