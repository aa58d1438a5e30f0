"""The compatibility table: every public CodeBundle, run with the fake toolbox. ``python tests/compat/table.py --help``.

Takes about six minutes on two cores. Without ``--write`` the table is printed.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import harness
import yaml
from harness import Ran, World

from runstone import plugins

_AT_ONCE = 2
# Of the engine or our keywords: never the fault of a bundle, a scenario or an address that cannot be reached.
_OURS = re.compile(
    r"process broke|killed by signal|before the suite was over|did not end within the|"
    r"No keyword with name '(?:RW\.(?:Core|CLI|platform)\.|Run Cli|Run Bash)|"
    r"No keyword with name 'Import (?:User|Secret|Service|Platform|Memo|Optional)|"
    r"'(?:RW\.Core|RW\.CLI|RW\.platform)' (?:failed|has no)|module 'RW\.(?:Core|CLI|platform)' has no|"
    r"'(?:ShellServiceResponse|Secret|Core)' object has no"
)


@dataclass(frozen=True)
class Row:
    """What became of one bundle: all its suites together."""

    collection: str
    bundle: str
    runs: tuple[Ran, ...]
    expect: str
    because: str
    read: bool
    """Whether the expectation was checked against the condition in the bundle's source."""

    @property
    def reached(self) -> bool:
        """Suite Setup passed, and the last statement of some Task ran."""
        return any(one.set_up and one.reached for one in self.runs)

    @property
    def expected_issue(self) -> str:
        """The title of the Issue that the scripted state should raise, when it was."""
        titles = [title for one in self.runs for title in one.issues]
        return next((title for title in titles if self.expect and re.search(self.expect, title)), "")

    @property
    def engine_errors(self) -> list[str]:
        """What went wrong in Runstone itself."""
        said = [text for one in self.runs for text in (one.result.message, *one.messages.values())]
        return [text for text in said if _OURS.search(text)]

    @property
    def reason(self) -> str:
        """Why no Task was reached, in a few words."""
        said = [text for one in self.runs for text in (*one.messages.values(), one.result.message) if text]
        text = re.sub(r"^Bundle \S+ could not be set up: ", "", said[0]) if said else ""
        return re.sub(r"\s+", " ", text.replace("|", "/").replace("`", "'"))[:140]


async def rows(collections: Path, dependencies: Path, names: Sequence[str] = ()) -> list[Row]:
    """Run every suite of every bundle whose path holds one of ``names``; all without any."""
    seen = harness.world(datetime.now(UTC))
    executor = plugins.load("executors", "process")()
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(root: Path, file: Path) -> Ran:
        async with free:
            return await harness.run(executor, root, file, dependencies / root.name, seen)

    folders = sorted(path for path in collections.glob("*/codebundles/*/") if not path.name.startswith("."))
    chosen = [folder for folder in folders if not names or any(name in str(folder) for name in names)]
    files = [(folder.parents[1], file) for folder in chosen for file in sorted(folder.glob("*.robot"))]
    ran = await asyncio.gather(*(one(root, file) for root, file in files))
    return [_row(folder, ran, seen) for folder in chosen]


def _row(folder: Path, ran: Iterable[Ran], seen: World) -> Row:
    root = folder.parents[1].name
    mine: dict[str, Any] = seen.bundles.get(f"{root}/{folder.name}", {})
    runs = tuple(one for one in ran if (one.collection, one.bundle) == (root, folder.name))
    return Row(root, folder.name, runs, mine.get("expect", ""), mine.get("because", ""), mine.get("read", True))


def page(found: Sequence[Row]) -> str:
    """The page of the documentation."""
    return "\n".join([_HEAD.strip(), "", *_figures(found), "", *_table(found), "", *_authors(), ""])


def _figures(found: Sequence[Row]) -> list[str]:
    suites = sum(len(row.runs) for row in found)
    raised = [row for row in found if row.expected_issue]
    return [
        "| | bundles |",
        "|---|---|",
        f"| run ({suites} suites) | {len(found)} |",
        f"| passed Suite Setup and reached the last statement of a Task | {sum(row.reached for row in found)} |",
        f"| raised the Issue that was expected | {len(raised)} |",
        f"| … and its condition was read in the bundle's source | {sum(row.read for row in raised)} |",
        f"| with an error of the engine or of our keywords | {sum(bool(row.engine_errors) for row in found)} |",
    ]


def _table(found: Sequence[Row]) -> list[str]:
    lines = ["## Bundle by bundle", ""]
    for name in sorted({row.collection for row in found}):
        lines += [
            f"### {name}",
            "",
            "| bundle | Tasks reached | Issue expected and raised | why it is ill, or why not |",
        ]
        lines += ["|---|---|---|---|", *(_line(row) for row in found if row.collection == name), ""]
    return lines


def _line(row: Row) -> str:
    reached, tasks = sum(len(one.reached) for one in row.runs), sum(len(one.states) for one in row.runs)
    issue = row.expected_issue.strip().replace("|", "/")
    missing = "no suite in it" if not row.runs else row.reason
    why = row.because + ("" if row.read else " †") if issue else "" if row.reached else missing
    return f"| {row.bundle} | {reached} of {tasks} | {issue} | {why} |"


def _authors() -> list[str]:
    known: list[dict[str, Any]] = yaml.safe_load((harness.HERE / "authors.yaml").read_text())
    lines = ["## Defects of authors", "", "Suites that do not resolve. The list may only shrink.", ""]
    lines += ["| file:line | reason | fix |", "|---|---|---|"]
    for one in known:
        where = f"{one['file'].replace('/codebundles/', '/')}:{','.join(map(str, one['lines']))}"
        lines.append(f"| {where} | {one['reason']} | {one['fix']} |")
    return lines


_HEAD = """
# Compatibility

What becomes of the CodeBundles of six public collections, unchanged, on Runstone. The gate is run by hand, where the
collections are:

```
RUNSTONE_COLLECTIONS=dir RUNSTONE_COLLECTION_DEPENDENCIES=dir .venv/bin/python -m pytest tests/compat
.venv/bin/python tests/compat/table.py --collections dir --dependencies dir --write docs/reference/compatibility.md
```

`RUNSTONE_COLLECTIONS` holds one folder per collection. What each needs of third parties is built as a runner builds it,
from its `requirements.txt` and from what is known to be left out there, and kept in the folder of dependencies.

**The golden workspace.** With `RUNSTONE_GOLDEN_MAP=dir` the same gate makes a workspace of 111 objects and four
collections and compares it with what the reference builder made: each of the 258 files of 97 SLXs byte by byte,
`workspace.yaml` with the members of its groups as sets.

**Parsing and resolving.** Every suite is parsed, and dry-run by Robot with our keywords first: every library, keyword
and argument must resolve. What does not is a defect of its author, listed below with file, line and fix.

**Running with a fake toolbox.** Every suite runs through the real engine in a process of its own, with stand-ins for
kubectl, az, aws, gcloud, curl and thirty more first on PATH (jq, awk, bash and their like are real). They record their
calls and answer from scenario files (`tests/compat/scenarios`): a cluster, a project and accounts in trouble, shaped
like the real tools' output. Inputs have a value by name, else their declared default, else their example; secrets are
made up; there is no network but loopback, so a bundle whose Python code calls a public address does not get an answer.
*Reached* means that Suite Setup passed and the last statement of a Task's body ran, as Robot's verdict on the Task
says. An Issue is *expected* when the scenario file names it: the last column gives the state that should raise it. A
dozen were named before the first run; the others were named after it and then held against the condition in the
bundle's source, except those marked †, which fit the state but whose condition was not read. Some states are an absence
(an empty list, an answer without content) rather than a resource that is ill; the column says so.
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Run public CodeBundles with a fake toolbox.")
    parser.add_argument("--collections", type=Path, required=True, help="one folder per collection")
    parser.add_argument("--dependencies", type=Path, required=True, help="where what they need is built and kept")
    parser.add_argument("--write", type=Path, help="the page to write")
    parser.add_argument("names", nargs="*", help="parts of bundles' paths; all without any")
    given = parser.parse_args()
    dependencies = asyncio.run(harness.dependencies(given.collections, given.dependencies))
    found = asyncio.run(rows(given.collections, dependencies, given.names))
    if given.write:
        given.write.write_text(page(found))
    sys.stdout.write("\n".join([*_figures(found), *(_line(row) for row in found if not given.write), ""]))
    for row in found:
        for text in row.engine_errors:
            sys.stdout.write(f"{row.collection}/{row.bundle}: {text}\n")
        if row.expect and not row.expected_issue:
            sys.stdout.write(f"{row.collection}/{row.bundle}: expected {row.expect!r}, which was not raised\n")


if __name__ == "__main__":
    main()
