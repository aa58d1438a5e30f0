"""Options that several commands share, declared once."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

T = TypeVar("T")

_CLUSTER: tuple[Callable[[Any], Any], ...] = (
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig to use instead of $KUBECONFIG or ~/.kube/config."),
    click.option("--context", metavar="NAME", help="Context of the kubeconfig; its current one by default."),
    click.option(
        "--namespace", "-n", "namespaces", multiple=True, metavar="NAME", help="Only this namespace (repeatable)."
    ),
)
_CONTENT: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--collection",
        "collections",
        multiple=True,
        metavar="URL[@REF]",
        help="A CodeCollection besides the built-in one: git URL or folder (repeatable).",
    ),
)


def which(command: Any) -> Any:
    """Which cluster, narrowed to what."""
    for option in reversed(_CLUSTER):
        command = option(command)
    return command


def cluster(command: Any) -> Any:
    """Which cluster, narrowed to what, with which CodeCollections."""
    for option in reversed(_CONTENT):
        command = option(command)
    return which(command)


def data(command: Any) -> Any:
    """Where the databases lie."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help="Data folder; ~/.local/share/runstone by default.",
    )(command)


def given(many: tuple[str, ...]) -> tuple[str, ...] | None:
    """A repeatable option as Settings want it: None when it was not used."""
    return many or None


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; Ctrl-C and SIGTERM cancel it and let it clean up. Raises KeyboardInterrupt then."""
    try:
        return asyncio.run(_cancellable(work))
    except asyncio.CancelledError as err:
        raise KeyboardInterrupt from err


async def _cancellable(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task
