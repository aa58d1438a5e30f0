"""How often recognition is right, on workloads that others wrote and that were labelled without a look at the table.

tests/data/recognition/workloads.jsonl holds the facts of 520 objects of public repositories in four sets, as they were
drawn one after the other. ``expected`` is what someone who reads only the object would state for certain,
``acceptable`` what would be neither wrong nor missed. The table was widened after each set was judged; what it reached
on a set that it had not met is in docs/reference/recognition.md.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from runstone.connectors.kept import PROGRAMS
from runstone.edge.discovery.recognition import recognised
from runstone.model.resource import ResourceRef

FILE = Path(__file__).parents[3] / "data" / "recognition" / "workloads.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text().splitlines()]


def container(said: dict[str, Any]) -> dict[str, Any]:
    mounts = [path.partition("//")[::2] for path in said.get("mounts", ())]
    probes = dict(zip(("livenessProbe", "readinessProbe", "startupProbe"), said.get("paths", ()), strict=False))
    return {
        "name": said["name"],
        "image": said["image"],
        PROGRAMS: said.get("programs", []),
        "env": [{"name": name} for name in said.get("env", ())],
        "ports": [{"containerPort": port, "name": name} for port, name in said.get("ports", ())],
        "volumeMounts": [{"mountPath": path, "subPath": inner} for path, inner in mounts],
        **{probe: {"httpGet": {"path": path}} for probe, path in probes.items()},
    }


def built(row: dict[str, Any]) -> tuple[ResourceRef, dict[str, Any]]:
    """The object of a row, as it is kept."""
    metadata = {"name": row["name"], "labels": row.get("labels", {}), "annotations": row.get("annotations", {})}
    obj: dict[str, Any] = {"apiVersion": row["apiVersion"], "kind": row["kind"], "metadata": metadata}
    if "containers" in row:
        pod = {"metadata": metadata, "spec": {"containers": [container(one) for one in row["containers"]]}}
        spec: dict[str, Any] = {"template": pod}
        obj["spec"] = {"jobTemplate": {"spec": spec}} if row["kind"] == "CronJob" else spec
    else:
        obj |= {key: row[key] for key in ("spec", "provisioner") if key in row}
        obj["status"] = {"nodeInfo": row.get("nodeInfo", {})}
    return ResourceRef(platform="c", kind=row["kind"], namespace="", name=row["name"]), obj


@pytest.mark.parametrize("which", [1, 2, 3, 4])
def test_what_is_told_is_right_and_little_is_missed(which: int, capsys: pytest.CaptureFixture[str]) -> None:
    right = wrong = missed = 0
    for row in (one for one in ROWS if one["set"] == which):
        found = {one.id for one in recognised(*built(row))}
        expected = set(row["expected"])
        right += len(found & expected)
        wrong += len(found - expected - set(row["acceptable"]))
        missed += len(expected - found)
    precision, recall = right / (right + wrong), right / (right + missed)
    with capsys.disabled():
        print(f" set {which}: precision {precision:.3f} recall {recall:.3f} of {right + missed}", end="")  # noqa: T201
    assert precision >= 0.95
    assert recall >= 0.9


def test_everything_told_has_its_evidence() -> None:
    told = [one for row in ROWS for one in recognised(*built(row))]
    assert len(told) > 400
    assert all(one.evidence and 0.6 <= one.confidence <= 1 for one in told)


def test_there_are_enough_of_them_and_many_where_nothing_can_be_told() -> None:
    assert len(ROWS) >= 60
    assert sum(not row["expected"] for row in ROWS) >= 100
    assert len({name for row in ROWS for name in row["expected"]}) >= 150
