"""Whether a command could look at all.

A Task that reads nothing finds nothing, and would call its subject healthy. So an answer that only says "I could not
look" is told to the sink, once per Task and reason. The wordings are those of bash and kubectl (1.20 to 1.34, seen in
runs against a real API server). Only lines that such a program writes about itself count: they are matched as whole
lines, on stderr always, on stdout only when the command also failed.
"""

import re
from typing import Any

from RW import platform
from RW.Core import place
from RW.platform.secret import hide

_SHOWN = 120
"""Characters of a command worth showing."""

_told: set[tuple[Any, str]] = set()

_INSTALL = "The program {tool} is not installed where Tasks run. Install it on the runner."
_REACH = "The API server could not be reached: {said}. Check address, network and certificate."
_RENEW = "The API server did not accept the credentials. Renew the kubeconfig that the runner uses."
_LOG = r"(?:E\d{4} [^]]*\] )?"
"""How kubectl's client library begins a line of its own log."""

# In the order of what explains more: the first that fits any line is told.
_LINES: tuple[tuple[str, str], ...] = (
    (r"(?:\S+: )?(?:line \d+: )?(?P<tool>[\w./+-]+): command not found", _INSTALL),
    (r"(?:\S*/)?env: [‘'\"]?(?P<tool>[\w./+-]+)[’'\"]?: No such file or directory", _INSTALL),
    (
        r"(?:\S*bash|\S+\.sh): (?:line \d+: )?(?P<tool>\S+): Permission denied",
        "It may not be run: {tool}. Make the file executable.",
    ),
    (
        r"(?:Error from server \(Forbidden\): |error: |Error: )?(?:error when .*?: )?\S+(?: \".*?\")? is forbidden: "
        r"User \"(?P<user>[^\"]*)\" cannot (?P<verb>\w+) resource \"(?P<kind>[^\"]*)\""
        r"(?: in API group \"[^\"]*\")?(?P<where> in the namespace \"[^\"]*\"| at the cluster scope)?.*",
        "{user} may not {verb} {kind}{where}. Grant it {verb} on {kind}.",
    ),
    (
        r"Error from server \(Forbidden\):? ?(?P<said>.*)",
        "The API server refused: {said}. Grant the runner this permission.",
    ),
    (_LOG + r".*You must be logged in to the server.*", _RENEW),
    (_LOG + r".*the server has asked for the client to provide credentials.*", _RENEW),
    (
        r"The connection to the server (?P<host>\S+) was refused.*",
        "The API server {host} refused the connection. Check that it runs and that this is its address.",
    ),
    (r"Unable to connect to the server: (?P<said>.*)", _REACH),
    (r"(?:E\d{4} .*|error: .*)(?P<said>(?:dial tcp|net/http:|x509:) [^\"]*).*", _REACH),
    (
        r"(?:error: )?(?:unable to upgrade connection|error upgrading connection):? ?(?P<said>.*)",
        "The cluster does not let commands or connections into containers {said}. Allow exec, or look by hand.",
    ),
    (
        r"Error from server \((?:MethodNotAllowed|NotImplemented)\):(?P<said>.*)",
        "The API server does not do what was asked:{said}. Exec, attach or port-forward? Look by hand.",
    ),
    (
        # What an API server without exec answers: a bare 405 or 501 leaves kubectl without words.
        r"Error from server(?: \((?:MethodNotAllowed|NotImplemented)\))?:(?P<said>| .*(?:not implemented|does not "
        r"allow this method|dialing backend).*)",
        "The API server does not do what was asked{said}: most often exec, attach or port-forward. Look by hand.",
    ),
    (
        r"(?:Error in configuration: |error: )?context (?:was not found for specified context: |\")(?P<name>[^\"]*?)"
        r"(?:\" does not exist)?",
        "The kubeconfig has no context {name}. Correct the input or the kubeconfig.",
    ),
    (
        r"error: (?:error loading config file \"[^\"]*\": |stat \S+: )(?P<said>.*)",
        "The kubeconfig cannot be read: {said}. Correct the secret that holds it.",
    ),
    (
        r"error: Metrics (?:API )?not available.*",
        "The cluster has no Metrics API. Install metrics-server to check usage.",
    ),
)
_PATTERNS = tuple((re.compile(pattern), why) for pattern, why in _LINES)


def tell(answer: platform.ShellServiceResponse, timeout_s: float) -> None:
    """Tell the sink when the command could not look, unless this Task was told the same before."""
    why = reason(answer, timeout_s)
    if not why or platform.sink is None:
        return
    key = (place.variable("TEST NAME"), why)
    if key not in _told:
        _told.add(key)
        platform.emit("blocked", {"what": shorten(answer.cmd), "why": why})


def reason(answer: platform.ShellServiceResponse, timeout_s: float) -> str:
    """Why the command could not look, as a sentence with what to do; empty when it could."""
    if answer.returncode == -1 and answer.errors:
        return f"It did not end within {timeout_s:g} s. Raise its timeout, or see why it hangs."
    lines = answer.stderr.splitlines()
    if answer.returncode:
        lines += answer.stdout.splitlines()
    for pattern, why in _PATTERNS:
        found = next(filter(None, map(pattern.fullmatch, map(str.strip, lines))), None)
        if found:
            words = {name: (value or "").replace('"', "").rstrip() for name, value in found.groupdict().items()}
            return hide(" ".join(why.format(**words).replace(" .", ".").split()))
    return ""


def shorten(cmd: str) -> str:
    """The command in one short line, without secrets."""
    line = " ".join(hide(cmd).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
