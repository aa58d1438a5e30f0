"""``runstone catalog``: the catalogue of Tasks, open content only."""

import click

from runstone.cli import augmenting


@click.group("catalog")
def command() -> None:
    """Have Tasks described, beyond what their source says.

    What the catalogue holds is open content, never anything of an enterprise.
    """


command.add_command(augmenting.augment)
