"""What lies elsewhere: a shell service, the platform's HTTP API, files of the session."""

from typing import Any

from RW import platform

_ANSWER_S = 60
"""How long an HTTP answer may take, unless the Task says otherwise."""


class Remote:
    """Keywords that need something outside the run."""

    def shell(
        self,
        cmd: str,
        service: Any,
        request_secrets: Any = None,
        secret: Any = None,
        secret_as_file: bool = False,
        env: Any = None,
        files: Any = None,
    ) -> platform.ShellServiceResponse:
        """Run a command on a remote shell service."""
        secrets: list[platform.ShellServiceRequestSecret] = list(request_secrets or [])
        if secret is not None:
            secrets.append(platform.ShellServiceRequestSecret(secret, secret_as_file))
        return platform.execute_shell_command(cmd, service, secrets, env, files)

    def get_authenticated_session(self) -> Any:
        """A ``requests.Session`` that carries the run's token."""
        return platform.get_authenticated_session()

    def rw_get(self, url: str, **kwargs: Any) -> Any:
        """GET with the run's token; named arguments go to ``requests``. Returns its response."""
        kwargs.setdefault("timeout", _ANSWER_S)
        return platform.get_authenticated_session().get(url, **kwargs)

    def rw_post(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """POST with the run's token; named arguments go to ``requests``. Returns its response."""
        kwargs.setdefault("timeout", _ANSWER_S)
        return platform.get_authenticated_session().post(url, data=data, json=json, **kwargs)

    def upload_session_file(self, filename: str, contents: str) -> str:
        """Keep a text for the other Tasks of the session; returns its address."""
        return platform.upload_session_file(filename, contents)

    def get_session_file(self, filename: str) -> str | None:
        """A text kept by another Task of the session."""
        return platform.get_session_file(filename)
