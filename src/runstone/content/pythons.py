"""What a Python script starts, changes and says, read off its syntax tree."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from runstone.content import calls, mutates, shell
from runstone.content.calls import Call
from runstone.content.raised import Raised

_STARTS = {"run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"}
_DEEPEST = 20
"""Values within values that are still put together."""
_REQUESTS = {"post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE"}
_CLIENT = re.compile(r"(?:^|\.)(?:client|resource)$|Client$|Api$|^boto3\.")
_CHANGING = re.compile(
    r"(?:begin_)?(?:create|delete|update|patch|replace|put|terminate|stop|start|reboot|restart|modify|attach|detach|"
    r"scale|send|publish|invoke|purge|set)_\w+$"
)
_READING = re.compile(r"start_query|stop_query|start_query_execution|create_or_get|set_default")


@dataclass
class Program:
    """Calls of other programs, and lines with what they change, ask for and describe."""

    calls: list[Call] = field(default_factory=list[Call])
    changes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    tests: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    raised: tuple[Raised, ...] = ()
    problem: tuple[int, str] | None = None


def read(text: str) -> Program:
    """The program; with a problem instead of anything else when it is no Python."""
    program = Program()
    try:
        tree = ast.parse(text)
        _Reader(program, tree).visit(tree)
    except SyntaxError as err:
        program.problem = (err.lineno or 0, f"This is not Python: {err.msg}.")
    except (ValueError, RecursionError, MemoryError) as err:
        program.problem = (0, f"This cannot be read as Python: {type(err).__name__}.")
    return program


class _Reader(ast.NodeVisitor):
    def __init__(self, program: Program, tree: ast.Module) -> None:
        self._program = program
        self._values: dict[str, ast.expr] = {}
        self._clients: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._values[node.targets[0].id] = node.value
                if isinstance(node.value, ast.Call) and _CLIENT.search(_dotted(node.value.func)):
                    self._clients.add(node.targets[0].id)

    def visit_Call(self, node: ast.Call) -> None:
        name = _dotted(node.func)
        module, _, verb = name.rpartition(".")
        if name in ("os.system", "os.popen") or (module == "subprocess" and verb in _STARTS):
            self._start(node)
        elif name == "shutil.which" and node.args:
            self._program.tests.append((node.lineno, self._text(node.args[0])))
        elif verb in _REQUESTS and re.search(r"requests|session|httpx|client|http", module, re.IGNORECASE):
            self._request(node, name, verb)
        elif module in self._clients and _CHANGING.match(verb) and not _READING.match(verb):
            self._program.changes.append((node.lineno, f"{name}()"))
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        given = {
            key.value.lower().replace(" ", "_").removeprefix("issue_"): value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
        if "title" in given and ({"severity", "next_steps", "next_step"} & set(given)):
            advice = given.get("next_steps") or given.get("next_step")
            found = Raised(
                self._text(given["title"]),
                self._text(given["severity"]) if "severity" in given else "",
                self._text(advice) if advice else "",
                node.lineno,
            )
            self._program.raised += (found,)
        self.generic_visit(node)

    def _request(self, node: ast.Call, name: str, verb: str) -> None:
        words = ["curl", "-X", _REQUESTS[verb], *(self._text(one) for one in node.args[:1])]
        words += [self._text(one.value) for one in node.keywords if one.arg in ("url", "data", "json")]
        if mutates.changes(words):
            self._program.changes.append((node.lineno, f"{name}({' '.join(words[3:4])})"))

    def _start(self, node: ast.Call) -> None:
        given = node.args[0] if node.args else next((one.value for one in node.keywords if one.arg == "args"), None)
        if isinstance(given, ast.Name):
            given = self._values.get(given.id, given)
        if isinstance(given, ast.List | ast.Tuple):
            words = [self._text(one) for one in given.elts]
            script = shell.Script("", [_command(words, node.lineno)], set(), {})
        elif given is not None:
            script = shell.read(self._text(given), node.lineno)
        else:
            return
        self._program.calls += [_conditional(call) for call in calls.calls(script, {})]

    def _text(self, node: ast.expr, depth: int = 0) -> str:
        """A string as far as it is literal; what is worked out becomes ``${…}``."""
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.JoinedStr):
            return "".join(self._text(one, depth + 1) for one in node.values)
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
            return self._text(node.value, depth + 1)
        if isinstance(node, ast.FormattedValue):
            return "${" + re.sub(r"\W", "_", ast.unparse(node.value))[:40] + "}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._text(node.left, depth + 1) + self._text(node.right, depth + 1)
        if isinstance(node, ast.Dict):
            return ast.unparse(node)
        if isinstance(node, ast.List):
            return "\n".join(self._text(one, depth + 1) for one in node.elts)
        if isinstance(node, ast.Name) and node.id in self._values and depth < _DEEPEST:
            return self._text(self._values[node.id], depth + 1)
        return "${" + re.sub(r"\W", "_", ast.unparse(node))[:40] + "}"


def _dotted(node: ast.expr) -> str:
    return ".".join(_parts(node))


def _parts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield from _parts(node.value)
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id


def _command(words: list[str], line: int) -> shell.Command:
    return shell.Command(words, 0, line, "", True, False, {})


def _conditional(call: Call) -> Call:
    return replace(call, conditional=True)
