"""A whole workspace's configuration, written by the command from a cluster, bare clones and a workspaceInfo.yaml."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.apiserver import ApiServer, serving
from tests.estate import estate, obj

RULE: dict[str, Any] = {
    "resourceTypes": ["deployment"],
    "matchRules": [{"type": "pattern", "pattern": "cart|payment", "properties": ["name"]}],
    "slxs": [
        {
            "baseName": "depl-health",
            "qualifiers": ["resource", "namespace", "cluster"],
            "outputItems": [{"type": "slx"}, {"type": "runbook"}, {"type": "workflow", "levelOfDetail": "detailed"}],
        },
        {"baseName": "ns-health", "qualifiers": ["namespace", "cluster"], "outputItems": [{"type": "slx"}]},
    ],
}
HEAD = """
apiVersion: runwhen.com/v1
kind: {{kind}}
metadata:
  name: {{slx_name}}
  labels:
    {% include "common-labels.yaml" %}
  annotations:
    {% include "common-annotations.yaml" %}
"""
BESIDES: dict[str, Any] = {
    **RULE,
    "slxs": [],
    "outputItems": [
        {
            "type": "note",
            "templateName": "note.yaml",
            "path": "{{workspace_path}}/notes/{{name}}.yaml",
            "templateVariables": {"name": "resource"},
        },
        {"type": "note", "templateName": "note.yaml", "path": "{{workspace_path}}/notes/cart.yaml"},
        {"type": "note", "templateName": "none.yaml", "path": "x", "levelOfDetail": 3},
    ],
}
WORKSPACE_RULE: dict[str, Any] = {
    "resourceTypes": ["workspace"],
    "matchRules": [{"type": "pattern", "pattern": "@example.com$", "properties": ["owner_email"]}],
    "slxs": [{"baseName": "ws", "qualifiers": ["workspace", "location_id"], "outputItems": [{"type": "slx"}]}],
}
WORKSPACE_SLX = HEAD + "spec: {alias: '{{workspace_resource.short_name}} of {{match_resource.owner_email}}'}"
NOTE = "spec: {of: '{{match_resource.name}}', slx: '{{slx_name}}'}"
SLX = (
    HEAD
    + """
spec:
  alias: {{match_resource.name}}
  additionalContext:
    {% include "kubernetes-hierarchy.yaml" ignore missing %}
    qualified_name: "{{ match_resource.qualified_name }}"
  tags:
    {% include "kubernetes-tags.yaml" ignore missing %}
"""
)
RUNBOOK = (
    HEAD
    + """
spec:
  codeBundle: {repoUrl: "{{repo_url}}", ref: "{{ref}}", pathToRobot: codebundles/b/runbook.robot}
  configProvided:
  - {name: LIMIT, value: "5"}
  secretsProvided:
    {% include "kubernetes-auth.yaml" ignore missing %}
"""
)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], cwd=folder, check=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bare clones with two collections, ``own.git`` and ``more.git``."""
    work, cache = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("cache")
    templates = {
        "depl-health-slx": SLX,
        "ns-health-slx": SLX,
        "depl-health-runbook": RUNBOOK,
        "depl-health-workflow": "spec: {name: flow}",
    }
    bundle = written(work / "codebundles" / "b", {"kubernetes": RULE}, templates)
    (bundle / "runbook.robot").write_text("*** Tasks ***\nLook\n    [Tags]    access:read-write\n    No Operation\n")
    (bundle / "SKILL.md").write_text("# How to\n")
    cloned(work, cache / "own.git")
    more = tmp_path_factory.mktemp("more")
    rules = {"kubernetes": BESIDES, "runwhen": WORKSPACE_RULE}
    written(more / "codebundles" / "m", rules, {"ws-slx": WORKSPACE_SLX, "note": NOTE})
    cloned(more, cache / "more.git")
    return cache


def written(bundle: Path, rules: dict[str, Any], templates: dict[str, str]) -> Path:
    """A CodeBundle with one rule for each platform."""
    (bundle / ".runwhen" / "generation-rules").mkdir(parents=True)
    (bundle / ".runwhen" / "templates").mkdir()
    for platform, rule in rules.items():
        spec = {"platform": platform, "generationRules": [rule]}
        (bundle / ".runwhen" / "generation-rules" / f"{platform}.yaml").write_text(yaml.safe_dump({"spec": spec}))
    for name, text in templates.items():
        (bundle / ".runwhen" / "templates" / f"{name}.yaml").write_text(text)
    return bundle


def cloned(work: Path, clone: Path) -> None:
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "-m", "x")
    git(work, "clone", "--quiet", "--bare", ".", str(clone))


@pytest.fixture
async def api() -> AsyncGenerator[ApiServer]:
    server = ApiServer()
    server.load(estate(2))
    async with serving(server):
        yield server


async def build(
    folder: Path, cache: Path, api: ApiServer, *options: str, **more: Any
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Exit code, what was said, and the files written."""
    info = {
        "workspaceName": "ws",
        "workspaceOwnerEmail": "owner@example.com",
        "defaultLocation": "loc",
        "cloudConfig": {"kubernetes": {"kubeconfigFile": "kubeconfig"}},
        "codeCollections": [{"repoURL": "https://example.invalid/own.git", "branch": "main"}],
        "custom": {"kubeconfig_secret_name": "kc"},
        **more,
    }
    (folder / "workspaceInfo.yaml").write_text(yaml.safe_dump(info))
    api.kubeconfig(folder / "kubeconfig")
    command = ("-m", "runstone.cli.main", "discover", "--json", "--workspace-info", str(folder / "workspaceInfo.yaml"))
    where = ("--output", str(folder / "out"), "--collections-cache", str(cache), *options)
    env = {**os.environ, "XDG_DATA_HOME": str(folder / "xdg")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, *where, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    root = folder / "out"
    files = {str(one.relative_to(root)): one.read_text() for one in root.rglob("*") if one.is_file()}
    return process.returncode or 0, json.loads(out) if out else {"said": err.decode()}, files


async def test_every_slx_gets_its_folder_with_its_documents(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    code, said, files = await build(tmp_path, cache, api)
    assert (code, said["slxs"], said["unread"], said["problems"]) == (0, 6, [], [])
    name = "cart-team-000-sim-cluster-depl-health-7dc93fd0"
    slx = yaml.safe_load(files[f"workspaces/ws/slxs/{name}/slx.yaml"])
    assert slx["metadata"]["name"] == f"ws--{name}"
    assert slx["metadata"]["annotations"]["sourceGenerationRuleRepoURL"] == "https://example.invalid/own.git"
    assert slx["spec"]["additionalContext"]["resourcePath"] == "kubernetes/sim-cluster/team-000/cart"
    runbook = yaml.safe_load(files[f"workspaces/ws/slxs/{name}/runbook.yaml"])
    assert runbook["spec"]["secretsProvided"] == [{"name": "kubeconfig", "workspaceKey": "kc"}]
    assert files[f"workspaces/ws/slxs/{name}/SKILL.md"] == "# How to\n"
    assert f"workspaces/ws/workflows/{name}.yaml" in files


async def test_an_aggregate_lists_its_members_and_workspace_groups_its_slxs(
    tmp_path: Path, cache: Path, api: ApiServer
) -> None:
    _, _, files = await build(tmp_path, cache, api)
    (path,) = [one for one in files if "/team-001-sim-cluster-ns-health" in one and one.endswith("slx.yaml")]
    tags = [(tag["name"], tag["value"]) for tag in yaml.safe_load(files[path])["spec"]["tags"]]
    assert [value for name, value in tags if name == "child_resource"] == ["cart", "payment"]
    workspace = yaml.safe_load(files["workspaces/ws/workspace.yaml"])
    members = {group["name"]: len(group["slxs"]) for group in workspace["spec"]["slxGroups"]}
    assert members == {"team-000 (sim-cluster)": 3, "team-001 (sim-cluster)": 3}


async def test_a_second_time_nothing_is_written_and_what_is_gone_goes(
    tmp_path: Path, cache: Path, api: ApiServer
) -> None:
    await build(tmp_path, cache, api)
    before = {one: one.stat().st_mtime_ns for one in (tmp_path / "out").rglob("slx.yaml")}
    api.objects["apps/v1", "deployments"].pop(("team-001", "cart"))
    _, said, files = await build(tmp_path, cache, api)
    assert said["slxs"] == 5
    assert not [one for one in files if "/cart-team-001" in one]
    kept = {one: one.stat().st_mtime_ns for one in before if one.exists() and "ns-health" not in str(one)}
    assert kept == {one: before[one] for one in kept}


async def test_what_could_not_be_read_stays_and_is_said(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    await build(tmp_path, cache, api)
    api.forbidden = {
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/namespaces/team-001/deployments",
    }
    code, said, files = await build(tmp_path, cache, api)
    assert code == 1
    assert "may not list deployments" in said["unread"][0]
    assert [name for name in said["kept"] if name.startswith("cart-team-001")]
    assert [one for one in files if "/cart-team-001" in one]


async def test_a_context_that_cannot_be_reached_is_said_and_the_others_are_written(
    tmp_path: Path, cache: Path, api: ApiServer
) -> None:
    file = api.kubeconfig(tmp_path / "two")
    document = yaml.safe_load(file.read_text())
    document["contexts"].append({"name": "away", "context": {"cluster": "away", "user": "me"}})
    document["clusters"].append({"name": "away", "cluster": {"server": "http://127.0.0.1:9"}})
    file.write_text(yaml.safe_dump(document))
    code, said, _ = await build(tmp_path, cache, api, "--kubeconfig", str(file))
    assert (code, said["slxs"]) == (1, 6)
    assert "away" in said["unread"][0]


async def test_levels_filters_and_tags_narrow_what_is_made(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    kubernetes = {"kubeconfigFile": "kubeconfig", "namespaces": ["team-00[1-9]"]}
    _, said, files = await build(tmp_path, cache, api, cloudConfig={"kubernetes": kubernetes}, defaultLOD="basic")
    assert said["slxs"] == 3
    assert not [one for one in files if "/workflows/" in one]
    (tmp_path / "b").mkdir()
    _, said, _ = await build(tmp_path / "b", cache, api, taskTagExclusions=["access:READ-write"])
    assert said["slxs"] == 0


MORE = [{"repoURL": "https://example.invalid/more.git"}]


async def test_a_rule_makes_documents_that_belong_to_no_slx(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    code, said, files = await build(tmp_path, cache, api, codeCollections=MORE)
    notes = {path: yaml.safe_load(text)["spec"] for path, text in files.items() if "/notes/" in path}
    nobody = "missing_workspaceInfo_custom_variable"
    assert notes == {f"workspaces/ws/notes/{name}.yaml": {"of": name, "slx": nobody} for name in ("cart", "payment")}
    assert (code, said["problems"]) == (0, [])
    (tmp_path / "b").mkdir()
    _, _, files = await build(tmp_path / "b", cache, api, codeCollections=MORE, defaultLOD="none")
    assert not [path for path in files if "/notes/" in path]


async def test_a_path_that_is_too_long_costs_its_own_document(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    name = f"cart-{'x' * 253}"[:253]
    place = {"name": name, "namespace": "team-000"}
    api.load([{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": place}])
    code, said, files = await build(tmp_path, cache, api, codeCollections=MORE)
    assert (code, said["slxs"]) == (0, 1)
    assert "is too long" in said["problems"][0]
    assert "workspaces/ws/notes/payment.yaml" in files


async def test_the_workspace_itself_has_slxs(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    _, _, files = await build(tmp_path, cache, api, codeCollections=MORE)
    ((path, text),) = ((path, text) for path, text in files.items() if path.endswith("/slx.yaml"))
    assert path.split("/")[3].startswith("ws-loc-ws-")
    assert yaml.safe_load(text)["spec"]["alias"] == "ws of owner@example.com"


async def test_overrides_and_map_rules_are_heard(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    one = {"repoURL": "https://example.invalid/own", "codebundleDirectory": "b", "type": "runbook"}
    overrides = {"codebundles": [{**one, "configProvided": {"LIMIT": 9, "OTHER": 1}}]}
    rule = {"match": {"type": "pattern", "matchType": "base-name", "pattern": "."}, "group": "all"}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"spec": {"groupRules": [rule]}}))
    _, said, files = await build(tmp_path, cache, api, "--map-rules", str(tmp_path / "rules.yaml"), overrides=overrides)
    assert said["groups"] == 1
    runbook = yaml.safe_load(next(text for path, text in files.items() if path.endswith("runbook.yaml")))
    assert runbook["spec"]["configProvided"] == [{"name": "LIMIT", "value": "9"}]


async def test_objects_of_any_shape_stop_nothing(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    long = "x" * 253
    api.load(
        [
            obj(
                "networking.k8s.io/v1",
                "Ingress",
                "bare",
                "team-000",
                spec={"defaultBackend": {"service": {"name": "x"}}},
            ),
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": f"cart-{long}"[:253], "namespace": "team-000"},
            },
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "payment-bare", "namespace": "team-000"},
            },
        ]
    )
    code, said, files = await build(tmp_path, cache, api)
    assert (code, said["slxs"], said["problems"]) == (0, 8, [])
    assert all(len(part) <= 255 for path in files for part in path.split("/"))


async def test_what_is_wrong_is_said_before_anything_is_written(tmp_path: Path, cache: Path, api: ApiServer) -> None:
    code, said, files = await build(tmp_path, cache, api, workspaceName="")
    assert (code, files) == (2, {})
    assert "'workspaceName' is missing" in said["said"]
    code, said, files = await build(
        tmp_path, cache, api, codeCollections=[{"repoURL": "https://example.invalid/own.git", "branch": "gone"}]
    )
    assert (code, files) == (2, {})
    assert "has no branch, tag or commit gone" in said["said"]


async def test_a_collection_that_cannot_be_had_is_left_out_and_said(
    tmp_path: Path, cache: Path, api: ApiServer
) -> None:
    entries = ["https://example.invalid/own.git", f"file://{tmp_path}/nowhere.git"]
    code, said, _ = await build(tmp_path, cache, api, codeCollections=entries)
    assert (code, said["slxs"]) == (1, 6)
    assert "It is left out." in said["stale"][0]
