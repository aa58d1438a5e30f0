"""Why Google Cloud did not answer, as a sentence that says what to grant or to enable. Pure."""

from runstone.connectors.rest import Denied, Expired, Failure, NoConnection, Throttled

VIEWER = "Grant it the role Cloud Asset Viewer (roles/cloudasset.viewer) there"
_OFF = "SERVICE_DISABLED"
_NOT_COUNTED = "USER_PROJECT_DENIED"
"""Reasons of a 403 (google.api.ErrorReason) that another grant helps against."""

_NOBODY = "lets nobody in"
"""How a failure to log in begins, which says itself what to do."""


def said(err: Failure | str, where: str, denied: str) -> str:
    """A failure as a sentence; ``where`` was asked, ``denied`` says what is not granted."""
    if isinstance(err, Denied) and off(err):
        return (
            "The API is not enabled in the project that requests are counted for. Enable it there: gcloud services "
            "enable cloudasset.googleapis.com cloudresourcemanager.googleapis.com"
        )
    if isinstance(err, Denied) and _NOT_COUNTED in err.codes:
        return (
            "The account may not have its requests counted for the quota project. Grant it the role Service Usage "
            "Consumer (roles/serviceusage.serviceUsageConsumer) there."
        )
    if isinstance(err, Denied):
        return f"The account {denied}."
    if isinstance(err, Throttled):
        return f"Google Cloud was asked too often ({err}). The next round tries again."
    if isinstance(err, Expired) and not str(err).startswith(_NOBODY):
        return f"{where} {err}. Log in anew, or replace the key."
    if isinstance(err, NoConnection | Expired):
        return f"{where} {err}."
    return f"Google Cloud {err}."


def off(err: Denied) -> bool:
    """Whether the API that was asked is not enabled."""
    return _OFF in err.codes


def unlisted(parent: str) -> str:
    """What is not granted to whom may not list the assets of a project or an organization."""
    return f"may not list assets of {named(parent)}. {VIEWER}"


def named(parent: str) -> str:
    """``projects/shop`` as ``the project shop``."""
    return parent.replace("projects/", "the project ").replace("organizations/", "the organization ")
