"""A secret's value is logged or reported.

Logs and reports leave the place where the secret is known. Masking catches what it knows of; it is the last net, not a
reason to print.

Print that it is set, not what it is.
"""

import re
from collections.abc import Iterator

from runstone.content.lint import secrets
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_SAYS = (
    *("log", "logtoconsole", "logmany", "addissue", "consolelog", "infolog", "debuglog", "tracelog", "warninglog"),
    *("addpretoreport", "addtoreport", "addcodetoreport", "addjsontoreport", "addurltoreport", "errorlog"),
)


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        holders = secrets.variables(suite)
        for use in suite.used(*_SAYS):
            for arg in use.args:
                for name in re.findall(r"\$\{([^{}.]+)\.value\}", arg.text):
                    if name.lower() in holders:
                        message = f"{use.name} shows the value of the secret ${{{name}}}. Say that it is set instead."
                        yield Remark(suite.file, arg.line, message, arg.column)


RULE = Rule("RS305", "secret-in-output", "error", _check)
