"""What somebody asks with: a question, the text of an error, or an alert as Alertmanager sends it."""

import json
from dataclasses import dataclass
from typing import Any, cast

from runstone.catalog import facets
from runstone.catalog.facets import Asked

_TEXTS = ("summary", "message", "description")


@dataclass(frozen=True)
class Question:
    """The text to search with, and the alert's name when it is one."""

    text: str
    alert: str = ""


def read(text: str) -> Question:
    """A question from what was typed or posted: plain text, one alert, or a webhook body with ``alerts``."""
    stripped = text.strip()
    if stripped.startswith("{"):
        try:
            body = json.loads(stripped)
        except ValueError:
            return Question(stripped)
        if isinstance(body, dict):
            return of_alert(cast("dict[str, Any]", body))
    return Question(stripped)


def of_alert(body: dict[str, Any]) -> Question:
    """One alert, or the first that fires of a webhook body. Fields that are not as they should be count as missing."""
    alerts = [cast("dict[str, Any]", one) for one in _listed(body.get("alerts")) if isinstance(one, dict)]
    firing = [one for one in alerts if one.get("status") != "resolved"]
    one = (firing or alerts or [body])[0]
    labels = {**_strings(body.get("commonLabels")), **_strings(one.get("labels"))}
    annotations = {**_strings(body.get("commonAnnotations")), **_strings(one.get("annotations"))}
    name = labels.get("alertname", "")
    said = ". ".join(dict.fromkeys(annotations[key] for key in _TEXTS if annotations.get(key)))
    return Question(f"{name}: {said}" if said else name, name)


def asked(question: Question) -> Asked:
    """The question, read by the ontology."""
    return facets.of_question(question.text, question.alert)


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _strings(value: object) -> dict[str, str]:
    given = cast("dict[object, object]", value) if isinstance(value, dict) else {}
    return {str(key): one for key, one in given.items() if isinstance(one, str)}
