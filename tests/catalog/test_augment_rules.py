"""What holds of requests, budgets and merged documents, whatever goes in."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog.augment import merge, prompt
from runstone.catalog.augment.budget import Budget, Prices
from runstone.catalog.augment.prompt import Size
from runstone.catalog.document import Statement, TaskDocument
from runstone.catalog.entry import Entry
from runstone.connectors.llms import Tokens
from runstone.model.content import SourceFile, TaskSource

TEXT = st.text(max_size=300)
STATEMENTS = st.lists(st.sampled_from(["a b", "A  b.", "c", "d?", "e"]), max_size=6)


def entry(title: str, documentation: str) -> Entry:
    return Entry(
        collection="folder-name", bundle="b", title=title, documentation=documentation, bundle_documentation="",
        tags=(), supports=(), access="unknown", changes=False,
    )  # fmt: skip


@given(TEXT, TEXT, TEXT, TEXT)
def test_what_strangers_wrote_stays_between_the_marks(title: str, documentation: str, body: str, readme: str) -> None:
    source = TaskSource(files=(SourceFile(name="runbook.robot", text=body),), readme=readme)
    system, user = prompt.question(entry(title, documentation), source, Size()).messages
    assert (system.role, system.text) == ("system", prompt.text())
    first, _, rest = user.text.partition("\n")
    inside, _, last = rest.rpartition("\n")
    mark = first.removeprefix("-----begin task ").removesuffix("-----")
    assert last == f"-----end task {mark}-----"
    assert mark not in inside
    assert "folder-name" not in user.text


@given(TEXT, TEXT)
def test_the_same_task_is_the_same_question(body: str, readme: str) -> None:
    source = TaskSource(files=(SourceFile(name="runbook.robot", text=body),), readme=readme)
    one, other = (prompt.question(entry("t", "d"), source, Size()) for _ in range(2))
    assert prompt.digest(one, "m") == prompt.digest(other, "m")
    assert prompt.digest(one, "m") != prompt.digest(one, "n")


@given(st.text(min_size=1, max_size=40, alphabet="ab \n"), st.integers(1, 300), st.integers(400, 3000))
def test_no_more_is_sent_than_was_said(piece: str, times: int, most: int) -> None:
    body = piece * times
    source = TaskSource(files=tuple(SourceFile(name=name, text=body) for name in "ab"), readme=body)
    _, user = prompt.question(entry("t", body), source, Size(characters=most)).messages
    assert len(user.text) <= most + 300


def document(*symptoms: str, origin: str, summary: str = "") -> TaskDocument:
    told = tuple(Statement.model_validate({"text": one, "origin": origin}) for one in symptoms)
    said = Statement.model_validate({"text": summary, "origin": origin})
    return TaskDocument.empty("b::t", "d").model_copy(update={"symptoms": told, "summary": said})


@given(STATEMENTS, STATEMENTS)
def test_local_pieces_come_first_and_nothing_is_said_twice(local: list[str], told: list[str]) -> None:
    facts, model = document(*dict.fromkeys(local), origin="local"), document(*told, origin="model")
    merged = merge.merged(facts, model)
    plain = [" ".join(one.text.lower().split()).rstrip(".?") for one in merged.symptoms]
    assert len(set(plain)) == len(plain)
    origins = [one.origin for one in merged.symptoms]
    assert origins == sorted(origins), "local before model"
    assert {one.text for one in merged.symptoms} <= {*local, *told}
    assert merge.merged(merged, model) == merged


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 300)), max_size=30),
    st.integers(0, 6000),
    st.decimals(0, 1, places=3),
)
def test_no_budget_is_passed_by_requests_that_take_what_they_reserved(
    requests: list[tuple[int, int]], most: int, usd: Decimal
) -> None:
    prices = Prices(Decimal(100), Decimal(400))
    budget = Budget(most, usd, prices)
    held: list[Tokens] = []
    for read, written in requests:
        if budget.reserve(Tokens(read, written)):
            held.append(Tokens(read, written))
        if len(held) > 2:
            budget.settle(held[0], held.pop(0))
    for one in held:
        budget.settle(one, one)
    assert budget.spent.total <= most
    assert (prices.of(budget.spent) or 0) <= usd


def test_what_a_request_did_not_take_is_there_for_others() -> None:
    budget = Budget(tokens=100)
    assert budget.reserve(Tokens(60, 40))
    assert not budget.reserve(Tokens(1, 0))
    budget.settle(Tokens(60, 40), Tokens(10, 0))
    assert budget.reserve(Tokens(50, 40))
