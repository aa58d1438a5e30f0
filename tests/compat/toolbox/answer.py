"""One call and its answer."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a program prints and its return code."""

    out: str = ""
    err: str = ""
    rc: int = 0


@dataclass(frozen=True)
class Call:
    """How a program was called; ``world`` is what it may answer from."""

    tool: str
    args: list[str]
    world: dict[str, Any] = field(repr=False)

    def option(self, *names: str) -> str | None:
        """The last value of an option, given as ``--x v``, ``--x=v``, ``-o v``, ``-ov`` or ``-o=v``; None without."""
        found: str | None = None
        for at, arg in enumerate(self.args):
            for name in names:
                if arg == name and at + 1 < len(self.args):
                    found = self.args[at + 1]
                elif arg.startswith(f"{name}="):
                    found = arg.removeprefix(f"{name}=")
                elif len(name) == 2 and arg.startswith(name) and len(arg) > 2 and not arg.startswith("--"):
                    found = arg[2:].removeprefix("=")
        return found

    def words(self, *valued: str) -> list[str]:
        """The arguments that are neither options nor, for the options named here, their values."""
        found: list[str] = []
        skip = False
        for arg in self.args:
            if skip:
                skip = False
            elif arg == "--":
                break
            elif arg.startswith("-") and len(arg) > 1:
                skip = arg in valued
            else:
                found.append(arg)
        return found
