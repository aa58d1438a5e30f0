"""``runstone doctor``: what Runstone needs, and whether it is there."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import click

from runstone import plugins, settings
from runstone.cli import embedded, options
from runstone.connectors.executors import Attack
from runstone.content import parse
from runstone.errors import RunstoneError

_TOOLS = {"kubectl": "public Kubernetes CodeBundles", "jq": "public CodeBundles", "git": "CodeCollections by URL"}
_LEAST_DISK = 500 * 1024**2


@dataclass(frozen=True)
class _Check:
    name: str
    fine: bool
    said: str


@click.command("doctor")
@options.which
@options.data
def command(
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    data: object,
) -> None:
    """Check what Runstone needs: cluster, permissions, tools, disk. Exit code 1 when something needed is missing."""
    told = settings.read(kubeconfig=kubeconfig, context=context, namespaces=options.given(namespaces), data=data)
    checks = [*_content(), *_cluster(told), *_disk(told), *_tools()]
    for check in checks:
        click.echo(f"{'ok  ' if check.fine else 'MISS'}  {check.name}: {check.said}")
    for line in _defences():
        click.echo(line)
    raise SystemExit(0 if all(check.fine for check in checks if not check.name.startswith("tool")) else 1)


def _defences() -> Iterator[str]:
    """A table: executors that work here, and what each does about each attack of the escape suite."""
    loaded = {name: plugins.load("executors", name)() for name in plugins.names("executors")}
    usable = {name: one for name, one in loaded.items() if not one.ready()}
    for name in sorted(set(loaded) - set(usable)):
        yield f"      executor {name}: {loaded[name].ready()}"
    yield "".join(f"{word:<28}" for word in ("what a Task might try", *usable))
    for attack in get_args(Attack):
        yield "".join(f"{word:<28}" for word in (attack, *(one.verdicts()[attack] for one in usable.values()))).rstrip()


def _content() -> Iterator[_Check]:
    ref, root = embedded.builtin()
    collection = parse.collection(root, ref)
    tasks = sum(len(suite.tasks) for bundle in collection.bundles for suite in bundle.suites.values())
    errors = [finding for finding in collection.findings if finding.severity == "error"]
    said = f"{len(collection.bundles)} CodeBundles, {tasks} Tasks, {len(collection.causes)} cause codes"
    yield _Check(
        "built-in CodeCollection", not errors, said if not errors else f"{errors[0].file}: {errors[0].message}"
    )


def _cluster(told: settings.Settings) -> Iterator[_Check]:
    try:
        platform = plugins.load("platforms", "kubernetes")(
            kubeconfig=told.kubeconfig, context=told.context, namespaces=told.namespaces
        )
        said = options.run(platform.check())
    except RunstoneError as err:
        yield _Check("cluster", False, str(err))
    else:
        yield _Check("cluster", True, said)


def _disk(told: settings.Settings) -> Iterator[_Check]:
    folder = next(path for path in (told.data, *told.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    yield _Check("disk", free > _LEAST_DISK, f"{free // 1024**2} MB free for {told.data}")


def _tools() -> Iterator[_Check]:
    for tool, wanted_by in _TOOLS.items():
        where = shutil.which(tool)
        yield _Check(
            f"tool {tool}", bool(where), where or f"not on PATH; needed by {wanted_by}, not by the built-in ones"
        )
