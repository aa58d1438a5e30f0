"""What programs are given: JSON, SARIF, GitHub's commands, and the page of the documentation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from linted import Change, report

from runstone.content.lint import formats, rules
from runstone.content.lint.engine import Report
from runstone.content.lint.finding import Edit, Finding

ROBOT = "runbook.robot"
CHANGES: list[Change] = [
    (ROBOT, "*** Tasks ***", "*** Task ***"),
    (ROBOT, "    [Tags]    access:read-only\n", ""),
    ("left.sh", "", "echo 'never closed\n"),
    (".runwhen/templates/thing-runbook.yaml", "thing/runbook.robot", "thing/gone.robot"),
]


@pytest.fixture
def found(tmp_path: Path) -> Report:
    return report(tmp_path, *CHANGES)


def test_json_holds_every_finding_and_the_counts(found: Report) -> None:
    document = json.loads(json.dumps(formats.json_document(found)))
    assert len(document["findings"]) == len(found.findings)
    assert sum(document["counts"].values()) == len(found.findings)
    assert list(document["counts"]) == ["error", "warning", "note"]
    fields = {"file", "line", "column", "code", "name", "severity", "message", "fix"}
    assert all(set(one) == fields for one in document["findings"])
    assert any(one["fix"] for one in document["findings"])


def log(found: Report) -> dict[str, Any]:
    return json.loads(json.dumps(formats.sarif(found, rules.every(), "1.2.3")))


def test_sarif_has_what_the_standard_requires(found: Report) -> None:
    """SARIF 2.1.0: sections 3.13 (log), 3.14 (run), 3.18 (tool), 3.19 (driver), 3.49 (rules), 3.27 (results)."""
    document = log(found)
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert driver["version"] == "1.2.3"
    assert len({one["id"] for one in driver["rules"]}) == len(driver["rules"])
    for one in driver["rules"]:
        assert one["shortDescription"]["text"]
        assert one["fullDescription"]["text"]
        assert one["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert run["invocations"][0]["executionSuccessful"] is True
    assert len(run["results"]) == len(found.findings)
    for one in run["results"]:
        assert one["message"]["text"]
        assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] in ("error", "warning", "note", "none")
        place = one["locations"][0]["physicalLocation"]
        assert not place["artifactLocation"]["uri"].startswith("/")
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        region = place.get("region", {})
        assert all(region[key] >= 1 for key in region)


def test_sarif_carries_fixes_as_replacements(found: Report) -> None:
    fixes = [one["fixes"][0] for one in log(found)["runs"][0]["results"] if "fixes" in one]
    (replacement,) = fixes[0]["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"]["text"] == "*** Tasks ***"
    assert replacement["deletedRegion"] == {"startLine": 10, "startColumn": 1, "endLine": 10, "endColumn": 13}


def test_a_path_in_sarif_is_a_uri() -> None:
    one = Finding("a b/ö.robot", 1, 0, "RS101", "return-in-task", "error", "m")
    document = formats.sarif(Report(Path(), (one,), 1, 1, 0, ()), rules.every(), "1")
    uri = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b/%C3%B6.robot"


def test_github_commands_are_one_line_each_with_everything_escaped() -> None:
    edit = Edit(1, 1, 1, 1, "")
    findings = (
        Finding("a,b/c:d.robot", 3, 7, "RS101", "return-in-task", "error", "100% wrong\nreally", (edit,)),
        Finding("left.sh", 0, 0, "RS402", "script-unused", "note", "No Task runs it."),
    )
    text = formats.github(Report(Path(), findings, 1, 1, 0, ("ruff is not there.",)))
    assert text.splitlines() == [
        "::error file=a%2Cb/c%3Ad.robot,line=3,col=7,title=RS101 return-in-task::100%25 wrong%0Areally",
        "::notice file=left.sh,title=RS402 script-unused::No Task runs it.",
        "::notice::ruff is not there.",
    ]


def test_the_page_of_the_documentation_is_what_the_rules_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "lint-rules.md"
    assert page.read_text(encoding="utf-8") == formats.page(rules.every()).rstrip() + "\n"


def test_every_rule_is_on_the_page_once_and_its_link_leads_to_it() -> None:
    page = formats.page(rules.every())
    headings = {
        re.sub(r"[^\w -]", "", line.removeprefix("### ").lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("### ")
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) == headings
    assert len(headings) == len(rules.every())


def test_findings_are_sorted_by_place_and_told_once(found: Report) -> None:
    places = [one.place for one in found.findings]
    assert places == sorted(set(places))
