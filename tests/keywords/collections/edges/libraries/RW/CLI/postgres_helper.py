"""A submodule of RW.CLI that only this collection has; it reaches for the runtime's CLI as its siblings do."""

from RW import platform

from .CLI import run_cli  # pyright: ignore[reportAttributeAccessIssue]  the runtime's, not the copy beside this


def count_rows(text: str) -> int:
    """What a shell counts."""
    answer: platform.ShellServiceResponse = run_cli(cmd=f"printf '{text}' | wc -l")
    return int(answer.stdout)
