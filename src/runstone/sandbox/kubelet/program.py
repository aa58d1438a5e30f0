"""The program in a container, as its Pod declares it in annotations.

`sandbox.runstone.dev/` +
  needs    "CART_ADDR=unready, MAIL_ADDR=log, DB_ADDR=crash": env variables that hold addresses, and what the
           program does when one cannot be reached: exit at start, answer 503 to its readiness probe, or log
  checks   "BATCH_SIZE=^[0-9]+$": env variables whose value must match, else it exits at start
  memory   what it uses, e.g. 210Mi; default 40% of the limit
  cpu      what it uses, e.g. 40m; default 30% of the request
  logs     go | python | node | java | nginx | redis | postgres
  routes   "ingresses": it forwards what comes in along the cluster's Ingresses
  runs     seconds after which it ends with exit code 0 (for Jobs)
"""

from dataclasses import dataclass
from typing import Literal

from runstone.sandbox.objects import Obj, annotations_of, at, each
from runstone.sandbox.quantity import amount

PREFIX = "sandbox.runstone.dev/"
Reaction = Literal["crash", "unready", "log"]


@dataclass(frozen=True, slots=True)
class Need:
    """An env variable that holds an address, and what happens when it cannot be reached."""

    variable: str
    reaction: Reaction


def _declared(pod: Obj, key: str) -> str:
    return annotations_of(pod).get(PREFIX + key, "")


def needs(pod: Obj) -> list[Need]:
    """The addresses the program calls."""
    found: list[Need] = []
    for part in _declared(pod, "needs").split(","):
        variable, _, reaction = part.strip().partition("=")
        if variable:
            found.append(Need(variable, reaction if reaction in ("crash", "unready") else "log"))
    return found


def checks(pod: Obj) -> list[tuple[str, str]]:
    """Env variables and the pattern each must match."""
    pairs = [part.strip().partition("=") for part in _declared(pod, "checks").split(",")]
    return [(variable, pattern) for variable, _, pattern in pairs if variable]


def routes_ingresses(pod: Obj) -> bool:
    """Is this the program that serves the cluster's Ingresses?"""
    return _declared(pod, "routes") == "ingresses"


def style(pod: Obj) -> str:
    """In which style the program writes its log."""
    return _declared(pod, "logs") or "go"


def runs_for(pod: Obj) -> float | None:
    """Seconds until the program ends by itself, or None for a server."""
    text = _declared(pod, "runs")
    return float(text) if text else None


def appetite(pod: Obj, container: Obj) -> tuple[float, float]:
    """Cores and bytes the container takes."""
    limit = amount(at(container, "resources", "limits", "memory")) or 128 * 2**20
    first = container is each(pod, "spec", "containers")[0]
    held = amount(_declared(pod, "memory")) if first and _declared(pod, "memory") else limit * 0.4
    request = amount(at(container, "resources", "requests", "cpu")) or 0.05
    cores = amount(_declared(pod, "cpu")) if first and _declared(pod, "cpu") else request * 0.3
    return cores, held


def starves(pod: Obj, container: Obj) -> bool:
    """Does the container need more memory than its limit allows?"""
    limit = amount(at(container, "resources", "limits", "memory"))
    return bool(limit) and appetite(pod, container)[1] > limit


def listens_on(pod: Obj) -> set[int]:
    """The TCP ports something in this Pod listens on."""
    found: set[int] = set()
    for container in each(pod, "spec", "containers"):
        found |= ports_of(container)
    return found


def ports_of(container: Obj) -> set[int]:
    """The ports one container listens on: its PORT variable, else the ports it declares."""
    for variable in each(container, "env"):
        if variable.get("name") == "PORT" and str(variable.get("value", "")).isdigit():
            return {int(variable["value"])}
    return {one["containerPort"] for one in each(container, "ports")}
