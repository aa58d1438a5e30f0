"""``runstone catalog augment`` as a person uses it."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import llm_server
from llm_server import Endpoint, good, refused
from runstone.catalog.document import TaskDocument
from runstone.cli import search
from runstone.cli.augmenting import augment
from runstone.errors import BadInput, Forbidden, NotFound

BUILT_IN = Path(__file__).parents[2] / "codecollection"


@pytest.fixture
def endpoint() -> Generator[Endpoint]:
    with llm_server.serving() as found:
        yield found


def collection(folder: Path, tasks: int = 2) -> Path:
    bundle = folder / "codebundles" / "k8s-web-health"
    bundle.mkdir(parents=True)
    body = "".join(f"Check Part {at} of Pods\n    [Tags]    access:read-only\n    Log    x\n\n" for at in range(tasks))
    (bundle / "runbook.robot").write_text(f"*** Tasks ***\n{body}")
    return folder


def run(endpoint: Endpoint, root: Path, *more: str) -> Result:
    arguments = [str(root), "--model", endpoint.url, "--name", "small", "--data", str(root / "data"), *more]
    return CliRunner().invoke(augment, arguments, catch_exceptions=False)


def test_documents_come_out_merged_and_marked(endpoint: Endpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = run(endpoint, collection(tmp_path), "--out", str(out))
    assert result.exit_code == 0
    found = [TaskDocument.model_validate_json(line) for line in out.read_text().splitlines()]
    assert [one.key for one in found] == [f"k8s-web-health::Check Part {at} of Pods" for at in range(2)]
    assert {one.summary.origin for one in found} == {"model"}
    assert {one.purpose.origin for one in found} == {"local"}
    assert "2 of 2 Tasks are described by the model, 0 from answers of earlier builds; 0 texts" in result.stdout
    assert "2 answers came: 200 tokens read and 40 written" in result.stdout


def test_a_second_build_is_free_and_the_same(endpoint: Endpoint, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(endpoint, collection(tmp_path), "--out", str(out))
    first = out.read_bytes()
    result = run(endpoint, tmp_path, "--out", str(out), "--budget-tokens", "0")
    assert "2 from answers of earlier builds" in result.stdout
    assert out.read_bytes() == first
    assert len(endpoint.requests) == 2


def test_search_uses_it_from_then_on(endpoint: Endpoint, tmp_path: Path) -> None:
    def words() -> float:
        arguments = ["hiccup", "--catalog", str(tmp_path), "--data", str(tmp_path / "data"), "--json"]
        answer = json.loads(CliRunner().invoke(search.command, arguments, catch_exceptions=False).stdout)
        return answer["hits"][0]["components"].get("words", 0)

    collection(tmp_path)
    assert words() == 0
    run(endpoint, tmp_path)
    assert words() > 0


def test_money_is_counted_and_its_end_is_said(endpoint: Endpoint, tmp_path: Path) -> None:
    prices = ("--budget-usd", "0.004", "--price-in", "1", "--price-out", "2", "--at-once", "1")
    result = run(endpoint, collection(tmp_path, 40), *prices)
    assert "The budget is used up" in result.stderr
    assert "USD" in result.stdout
    assert 0 < len(endpoint.requests) < 40


def test_what_was_left_out_is_listed_and_the_rest_counted(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.always = good(use_when=["Use helm to delete the deployment."])
    result = run(endpoint, collection(tmp_path, 25))
    assert "use_when: says that the Task changes something" in result.stderr
    assert "… and 5 notes more." in result.stderr
    assert "Use helm" not in result.output


@pytest.mark.parametrize("amount", ["free", "-1", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_refused(endpoint: Endpoint, tmp_path: Path, amount: str) -> None:
    result = run(endpoint, collection(tmp_path), "--budget-usd", amount)
    assert result.exit_code == 2
    assert "is no amount" in result.stderr


def test_a_budget_in_money_needs_prices(endpoint: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="needs prices"):
        run(endpoint, collection(tmp_path), "--budget-usd", "1")


def test_a_key_that_is_not_there_is_named_by_its_address(endpoint: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="NO_SUCH_KEY"):
        run(endpoint, collection(tmp_path), "--key", "env@NO_SUCH_KEY")
    assert endpoint.requests == []


def test_a_key_that_no_header_can_carry_is_refused_unseen(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("two\nlines")
    with pytest.raises(BadInput, match="no API key") as caught:
        run(endpoint, collection(tmp_path), "--key", f"file@{tmp_path / 'key'}")
    assert "two" not in str(caught.value)


def test_a_refusal_of_the_endpoint_is_one_error(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.always = refused(401)
    with pytest.raises(Forbidden, match="does not take the key"):
        run(endpoint, collection(tmp_path), "--at-once", "1")
