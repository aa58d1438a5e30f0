"""Which platforms an edge reads, as they are written in settings: ``kubernetes``, ``host``, ``aws?profile=prod``.

A word names a file of connectors/platforms; what follows the question mark are its settings, as in a URL. A setting
that takes several values may be said several times: ``aws?regions=eu-west-1&regions=us-east-1``.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import yaml

from runstone import plugins
from runstone.connectors.platforms import Platform
from runstone.errors import BadInput
from runstone.settings import Settings


def chosen(settings: Settings) -> list[Platform]:
    """The platforms of the settings. Raises BadInput, or NotFound naming what has to be installed."""
    found = [_made(said, settings) for said in settings.platforms]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"Two platforms are called {twice[0]}. Set a name for one: {settings.platforms[0]}?name=…")
    return found


def kubeconfig(platforms: Sequence[Platform]) -> str:
    """Access to all clusters among them in one text, for Tasks; empty when there is none."""
    documents = [yaml.safe_load(text) for one in platforms if (text := one.portable_kubeconfig())]
    if not documents:
        return ""
    merged: dict[str, Any] = dict(documents[0])
    for section in ("clusters", "users", "contexts"):
        entries = [entry for document in documents for entry in document.get(section) or []]
        merged[section] = list({entry["name"]: entry for entry in reversed(entries)}.values())[::-1]
    return yaml.safe_dump(merged, sort_keys=False)


def _made(said: str, settings: Settings) -> Platform:
    kind, _, written = said.partition("?")
    made = plugins.load("platforms", kind)
    values = {name.replace("-", "_"): found for name, found in parse_qs(written, strict_parsing=bool(written)).items()}
    given = {name: _value(made, said, name, found) for name, found in values.items()}
    if kind == "kubernetes":
        own = {"kubeconfig": settings.kubeconfig, "context": settings.context, "namespaces": settings.namespaces}
        given = {**own, **given}
    platform: Platform = made(**given)
    return platform


def _value(made: type, said: str, name: str, values: list[str]) -> Any:
    """Values as the connector's constructor takes them."""
    parameters: Mapping[str, inspect.Parameter] = inspect.signature(made).parameters
    known = [one for one in parameters if one not in ("self", "salt")]
    if name not in known:
        raise BadInput(f"The platform {said!r} has no setting {name!r}. There are: {', '.join(known)}.")
    wanted = str(parameters[name].annotation)
    if "Sequence" in wanted or "tuple" in wanted:
        return tuple(values)
    if len(values) > 1:
        raise BadInput(f"The platform {said!r} takes one {name!r}, not {len(values)}.")
    try:
        return {"<class 'int'>": int, "<class 'float'>": float}.get(wanted, str)(values[0])
    except ValueError as err:
        raise BadInput(f"The platform {said!r}: {name} must be a number, not {values[0]!r}.") from err
