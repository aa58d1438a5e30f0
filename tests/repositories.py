"""Git repositories that hold CodeCollections, made for a test."""

import os
import subprocess
from pathlib import Path

SUITE = """\
*** Settings ***
Documentation       Looks at the pods of a namespace.
Metadata            Author    tests
Metadata            Display Name    {name}
Metadata            Supports    Kubernetes
Library             RW.Core
Library             RW.CLI
Suite Setup         Suite Initialization

*** Tasks ***
{title}
    [Documentation]    Lists pods that restart in the namespace ${{NAMESPACE}}.
    [Tags]    kubernetes    pods    access:read-only
    ${{pods}}=    RW.CLI.Run Cli    cmd=kubectl get pods -n ${{NAMESPACE}}
    RW.Core.Add Pre To Report    ${{pods.stdout}}

*** Keywords ***
Suite Initialization
    ${{NAMESPACE}}=    RW.Core.Import User Variable    NAMESPACE
    ...    type=string
    ...    description=The namespace to look at.
    ...    pattern=\\w*
    ...    example=shop
    Set Suite Variable    ${{NAMESPACE}}    ${{NAMESPACE}}
"""


def git(folder: Path, *args: str, given: bytes = b"") -> str:
    """git as a person without any configuration; ``given`` is its input."""
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "a"), ("EMAIL", "a@b"))
        },
    }
    done = subprocess.run(["git", "-C", str(folder), *args], env=env, check=True, capture_output=True, input=given)
    return done.stdout.decode().strip()


class Repository:
    """A repository with commits on ``main``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        git(folder, "init", "-q", "-b", "main")

    def write(self, path: str, content: str | bytes) -> "Repository":
        """A file, not committed yet."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def bundle(self, name: str, title: str = "List Restarting Pods in `${NAMESPACE}`") -> "Repository":
        """A good bundle of one Task, not committed yet."""
        self.write(f"codebundles/{name}/runbook.robot", SUITE.format(name=name, title=title))
        return self.write(f"codebundles/{name}/README.md", f"# {name}\n\nLooks at pods.\n")

    def commit(self) -> str:
        """Everything that was written as one commit; its id."""
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "-m", "change")
        return git(self.folder, "rev-parse", "HEAD")

    def tree(self, entries: bytes) -> str:
        """A commit on ``main`` of a tree as spelled for ``git hash-object -t tree``, valid or not; its id."""
        tree = git(self.folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=entries)
        commit = git(self.folder, "commit-tree", tree, "-m", "crafted")
        git(self.folder, "update-ref", "refs/heads/main", commit)
        return commit

    def bare(self, to: Path) -> Path:
        """A bare clone."""
        git(self.folder, "clone", "-q", "--bare", str(self.folder), str(to))
        return to


def entry(mode: str, name: bytes, object_id: str) -> bytes:
    """One entry of a git tree, as git keeps it."""
    return mode.encode() + b" " + name + b"\0" + bytes.fromhex(object_id)
