"""A file of the bundle holds what looks like a secret.

Content is public, and its history is kept. A key that was in it once is known.

Revoke the key now; then take it out and import it as a secret.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_KINDS: dict[str, re.Pattern[str]] = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-\d{8,}-[\w-]{20,}"),
    "a GitLab token": re.compile(r"\bglpat-[\w-]{20,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n?[A-Za-z0-9+/=\s]{100,}"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,}"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
}
"""Forms that their makers document, each so particular that a text of it is hardly anything else."""
_MARKS = {
    "an AWS access key": ("AKIA", "ASIA"),
    "a GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "a Slack token": ("xox",),
    "a GitLab token": ("glpat-",),
    "a Google API key": ("AIza",),
    "a private key": ("PRIVATE KEY",),
    "a Stripe key": ("k_live_",),
    "a JSON web token": ("eyJ",),
}
"""What each has in it: to look for that is many times quicker."""
_EXAMPLE = re.compile(r"EXAMPLE|example|xxxx|XXXX|0{8}|12345678")


def _check(bundle: Bundle) -> Iterator[Remark]:
    texts = [*bundle.suites, *bundle.scripts, *bundle.rule_files, *bundle.templates]
    for one in (*texts, *((bundle.readme,) if bundle.readme else ())):
        for kind, pattern in _KINDS.items():
            for found in pattern.finditer(one.text) if any(mark in one.text for mark in _MARKS[kind]) else ():
                if not _EXAMPLE.search(found[0]):
                    message = f"This looks like {kind}. Revoke it, take it out, and import it as a secret."
                    yield Remark(one.file, one.line_of(found.start()), message)


RULE = Rule("RS309", "secret-written-down", "error", _check)
