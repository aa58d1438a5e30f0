"""A bundle without Robot Framework goes the whole way: inspected, discovered, bound with values, run, believed."""

import json
import subprocess
import sys
from pathlib import Path

from tests.journeys.test_alert_to_root_cause import concluded

from runstone import settings
from runstone.cli import embedded, follow
from runstone.content import inspection
from runstone.sandbox.cluster import Sandbox

MANIFEST = """
display_name: Stock of a workload
inputs:
  - {name: NAME, description: The workload, example: cart}
  - {name: FLOOR, type: integer, default: "5"}
tasks:
  - title: Check Stock of Deployment `${NAME}`
    documentation: Says when the stock of a deployment runs out.
    access: read-only
    script: stock.sh
"""
SCRIPT = """
echo "stock of $NAME: 0, floor $FLOOR"
cat >&3 <<END
[{"title": "Deployment \\`$NAME\\` is out of stock", "severity": 2, "resource": "Deployment/shop/$NAME",
  "evidence": ["stock of $NAME: 0, floor $FLOOR"], "next_steps": ["Fill it up"]}]
END
"""
RULE = """
apiVersion: runwhen.com/v1
kind: GenerationRules
spec:
  platform: kubernetes
  generationRules:
    - resourceTypes: [deployment]
      matchRules: [{type: pattern, pattern: "^checkout$", properties: [name], mode: substring}]
      slxs:
        - baseName: stock
          qualifiers: [resource, namespace, cluster]
          baseTemplateName: stock
          levelOfDetail: basic
          outputItems: [{type: slx}, {type: runbook}]
"""
SLX = """
apiVersion: runwhen.com/v1
kind: ServiceLevelX
metadata: {name: "{{slx_name}}"}
spec:
  alias: Stock of {{match_resource.name}}
  statement: There should be stock.
  tags: [{name: access, value: read-only}]
"""
RUNBOOK = """
apiVersion: runwhen.com/v1
kind: Runbook
metadata: {name: "{{slx_name}}"}
spec:
  location: {{default_location}}
  codeBundle: {repoUrl: "{{repo_url}}", ref: "{{ref}}", pathToRobot: codebundles/stock/task.yaml}
  configProvided: [{name: NAME, value: "{{match_resource.name}}"}]
  secretsProvided: []
"""


def collection(folder: Path) -> Path:
    bundle = folder / "codebundles" / "stock"
    files = {
        "task.yaml": MANIFEST,
        "stock.sh": SCRIPT,
        ".runwhen/generation-rules/stock.yaml": RULE,
        ".runwhen/templates/stock-slx.yaml": SLX,
        ".runwhen/templates/stock-runbook.yaml": RUNBOOK,
    }
    for name, text in files.items():
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_text(text)
    return folder


def test_inspect_and_task_run_take_it_as_any_other(tmp_path: Path) -> None:
    root = collection(tmp_path / "c")
    found = inspection.document(inspection.of(root))
    [contract] = found["contracts"]
    assert found["files"] == ["codebundles/stock/task.yaml"]
    assert found["defects"] == []
    [task] = contract["tasks"]
    assert (task["mutates"], task["scripts"], task["issues"][0]["severity"]) == (False, ["stock.sh"], 2)
    command = [sys.executable, "-m", "runstone.cli.main", "task", "run", str(root / "codebundles" / "stock")]
    ran = subprocess.run(
        [*command, "--var", "NAME=cart", "--data", str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 3, ran.stderr
    assert "Deployment `cart` is out of stock" in ran.stdout
    wrong = subprocess.run(
        [*command, "--var", "FLOOR=low", "--data", str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "the input FLOOR must be a whole number, not 'low'" in wrong.stderr
    assert "needs a value for the input NAME, for example cart" in wrong.stderr


async def test_a_session_finds_runs_and_believes_it(tmp_path: Path) -> None:
    root = collection(tmp_path / "c")
    async with Sandbox.start() as cluster:
        kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
        told = settings.read({}, data=tmp_path / "data", kubeconfig=str(kubeconfig), collections=(str(root),))
        async with embedded.start(told) as one, embedded.working(one):
            body = {"text": "is checkout out of stock?", "namespaces": ["shop"], "budget_s": 60}
            opened = await follow.call(one.client, "POST", "/api/v1/sessions", body)
            report = await concluded(one, opened["session"])
    said = [issue["title"] for issue in report["issues"]]
    assert "Deployment `checkout` is out of stock" in said, json.dumps(report)[:2000]
