"""``runstone catalog``: the built catalogue as pages or one signed file, such a file taken in, Tasks described."""

import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from runstone import settings
from runstone.catalog import pages
from runstone.catalog.registry import utc
from runstone.cli import augmenting, embedded, options, registry
from runstone.errors import BadInput, NotFound

if TYPE_CHECKING:
    from runstone.catalog.minisign import PublicKey, SecretKey

_PASSWORD = "RUNSTONE_KEY_PASSWORD"  # noqa: S105  the name of a variable


@click.group("catalog")
def command() -> None:
    """Write the catalogue as pages or as one signed file, take one in, have Tasks described."""


command.add_command(augmenting.augment)


@command.command("pages")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@options.data
def write_pages(folder: Path, data: Path | None) -> None:
    """Write every collection that is served to FOLDER, as HTML and JSON."""

    async def work() -> int:
        told = settings.read(data=data)
        embedded.data_folder(told.data)
        async with registry.opened(told) as of:
            return await pages.write(of.store, folder)

    click.echo(f"{options.run(work())} bundles are in {folder}/index.html.")


@command.command("key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make a key: FILE signs and is to be kept secret, FILE.pub is for those who import.

    They are keys of minisign, and those of minisign can be used as well.
    """
    _share()
    from runstone.catalog.minisign import SecretKey

    made = SecretKey.new()
    if file.exists():
        raise BadInput(f"{file} is there already, and a key is never overwritten.")
    _write(file, made.file())
    public = file.with_name(f"{file.name}.pub")
    public.write_text(made.public.file(), encoding="utf-8")
    click.echo(f"{file} signs; {public} is what others trust: {made.public.text}")


@command.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="The secret key that signs it.")
@click.option("--unsigned", is_flag=True, help="Do not sign it.")
@click.option("--collection", "names", multiple=True, help="Only this collection (repeatable).")
@options.data
def export(file: Path, key_file: Path | None, unsigned: bool, names: tuple[str, ...], data: Path | None) -> None:
    """Write what is served to FILE (such as catalogue.tar.zst), for a site without a network."""
    share = _share()
    if (key_file is None) != unsigned:
        raise BadInput("Sign it with --key FILE, or say --unsigned. Make a key with: runstone catalog key FILE")
    signing = _secret(key_file) if key_file else None

    async def work() -> int:
        told = settings.read(data=data)
        embedded.data_folder(told.data)
        async with registry.opened(told) as of:
            return len((await share.write(of.store, file, signing, names)).collections)

    count = options.run(work())
    click.echo(f"{file}: {count} collections, {file.stat().st_size} bytes, {'signed' if signing else 'not signed'}.")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--trust", help="The public key it must be signed with: a file, or the line itself.")
@click.option("--unsigned", is_flag=True, help="Take it without looking at a signature.")
@options.data
def take(file: Path, trust: str | None, unsigned: bool, data: Path | None) -> None:
    """Take in FILE, which another site exported. Everything is checked before anything is stored."""
    share = _share()
    if (trust is None) != unsigned:
        raise BadInput("Say whom to trust: --trust KEY.pub, or --unsigned to take the file as it is.")
    trusted = _public(trust) if trust else None

    async def work() -> tuple[tuple[str, str], ...]:
        told = settings.read(data=data)
        embedded.data_folder(told.data)
        async with registry.opened(told) as of:
            return (await share.read(of.store, file, trusted, utc())).collections

    for name, commit in options.run(work()):
        click.echo(f"{name} serves {commit}.")


def _share() -> ModuleType:
    """The module that reads and writes files of catalogues. Raises NotFound when what it needs is not installed."""
    try:
        from runstone.catalog import share
    except ModuleNotFoundError as err:
        if err.name not in ("zstandard", "cryptography"):
            raise
        raise NotFound("Sharing needs zstandard and cryptography: pip install 'runstone[share]'") from err
    return share


def _secret(file: Path) -> "SecretKey":
    from runstone.catalog import minisign

    text = _text(file)
    if not minisign.is_locked(text):
        return minisign.secret_key(text)
    password = os.environ.get(_PASSWORD) or click.prompt(f"Password of {file}", hide_input=True, err=True)
    return minisign.secret_key(text, password)


def _public(said: str) -> "PublicKey":
    from runstone.catalog import minisign

    file = Path(said)
    return minisign.public_key(_text(file) if file.is_file() else said)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise BadInput(f"The key {file} cannot be read: {type(err).__name__}.") from err


def _write(file: Path, text: str) -> None:
    """A file that its owner alone can read from the first byte on."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
