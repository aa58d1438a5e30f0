"""A folder on disk as a Bundle. Broken files are part of what it says: nothing here raises for what a file holds."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from runstone.content import contract, robotfile, scripts, taskfile
from runstone.content.lint import calling, generation, uses, waivers
from runstone.content.lint.bundle import Bundle, Language, RuleFile, ScriptFile, SuiteFile, Template, Text
from runstone.content.lint.libraries import Libraries
from runstone.errors import BadInput
from runstone.model.content import Suite

_CAP = 1024 * 1024
"""Bytes of a file worth reading; the largest public one has 130 kB."""
_LANGUAGES: dict[str, Language] = {".sh": "bash", ".bash": "bash", ".py": "python", ".sql": "sql", ".jq": "jq"}
_RULES = ".runwhen/generation-rules"
_TEMPLATES = ".runwhen/templates"


class Collection:
    """What the bundles of one collection share: its libraries, and the suites that templates may name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.libraries = Libraries([root / "libraries", root])
        self._suites: dict[str, Suite] = {}

    def know(self, file: Path, suite: Suite) -> None:
        """Keep a suite that was read, so that templates which name it do not ask for it again."""
        whole = file.resolve()
        if whole.is_relative_to(self.root):
            self._suites[whole.relative_to(self.root).as_posix()] = suite

    def suite(self, path: str) -> Suite | None:
        """The suite at a path from the collection's root; None when there is none that can be read."""
        file = self.root / path
        if path not in self._suites:
            if ".." in Path(path).parts or not file.is_file() or file.is_symlink():
                return None
            try:
                self._suites[path] = (taskfile if file.name == taskfile.NAME else robotfile).read(file)[0]
            except (BadInput, OSError):
                return None
        return self._suites[path]


@dataclass
class _Folder:
    """What has been read of a folder."""

    path: Path
    unreadable: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    others: list[str] = field(default_factory=list[str])

    def inner(self, name: str) -> list[Path]:
        """The files of a folder inside; none, and a reason kept, when the way there is a link."""
        way = [self.path / part for part in (name.partition("/")[0], name)]
        link = next((one for one in way if one.is_symlink()), None)
        if link:
            shown = link.relative_to(self.path).as_posix()
            self.unreadable.append((shown, f"{shown} is a link, which is not followed. Put a folder there."))
        return [] if link else _entries(self.path / name)

    def text(self, file: Path) -> str | None:
        """A file's text; None, and a reason kept, when it has none."""
        name = file.relative_to(self.path).as_posix()
        reason = ""
        try:
            if file.is_symlink():
                reason = "is a link, which is not followed: a checkout must not lead out of itself. Put a file there"
            elif not file.is_file():
                reason = "is no plain file"
            elif file.stat().st_size > _CAP:
                reason = f"has more than {_CAP} bytes; no such file is meant to be that large"
            else:
                return file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as err:
            reason = f"is not UTF-8 text (byte {err.start}). Save it as UTF-8, or take it out of the bundle"
        except OSError as err:
            reason = f"cannot be read: {err.strerror}"
        self.unreadable.append((name, f"{name} {reason}."))
        return None


def bundle(path: Path, collection: Collection) -> Bundle:
    """Everything of the folder ``path`` that rules look at."""
    folder = _Folder(path)
    entries = _entries(path)
    suites = [one for file in entries if _is_suite(file) and (one := _suite(file, folder, collection))]
    programs = [one for file in entries if file.suffix in _LANGUAGES and (one := _script(file, folder))]
    templates = [one for file in folder.inner(_TEMPLATES) if (one := _template(file, folder))]
    folder.others += [file.name for file in entries if not (_is_suite(file) or file.suffix in _LANGUAGES)]
    rules = [one for file in folder.inner(_RULES) if (one := _rules(file, folder))]
    return Bundle(
        name=path.name,
        suites=tuple(suites),
        scripts=tuple(programs),
        rule_files=tuple(rules),
        templates=tuple(templates),
        readme=_readme(path, folder),
        waivers=_waivers(path / waivers.FILE, folder),
        others=tuple(folder.others),
        unreadable=tuple(folder.unreadable),
        sibling_suites={
            one.robot: suite for one in templates if one.robot and (suite := collection.suite(one.robot)) is not None
        },
    )


def _entries(path: Path) -> list[Path]:
    """The files of a folder that are not hidden, in order. A folder that cannot be listed has none."""
    try:
        return sorted(one for one in path.iterdir() if not one.name.startswith(".") and not one.is_dir())
    except OSError:
        return []


def _is_suite(file: Path) -> bool:
    return file.suffix == ".robot" or file.name == taskfile.NAME


def _suite(file: Path, folder: _Folder, collection: Collection) -> SuiteFile | None:
    text = folder.text(file)
    if text is None:
        return None
    try:
        if file.name == taskfile.NAME:
            suite, problems = taskfile.read(file)
            collection.know(file, suite)
            return SuiteFile(file.name, text, None, suite, contract.of(file), (), problems)
        tree = robotfile.model(file)
        suite, problems = robotfile.described(file.name, tree)
        collection.know(file, suite)
        known = calling.of(tree, collection.libraries.of)
        return SuiteFile(file.name, text, tree, suite, contract.of(file, tree), uses.read(tree), problems, known)
    except (BadInput, OSError, RecursionError) as err:
        folder.unreadable.append((file.name, str(err)))
        return None


def _script(file: Path, folder: _Folder) -> ScriptFile | None:
    text = folder.text(file)
    return None if text is None else ScriptFile(file.name, text, _LANGUAGES[file.suffix], scripts.of(file))


def _rules(file: Path, folder: _Folder) -> RuleFile | None:
    if file.suffix not in (".yaml", ".yml"):
        folder.others.append(f"{_RULES}/{file.name}")
        return None
    text = folder.text(file)
    return None if text is None else generation.rules(f"{_RULES}/{file.name}", text)


def _template(file: Path, folder: _Folder) -> Template | None:
    text = folder.text(file) if file.suffix in (".yaml", ".yml") else None
    return None if text is None else generation.template(f"{_TEMPLATES}/{file.name}", text)


def _waivers(file: Path, folder: _Folder) -> Text | None:
    text = folder.text(file) if file.exists() else None
    return None if text is None else Text(file.name, text)


def _readme(path: Path, folder: _Folder) -> Text | None:
    found = next((file for file in _entries(path) if re.fullmatch(r"(?i)readme(?:\.\w+)?", file.name)), None)
    text = folder.text(found) if found else None
    return Text(found.name, text) if found and text is not None else None
