"""What a keyword can be called with, and what is wrong with a call. Facts of Robot Framework's argument handling."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Signature:
    """A keyword's arguments. ``required`` counts those of ``names`` that have no default.

    ``open``: nothing is known of its arguments, so that no call is wrong.
    """

    names: tuple[str, ...] = ()
    required: int = 0
    varargs: bool = False
    named_only: frozenset[str] = frozenset()
    must_name: frozenset[str] = frozenset()
    """Named-only arguments without a default."""
    kwargs: bool = False
    positional_only: int = 0
    open: bool = False


OPEN = Signature(open=True)


def of_spec(spec: Any) -> Signature:
    """From Robot's own ArgumentSpec of a standard library's keyword."""
    defaults = set(spec.defaults)
    names = (*spec.positional_only, *spec.positional_or_named)
    return Signature(
        names,
        sum(name not in defaults for name in names),
        bool(spec.var_positional),
        frozenset(spec.named_only),
        frozenset(spec.named_only) - defaults,
        bool(spec.var_named),
        len(spec.positional_only),
    )


def of_function(node: ast.FunctionDef | ast.AsyncFunctionDef, bound: bool) -> Signature:
    """From the source of a function; ``bound``: its first argument is the object's."""
    args = node.args
    names = [one.arg for one in (*args.posonlyargs, *args.args)]
    required = len(names) - len(args.defaults)
    named_only = [one.arg for one in args.kwonlyargs]
    must = [name for name, default in zip(named_only, args.kw_defaults, strict=True) if default is None]
    return Signature(
        tuple(names[bound:]),
        max(required - bound, 0),
        args.vararg is not None,
        frozenset(named_only),
        frozenset(must),
        args.kwarg is not None,
        max(len(args.posonlyargs) - bound, 0),
    )


def of_keyword(arguments: Sequence[str]) -> Signature:
    """From the ``[Arguments]`` of a keyword written in Robot's language."""
    names: list[str] = []
    named_only: list[str] = []
    must: list[str] = []
    required, varargs, kwargs = 0, False, False
    for said in arguments:
        name, _, default = said.partition("=")
        bare = re.sub(r"^[$@&]\{|\}$", "", name.partition(":")[0] if ": " in name else name)
        if said.startswith("&"):
            kwargs = True
        elif said.startswith("@"):
            varargs = True
        elif varargs:
            named_only.append(bare)
            must += [] if "=" in said else [bare]
        else:
            names.append(bare)
            required += "=" not in said and not default
    return Signature(tuple(names), required, varargs, frozenset(named_only), frozenset(must), kwargs)


def problems(signature: Signature, args: Sequence[str]) -> Iterator[str]:
    """What Robot would refuse in a call with these arguments as written, as ends of sentences."""
    if signature.open or any(re.match(r"[@&]\{", arg) for arg in args):
        return
    places, named, late = _split(signature, args)
    limit = len(signature.names)
    if late:
        name = _name(late[0])
        what = f"it has no argument {name!r}" if name.isidentifier() else f"{late[0]!r} has no name"
        yield f"is given one argument by place after one by name: {what}"
    if places > limit and not signature.varargs:
        yield f"takes {_count(limit)}, but is given {places}{_strays(signature, args)}"
    twice = [name for name in named if name in signature.names[:places]]
    if twice:
        yield f"is given its argument {twice[0]!r} twice"
    missing = [name for name in signature.names[places : signature.required] if name not in named]
    missing += sorted(signature.must_name - set(named))
    if missing:
        yield f"is not given its argument {missing[0]!r}"


def _split(signature: Signature, args: Sequence[str]) -> tuple[int, list[str], list[str]]:
    """How many arguments go by place, the names of the others, and what goes by place after those."""
    places, named, late = 0, list[str](), list[str]()
    known = {*signature.names[signature.positional_only :], *signature.named_only}
    for arg in args:
        name = _name(arg)
        if name and (name in known or signature.kwargs):
            named.append(name)
        elif named:
            late.append(arg)
        else:
            places += 1
    return places, named, late


def _name(arg: str) -> str:
    found = re.match(r"([^\\=${}@&]+)=", arg)
    return found[1] if found else ""


def _strays(signature: Signature, args: Sequence[str]) -> str:
    """Names that look like an argument's and are none of this keyword's."""
    known = {*signature.names, *signature.named_only}
    strays = [name for arg in args if (name := _name(arg)).isidentifier() and name not in known]
    return f": it has no argument {strays[0]!r}" if strays else ""


def _count(number: int) -> str:
    return "no arguments" if number == 0 else f"{number} argument{'' if number == 1 else 's'}"
