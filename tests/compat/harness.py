"""Runs one suite of a public CodeBundle through the real engine, with a fake toolbox where its programs would be."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import loopback
import yaml

from runstone.connectors.executors import Executor
from runstone.content import dependencies as needs
from runstone.content import parse, suite
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult

HERE = Path(__file__).parent
TOOLS = (
    *("kubectl", "oc", "az", "aws", "gcloud", "gsutil", "bq", "helm", "flux", "curl", "nslookup", "dig", "openssl"),
    *("psql", "redis-cli", "docker", "istioctl", "host", "getent", "ping", "skopeo", "git", "gh", "terraform", "ssh"),
    *("pwsh", "node", "grpcurl", "vault", "argocd", "traceroute", "nc", "lnav", "hostname", "wget", "sleep"),
)
DEADLINE_S = 60.0
_SYSTEM = "/usr/local/bin:/usr/bin:/bin"
_CONTEXT = {
    "RW_WORKSPACE": "gate",
    "RW_SLX": "gate--sample",
    "RW_LOCATION": "here",
    "RW_SESSION_ID": "1",
    "RW_LOOKBACK_WINDOW": "3600",
    "RW_SLI_METRIC_NAME": "gate__sample",
}


@dataclass(frozen=True)
class World:
    """What the toolbox answers from, and what suites are given: the scenario files, put together."""

    tools: dict[str, Any]
    inputs: Mapping[str, str]
    bundles: Mapping[str, dict[str, Any]]


@dataclass
class Ran:
    """What became of one suite."""

    collection: str
    bundle: str
    robot: str
    result: SuiteResult
    states: dict[str, str] = field(default_factory=dict[str, str])
    messages: dict[str, str] = field(default_factory=dict[str, str])
    reached: list[str] = field(default_factory=list[str])
    """Titles of Tasks whose last statement ran: Robot passed them, whatever they found."""
    issues: list[str] = field(default_factory=list[str])
    metrics: int = 0
    notes: list[str] = field(default_factory=list[str])
    calls: list[str] = field(default_factory=list[str])

    @property
    def set_up(self) -> bool:
        """Whether Suite Setup passed: some Task was begun and was not ended by the setup's failure."""
        return bool(self.states) and not any("could not be set up" in text for text in self.messages.values())


def world(now: datetime) -> World:
    """The scenario files of this folder. ``{{30m ago}}`` in them becomes a moment."""
    tools: dict[str, Any] = {"objects": [], "rules": [], "logs": {}, "usage": {}, "context": "gate"}
    inputs: dict[str, str] = {}
    bundles: dict[str, dict[str, Any]] = {}
    for file in sorted((HERE / "scenarios").glob("*.yaml")):
        said: dict[str, Any] = yaml.safe_load(_dated(file.read_text(), now)) or {}
        tools["objects"] += said.get("objects", [])
        tools["rules"] += said.get("rules", [])
        tools["logs"].update(said.get("logs", {}))
        tools["usage"].update(said.get("usage", {}))
        inputs.update({name: str(value) for name, value in said.get("inputs", {}).items()})
        bundles.update(said.get("bundles", {}))
    return World(tools, inputs, bundles)


def _dated(text: str, now: datetime) -> str:
    units = {"m": 60, "h": 3600, "d": 86400}

    def moment(found: re.Match[str]) -> str:
        sign = -1 if found[3] == "ago" else 1
        at = now + sign * timedelta(seconds=int(found[1]) * units[found[2]])
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return re.sub(r"\{\{(\d+)([mhd]) (ago|ahead)\}\}", moment, text)


async def dependencies(collections: Path, folder: Path) -> Path:
    """Build what every collection needs, as a runner does; ``folder`` then has one folder of packages for each."""
    for root in sorted(one.parent for one in collections.glob("*/codebundles")):
        environment = await needs.built(root, folder)
        for finding in environment.findings:
            sys.stderr.write(f"{root.name}: {finding.message}\n")
        link = folder / root.name
        link.unlink(missing_ok=True)
        link.symlink_to(environment.folders[0] if environment.folders else folder, target_is_directory=True)
    return folder


def toolbox(folder: Path, tools: Mapping[str, Any]) -> Path:
    """Make the programs below ``folder``; returns the folder for PATH."""
    shutil.copytree(HERE / "toolbox", folder / "toolbox", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bin").mkdir()
    (folder / "world.json").write_text(json.dumps(tools))
    program = (
        f"#!{sys.executable} -IB\nimport sys\nfrom pathlib import Path\nsys.path.insert(0, {str(folder)!r})\n"
        f"from toolbox.main import main\nsys.exit(main(Path({str(folder)!r}), sys.argv))\n"
    )
    for name in TOOLS:
        (folder / "bin" / name).write_text(program)
        (folder / "bin" / name).chmod(0o755)
    return folder / "bin"


async def run(executor: Executor, root: Path, robot: Path, libraries: Path | None, seen: World) -> Ran:
    """Run all Tasks of one suite file. ``libraries``: where its collection's third-party packages are."""
    key = f"{root.name}/{robot.parent.name}"
    mine: dict[str, Any] = {**seen.bundles.get(key, {}), **seen.bundles.get(f"{key}/{robot.name}", {})}
    tools = {**seen.tools, **{name: [*mine.get(name, []), *seen.tools[name]] for name in ("rules", "objects")}}
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    with tempfile.TemporaryDirectory(prefix="gate-") as scratch:
        # In the run's own folder, because an executor may hide every other.
        workdir = Path(scratch) / "run"
        path = f"{toolbox(workdir / 'tools', tools)}:{_SYSTEM}"
        with loopback.serving(path, tools) as url:
            order = _order(root, robot, libraries, workdir, seen.inputs, mine, _offers(path, url))
            result = await suite.run(order, executor, hear)
        ran = Ran(root.name, robot.parent.name, robot.name, result)
        for event in events:
            _note(ran, event)
        ran.calls = _calls(workdir)
        keep = os.environ.get("RUNSTONE_COMPAT_KEEP")
        if keep:
            _keep(Path(keep) / f"{root.name}+{robot.parent.name}+{robot.name}", events, workdir)
    return ran


def _calls(workdir: Path) -> list[str]:
    """The command lines that the toolbox recorded."""
    files = (workdir / "calls.jsonl", workdir / "tools" / "calls.jsonl")
    lines = [json.loads(line) for file in files if file.exists() for line in file.read_text().splitlines()]
    return [" ".join([one["tool"], *one["args"]]) for one in lines]


def _keep(folder: Path, events: list[SuiteEvent], workdir: Path) -> None:
    """For whoever writes scenarios: everything a run said."""
    folder.mkdir(parents=True, exist_ok=True)
    said = [f"{e.type} {e.title}: {e.state} {e.message} {e.text} {e.record or ''}" for e in events]
    (folder / "events.txt").write_text("\n".join(said))
    (folder / "calls.txt").write_text("\n".join(_calls(workdir)))


def _order(
    root: Path,
    robot: Path,
    libraries: Path | None,
    workdir: Path,
    inputs: Mapping[str, str],
    mine: Mapping[str, Any],
    offers: Mapping[str, str],
) -> SuiteOrder:
    read = parse.suite(robot)
    given = {**inputs, **{name: str(value) for name, value in mine.get("inputs", {}).items()}}
    variables = {one.name: value for one in read.inputs if (value := _value(one, given)) is not None}
    extra = {name: str(value) for name, value in mine.get("env", {}).items()}
    variables = {
        name: text.replace("{{server}}", offers["RW_API_BASE_URL"]) for name, text in {**variables, **extra}.items()
    }
    secrets = {
        **{one.name: _secret(one.name, offers["RW_API_BASE_URL"]) for one in read.secrets},
        **mine.get("secrets", {}),
    }
    context = {**_CONTEXT, **offers, **({} if robot.name == "sli.robot" else {"RW_RUNREQUEST_ID": "1"})}
    return SuiteOrder(
        root=root,
        bundle=robot.parent,
        robot=robot.name,
        titles=None,
        variables={name: value for name, value in variables.items() if not name.startswith("RW_")},
        secrets=secrets,
        workdir=workdir,
        deadline_s=DEADLINE_S,
        context=context,
        dependencies=(libraries,) if libraries else (),
    )


def _offers(path: str, url: str) -> dict[str, str]:
    """What a platform would offer: where tools lie, services, and addresses of its API."""
    return {
        "PATH": path,
        "RW_TOOL_PATH": path,
        # Whatever lies outside is refused at once, instead of after many attempts to find its address.
        "HTTPS_PROXY": url,
        "NO_PROXY": "127.0.0.1",
        "RW_SVC_URLS": json.dumps(dict.fromkeys(loopback.SERVICES, url)),
        "RW_SLX_API_URL": f"{url}/slx",
        "RW_WORKSPACE_API_URL": f"{url}/workspaces",
        "RW_API_BASE_URL": url,
        "RW_USER_API_URL": f"{url}/users",
        "RW_FRONTEND_URL": url,
    }


def _value(declared: Any, given: Mapping[str, str]) -> str | None:
    """What an input is given; None leaves it to its default."""
    if declared.name in given:
        return given[declared.name]
    if declared.default is not None:
        return None
    return declared.example or "sample"


def _secret(name: str, url: str) -> str:
    """A secret made for this run, of the shape its name promises."""
    if "kubeconfig" in name.lower():
        return "apiVersion: v1\nkind: Config\ncurrent-context: gate\ncontexts: []\nclusters: []\nusers: []\n"
    if "gcp" in name.lower() or "ops-suite" in name:
        account = {"type": "service_account", "project_id": "sample-project", "private_key_id": "1", "client_id": "1"}
        owner = {"client_email": "runner@sample.iam.gserviceaccount.com", "token_uri": f"{url}/token"}
        return json.dumps({**account, **owner, "private_key": _key()})
    return "{}" if "HEADERS" in name else f"synthetic-{name.lower()}"


@cache
def _key() -> str:
    """A private key that opens nothing: Google's libraries sign with it before they ask for a token."""
    made = subprocess.run(["/usr/bin/openssl", "genrsa", "2048"], capture_output=True, text=True, check=True)
    return made.stdout


def _note(ran: Ran, event: SuiteEvent) -> None:
    if event.type == "done":
        ran.states[event.title] = event.state
        ran.messages[event.title] = event.message
        if event.state in ("passed", "failed") and not event.message:
            ran.reached.append(event.title)
    elif event.type == "issue":
        ran.issues.append(str(event.record["title"]))
    elif event.type == "metric":
        ran.metrics += 1
    elif event.type == "note":
        ran.notes.append(f"{event.record.get('what')}: {event.record.get('why')}")
