"""BM25 over fields."""

from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog.lexical import Lexical

DOCUMENTS = [
    {"title": ["pod", "restart"], "text": ["pod", "pod"]},
    {"title": ["node", "restart"], "text": []},
    {"title": ["redis", "ping"], "text": ["pod"]},
]


def lexical() -> Lexical:
    return Lexical(DOCUMENTS, {"title": 3.0, "text": 1.0})


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    assert lexical().rarity("redis") > lexical().rarity("pod") > 0
    scores = lexical().scores({"redis": 1, "restart": 1})
    assert scores[2] > scores[1]


def test_a_title_counts_more_than_the_text() -> None:
    scores = lexical().scores({"pod": 1})
    assert scores[0] > scores[2] > scores[1] == 0


def test_a_word_that_nobody_has_takes_its_share_of_every_score() -> None:
    alone, beside = lexical().scores({"redis": 1})[2], lexical().scores({"redis": 1, "kafka": 1})[2]
    assert 0 < beside < alone
    assert not lexical().knows("kafka")


def test_a_field_without_a_weight_is_not_searched() -> None:
    assert Lexical(DOCUMENTS, {"title": 1.0}).scores({"pod": 1})[2] == 0


@given(st.dictionaries(st.sampled_from(["pod", "node", "redis", "kafka", "restart"]), st.floats(0.1, 2), max_size=5))
def test_scores_are_shares(asked: dict[str, float]) -> None:
    assert all(0 <= score <= 1 for score in lexical().scores(asked))
