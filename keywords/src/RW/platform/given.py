"""Values given to a suite by whoever runs it: variables, secrets, services, memos. All come from the environment."""

import json
import os
from pathlib import Path
from typing import Any, cast

from RW.platform.failure import FatalError, MissingValue, TaskError
from RW.platform.secret import Secret
from RW.platform.service import Service


def in_dev() -> bool:
    """Whether the suite runs on an author's desk (``RW_MODE=dev``, or the older ``ROBOT_DEV=true``)."""
    return os.environ.get("RW_MODE") == "dev" or os.environ.get("ROBOT_DEV", "").lower() == "true"


def user_variable(name: str, default: Any, example: Any) -> str:
    """The variable's text. A value may be empty. Raises MissingValue, FatalError for a reserved name."""
    if name.startswith("RW_") and not _platform_name_allowed(name):
        raise FatalError(
            f"Variable {name} cannot be imported with Import User Variable: names that start with RW_ belong to the "
            f"platform. Use Import Platform Variable, or choose another name."
        )
    source = _json_map("RW_ENV_REMAP").get(name, name) if in_dev() else name
    value = os.environ.get(source)
    if value is None or (in_dev() and value == ""):
        value = default if default is not None else ("" if in_dev() else None)
    if value is None:
        hint = f" (an example: {example})" if example else ""
        raise MissingValue(f"Input {name} has no value and no default. Give it one{hint}.")
    # Robot reads %{NAME} as an environment variable wherever the text is used again; Run Cli takes the escape away.
    return str(value).replace("%{", "\\%{")


def _platform_name_allowed(name: str) -> bool:
    return in_dev() or (name == "RW_LOOKBACK_WINDOW" and bool(os.environ.get("RW_RUNREQUEST_ID")))


def secret(name: str, optional: bool, example: Any) -> Secret | None:
    """The secret given under ``name``; None when it is optional and missing. Raises MissingValue."""
    from RW import platform

    value: str | None = platform.given_secrets.get(name)
    problem = ""
    if value is None:
        try:
            value = _dev_secret(name) if in_dev() else _by_key(name)
        except (OSError, TaskError) as err:
            problem = f" {err}"
    if value:
        return Secret(name, value)
    if optional:
        return None
    hint = f" (an example: {example})" if example else ""
    raise MissingValue(f"Secret {name} was not given.{problem} Give it a value{hint}.")


def _dev_secret(name: str) -> str | None:
    key = _json_map("RW_SECRET_REMAP").get(name, name)
    path = _json_map("RW_FROM_FILE").get(key)
    return Path(path).expanduser().read_text() if path else os.environ.get(key)


def _by_key(name: str) -> str | None:
    """Resolve ``RW_SECRETS_KEYS[name]``: ``file@path`` or ``env@NAME``."""
    key = _json_map("RW_SECRETS_KEYS").get(name)
    if key is None:
        return None
    provider, at, path = key.partition("@")
    if at and provider == "file":
        return Path(path).read_text().strip()
    if at and provider == "env":
        return os.environ.get(path)
    raise TaskError(
        f"Its key {key!r} is of a kind only a runner resolves; these libraries know file@path and env@NAME."
    )


def service(name: str) -> Service:
    """The service given under ``name``. Raises MissingValue."""
    url = _json_map("RW_SVC_URLS").get(name)
    if not url:
        raise MissingValue(f"Service {name} was not given: RW_SVC_URLS has no URL for it.")
    return Service(url)


def import_platform_variable(varname: str) -> str:
    """The value of a platform variable (its name starts with ``RW_``). Raises MissingValue."""
    if not varname.startswith("RW_"):
        raise MissingValue(
            f"{varname} is not a platform variable: their names start with RW_. Use Import User Variable."
        )
    if in_dev():
        return user_variable(varname, None, None)
    value = os.environ.get(varname)
    if not value:
        raise MissingValue(f"Platform variable {varname} has no value here.")
    return value


def import_memo_variable(key: str) -> Any:
    """The memo ``key`` of the current run request; None when there is none. Asks the platform's API if one is set."""
    if in_dev():
        path = _json_map("RW_MEMO_FILE").get(key)
        return Path(path).read_text() if path else None
    base, request = os.environ.get("RW_SLX_API_URL"), os.environ.get("RW_RUNREQUEST_ID")
    if not base or not request:
        return None
    from RW.platform.session import get_authenticated_session

    answer = get_authenticated_session().get(f"{base}/runbook/runs/{request}", timeout=30)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    memo: dict[str, Any] = found.get("memo") or {}
    return memo.get(key)


def _json_map(variable: str) -> dict[str, str]:
    """An environment variable that holds a JSON object; empty when unset. Raises TaskError."""
    text = os.environ.get(variable)
    if not text:
        return {}
    try:
        found: Any = json.loads(text)
    except ValueError as err:
        raise TaskError(f"Environment variable {variable} is not JSON: {err}.") from err
    if not isinstance(found, dict):
        raise TaskError(f"Environment variable {variable} must hold a JSON object of names and texts.")
    return {str(key): str(value) for key, value in cast("dict[Any, Any]", found).items()}
