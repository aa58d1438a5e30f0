"""Which executor this process was told to use."""

from runstone import plugins
from runstone.connectors.executors import Executor
from runstone.errors import BadInput
from runstone.settings import Settings


def chosen(settings: Settings) -> Executor:
    """Where Tasks run. Raises NotFound for an unknown executor, BadInput for one that does not work here."""
    executor: Executor = plugins.load("executors", settings.executor)()
    if why := executor.ready():
        raise BadInput(f"The executor {settings.executor} cannot be used here: {why}")
    return executor
