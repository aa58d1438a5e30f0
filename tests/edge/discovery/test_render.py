"""What a CodeBundle's templates make of a match, read as an SLX."""

from pathlib import Path
from typing import Any

import pytest

from runstone.edge.discovery.render import Rendered, Renderer, Setting, repository
from runstone.edge.discovery.rules import Match, SlxRule, Subject
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


def render(root: Path, subject_: Subject | None = None, custom: dict[str, Any] | None = None, **files: str) -> Rendered:
    """The SLX of one match, from a bundle with these templates (``slx``, ``runbook``, ``sli``)."""
    folder = root / "codebundles" / "b"
    (folder / ".runwhen" / "templates").mkdir(parents=True)
    (folder / "runbook.robot").write_text(SUITE)
    for name, text in {"slx": SLX, **files}.items():
        (folder / ".runwhen" / "templates" / f"depl-{name}.yaml").write_text(text)
    outputs = tuple({"type": name} for name in ("slx", *files))
    rule = SlxRule("depl", "depl", "", ("resource", "namespace", "cluster"), 1, outputs)
    one = subject_ or subject()
    values = {"resource": one.name, "namespace": one.namespace, "cluster": one.cluster}
    known = {repository(REF.url): (REF, root), repository(OTHER.url): (OTHER, root / "other")}
    renderer = Renderer(REF, root, "codebundles/b", Setting("w", "here", custom or {}), known)
    return renderer.render(Match(rule, one, values, {}), "lab", "r.yaml", "depl")


def test_a_runbook_carries_values_secrets_and_its_tasks_with_resolved_titles(tmp_path: Path) -> None:
    rendered = render(tmp_path, custom={"kubeconfig_secret_name": "kc"}, runbook=RUNBOOK)
    assert rendered.problems == ()
    assert rendered.slx is not None
    runbook = rendered.slx.runbook
    assert runbook is not None
    assert rendered.slx.name == "w--cart-shop-lab-depl-" + rendered.slx.name[-8:]
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
        ('{% include "gcp-auth.yaml" %}', "there is no template 'gcp-auth.yaml'"),
    ],
)
def test_an_slx_that_cannot_be_made_says_which_template_and_why(tmp_path: Path, slx: str, said: str) -> None:
    rendered = render(tmp_path, slx=slx)
    assert rendered.slx is None
    assert said in rendered.problems[0]
    assert rendered.subject == "Deployment cart"


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
