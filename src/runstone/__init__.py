"""Runstone: from a community's scripts to the root cause.

Three zones, named by what they may know. *Open* (``content``): community code. *Edge* (``edge``): runs in the
customer's network, the only zone that sees secrets and raw output. *Control* (``control``): workspaces, sessions,
people; sees names, references and redacted results. Nouns live in ``model``, third parties in ``connectors``, mouths
in ``server`` and ``cli``. ``.importlinter`` keeps it so.
"""

__version__ = "0.1.0"
