"""Why Azure DevOps did not answer, as a sentence that says what to grant. Pure."""

from runstone.connectors.platforms.azure_devops.kinds import Kind
from runstone.connectors.rest import Denied, Expired, Failure, Missing, NoConnection, Throttled

_NOBODY = "lets nobody in"
"""How a failure to log in begins, which says itself what to do."""


def said(err: Failure | str, where: str, denied: str) -> str:
    """A failure as a sentence; ``where`` was asked, ``denied`` says what is not granted."""
    if isinstance(err, Denied):
        return f"The identity {denied}."
    if isinstance(err, Throttled):
        return f"Azure DevOps was asked too often ({err}). The next round tries again."
    if isinstance(err, Expired) and not str(err).startswith(_NOBODY):
        return f"{where} {err}. Renew the token, or check that it is of this organization."
    if isinstance(err, NoConnection | Expired):
        return f"{where} {err}."
    return f"Azure DevOps {err}."


def unlisted(err: Failure | str, where: str) -> str:
    """The same of the list of projects, by which everything else is found."""
    if isinstance(err, Missing):
        return f"There is no organization at {where}. Correct its name."
    return said(err, where, "may not list projects. Give its token the scope Project and Team (Read)")


def partly(kind: Kind, project: str) -> str:
    """That a list is good, and may yet not be all there is."""
    return (
        f"The identity may see {kind.path} in no more than a part of the project {project}. Make it a member (Reader) "
        "of the project to know that this is all."
    )


def unread(kind: Kind, project: str) -> str:
    """What is not granted to whom may not read a kind in a project."""
    return (
        f"may not read {kind.path} in the project {project}. Give its token the scope {kind.right}, and make it a "
        "member (Reader) of the project"
    )
