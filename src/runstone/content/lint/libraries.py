"""Keyword libraries and what their keywords take, read from source. No library of a collection is imported.

Robot's own libraries are asked through Robot. Ours (``RW.*``) and a collection's are Python files whose syntax tree
tells the keywords: public functions of a module, public methods of its class of the same name. What a tree does not
tell (a base class from elsewhere, a name made at run time) makes a library ``open``: every call of it may be right.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from robot.libraries import STDLIBS
from robot.running.testlibraries import TestLibrary

from runstone.content.lint import signatures
from runstone.content.lint.signatures import OPEN, Signature
from runstone.content.outline import plain

_CAP = 1024 * 1024
_DEEPEST = 12
"""Base classes of base classes that are still followed."""
_PLAIN_DECORATORS = {"staticmethod", "classmethod", "keyword", "deco.keyword"}
_DYNAMIC = {"run_keyword", "get_keyword_names", "__getattr__"}
_HARMLESS = {"Remote", "Telnet", "Screenshot", "Dialogs", "XML"}
"""Libraries of Robot that cost too much to look into, or depend on their arguments: open."""


@dataclass(frozen=True)
class Library:
    """Its keywords by the name Robot compares. ``open``: it may have others."""

    name: str
    keywords: dict[str, Signature] = field(default_factory=dict[str, Signature])
    open: bool = False


class Libraries:
    """The libraries that the suites of one collection can import. Reads each file once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """``folders``: where its Python packages lie, the nearest first."""
        self._folders = (*_ours(), *folders)
        self._found: dict[str, Library | None] = {}
        self._modules: dict[Path, _Names] = {}

    def of(self, name: str) -> Library | None:
        """The library imported as ``name``; None when it is nowhere to be found."""
        if name not in self._found:
            self._found[name] = standard(name) if name in STDLIBS else self._own(name)
        return self._found[name]

    def _own(self, name: str) -> Library | None:
        file = self._file(name)
        if file:
            return self._library(name, file, name.rpartition(".")[2])
        module, _, cls = name.rpartition(".")
        file = self._file(module) if module else None
        return self._library(name, file, cls, must=True) if file else None

    def _file(self, module: str) -> Path | None:
        if not re.fullmatch(r"\w+(?:\.\w+)*", module):
            return None
        for folder in self._folders:
            path = folder.joinpath(*module.split("."))
            for file in (path / "__init__.py", path.with_name(path.name + ".py")):
                if file.is_file() and not file.is_symlink():
                    return file
        return self._older(module)

    def _older(self, module: str) -> Path | None:
        """Ours of last resort, see keywords/src/RW/__init__.py."""
        package, _, name = module.rpartition(".")
        files = [folder / "RW" / "older" / f"{name}.py" for folder in self._folders] if package == "RW" else []
        return next((file for file in files if file.is_file()), None)

    def _library(self, name: str, file: Path, cls: str, must: bool = False) -> Library | None:
        """The class ``cls`` of a module, or the module itself."""
        tree = _tree(file)
        if tree is None:
            return Library(name, open=True)
        names = self._names(file)
        found = names.values.get(cls)
        if isinstance(found, _Class):
            return Library(name, *self._methods(found))
        if must:
            return Library(name, open=True) if names.open else None
        return Library(name, *_functions(names))

    def _names(self, file: Path) -> "_Names":
        """Everything a module defines or takes in, as far as the tree tells."""
        if file in self._modules:
            return self._modules[file]
        # Known before it is whole: modules that import each other find what there is by then, as Python does.
        names = self._modules[file] = _Names()
        tree = _tree(file)
        if tree is None:
            names.open = True
            return names
        for node in _statements(tree.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names.values[node.name] = node
                names.open |= node.name in _DYNAMIC
            elif isinstance(node, ast.ClassDef):
                names.values[node.name] = _Class(node, file)
            elif isinstance(node, ast.ImportFrom):
                self._taken(node, file, names)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                _assigned(node, names)
        return names

    def _taken(self, node: ast.ImportFrom, file: Path, names: "_Names") -> None:
        source = self._source(node, file)
        theirs = self._names(source) if source else None
        for alias in node.names:
            own = alias.asname or alias.name
            if alias.name == "*":
                names.open |= theirs is None or theirs.open
                if theirs:
                    names.values.update({key: one for key, one in theirs.values.items() if not key.startswith("_")})
            elif theirs and alias.name in theirs.values:
                names.values[own] = theirs.values[alias.name]
            else:
                names.values[own] = None

    def _source(self, node: ast.ImportFrom, file: Path) -> Path | None:
        if not node.level:
            return self._file(node.module or "")
        folder = file.parent
        for _ in range(node.level - 1):
            folder = folder.parent
        path = folder.joinpath(*(node.module or "").split(".")) if node.module else folder
        files = (path / "__init__.py", path.with_name(path.name + ".py"))
        return next((one for one in files if one.is_file() and not one.is_symlink()), None)

    def _methods(self, cls: "_Class", depth: int = 0) -> tuple[dict[str, Signature], bool]:
        keywords: dict[str, Signature] = {}
        unsure = depth > _DEEPEST
        names = self._names(cls.file)
        for base in cls.node.bases:
            known = names.values.get(ast.unparse(base))
            if isinstance(known, _Class) and known.node is not cls.node and not unsure:
                theirs, theirs_unsure = self._methods(known, depth + 1)
                keywords |= theirs
                unsure |= theirs_unsure
            else:
                unsure |= ast.unparse(base) not in ("object", "ABC")
        for node in _statements(cls.node.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                unsure |= node.name in _DYNAMIC
                keywords.update(_keyword(node.name, node, bound=not _is_static(node)))
        return keywords, unsure


@dataclass(frozen=True)
class _Class:
    node: ast.ClassDef
    file: Path


@dataclass
class _Names:
    """What a module holds by name: a function, a class, or None for a thing of which nothing is known."""

    values: dict[str, "ast.FunctionDef | ast.AsyncFunctionDef | _Class | None"] = field(
        default_factory=dict[str, "ast.FunctionDef | ast.AsyncFunctionDef | _Class | None"]
    )
    exported: frozenset[str] | None = None
    open: bool = False


@cache
def standard(name: str) -> Library:
    """A library that comes with Robot."""
    if name in _HARMLESS:
        return Library(name, open=True)
    found: Any = TestLibrary.from_name(name)
    return Library(name, {plain(one.name): signatures.of_spec(one.args) for one in found.keywords})


@cache
def _ours() -> tuple[Path, ...]:
    """Where our own ``RW`` lies: a collection may have a folder of that name too, but no ``RW.Core`` in it."""
    spec = importlib.util.find_spec("RW.Core")
    return (Path(spec.origin).parents[2],) if spec and spec.origin else ()


def _tree(file: Path) -> ast.Module | None:
    """The syntax tree of a file; None when it cannot be read as Python."""
    try:
        state = file.stat()
        return _parsed(file, state.st_mtime_ns, state.st_size)
    except OSError:
        return None


@lru_cache(maxsize=256)
def _parsed(file: Path, _changed: int, size: int) -> ast.Module | None:
    """Read again only when it has changed."""
    try:
        return ast.parse(file.read_text(encoding="utf-8-sig")) if size <= _CAP else None
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module or class, those in its branches too."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _statements(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


def _assigned(node: ast.Assign | ast.AnnAssign, names: _Names) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if not isinstance(target, ast.Name):
            continue
        if target.id == "__all__":
            try:
                names.exported = frozenset(ast.literal_eval(node.value)) if node.value else None
            except (ValueError, TypeError):
                names.open = True
        else:
            names.values.setdefault(target.id, None)


def _functions(names: _Names) -> tuple[dict[str, Signature], bool]:
    """The keywords of a module library: what is public in it and can be called."""
    keywords: dict[str, Signature] = {}
    for name, found in names.values.items():
        public = name in names.exported if names.exported is not None else not name.startswith("_")
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) and (public or names.exported is None):
            keywords |= _keyword(name, found, bound=False)
        elif public and found is None:
            keywords[plain(name)] = OPEN
    return keywords, names.open


def _keyword(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef, bound: bool) -> dict[str, Signature]:
    """A function as a keyword, under its own name or the one that ``@keyword`` gives it; nothing when it is private."""
    decorators = {_dotted(one): one for one in node.decorator_list}
    if "not_keyword" in decorators:
        return {}
    said = next((one for key, one in decorators.items() if key.rpartition(".")[2] == "keyword"), None)
    given = next((word for word in _texts(said)), "") if said else ""
    if not given and name.startswith("_"):
        return {}
    known = all(key.rpartition(".")[2] in _PLAIN_DECORATORS for key in decorators)
    return {plain(given or name): signatures.of_function(node, bound) if known else OPEN}


def _texts(decorator: ast.expr) -> Iterator[str]:
    if isinstance(decorator, ast.Call):
        for one in (*decorator.args, *(word.value for word in decorator.keywords if word.arg == "name")):
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                yield one.value


def _dotted(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_dotted(one) == "staticmethod" for one in node.decorator_list)
