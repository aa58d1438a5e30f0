"""The engine that runs a CodeBundle's templates: Jinja's sandbox, each template compiled once per process.

Facts of the format: blocks are trimmed, a template is looked for in the bundle's ``.runwhen/templates`` and then among
the built-in ones (so are its includes), and a value that is not there prints one word that is easy to find.
"""

import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, Template, TemplateNotFound, Undefined
from jinja2.sandbox import SandboxedEnvironment

_BUILTIN = Path(__file__).parent / "templates"
_CAP = 1024 * 1024
"""Bytes of a template worth reading; the largest public one has 9 kB."""


class Missing(Undefined):
    """Prints what public templates and bundles know a missing value by."""

    def __str__(self) -> str:
        return "missing_workspaceInfo_custom_variable"


class Engine:
    """All templates of all bundles: one engine for all, so that includes are compiled once and not per bundle."""

    def __init__(self) -> None:
        self._environment = _Bundles(
            loader=_Loader(),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=Missing,
            autoescape=False,
            auto_reload=False,
            cache_size=-1,
        )
        self._environment.policies["json.dumps_function"] = _json
        self._texts: dict[str, Template] = {}

    def render(self, folder: Path, name: str, variables: Mapping[str, Any]) -> str:
        """A template of the bundle whose templates lie in ``folder``. Raises TemplateNotFound, or what it raises."""
        return self._environment.get_template(f"{folder}\0{name}").render(variables)

    def text(self, text: str, variables: Mapping[str, Any]) -> str:
        """A template that is itself a value, such as a path."""
        if "{" not in text:
            return text
        if text not in self._texts:
            self._texts[text] = self._environment.from_string(text)
        return self._texts[text].render(variables)


_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML takes for a line's end or for no text at all, though JSON does not."""


def _json(value: object, **options: Any) -> str:
    """JSON that is YAML too, whatever the texts in it hold."""
    options["ensure_ascii"] = False
    text = json.dumps(value, **options)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Bundles(SandboxedEnvironment):
    """An include is looked for beside the template that includes it."""

    def join_path(self, template: str, parent: str) -> str:
        folder, separator, _ = parent.rpartition("\0")
        return f"{folder}\0{template}" if separator and "\0" not in template else template


class _Loader(BaseLoader):
    """Names are ``folder NUL file``. A file that a bundle does not have is the built-in one, the same for all."""

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002  Jinja's name
    ) -> Template:
        folder, separator, file = name.rpartition("\0")
        if separator and not (Path(folder) / file).is_file():
            return environment.get_template(file)
        return super().load(environment, name, globals)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The text of a template. Raises TemplateNotFound for a name that leads out of its folder, too."""
        folder, _, file = template.rpartition("\0")
        root = Path(folder) if folder else _BUILTIN
        path = root / file
        if not path.is_file() or not path.resolve().is_relative_to(root.resolve()) or path.stat().st_size > _CAP:
            raise TemplateNotFound(file)
        return path.read_text(encoding="utf-8"), str(path), None
