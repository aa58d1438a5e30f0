"""Finds connectors by kind and name: a file of ``runstone.connectors.<kind>`` first, then entry points.

A kind's protocol is the one abstract class its package defines; a connector is the one class of its module that
implements it. There is no list to keep and nothing to register. Outsiders offer theirs as an entry point of the group
``runstone.<kind>`` that names the class.
"""

import importlib
import inspect
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType

from runstone.errors import Broken, NotFound

_HOME = "runstone.connectors"


def names(kind: str) -> tuple[str, ...]:
    """Every known connector of a kind (``secrets``, ``executors``, …), sorted. Raises NotFound for an unknown kind."""
    package = _package(kind)
    ours = {found.name for found in pkgutil.iter_modules(package.__path__) if not found.name.startswith("_")}
    theirs = {point.name for point in entry_points(group=f"runstone.{kind}")}
    return tuple(sorted(ours | theirs))


def load(kind: str, name: str) -> type:
    """The connector's class. Raises NotFound with the known names, or with the package that has to be installed."""
    package = _package(kind)
    protocol = _protocol(package)
    module_name = f"{_HOME}.{kind}.{name}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as err:
        if err.name != module_name:
            raise _missing(kind, name, err) from err
        return _outside(kind, name, protocol)
    except ImportError as err:
        raise _missing(kind, name, err) from err
    found = [one for one in vars(module).values() if _implements(one, protocol) and one.__module__ == module_name]
    if len(found) != 1:
        raise Broken(f"{module_name} must define exactly one {protocol.__name__}; it defines {len(found)}.")
    return found[0]


def _package(kind: str) -> ModuleType:
    if kind.isidentifier():
        try:
            return importlib.import_module(f"{_HOME}.{kind}")
        except ModuleNotFoundError as err:
            if err.name != f"{_HOME}.{kind}":
                raise
    raise NotFound(f"There is no kind of connector {kind!r}: a kind is a folder of runstone/connectors.")


def _protocol(package: ModuleType) -> type:
    found = [one for one in vars(package).values() if inspect.isabstract(one) and one.__module__ == package.__name__]
    if len(found) != 1:
        raise Broken(
            f"{package.__name__} must define exactly one abstract class, its protocol; it defines {len(found)}."
        )
    return found[0]


def _implements(one: object, protocol: type) -> bool:
    return isinstance(one, type) and issubclass(one, protocol) and not inspect.isabstract(one)


def _outside(kind: str, name: str, protocol: type) -> type:
    for point in entry_points(group=f"runstone.{kind}", name=name):
        try:
            found = point.load()
        except ImportError as err:
            raise _missing(kind, name, err) from err
        if not _implements(found, protocol):
            raise Broken(
                f"The entry point {name} of runstone.{kind} names {point.value}, which is no {protocol.__name__}."
            )
        return found
    known = ", ".join(names(kind)) or "none"
    raise NotFound(f"There is no {name!r} among {kind} (known: {known}).")


def _missing(kind: str, name: str, err: ImportError) -> NotFound:
    needed = err.name or str(err)
    return NotFound(
        f"{name!r} of {kind} needs the Python package {needed}. Install it with: pip install 'runstone[{name}]'"
    )
