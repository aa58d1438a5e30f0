"""What a CodeBundle's templates make of a match, read as an SLX."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runstone.edge.discovery import render as rendering
from runstone.edge.discovery.documents import Bundle, Document, Override, Setting, repository
from runstone.edge.discovery.rules import Match, OutputItem, SlxRule
from runstone.edge.discovery.subjects import Cluster, Subject
from runstone.edge.discovery.templating import Engine
from runstone.model import workspace
from runstone.model.content import CollectionRef

REF = CollectionRef(url="https://example.com/team/own.git", ref="main", commit="a" * 40)
OTHER = CollectionRef(url="https://example.com/team/other", ref="main", commit="b" * 40)
SUITE = """*** Tasks ***
Look At `${DEPLOYMENT}` In `${NAMESPACE}` And `${UNSET}`
    [Documentation]    Looks at ${DEPLOYMENT}.
    [Tags]    access:read-only    ${DEPLOYMENT}
    No Operation
"""
SLX = "spec:\n  alias: {{match_resource.name}}\n"
RUNBOOK = """
spec:
  codeBundle: {repoUrl: "{{repo_url}}", pathToRobot: codebundles/b/runbook.robot}
  configProvided:
  - {name: DEPLOYMENT, value: "{{match_resource.resource.metadata.name}}"}
  - {name: NAMESPACE, value: "{{namespace.name}}"}
  - {name: COUNT, value: 3}
  secretsProvided:
    {% include "kubernetes-auth.yaml" %}
    - {name: token, workspaceKey: first}
    - {name: token, workspaceKey: second}
"""


def subject(**more: Any) -> Subject:
    values: dict[str, Any] = {
        "type": "deployment",
        "kind": "Deployment",
        "name": "cart",
        "namespace": "shop",
        "cluster": "lab",
        "context": "ctx",
        "labels": {"app": "cart"},
        "annotations": {},
        "resource": {"metadata": {"name": "cart"}},
    }
    return Subject(**{**values, **more})


@dataclass(frozen=True)
class Rendered:
    documents: tuple[Document, ...]
    slx: workspace.SLX | None
    problems: tuple[str, ...]


def render(root: Path, subject_: Subject | None = None, setting: Setting | None = None, **files: str) -> Rendered:
    """The SLX of one match, from a bundle with these templates (``slx``, ``runbook``, ``sli``)."""
    folder = root / "codebundles" / "b"
    (folder / ".runwhen" / "templates").mkdir(parents=True)
    (folder / "runbook.robot").write_text(SUITE)
    for name, text in {"slx": SLX, **files}.items():
        (folder / ".runwhen" / "templates" / f"depl-{name}.yaml").write_text(text)
    outputs = tuple(OutputItem(name, f"depl-{name}.yaml", "", (), 1) for name in (*files, "slx"))
    rule = SlxRule("depl", "", ("resource", "namespace", "cluster"), outputs)
    one = subject_ or subject()
    match = Match(rule, one, {"resource": one.name, "namespace": one.namespace, "cluster": one.cluster}, {})
    known = {repository(REF.url): (REF, root), repository(OTHER.url): (OTHER, root / "other")}
    bundle = Bundle(Engine(), REF, root, "codebundles/b", setting or custom())
    problems: list[str] = []
    documents = bundle.made(match, Cluster(), "r.yaml", "cart-shop-lab-depl-0a1b2c3d", problems)
    found = rendering.slx(documents, "w--cart-shop-lab-depl-0a1b2c3d", match, "lab", bundle, known, problems)
    return Rendered(documents, found, tuple(problems))


def custom(**values: Any) -> Setting:
    return Setting("w", "here", values)


def test_a_runbook_carries_values_secrets_and_its_tasks_with_resolved_titles(tmp_path: Path) -> None:
    rendered = render(tmp_path, setting=custom(kubeconfig_secret_name="kc"), runbook=RUNBOOK)
    assert rendered.problems == ()
    assert rendered.slx is not None
    runbook = rendered.slx.runbook
    assert runbook is not None
    assert (runbook.bundle.collection, runbook.bundle.path, runbook.bundle.robot) == (
        REF,
        "codebundles/b",
        "runbook.robot",
    )
    assert runbook.variables == {"DEPLOYMENT": "cart", "NAMESPACE": "shop", "COUNT": "3"}
    assert [(need.name, need.key) for need in runbook.secrets] == [("kubeconfig", "kc"), ("token", "second")]
    (task,) = runbook.tasks
    assert task.title == "Look At `${DEPLOYMENT}` In `${NAMESPACE}` And `${UNSET}`"
    assert task.resolved_title == "Look At `cart` In `shop` And `${UNSET}`"
    assert task.tags == ("access:read-only", "cart")
    assert task.access == "read-only"


def test_an_sli_carries_its_tasks_with_resolved_titles(tmp_path: Path) -> None:
    rendered = render(tmp_path, sli=RUNBOOK.replace("spec:", "spec:\n  intervalSeconds: 60"))
    assert rendered.slx is not None
    sli = rendered.slx.sli
    assert sli is not None
    assert (sli.interval_s, sli.variables["NAMESPACE"]) == (60, "shop")
    assert [(task.resolved_title, task.access) for task in sli.tasks] == [
        ("Look At `cart` In `shop` And `${UNSET}`", "read-only")
    ]


def test_an_sli_without_a_readable_interval_is_measured_at_the_usual_one(tmp_path: Path) -> None:
    code = "codeBundle: {pathToRobot: codebundles/b/runbook.robot}"
    rendered = render(tmp_path, sli=f"spec:\n  intervalSeconds: soon\n  {code}\n")
    assert rendered.slx is not None
    assert rendered.slx.sli is not None
    assert rendered.slx.sli.interval_s == 300


def test_what_a_template_misses_prints_a_word_that_is_easy_to_find(tmp_path: Path) -> None:
    rendered = render(tmp_path, slx="spec:\n  alias: '{{custom.absent}} {{custom.other | default(\"none\")}}'\n")
    assert rendered.slx is not None
    assert rendered.slx.alias == "missing_workspaceInfo_custom_variable none"


@pytest.mark.parametrize("label", ["it's", 'a "quote"', "a: b", "line\nbreak", "- {x", "yes", "1.0"])
def test_labels_of_any_shape_come_through_as_text(tmp_path: Path, label: str) -> None:
    slx = 'spec:\n  tags:\n    {% include "kubernetes-tags.yaml" %}\n'
    rendered = render(tmp_path, subject(labels={"app": label}), slx=slx)
    assert rendered.problems == ()
    assert rendered.slx is not None
    assert rendered.slx.tags["[k8s]app"] == label
    assert rendered.slx.tags["resource_name"] == "cart"
    assert rendered.slx.tags["namespace"] == "shop"


def test_every_include_makes_yaml_that_can_be_read(tmp_path: Path) -> None:
    slx = """
metadata:
  labels:
    {% include "common-labels.yaml" %}
  annotations:
    {% include "common-annotations.yaml" %}
spec:
  additionalContext:
    {% include "kubernetes-hierarchy.yaml" ignore missing %}
  alias: fine
"""
    rendered = render(tmp_path, slx=slx)
    assert rendered.problems == ()
    assert rendered.slx is not None
    assert rendered.slx.alias == "fine"


@pytest.mark.parametrize(
    ("slx", "said"),
    [
        ("spec: [", "the template depl-slx.yaml fails: ParserError"),
        ("just text", "does not make a document with a 'spec'"),
        ("{{ nothing.at.all }}", "fails: UndefinedError"),
        ("{{ ''.__class__.__mro__ }}", "fails: SecurityError"),
        ('{% include "no-such-auth.yaml" %}', "there is no template 'no-such-auth.yaml'"),
    ],
)
def test_an_slx_that_cannot_be_made_says_which_template_and_why(tmp_path: Path, slx: str, said: str) -> None:
    rendered = render(tmp_path, slx=slx)
    assert rendered.slx is None
    assert said in rendered.problems[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("pathToRobot: codebundles/b/gone.robot", "there is no suite codebundles/b/gone.robot"),
        ("pathToRobot: ../../../etc/passwd", "there is no suite"),
        ("repoUrl: https://example.com/unknown, pathToRobot: codebundles/b/runbook.robot", "none of this workspace's"),
    ],
)
def test_a_runbook_whose_suite_is_nowhere_is_left_out_of_its_slx(tmp_path: Path, code: str, said: str) -> None:
    rendered = render(tmp_path, runbook=f"spec:\n  codeBundle: {{{code}}}\n")
    assert rendered.slx is not None
    assert rendered.slx.runbook is None
    assert said in rendered.problems[0]


def test_a_suite_of_another_collection_is_pinned_to_that_ones_commit(tmp_path: Path) -> None:
    (tmp_path / "other/codebundles/x").mkdir(parents=True)
    (tmp_path / "other/codebundles/x/runbook.robot").write_text(SUITE)
    code = "{repoUrl: https://Example.com/team/other.git/, pathToRobot: codebundles/x/runbook.robot}"
    rendered = render(tmp_path, runbook=f"spec:\n  codeBundle: {code}\n")
    assert rendered.slx is not None
    assert rendered.slx.runbook is not None
    assert rendered.slx.runbook.bundle.collection == OTHER


def document(rendered: Rendered, type_: str) -> dict[str, Any]:
    (found,) = [one for one in rendered.documents if one.type == type_]
    return found.body


def test_of_two_secrets_of_one_name_the_last_stands_at_the_place_of_the_first(tmp_path: Path) -> None:
    rendered = render(tmp_path, runbook=RUNBOOK)
    found = document(rendered, "runbook")["spec"]["secretsProvided"]
    assert [one["workspaceKey"] for one in found] == ["kubeconfig", "second"]


def test_tags_are_text_and_told_once_and_the_path_is_made_of_the_hierarchy(tmp_path: Path) -> None:
    tags = "[{name: platform, value: k}, {name: n, value: 1}, {name: n, value: '1'}, {name: cluster, value: c}]"
    slx = f"spec:\n  additionalContext: {{hierarchy: [platform, cluster, gone]}}\n  tags: {tags}\n"
    spec = document(render(tmp_path, slx=slx), "slx")["spec"]
    assert [(tag["name"], tag["value"]) for tag in spec["tags"]] == [("platform", "k"), ("n", "1"), ("cluster", "c")]
    assert spec["additionalContext"]["resourcePath"] == "k/c"


@pytest.mark.parametrize("said", ["tags: [{name: a, value: [1]}]", "tags: [{value: 1}]", "tags: [text]"])
def test_what_is_no_tag_is_said(tmp_path: Path, said: str) -> None:
    rendered = render(tmp_path, slx=f"spec:\n  {said}\n")
    assert rendered.slx is None
    assert "is not a name with one value" in rendered.problems[0]


def test_an_override_replaces_a_value_that_is_there_and_adds_none(tmp_path: Path) -> None:
    values = {"DEPLOYMENT": "other", "NEW": "x"}
    override = Override(repository(REF.url), "b", "runbook", values)
    elsewhere = Override(repository(OTHER.url), "b", "runbook", {"NAMESPACE": "never"})
    rendered = render(tmp_path, setting=Setting("w", "here", {}, overrides=(override, elsewhere)), runbook=RUNBOOK)
    assert rendered.slx is not None
    assert rendered.slx.runbook is not None
    assert rendered.slx.runbook.variables == {"DEPLOYMENT": "other", "NAMESPACE": "shop", "COUNT": "3"}


def test_when_the_slx_itself_fails_its_siblings_are_not_made(tmp_path: Path) -> None:
    rendered = render(tmp_path, slx="spec: [", runbook=RUNBOOK)
    assert rendered.documents == ()


def test_a_document_lies_in_the_folder_of_its_slx_and_says_what_the_template_says(tmp_path: Path) -> None:
    rendered = render(tmp_path, slx="kind: {{kind}}\nspec:\n  statement: " + "word " * 30 + "\n")
    (found,) = rendered.documents
    assert found.path == "workspaces/w/slxs/cart-shop-lab-depl-0a1b2c3d/slx.yaml"
    assert found.text.startswith("kind: ServiceLevelX\nspec:\n  statement: word word")
    assert max(map(len, found.text.splitlines())) <= 85
