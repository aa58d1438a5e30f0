"""Bundles with cases, written into a folder and examined as ``runstone content test`` does."""

import asyncio
import textwrap
from functools import cache
from pathlib import Path

from runstone import plugins
from runstone.connectors.executors import Executor
from runstone.content.trial import bundle
from runstone.content.trial.play import Stage
from runstone.content.trial.report import BundleOutcome, CaseOutcome

PODS = """*** Settings ***
Library    RW.Core
Library    RW.CLI
Suite Setup    Begin

*** Tasks ***
Check Pods in `${NAMESPACE}`
    [Tags]    access:read-only
    ${answer}=    RW.CLI.Run Cli    cmd=kubectl get pods -n ${NAMESPACE} -o json
    ${names}=    RW.CLI.Run Cli    cmd=echo '${answer.stdout}' | jq -r '.items[] | select(.failed) | .name'
    RW.Core.Add Pre To Report    Failed: ${names.stdout}
    IF    $names.stdout.strip()
        RW.Core.Add Issue
        ...    severity=2
        ...    title=Pods fail in `${NAMESPACE}`
        ...    details=${names.stdout}
        ...    next_steps=Restart Pods in `${NAMESPACE}`
    END

Restart Pods in `${NAMESPACE}`
    [Tags]    access:read-write
    RW.CLI.Run Cli    cmd=kubectl delete pod -n ${NAMESPACE} --all

*** Keywords ***
Begin
    ${NAMESPACE}=    RW.Core.Import User Variable    NAMESPACE    example=shop
    Set Suite Variable    ${NAMESPACE}
"""
ILL = '{"items": [{"name": "cart-0", "failed": true}, {"name": "cart-1"}]}'
WELL = '{"items": [{"name": "cart-1"}]}'


def write(folder: Path, files: dict[str, str], cases: str = "") -> Path:
    """A bundle of these files, in a collection; ``cases`` becomes ``tests/cases.yaml``."""
    place = folder / "c" / "codebundles" / "pods"
    for name, text in {**files, **({"tests/cases.yaml": textwrap.dedent(cases)} if cases else {})}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def examine(place: Path, only: str = "", executor: Executor | None = None) -> BundleOutcome:
    """Test the bundle in the process executor, or another."""
    stage = Stage(bundle.collection_of(place), place, executor or _process())
    return asyncio.run(bundle.examined(stage, place.name, only))


@cache
def _process() -> Executor:
    """One for all: what it keeps warm is shared by their runs."""
    executor: Executor = plugins.load("executors", "process")()
    return executor


def play(folder: Path, cases: str, **files: str) -> CaseOutcome:
    """The outcome of the one case of a bundle whose ``runbook.robot`` is PODS, unless ``files`` say otherwise."""
    named = {name.replace("_", "."): text for name, text in files.items()} or {"runbook.robot": PODS}
    (case,) = examine(write(folder, named, cases)).cases
    return case


def said(case: CaseOutcome) -> list[str]:
    """Its failures as ``file:line message``."""
    return [f"{one.file}:{one.line} {one.message}" for one in case.failures]
