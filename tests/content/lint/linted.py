"""A small bundle that has nothing wrong with it, and the linter on changed copies of it."""

from pathlib import Path

from runstone.content.lint import engine
from runstone.content.lint.engine import Report
from runstone.content.lint.finding import Finding

SUITE = """\
*** Settings ***
Documentation    Looks at a thing.
Metadata    Author    someone
Metadata    Display Name    A thing
Metadata    Supports    Things
Library    RW.Core
Library    RW.CLI
Suite Setup    Suite Initialization

*** Tasks ***
Look At Thing `${THING}`
    [Documentation]    Looks at it and says when it is gone.
    [Tags]    access:read-only
    ${answer}=    RW.CLI.Run Cli    cmd=cat ${THING}
    RW.Core.Add Issue    severity=2    title=Thing `${THING}` is gone    next_steps=Look for it.

*** Keywords ***
Suite Initialization
    ${THING}=    RW.Core.Import User Variable    THING
    ...    description=The thing.
    ...    default=a
    Set Suite Variable    ${THING}    ${THING}
"""
RULES = """\
apiVersion: runwhen.com/v1
kind: GenerationRules
spec:
  platform: kubernetes
  generationRules:
    - resourceTypes: [deployment]
      matchRules:
        - type: pattern
          pattern: ".+"
          properties: [name]
          mode: substring
      slxs:
        - baseName: thing
          qualifiers: [resource, namespace, cluster]
          outputItems:
            - type: slx
            - type: runbook
"""
RUNBOOK = """\
apiVersion: runwhen.com/v1
kind: Runbook
metadata:
  name: {{slx_name}}
spec:
  codeBundle:
    {% if repo_url %}
    repoUrl: {{repo_url}}
    {% endif %}
    pathToRobot: codebundles/thing/runbook.robot
  configProvided:
    - name: THING
      value: {{match_resource.name}}
"""
FILES = {
    "README.md": "A thing.",
    "runbook.robot": SUITE,
    ".runwhen/generation-rules/thing.yaml": RULES,
    ".runwhen/templates/thing-slx.yaml": "kind: ServiceLevelX\n",
    ".runwhen/templates/thing-runbook.yaml": RUNBOOK,
}

Change = tuple[str, str, str]
"""A file, what stands in it, what stands there instead. Nothing to replace: it becomes the whole file."""


def write(root: Path, *changes: Change) -> Path:
    """The bundle with these changes, below ``root``."""
    files = dict(FILES)
    for file, old, new in changes:
        if old:
            assert old in files[file], f"{old!r} is not in {file}"
        files[file] = files[file].replace(old, new) if old else new
    bundle = root / "codebundles" / "thing"
    for name, text in files.items():
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return bundle


def report(root: Path, *changes: Change, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Report:
    """What the linter says of the changed bundle; shellcheck and ruff are not asked."""
    return engine.run([write(root, *changes)], engine.chosen(select, ignore), root / "codebundles" / "thing")


def findings(root: Path, *changes: Change) -> list[Finding]:
    """The findings of it."""
    return list(report(root, *changes).findings)


def codes(root: Path, *changes: Change) -> set[str]:
    """The codes of them."""
    return {one.code for one in findings(root, *changes)}
