"""``runstone``: every command, each loaded when it is called, so that help costs next to nothing."""

import importlib
import sys

import click

from runstone import __version__

_COMMANDS = {
    "up": "Run Runstone on your cluster: discovery, runner, API and page in one process.",
    "edge": "Discover what runs here and run Tasks here, for a Runstone elsewhere.",
    "ask": "Find out why something is failing: opens a session and follows it to the cause.",
    "demo": "Break a sandbox shop and watch Runstone find out why.",
    "sandbox": "Run the built-in demo cluster, healthy or with a fault.",
    "discover": "Scan once and print what is on the Map.",
    "map": "Look at the Map: resources, what depends on what, what changed, which rules match.",
    "task": "Run the Tasks of a CodeBundle here, as a runner would.",
    "content": "Look into CodeBundles: what their Tasks need, change and can raise; run their own tests.",
    "search": "Find the Task for a question, an alert or an error.",
    "collection": "Register CodeCollections, build their commits, go back to an earlier one.",
    "catalog": "Write the catalogue as pages or as one signed file, take one in, have Tasks described.",
    "eval": "Measure Runstone on labelled data of yours.",
    "fetch": "Fetch a CodeCollection at a commit, with the packages it asks for.",
    "sessions": "List the sessions of the running Runstone, or show one.",
    "sli": "Show what is measured and how it stands.",
    "doctor": "Check what Runstone needs: cluster, permissions, collections, disk.",
}


class Commands(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded; None for a name that is none."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"runstone.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="runstone")
def runstone() -> None:
    """From a broken cluster to its root cause: discovers what you run, draws the Map, follows it with Tasks."""


def run() -> None:
    """The entry point. Exit codes: 0 fine, 1 we broke, 2 usage or bad input; ``ask`` adds 3 and 4."""
    try:
        runstone.main(standalone_mode=False)
    except click.exceptions.Exit as err:
        sys.exit(err.exit_code)
    except click.ClickException as err:
        err.show()
        sys.exit(err.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as err:  # noqa: BLE001  the outermost frame: ours become a sentence, others rise again
        sys.exit(_explained(err))


def _explained(err: Exception) -> int:
    """Print an error of ours as its sentence; anything else is a fault of Runstone and rises with its traceback."""
    from runstone.errors import Refused, RunstoneError, Unreachable  # the help path must not pay for it

    found = _first(err, RunstoneError)
    if found is None:
        raise err
    click.echo(f"runstone: {found}", err=True)
    return 2 if isinstance(found, Refused | Unreachable) else 1


def _first(err: BaseException, type_: type[Exception]) -> BaseException | None:
    """The first error of ``type_`` in an exception group, or the error itself."""
    if isinstance(err, BaseExceptionGroup):
        return next((found for one in err.exceptions if (found := _first(one, type_))), None)
    return err if isinstance(err, type_) else None


if __name__ == "__main__":
    run()
