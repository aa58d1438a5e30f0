"""Kubernetes quantities: ``190Mi`` as bytes, ``250m`` as cores."""

import re

_SCALE = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


def number(text: object) -> float:
    """The value of a quantity in its base unit; 0.0 for what is none."""
    found = re.fullmatch(r"([0-9.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)", str(text or "0").strip())
    return float(found[1]) * _SCALE.get(found[2], 1.0) if found else 0.0
