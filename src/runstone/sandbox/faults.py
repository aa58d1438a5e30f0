"""The faults the sandbox can have, each a file in data/faults/: changes to manifests, the truth, the alert."""

from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

import yaml

from runstone.errors import NotFound
from runstone.sandbox.objects import Obj

_FOLDER = resources.files("runstone.sandbox") / "data" / "faults"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    `truth` has id, title, category, root_cause {kind, name, namespace}, root_cause_text, affected,
    keywords_all_of_any, fix and evidence [{kubectl, regex}]. `changes` are API calls: {verb, kind, name, ...};
    `restore` names manifests of the shop to put back, `remove` objects to delete. `alert` is what fires.
    """

    name: str
    title: str
    truth: dict[str, Any]
    changes: tuple[Obj, ...]
    restore: tuple[str, ...]
    remove: tuple[str, ...]
    alert: Obj


def names() -> list[str]:
    """The names of all faults, sorted."""
    return sorted(one.name.removesuffix(".yaml") for one in _FOLDER.iterdir() if one.name.endswith(".yaml"))


def load(name: str) -> Fault:
    """The fault of that name. Raises NotFound."""
    if name not in names():
        raise NotFound(f"No fault {name!r} in the sandbox. There are: {', '.join(names())}.")
    text = cast("Obj", yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8")))
    truth: Obj = {"id": name, "title": text["title"], **text["truth"]}
    return Fault(
        name,
        text["title"],
        truth,
        tuple(text["changes"]),
        tuple(text.get("restore") or ()),
        tuple(text.get("remove") or ()),
        text["alert"],
    )
