"""Kubernetes quantities: 100m, 64Mi, 2, 1.5Gi."""

import re

_UNITS = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}
_FORM = re.compile(r"([0-9.]+)([a-zA-Z]*)")


def amount(text: str | float | None) -> float:
    """The number a quantity stands for, in base units (cores, bytes, pieces); 0 for none or nonsense."""
    found = _FORM.fullmatch(str(text if text is not None else "0"))
    return float(found[1]) * _UNITS.get(found[2], 1.0) if found else 0.0


def cores(number: float) -> str:
    """CPU in the shortest usual form."""
    return str(int(number)) if number == int(number) else f"{round(number * 1000)}m"


def size(number: float) -> str:
    """Bytes in the shortest exact binary form."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if number >= _UNITS[unit] and number % _UNITS[unit] == 0:
            return f"{int(number / _UNITS[unit])}{unit}"
    return str(int(number))


def written(resource: str, number: float) -> str:
    """`number` in the unit that `resource` (cpu, requests.memory, pods, ...) is usually written in."""
    if resource.endswith("cpu"):
        return cores(number)
    return size(number) if resource.endswith(("memory", "storage")) else str(int(number))
