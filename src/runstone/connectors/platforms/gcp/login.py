"""As whom Google Cloud is asked: a service account by its key's file, else application default credentials.

Those come from where every Google Cloud tool takes them (GOOGLE_APPLICATION_CREDENTIALS, gcloud, workload identity
federation, the metadata server); none is ever a setting, is kept or is printed. google-auth is known only here and in
``connectors.secrets``.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import google.auth
import google.auth.transport.requests
from google.auth.exceptions import (
    DefaultCredentialsError,
    GoogleAuthError,
    MalformedError,
    RefreshError,
    TransportError,
)
from google.oauth2 import service_account

from runstone.connectors.rest import Authorization, Expired, NoConnection

Token = Callable[[], str]
"""Gives a token that holds now."""
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT_S = 10


@dataclass(frozen=True)
class Login:
    """How to log in. Empty: as google-auth would."""

    key_file: str = ""
    """With the key of a service account, as JSON."""
    quota_project: str = ""
    """The project requests are counted for, where it is not the credentials' own."""
    token: Token | None = None
    """Used instead of google-auth's."""


def authorization(login: Login) -> Authorization:
    """Headers for Google's APIs."""
    if login.token is None:
        return _Credentials(login)
    ask = login.token
    return lambda: _headers(ask(), login.quota_project)


class _Credentials:
    """Looked up once and renewed in time; looked up anew once they are refused, since a key may be replaced."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._credentials: Any = None
        self._lock = threading.Lock()

    def __call__(self) -> Mapping[str, str]:
        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials = self._found()
                if not self._credentials.valid:
                    request = google.auth.transport.requests.Request()
                    self._credentials.refresh(functools.partial(request, timeout=_TIMEOUT_S))
            except (DefaultCredentialsError, RefreshError, MalformedError, ValueError, OSError) as err:
                self._credentials = None
                raise _refused(err, self._login.key_file) from None
            except (TransportError, GoogleAuthError) as err:
                raise NoConnection(f"gives no token ({type(err).__name__})") from err
            counted = self._login.quota_project or getattr(self._credentials, "quota_project_id", None) or ""
            return _headers(str(self._credentials.token), counted)

    def _found(self) -> Any:
        if self._login.key_file:
            return service_account.Credentials.from_service_account_file(self._login.key_file, scopes=[_SCOPE])
        return google.auth.default(scopes=[_SCOPE])[0]


def _headers(token: str, quota_project: str) -> dict[str, str]:
    counted = {"x-goog-user-project": quota_project} if quota_project else {}
    return {"Authorization": f"Bearer {token}", **counted}


def _refused(err: Exception, key_file: str) -> Expired | NoConnection:
    """Without the error or its message: it may repeat what is in the credentials' file."""
    if getattr(err, "retryable", False):
        return NoConnection(f"gives no token for now ({type(err).__name__})")
    if key_file:
        return Expired(
            f"lets nobody in with the key in {key_file} ({type(err).__name__}). Put the JSON key of a service account "
            "that is enabled there"
        )
    return Expired(
        "lets nobody in with the credentials there are. Set GOOGLE_APPLICATION_CREDENTIALS, run gcloud auth "
        "application-default login, or run where an identity is given; and renew what has expired"
    )
