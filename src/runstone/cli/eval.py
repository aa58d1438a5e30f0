"""``runstone eval``: how good Runstone is at something, on labelled data."""

from pathlib import Path

import click

from runstone import settings
from runstone.catalog import library, read, retrieval
from runstone.cli import logs, meaning, options
from runstone.errors import BadInput


@click.group("eval")
def command() -> None:
    """Measure Runstone on labelled data of yours."""


@command.command("retrieval")
@click.argument("file", metavar="QUERIES.jsonl", type=click.Path(path_type=Path))
@click.option("--collection", type=click.Path(path_type=Path), help="A CodeCollection's folder, read with its sources.")
@click.option("--catalog", type=click.Path(path_type=Path), help="A catalogue file: one Task a line, without sources.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The run: one line per question.")
@options.data
def evaluate(file: Path, collection: Path | None, catalog: Path | None, out: Path, data: Path | None) -> None:
    """Ask search every labelled question and print the figures as one JSON object.

    A line of the run has the question's id, up to ten keys of Tasks (codebundle::title), best first, the confidence,
    and whether something fits.
    """
    if (collection is None) == (catalog is None):
        raise BadInput("Give either --collection FOLDER or --catalog FILE: the Tasks to search in.")
    logs.configure()
    told = settings.read(data=data)
    asked = retrieval.queries(file)
    entries = read.collection(collection) if collection else read.lines(catalog or Path())
    codes = library.causes(collection) if collection else ()
    search = library.searchable(entries, told.data, codes, meaning.found(told.data))
    ran = retrieval.run(search, asked)
    out.write_text("".join(f"{one.model_dump_json()}\n" for one in ran), encoding="utf-8")
    click.echo(retrieval.figures(asked, ran, entries).model_dump_json())
