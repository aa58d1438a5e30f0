"""Findings for programs: JSON, SARIF 2.1.0 (OASIS), and the commands GitHub's runners read from a step's output.

And the rules as the page of the documentation that lists them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from runstone.content.lint.engine import Report
from runstone.content.lint.finding import SEVERITIES, Edit, Finding
from runstone.content.lint.rule import Rule

_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def json_document(report: Report) -> dict[str, Any]:
    """All of it, one object a finding."""
    return {
        "bundles": report.bundles,
        "files": report.files,
        "waived": report.waived,
        "said": list(report.said),
        "counts": counts(report.findings),
        "findings": [described(one) for one in report.findings],
    }


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many of each severity, the worst first."""
    found = Counter(one.severity for one in findings)
    return {severity: found[severity] for severity in reversed(SEVERITIES)}


def described(one: Finding) -> dict[str, Any]:
    """A finding as programs are told it."""
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "code": one.code,
        "name": one.name,
        "severity": one.severity,
        "message": one.message,
        "fix": [
            {"line": e.line, "column": e.column, "end_line": e.end_line, "end_column": e.end_column, "text": e.text}
            for e in one.fix
        ],
    }


def sarif(report: Report, rules: Sequence[Rule], version: str) -> dict[str, Any]:
    """A SARIF log of one run, with every rule that was asked."""
    places = {rule.code: number for number, rule in enumerate(rules)}
    driver = {"name": "runstone", "version": version, "rules": [_descriptor(rule) for rule in rules]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder that paths are relative to."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "note", "message": {"text": one}} for one in report.said],
            }
        ],
        "results": [_result(one, places) for one in report.findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.documentation.strip()},
        "help": {"text": rule.documentation.strip(), "markdown": rule.documentation.strip()},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(one: Finding, places: dict[str, int]) -> dict[str, Any]:
    artifact = {"uri": quote(one.file), "uriBaseId": "SRCROOT"}
    place: dict[str, Any] = {"artifactLocation": artifact}
    if one.line:
        place["region"] = {"startLine": one.line, **({"startColumn": one.column} if one.column else {})}
    found: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": places[one.code],
        "level": one.severity,
        "message": {"text": one.message},
        "locations": [{"physicalLocation": place}],
    }
    if one.fix:
        replacements = [_replacement(edit) for edit in one.fix]
        change = {"artifactLocation": artifact, "replacements": replacements}
        found["fixes"] = [{"description": {"text": one.message}, "artifactChanges": [change]}]
    return found


def _replacement(edit: Edit) -> dict[str, Any]:
    region = {
        "startLine": edit.line,
        "startColumn": edit.column,
        "endLine": edit.end_line,
        "endColumn": edit.end_column,
    }
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def github(report: Report) -> str:
    """One command a line, as GitHub's runners turn into annotations."""
    return "\n".join([*(_command(one) for one in report.findings), *(f"::notice::{_data(s)}" for s in report.said)])


def _command(one: Finding) -> str:
    place = f",line={one.line}" if one.line else ""
    place += f",col={one.column}" if one.line and one.column else ""
    title = _property(f"{one.code} {one.name}")
    return f"::{_GITHUB[one.severity]} file={_property(one.file)}{place},title={title}::{_data(one.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_PAGE = """# Lint rules

`runstone content lint PATH...` says what is wrong with CodeBundles; nothing of them is run. Each rule has a code that
never changes. `--explain CODE` prints what stands here. This page is made from the rules themselves:
`runstone content lint --explain page`.

A finding that is meant is waived where it stands, with the reason:

```
# runstone: allow RS308 the self-signed certificate is what this looks at
```

The comment holds for its line or, alone on a line, for the next. `allow CODE reason` in the file `.runstone-lint` of a
bundle holds for the whole bundle. A waiver without a reason, for a code that there is not, or for what is not found, is
a finding itself.
"""
_FAMILIES = {
    "RS0": "The linter's own work",
    "RS1": "Suites",
    "RS2": "What is said to people",
    "RS3": "Access and safety",
    "RS4": "Scripts",
    "RS5": "Generation rules and templates",
}


def page(rules: Sequence[Rule]) -> str:
    """The documentation of every rule, by family."""
    parts = [_PAGE]
    for family, title in _FAMILIES.items():
        own = [rule for rule in rules if rule.code.startswith(family)]
        rows = [f"| [{rule.code}](#{_anchor(rule)}) | {rule.name} | {rule.severity} | {rule.summary} |" for rule in own]
        parts.append("\n".join([f"## {title}\n", "| code | name | severity | |", "|---|---|---|---|", *rows, ""]))
        parts += [f"### {rule.code} {rule.name}\n\n{_markdown(rule.documentation)}\n" for rule in own]
    return "\n".join(parts)


def _anchor(rule: Rule) -> str:
    return f"{rule.code} {rule.name}".lower().replace(" ", "-")


def _markdown(text: str) -> str:
    """reStructuredText literals as Markdown's; those with a backtick in them keep the double ones."""
    return re.sub(r"(?<!`)``([^`\n]+)``(?!`)", r"`\1`", text.strip())
