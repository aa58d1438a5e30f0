"""The programs a Task needs, against those that are there.

Only what is certain stops a run: a program that every run of the Task reaches, or one that a script gives up without.
One in a branch, a loop or after ``&&`` may never be called; one behind a test has a way without it. Those are doubts.
"""

from collections.abc import Callable, Collection, Iterator

from runstone.model.content import Contract, TaskContract, Tool


def missing(
    contract: Contract, titles: Collection[str] | None, which: Callable[[str], str | None], bundle: str
) -> tuple[str, ...]:
    """Sentences for the programs that the Tasks of these titles (None: all) need and ``which`` does not find.

    ``which`` gives the path of a program as the Task's commands would find it, as shutil.which does.
    """
    return tuple(dict.fromkeys(_sentences(contract, titles, which, bundle, "always")))


def doubtful(
    contract: Contract, titles: Collection[str] | None, which: Callable[[str], str | None], bundle: str
) -> tuple[str, ...]:
    """The same for programs that a run may call: worth a word, never a reason not to run."""
    return tuple(dict.fromkeys(_sentences(contract, titles, which, bundle, "sometimes")))


def _sentences(
    contract: Contract, titles: Collection[str] | None, which: Callable[[str], str | None], bundle: str, need: str
) -> Iterator[str]:
    for task in _chosen(contract, titles):
        for tool in task.tools:
            if tool.need == need and which(tool.name) is None:
                yield _sentence(tool, bundle)


def _chosen(contract: Contract, titles: Collection[str] | None) -> Iterator[TaskContract]:
    yield from (task for task in contract.tasks if titles is None or task.title in titles)


def _sentence(tool: Tool, bundle: str) -> str:
    verb = "calls" if tool.need == "always" else "may call"
    where = f"{tool.name} ({tool.file}:{tool.line})"
    return f"Bundle {bundle} {verb} the program {where}, which is not on this machine's PATH. Install it here."
