"""Commands and their answers: local ones and those of a remote shell service speak of the same response."""

from dataclasses import dataclass, field
from typing import Any, cast

from RW.platform.failure import TaskError
from RW.platform.secret import Secret


class Service:
    """A remote shell service, by URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __str__(self) -> str:
        return self.url


@dataclass
class ShellServiceRequestSecret:
    """A Secret for a command: an environment variable, or a file whose path is in one, named by ``secret.key``."""

    secret: Secret
    as_file: bool = False


@dataclass
class ShellServiceRequest:
    """A command for a remote shell service."""

    cmd: str
    request_secrets: list[ShellServiceRequestSecret] | None = None
    env: dict[str, str] | None = None
    files: dict[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """The body of ``POST {url}/api/v1/cmd``."""
        secrets = [
            {"key": one.secret.key, "value": one.secret.value, "file": one.as_file}
            for one in self.request_secrets or []
        ]
        return {"cmd": self.cmd, "secrets": secrets, "files": self.files or {}, "env": self.env or {}}


@dataclass(frozen=True)
class ShellServiceResponse:
    """What a command answered. ``status`` is HTTP-like (200 for a local command, whatever its ``returncode``)."""

    cmd: str
    parsed_cmd: Any = None
    stdout: str = ""
    stderr: str = ""
    returncode: int = -1
    status: int = 200
    body: str = ""
    errors: list[Any] = field(default_factory=list[Any])

    @property
    def rc(self) -> int:
        """``returncode`` under the name that Robot's Process library has for it; bundles confuse the two."""
        return self.returncode

    @staticmethod
    def from_json(obj: Any, status_code: int = 200) -> "ShellServiceResponse":
        """From ``{cmd, parsedCmd, stdout, stderr, returncode[, errors]}``. Raises TaskError naming what is missing."""
        wanted = ("cmd", "parsedCmd", "stdout", "stderr", "returncode")
        missing = [key for key in wanted if not isinstance(obj, dict) or key not in obj]
        if missing:
            raise TaskError(f"The answer of a shell service lacks {', '.join(missing)}.")
        given = cast("dict[str, Any]", obj)
        return ShellServiceResponse(
            cmd=given["cmd"],
            parsed_cmd=given["parsedCmd"],
            stdout=given["stdout"],
            stderr=given["stderr"],
            returncode=given["returncode"],
            status=status_code,
            errors=list(given.get("errors") or []),
        )


def execute_shell_command(
    cmd: str,
    service: Service | None,
    request_secrets: list[ShellServiceRequestSecret] | None = None,
    env: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    timeout_seconds: int = 120,
) -> ShellServiceResponse:
    """Run a command on a remote shell service. Raises TaskError when it is not given or does not answer."""
    if service is None:
        raise TaskError("No shell service was given to run the command on. Import one with Import Service.")
    import requests

    from RW.platform.session import REQUEST_VERIFY

    body = ShellServiceRequest(cmd, request_secrets, env, files).to_json()
    try:
        answer = requests.post(f"{service.url}/api/v1/cmd", json=body, verify=REQUEST_VERIFY, timeout=timeout_seconds)
        found: Any = answer.json()
    except (requests.RequestException, ValueError) as err:
        raise TaskError(f"The shell service at {service.url} did not answer: {type(err).__name__}.") from err
    return ShellServiceResponse.from_json(found[0] if isinstance(found, list) and found else found, answer.status_code)
