"""The catalogue's registry as this machine's user has it: in the data folder, with git's own credentials."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from runstone import plugins
from runstone.catalog.registry import Options, Registry
from runstone.catalog.trials.sandboxed import Sandboxed
from runstone.connectors.executors import Executor
from runstone.connectors.secrets import SecretProvider
from runstone.errors import NotFound
from runstone.settings import Settings


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Registry]:
    """The registry of the data folder, which exists, for as long as the block lasts.

    Whoever may read a private repository with git here may register it: git asks the credential helper of its own
    configuration. Folders may be registered, since who speaks to this process owns the machine's files anyway. Tests
    of bundles run in bubblewrap, without network; where it cannot be used they do not run, and builds say so.
    """
    sandbox: Executor = plugins.load("executors", "bubblewrap")()
    why = sandbox.ready()
    trials = None if why else Sandboxed(sandbox, settings.data)
    registry = await Registry.open(settings.data, Options(hook_secret=secret, trials=trials, untested=why))
    try:
        yield registry
    finally:
        await registry.close()


async def secret(key: str) -> str:
    """The secret at ``PROVIDER@PATH``, such as ``env@HOOK_SECRET`` or ``file@/run/secrets/hook``. Raises NotFound."""
    place, _, path = key.partition("@")
    name, _, kind = place.partition(":")
    provider: SecretProvider = plugins.load("secrets", name)()
    return (await asyncio.to_thread(provider.get, kind, path, _nothing)).value.strip()


def _nothing(name: str) -> str | None:
    raise NotFound(f"The secret of a webhook cannot be made from another one ({name}).")
