"""Rules that can never match, and items that cannot be made, are found before any cluster is asked."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runstone.edge.discovery import linting

RULE: dict[str, Any] = {
    "resourceTypes": ["deployment"],
    "matchRules": [{"type": "pattern", "pattern": ".", "properties": ["name"]}],
    "slxs": [{"baseName": "b", "qualifiers": ["resource"], "outputItems": [{"type": "slx"}]}],
}


def messages(root: Path, rule: dict[str, Any] | None = None, platform: str = "kubernetes", text: str = "") -> list[str]:
    folder = root / "codebundles" / "b" / ".runwhen"
    (folder / "generation-rules").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "templates" / "b-slx.yaml").write_text("spec: {}")
    spec = {"platform": platform, "generationRules": [rule or RULE]}
    (folder / "generation-rules" / "r.yaml").write_text(text or yaml.safe_dump({"spec": spec}))
    return [f"{one.severity}: {one.message}" for one in linting.collection(root)]


def slx(**more: Any) -> dict[str, Any]:
    return {**RULE, "slxs": [{**RULE["slxs"][0], **more}]}


def test_a_sound_rule_has_no_finding(tmp_path: Path) -> None:
    assert messages(tmp_path) == []


@pytest.mark.parametrize(
    ("rule", "platform", "said"),
    [
        ({**RULE, "resourceTypes": ["stateful_set"]}, "kubernetes", "error: No cluster has a type 'stateful_set'"),
        ({**RULE, "resourceTypes": ["stateful_set"]}, "kubernetes", "Did you mean statefulset?"),
        ({**RULE, "resourceTypes": ["zebra"]}, "kubernetes", "Write a custom type as plural.group"),
        ({**RULE, "resourcetypes": []}, "kubernetes", "has a key 'resourcetypes' that means nothing. Did you mean"),
        (RULE, "kubernets", "error: There is no platform 'kubernets'"),
        (slx(qualifiers=["resource", "region"]), "kubernetes", "is named by 'region', which kubernetes does not have"),
        (slx(qualifiers=["namespace"]), "aws", "is named by 'namespace', which aws does not have"),
        (slx(outputItems=[{"type": "runbook"}]), "kubernetes", "has no item of type slx"),
        (slx(outputItems=[]), "kubernetes", "has no outputItems"),
        (
            slx(outputItems=[{"type": "slx", "templateName": "gone.yaml"}]),
            "kubernetes",
            "There is no template gone.yaml",
        ),
        (slx(outputItems=[{"type": "slx"}, {"type": "odd"}]), "kubernetes", "The item type 'odd' is none of"),
        (slx(outputItems=[{"type": "slx", "template": "x"}]), "kubernetes", "a key 'template' that means nothing"),
        ({**RULE, "matchRules": []}, "kubernetes", "matchRules is empty"),
        ({**RULE, "matchRules": [{"type": "odd"}]}, "kubernetes", "error: there is no match rule of type 'odd'"),
        (
            {**RULE, "resourceTypes": ["cluster"], "matchRules": [{"type": "exists", "path": "spec/x"}]},
            "kubernetes",
            "error: The cluster has no object, so 'spec/x' leads nowhere",
        ),
        (
            {**RULE, "matchRules": [{"type": "exists", "path": "resource/spec/x"}]},
            "kubernetes",
            "is taken without 'resource/'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path, rule: dict[str, Any], platform: str, said: str) -> None:
    assert said in "\n".join(messages(tmp_path, rule, platform))


def test_items_of_the_rule_itself_are_looked_at(tmp_path: Path) -> None:
    item = {"type": "slo", "templateName": "none.yaml", "path": "workspaces/w/x.yaml", "templatName": "x"}
    said = "\n".join(messages(tmp_path, {**RULE, "outputItems": [item]}))
    assert "an item of the rule itself has a key 'templatName'" in said
    assert "There is no template none.yaml" in said
    assert "needs 'path'" in "\n".join(
        messages(tmp_path / "b", {**RULE, "outputItems": [{"type": "slo", "templateName": "x"}]})
    )


def test_the_workspace_has_qualifiers(tmp_path: Path) -> None:
    rule = {**slx(qualifiers=["workspace", "name"]), "resourceTypes": ["workspace"]}
    assert messages(tmp_path, rule, "runwhen") == []
    assert "named by 'cluster'" in "\n".join(
        messages(tmp_path / "b", {**slx(qualifiers=["cluster"]), "resourceTypes": ["workspace"]}, "runwhen")
    )


def test_the_project_of_azure_devops_is_a_qualifier(tmp_path: Path) -> None:
    rule = {**slx(qualifiers=["project", "organization"]), "resourceTypes": ["repository"]}
    assert messages(tmp_path, rule, "azure_devops") == []


@pytest.mark.parametrize(("text", "said"), [("# nothing\n", "holds no rule"), ("spec: [", "not YAML")])
def test_files_without_rules_are_told(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(messages(tmp_path, text=text))
