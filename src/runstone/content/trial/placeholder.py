"""What case files may leave to the run: ``${http}``, ``${kubeconfig}`` and moments such as ``${30m ago}``."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{(?:(http|kubeconfig)|(\d{1,5})([smhd]) ago)\}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def filled(text: str, url: str, now: datetime) -> str:
    """The text with the loopback server's address, a kubeconfig that leads there, and moments (UTC, RFC 3339)."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return url if found[1] == "http" else _kubeconfig(url)
        return (now - timedelta(**{_UNITS[found[3]]: int(found[2])})).strftime("%Y-%m-%dT%H:%M:%SZ")

    return _PLACEHOLDER.sub(value, text)


def filled_json(value: Any, url: str, now: datetime) -> str:
    """The value as JSON, with every text in it filled."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _PLACEHOLDER.sub(lambda found: json.dumps(filled(found[0], url, now))[1:-1], text)


def _kubeconfig(url: str) -> str:
    """A kubeconfig with one context, ``trial``, and a token that opens nothing. JSON is YAML."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "trial",
            "clusters": [{"name": "trial", "cluster": {"server": url}}],
            "users": [{"name": "trial", "user": {"token": "opens-nothing"}}],
            "contexts": [{"name": "trial", "context": {"cluster": "trial", "user": "trial"}}],
        }
    )
