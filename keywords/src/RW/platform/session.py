"""HTTP with the run's identity, and the files that Tasks of one session leave for each other."""

import os
from typing import TYPE_CHECKING, Any

from RW.platform.failure import TaskError

if TYPE_CHECKING:
    import requests

REQUEST_VERIFY: bool | str = os.environ.get("REQUESTS_CA_BUNDLE") or True
"""What ``requests`` takes as ``verify``: a bundle of certificates, or its own. Never off."""

_kept: dict[str, str] = {}
"""Session files of a run that has no platform API: they live as long as the run."""


def get_authenticated_session() -> "requests.Session":
    """A requests.Session that carries ``RW_USER_TOKEN``, when there is one."""
    import requests

    session = requests.Session()
    session.verify = REQUEST_VERIFY
    token = os.environ.get("RW_USER_TOKEN")
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def url_for_session_file(filename: str, upload: bool = False) -> str:
    """Where the platform keeps a session file. ``--`` stands for a run outside a session. Raises TaskError."""
    base = os.environ.get("RW_SLX_API_URL")
    if not base:
        raise TaskError("RW_SLX_API_URL is not set, so no address of a session file is known.")
    place = "file-upload-url" if upload else "files"
    session = os.environ.get("RW_SESSION_ID") or "--"
    request = os.environ.get("RW_RUNREQUEST_ID") or "--"
    return f"{base}/{place}/{session}/{request}/{filename}"


def upload_session_file(filename: str, contents: str) -> str:
    """Keep ``contents`` for the session; returns its address. Without a platform API the run itself keeps it."""
    if not os.environ.get("RW_SLX_API_URL"):
        _kept[filename] = contents
        return filename
    session = get_authenticated_session()
    answer = session.get(url_for_session_file(filename, upload=True), timeout=30)
    answer.raise_for_status()
    place: dict[str, Any] = answer.json()
    put = session.put(place["url"], data=contents.encode(), headers={"Content-Type": "text/plain"}, timeout=60)
    put.raise_for_status()
    return url_for_session_file(filename)


def get_session_file(filename: str) -> str | None:
    """The contents kept under ``filename``, None when there are none."""
    if not os.environ.get("RW_SLX_API_URL"):
        return _kept.get(filename)
    answer = get_authenticated_session().get(url_for_session_file(filename), timeout=60)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    return answer.text
