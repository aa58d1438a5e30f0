"""Rule files and templates as data, without rendering: their YAML and Jinja are parsed, nothing of them runs."""

import re
from typing import Any, cast

import jinja2
import yaml

from runstone.content.lint.bundle import RuleFile, Template

_NAMED = re.compile(r"-\s+(?:\{\s*)?name:\s*[\"']?([A-Za-z_][\w.-]*)[\"']?\s*(?:$|[,}#])")
_BLOCK = re.compile(r"^(\s*)(configProvided|runtimeVarsProvided|secretsProvided|servicesProvided)\s*:\s*(.*)$")
_ROBOT = re.compile(r"^\s*pathToRobot:\s*[\"']?([\w./-]+)[\"']?\s*$", re.MULTILINE)
_KIND = re.compile(r"^kind:\s*(\w+)\s*$", re.MULTILINE)
_INCLUDE = re.compile(r"\{%-?\s*(?:include|import|extends|from)\s+[\"']([^\"']+)[\"']")
_JINJA = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


def rules(file: str, text: str) -> RuleFile:
    """A file of generation rules."""
    try:
        document: Any = yaml.load(text, Loader=yaml.CSafeLoader)
        lines = _lines(text)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 0
        return RuleFile(file, text, problem=(line, f"This is not YAML: {err.problem}."))
    except (yaml.YAMLError, ValueError, RecursionError) as err:
        return RuleFile(file, text, problem=(0, f"This cannot be read as YAML: {type(err).__name__}."))
    if document is None:
        return RuleFile(file, text)
    spec = document.get("spec") if isinstance(document, dict) else None
    if not isinstance(spec, dict):
        return RuleFile(file, text, problem=(1, "There is no mapping 'spec' at the top, so this holds no rules."))
    said = cast("dict[str, Any]", spec)
    listed = said.get("generationRules")
    if listed is not None and not isinstance(listed, list):
        return RuleFile(file, text, problem=(1, "spec.generationRules must be a list of rules."))
    entries = cast("list[Any]", listed or [])
    wrong = [number for number, one in enumerate(entries) if not isinstance(one, dict)]
    if wrong:
        return RuleFile(file, text, problem=(1, f"spec.generationRules[{wrong[0]}] must be a mapping."))
    pairs = zip(entries, (*lines, *[0] * len(entries)), strict=False)
    return RuleFile(file, text, str(said.get("platform") or "kubernetes"), tuple(pairs))


def _lines(text: str) -> list[int]:
    """The line on which each rule begins."""
    node: Any = yaml.compose(text, Loader=yaml.CSafeLoader)
    for key in ("spec", "generationRules"):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == key), None)
    return [one.start_mark.line + 1 for one in node.value] if isinstance(node, yaml.SequenceNode) else []


def template(file: str, text: str) -> Template:
    """A template: what it says in so many words, whichever of its branches is taken."""
    problem = None
    try:
        _JINJA.parse(text)
    except jinja2.TemplateSyntaxError as err:
        problem = (err.lineno, f"This is not a Jinja template: {err.message}")
    except RecursionError:
        problem = (1, "This is nested too deeply to be read.")
    kind, robot = _KIND.search(text), _ROBOT.search(text)
    names = _provided(text)
    return Template(
        file,
        text,
        kind[1] if kind else "",
        robot[1] if robot else "",
        {**names["configProvided"], **names["runtimeVarsProvided"]},
        names["secretsProvided"],
        names["servicesProvided"],
        tuple(_INCLUDE.findall(text)),
        problem,
    )


def _provided(text: str) -> dict[str, dict[str, int]]:
    """Names below each list, with their lines. A list ends where a key stands that is indented no more than its own."""
    found: dict[str, dict[str, int]] = {
        name: {} for name in ("configProvided", "runtimeVarsProvided", "secretsProvided", "servicesProvided")
    }
    block, depth = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.lstrip()
        if not bare or bare.startswith(("{%", "#", "{#")):
            continue
        opened = _BLOCK.match(line)
        if opened:
            block, depth = opened[2], len(opened[1])
            continue
        indent = len(line) - len(bare)
        if block and (indent < depth or (indent == depth and not bare.startswith("-"))):
            block = ""
        named = _NAMED.match(bare) if block else None
        if named:
            found[block].setdefault(named[1], number)
    return found
