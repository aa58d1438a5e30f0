"""``runstone fetch``: a CodeCollection at a commit, with what it needs, into folders of one's choice."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import click

from runstone.cli import options
from runstone.content import checkout, dependencies
from runstone.errors import Broken
from runstone.model.content import CollectionRef


@click.command("fetch")
@click.argument("url")
@click.argument("commit")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Folder for the collection's files.")
@click.option("--site", type=click.Path(path_type=Path), help="Folder for the packages that it asks for.")
def command(url: str, commit: str, to: Path, site: Path | None) -> None:
    """Fetch a CodeCollection at a commit, with the packages it asks for.

    URL as it is at COMMIT (40 hex digits).

    The pods of the executor kubernetes begin with it.
    """
    options.run(_fetch(CollectionRef(url=url, ref=commit, commit=commit), to, site))


async def _fetch(ref: CollectionRef, to: Path, site: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = await checkout.pinned(ref, Path(folder))
        await asyncio.to_thread(shutil.copytree, root, to, dirs_exist_ok=True, symlinks=True)
        if site:
            environment = await dependencies.built(to, Path(folder))
            for finding in environment.findings:
                click.echo(f"{finding.file}: {finding.message}", err=True)
            if not environment.folders:
                raise Broken(f"What {ref.url} needs could not be installed. The lines above say why.")
            await asyncio.to_thread(shutil.copytree, environment.folders[0], site, dirs_exist_ok=True)
