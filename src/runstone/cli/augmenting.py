"""``runstone catalog augment``: have a language model describe the Tasks of a CodeCollection, within a budget."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import click

from runstone import plugins, settings
from runstone.catalog import library, read
from runstone.catalog.augment.answers import Answers
from runstone.catalog.augment.budget import Budget, Prices
from runstone.catalog.augment.kept import Kept
from runstone.catalog.augment.model import Model, Report
from runstone.catalog.augment.prompt import Size
from runstone.catalog.document import TaskDocument
from runstone.cli import logs, options
from runstone.connectors.llms import LLM
from runstone.connectors.secrets import SecretProvider
from runstone.errors import BadInput
from runstone.model.secret import Secret, SecretRef

_SHOWN = 20
"""Notes that are printed; the rest is counted."""


class Dollars(click.ParamType[Decimal]):
    """An amount that is not rounded."""

    name = "usd"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read it; refuse what is no amount."""
        try:
            amount = Decimal(str(value))
        except ArithmeticError:
            amount = Decimal(-1)
        if not (amount.is_finite() and amount >= 0):
            self.fail(f"{value!r} is no amount. Write it as 0.15.", param, ctx)
        return amount


_DOLLARS = Dollars()


@click.command("augment")
@click.argument("collection", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--model", "url", required=True, metavar="URL", help="An OpenAI-compatible endpoint, with or without /v1."
)
@click.option("--name", required=True, metavar="MODEL", help="The model's name there.")
@click.option("--key", metavar="PROVIDER@PATH", help="Where its API key lies: env@NAME, file@/run/key, vault@…")
@click.option("--plain-http", is_flag=True, help="Allow http to another machine.")
@click.option("--budget-tokens", type=click.IntRange(min=0), metavar="N", help="Tokens, read and written, at most.")
@click.option("--budget-usd", type=_DOLLARS, metavar="X", help="US dollars at most; needs the prices.")
@click.option("--price-in", type=_DOLLARS, metavar="X", help="US dollars for a million tokens read.")
@click.option("--price-out", type=_DOLLARS, metavar="X", help="US dollars for a million tokens written.")
@click.option(
    "--characters", default=Size().characters, show_default=True, help="How much is sent of one Task.", metavar="N"
)
@click.option("--answer-tokens", default=Size().answer, show_default=True, help="Tokens of one answer.", metavar="N")
@click.option("--at-once", default=4, show_default=True, type=click.IntRange(1, 64), help="Requests side by side.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the merged documents, one a line.")
@options.data
def augment(
    collection: Path,
    url: str,
    name: str,
    key: str | None,
    plain_http: bool,
    budget_tokens: int | None,
    budget_usd: Decimal | None,
    price_in: Decimal | None,
    price_out: Decimal | None,
    characters: int,
    answer_tokens: int,
    at_once: int,
    out: Path | None,
    data: Path | None,
) -> None:
    """Have a language model describe the Tasks of COLLECTION, a folder. Search uses what it writes from then on.

    Each Task's source, its contract and its bundle's README are sent to the endpoint, and nothing else. Answers are
    kept, so that the same Task is paid for once; what contradicts the source is left out.
    """
    logs.configure()
    told = settings.read(data=data)
    llm: LLM = plugins.load("llms", "openai")(url, name, _key(key) if key else None, plain_http)
    model = Model(
        llm,
        read.sources(collection),
        Answers(told.data / "catalogue" / "answers"),
        Budget(budget_tokens, budget_usd, Prices(price_in, price_out)),
        Size(characters, answer_tokens),
        at_once,
    )
    entries = read.collection(collection)
    kept = Kept(told.data)
    kept.keep(model.documents(entries))
    _say(model.report, model.budget, len(entries))
    if out:
        _write(out, library.described(entries, told.data, library.causes(collection)))
        click.echo(f"The documents are in {out}.", err=True)


def _key(said: str) -> Secret:
    """The key behind an address. Raises what its provider does, and BadInput for a key that no header can carry."""
    ref = SecretRef.parse(said)
    provider: SecretProvider = plugins.load("secrets", ref.provider)()
    value = provider.get(ref.kind, ref.path, lambda _: None).value.strip()
    if not value or not value.isascii() or not value.isprintable():
        raise BadInput(f"The secret at {said} is no API key: it must be one line of plain characters.")
    return Secret(ref.path, value)


def _write(out: Path, documents: Mapping[str, TaskDocument]) -> None:
    part = out.with_name(f"{out.name}.part")
    part.write_text("".join(f"{one.model_dump_json()}\n" for one in documents.values()), encoding="utf-8")
    part.replace(out)


def _say(report: Report, budget: Budget, tasks: int) -> None:
    for note in report.notes[:_SHOWN]:
        click.echo(note, err=True)
    if len(report.notes) > _SHOWN:
        click.echo(f"… and {len(report.notes) - _SHOWN} notes more.", err=True)
    click.echo(
        f"{report.written} of {tasks} Tasks are described by the model, {report.kept} from answers of earlier builds; "
        f"{report.refused} texts were left out. {report.asked} answers came: {budget}."
    )
