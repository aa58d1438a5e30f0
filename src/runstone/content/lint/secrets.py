"""Which variables hold a secret, by what the suites import and by how they hand it on."""

import re

from runstone.content.lint.bundle import Bundle, SuiteFile, variable

LIKELY = re.compile(r"(?i)token|secret|password|passwd|pwd|api_?key|credential|private_key|_key\b|_pat\b|bearer")
"""What the name of a variable with a secret has in it. A text without any has none that is worth a look."""
_SURE = re.compile(r"(?i)(?:^|_)(?:token|password|passwd|secret|api_?key|private_key|access_key|client_secret|pat)$")
_NOT = re.compile(
    r"(?i)(?:^|_)(?:name|id|path|file|url|uri|count|age|days|ref|namespace|expiry|type|max|min|limit|url)s?$"
)


def variables(suite: SuiteFile) -> frozenset[str]:
    """Robot variables with a Secret, in lower case."""
    assigned = [
        re.sub(r"[${}=]", "", one).strip().lower()
        for use in suite.used("importsecret", "importoptionalsecret", "importusersecret")
        for one in use.assigned
    ]
    return frozenset([*(one.name.lower() for one in suite.suite.secrets), *assigned])


def names(bundle: Bundle) -> frozenset[str]:
    """Variables of a script's environment that hold a secret's value.

    Those are named by the secret's key; a file's path is no secret. Beside them, what a script itself names so.
    """
    keys = {one.name for suite in bundle.suites for one in suite.suite.secrets}
    given = {_key(arg.text) for suite in bundle.robots for use in suite.uses for arg in use.args}
    as_files = {key for key in given if key}
    # Only what names a value by itself: a kubeconfig or a service account's key is a file to its programs.
    sure = {key for key in keys if _SURE.search(key) and variable(key) not in as_files}
    said = {name for script in bundle.shells for name in re.findall(r"\$\{?(\w+)", script.text) if _SURE.search(name)}
    # A bare "secret" is as often the thing that is listed as its value.
    return frozenset(name for name in sure | said if not _NOT.search(name) and name != "secret")


def _key(text: str) -> str:
    """The variable that is handed over as a file; empty when the argument is no such."""
    found = re.match(r"secret_file__\w+=\$\{([^}]+)\}", text)
    return variable(found[1]) if found else ""
