"""Refusals, as the API words them: a Status object with a code and a reason."""

from typing import Any

from runstone.errors import Refused
from runstone.sandbox.objects import Obj


class ApiError(Refused):
    """The request was answered with a Status. `code` is the HTTP status, `reason` the machine word."""

    def __init__(self, code: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    def as_object(self) -> Obj:
        """The Status that goes out."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            body["details"] = self.details
        return body


def _about(plural: str, group: str, name: str) -> Obj:
    return {"name": name, "group": group, "kind": plural} if group else {"name": name, "kind": plural}


def qualified(plural: str, group: str) -> str:
    """deployments.apps, pods."""
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> ApiError:
    """404 for an object."""
    message = f'{qualified(plural, group)} "{name}" not found'
    return ApiError(404, "NotFound", message, _about(plural, group, name))


def no_such_path() -> ApiError:
    """404 for a path or resource that is not served."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(plural: str, group: str, name: str) -> ApiError:
    """409 on create."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _about(plural, group, name))


def conflict(plural: str, group: str, name: str) -> ApiError:
    """409 on a stale resourceVersion."""
    message = (
        f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", message, _about(plural, group, name))


def forbidden(plural: str, group: str, name: str, why: str) -> ApiError:
    """403 by admission: quota, missing ServiceAccount, leaving namespace."""
    subject = f'{qualified(plural, group)} "{name}"' if name else qualified(plural, group)
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _about(plural, group, name))


def invalid(kind: str, group: str, name: str, field: str, why: str) -> ApiError:
    """422: one field does not hold what it must."""
    qualified_kind = f"{kind}.{group}" if group else kind
    details = {
        **_about(kind, group, name),
        "causes": [{"reason": "FieldValueInvalid", "message": why, "field": field}],
    }
    return ApiError(422, "Invalid", f'{qualified_kind} "{name}" is invalid: {field}: {why}', details)


def bad_request(message: str) -> ApiError:
    """400: the request itself cannot be read."""
    return ApiError(400, "BadRequest", message)


def gone(message: str) -> ApiError:
    """410: that resourceVersion or continue token is too old."""
    return ApiError(410, "Expired", message)
