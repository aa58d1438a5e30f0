"""Paths in, findings out: which bundles there are, every rule on each, waivers, order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runstone.content import taskfile
from runstone.content.lint import opinions, reading, rules, waivers
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Finding, Remark
from runstone.content.lint.reading import Collection
from runstone.content.lint.rule import Rule
from runstone.content.lint.waivers import Waiver
from runstone.errors import BadInput

_NO_BUNDLES = {"libraries", "robot_tests"}
"""Folders of public collections that hold suites which no SLX runs: keyword libraries and their tests."""


@dataclass(frozen=True)
class Report:
    """What a run found. ``bundles`` and ``files`` count what was looked at; ``said``: notes on the run itself.

    ``base``: what the files of findings are relative to.
    """

    base: Path
    findings: tuple[Finding, ...]
    bundles: int
    files: int
    waived: int
    said: tuple[str, ...]


def chosen(select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules of these codes, names or beginnings of codes. Raises BadInput for one that fits none."""
    wanted = _fitting(select) if select else frozenset(rule.code for rule in rules.every())
    return tuple(rule for rule in rules.every() if rule.code in wanted - _fitting(ignore))


def _fitting(words: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for word in words:
        fits = {rule.code for rule in rules.every() if rule.code.startswith(word.upper()) or rule.name == word}
        if not fits or not word:
            raise BadInput(f"There is no lint rule {word!r}. List them with: runstone content lint --explain all")
        found |= fits
    return frozenset(found)


def run(paths: Sequence[Path], asked: Sequence[Rule], base: Path, programs: Sequence[opinions.Program] = ()) -> Report:
    """Everything these rules find in the bundles below the paths. Raises BadInput when there is no bundle.

    ``programs``: what else is asked about scripts; files of findings are relative to ``base`` where they lie in it.
    """
    whole = [path.resolve() for path in paths]
    read = _read(whole)
    names = {rule.name for rule in asked}
    told, said = opinions.of(read, [one for one in programs if f"{one.name}-finding" in names])
    found: dict[tuple[str, int, int, str, str], Finding] = {}
    waived = 0
    for place, bundle in read:
        kept, allowed = of_bundle(replace(bundle, opinions=tuple(told.get(place, ()))), asked)
        named = [one for one in kept if _is_named(place, place / one.file, whole)]
        placed = [replace(one, file=_shown(place / one.file, base.resolve())) for one in named]
        found.update({one.place: one for one in placed})
        waived += allowed
    ordered = tuple(found[place] for place in sorted(found))
    return Report(base, ordered, len(read), sum(_files(bundle) for _, bundle in read), waived, tuple(said))


def _read(paths: Sequence[Path]) -> list[tuple[Path, Bundle]]:
    """Every bundle below the paths, once, with the folder it lies in."""
    collections: dict[Path, Collection] = {}
    read: list[tuple[Path, Bundle]] = []
    for place in dict.fromkeys(place for path in paths for place in places(path)):
        root = _root(place)
        read.append((place, reading.bundle(place, collections.setdefault(root, Collection(root)))))
    return read


def _is_named(place: Path, file: Path, paths: Sequence[Path]) -> bool:
    """Whether a file of the bundle at ``place`` was named, or a folder that holds the bundle."""
    return file in paths or any(place.is_relative_to(path) for path in paths)


def _shown(file: Path, base: Path) -> str:
    return file.relative_to(base).as_posix() if file.is_relative_to(base) else file.as_posix()


def places(path: Path) -> Iterator[Path]:
    """The bundles below a path: folders with a suite or a ``.runwhen``, but none of hidden folders and libraries."""
    if not path.exists():
        raise BadInput(f"{path} does not exist. Give a CodeBundle, a CodeCollection or a file of a bundle.")
    folder = path if path.is_dir() else _owner(path)
    found = {file.parent for file in _marks(folder)}
    if path.is_file():
        found &= {folder}
    if not found:
        raise BadInput(f"There is no CodeBundle in {path}: no .robot file, no {taskfile.NAME} and no .runwhen.")
    yield from sorted(found)


def _marks(path: Path) -> Iterator[Path]:
    for pattern in ("*.robot", taskfile.NAME, ".runwhen"):
        for file in path.rglob(pattern):
            inside = file.relative_to(path).parts[:-1]
            if not any(part.startswith(".") or part in _NO_BUNDLES for part in inside):
                yield file


def _owner(file: Path) -> Path:
    """The folder of the bundle that a file is of."""
    parts = file.parent.parts
    return Path(*parts[: parts.index(".runwhen")]) if ".runwhen" in parts else file.parent


def _root(place: Path) -> Path:
    """The collection of a bundle: what holds its ``codebundles/``; the folder above it when there is no such folder."""
    inside = [one for one in place.parents if one.name == "codebundles"]
    return inside[0].parent if inside else place.parent


def of_bundle(bundle: Bundle, asked: Sequence[Rule]) -> tuple[list[Finding], int]:
    """What the rules find in one bundle after its waivers, and how many findings those took away.

    Files are relative to the bundle.
    """
    found = [_finding(rule, one) for rule in asked for one in _checked(rule, bundle)]
    found = list({one.place: one for one in found}.values())
    by_code = rules.by_code()
    ran = frozenset(rule.code for rule in asked)
    names = {code: rule.name for code, rule in by_code.items()}
    kept, wrong = waivers.applied(found, _waivers(bundle), names, ran)
    of_waivers = [
        _finding(by_code[code], Remark(one.file, one.line, message)) for one, code, message in wrong if code in ran
    ]
    return [*kept, *of_waivers], len(found) - len(kept)


def _checked(rule: Rule, bundle: Bundle) -> Iterable[Remark]:
    try:
        return list(rule.check(bundle))
    except Exception as err:  # noqa: BLE001  one rule's fault on one bundle must not hide what the others find
        message = (
            f"The rule failed on this bundle ({type(err).__name__}: {err}). That is a fault of Runstone: report it."
        )
        return [Remark(".", 0, message, severity="error")]


def _finding(rule: Rule, one: Remark) -> Finding:
    severity = one.severity or rule.severity
    return Finding(one.file, one.line, one.column, rule.code, rule.name, severity, one.message, one.fix)


def _waivers(bundle: Bundle) -> Iterator[Waiver]:
    for one in (*bundle.suites, *bundle.scripts, *bundle.rule_files, *bundle.templates):
        yield from waivers.in_text(one.file, one.text)
    if bundle.waivers:
        yield from waivers.in_bundle(bundle.waivers.file, bundle.waivers.text)


def _files(bundle: Bundle) -> int:
    return len(bundle.suites) + len(bundle.scripts) + len(bundle.rule_files) + len(bundle.templates)
