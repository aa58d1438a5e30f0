"""``runstone discover --workspace-info`` on an account alone: no cluster, a moto server, files at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.conformance.aws_estate import HOME, RECORDED, Estate
from tests.conformance.aws_gate import gate
from tests.conformance.test_cloud_maps import source

INFO = {
    "workspaceName": "shop",
    "workspaceOwnerEmail": "owner@example.com",
    "defaultLocation": "eu",
    "defaultLOD": "detailed",
    "cloudConfig": {"aws": {"regions": [HOME], "awsSecretName": "aws-login", "awsSecretAccessKey": "hunter2"}},
    "codeCollections": [{"repoURL": "https://example.com/look", "ref": "main"}],
}


def clone(root: Path, cache: Path) -> None:
    """The collection as a bare clone of that name."""
    for command in (
        ["git", "init", "-q", "-b", "main", str(root)],
        ["git", "-C", str(root), "add", "-A"],
        ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "look"],
        ["git", "clone", "-q", "--bare", str(root), str(cache / "look.git")],
    ):
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def info(tmp_path: Path) -> Path:
    source(tmp_path / "look", "aws", "[aws_sqs_queues, aws_rds_instances]", "[resource, account_id]")
    (tmp_path / "cache").mkdir()
    clone(tmp_path / "look", tmp_path / "cache")
    (tmp_path / "workspaceInfo.yaml").write_text(yaml.safe_dump(INFO))
    return tmp_path / "workspaceInfo.yaml"


def test_files_are_written_for_what_an_account_holds(tmp_path: Path, info: Path, estate: Estate) -> None:
    command = [sys.executable, "-m", "runstone.cli.main", "discover", "--workspace-info", str(info)]
    command += ["--output", str(tmp_path / "out"), "--collections-cache", str(tmp_path / "cache")]
    with gate(estate.url) as opened:
        opened.recorded |= RECORDED
        settings = {**os.environ, "AWS_ENDPOINT_URL": opened.url, "RUNSTONE_DATA": str(tmp_path / "data")}
        done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "set AWS_SECRET_ACCESS_KEY where discovery runs" in " ".join(done.stdout.split())
    books = sorted((tmp_path / "out").glob("workspaces/shop/slxs/*/runbook.yaml"))
    assert len(books) >= 2
    spec = yaml.safe_load(books[0].read_text())["spec"]
    assert spec["secretsProvided"] == [
        {"name": "aws_credentials", "workspaceKey": "aws:access_key@cli"},
        {"name": "AWS_ACCESS_KEY_ID", "workspaceKey": "k8s:file@secret/aws-login:awsAccessKeyId"},
        {"name": "AWS_SECRET_ACCESS_KEY", "workspaceKey": "k8s:file@secret/aws-login:awsSecretAccessKey"},
    ]
    slx = yaml.safe_load((books[0].parent / "slx.yaml").read_text())["spec"]
    assert slx["additionalContext"]["resourcePath"].startswith("aws/")
