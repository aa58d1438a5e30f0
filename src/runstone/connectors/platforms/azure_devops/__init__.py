"""Azure DevOps, through its REST API: the projects of an organization, and what is built and released in them.

One organization is one platform; a scope is a kind in a project. What is asked goes over HTTPS by itself.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from runstone.connectors.entra import Token
from runstone.connectors.items import text
from runstone.connectors.platforms import Batch, Platform
from runstone.connectors.platforms.azure_devops import place, refusal
from runstone.connectors.platforms.azure_devops.kinds import BY_TYPE, KINDS, Kind
from runstone.connectors.platforms.azure_devops.lists import Lists
from runstone.connectors.platforms.azure_devops.login import Login, authorization
from runstone.connectors.platforms.azure_devops.round import Known, Round, Setting, Wanted
from runstone.connectors.rest import Denied, Expired, Limits, Rest
from runstone.errors import BadInput, Forbidden, Unreachable


class AzureDevOps(Platform):
    """An organization: the projects wanted, or all that are seen."""

    family = "azure_devops"

    def __init__(
        self,
        name: str = "",
        *,
        organization: str = "",
        projects: Sequence[str] = (),
        exclude_projects: Sequence[str] = (),
        types: Sequence[str] = (),
        pat_file: str = "",
        tenant: str = "",
        client_id: str = "",
        auth_secret: str = "",
        endpoint_url: str = "",
        token: Token | None = None,
        timeout_s: float = 15.0,
        attempts: int = 5,
        longest_wait_s: float = 60.0,
        at_once: int = 4,
    ) -> None:
        """``organization``: its name, or its address. ``name``: what the Map calls it; without one, as it is called.

        ``projects`` and ``exclude_projects``: names, or regular expressions for whole names, in any case. ``types``:
        only these, by the words of rules. ``pat_file``: a file with a personal access token; without one,
        AZURE_DEVOPS_EXT_PAT, else a token of Entra ID, in ``tenant``, by the managed identity ``client_id``.
        ``auth_secret``: the Kubernetes Secret with the token that Tasks log in with, for templates only.
        ``endpoint_url`` is asked instead of dev.azure.com, ``token`` instead of logging in. ``timeout_s`` is for one
        answer, ``attempts`` for one request, ``longest_wait_s`` the longest single wait that may be asked for. Raises
        BadInput.
        """
        self._place = place.found(organization, endpoint_url)
        self.name = name or self._place.name
        self.context = ""
        login = Login(pat_file, tenant, client_id, token)
        self._authorization = authorization(login)
        self._wanted = Wanted(_patterns(projects), _patterns(exclude_projects))
        self._kinds = _chosen(types)
        self._known = Known()
        self._limits = Limits(timeout_s, attempts, longest_wait_s, at_once)
        self._auth = {"auth_type": "ado_pat_secret", "auth_secret": auth_secret} if auth_secret else login.auth

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. A scope is a kind in a project; its namespace is the project's name."""
        where, called = self._place.address, self._place.name
        setting = Setting(self.name, self._kinds, self._wanted, called, where, self._auth, self.salt)
        async with self._opened() as lists, aclosing(Round(lists, setting, self._known).batches(extra)) as told:
            async for batch in told:
                yield batch

    async def check(self) -> str:
        """See Platform.check. The projects are asked for, and one list of each kind."""
        where = self._place.address
        async with self._opened() as lists:
            listed = await lists.projects()
            if listed.problem:
                raised = Forbidden if isinstance(listed.problem, Denied | Expired) else Unreachable
                raise raised(refusal.unlisted(listed.problem, where))
            seen = [text(one, "name") for one in listed.found if self._wanted.takes(text(one, "name"))]
            if not seen:
                raise Forbidden(f"The identity sees none of the projects wanted at {where}. Make it a member of them.")
            unread = [f"{name} (not seen)" for name in self._wanted.unseen(seen)]
            for kind in self._kinds:
                problem = (await lists.within(seen[0], kind)).problem
                unread += [f"{kind.path} in {seen[0]} ({problem}; scope {kind.right})"] if problem else []
        said = f"{self.name}: Azure DevOps at {where}, projects {', '.join(seen)}"
        return f"{said}; not readable: {', '.join(unread)}." if unread else said

    def attributes(self) -> Mapping[str, object]:
        """See Platform.attributes."""
        return dict(self._auth)

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig: an organization is no cluster."""
        return ""

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Lists]:
        asked, limits = self._authorization, self._limits
        async with (
            Rest(self._place.address, asked, limits) as rest,
            Rest(self._place.releases, asked, limits) as others,
        ):
            yield Lists(rest, others, limits)


def _chosen(types: Sequence[str]) -> tuple[Kind, ...]:
    unknown = sorted(set(types) - BY_TYPE.keys())
    if unknown:
        raise BadInput(f"Of Azure DevOps no {', '.join(unknown)} is read. There are: {', '.join(BY_TYPE)}.")
    return tuple(kind for kind in KINDS if not types or kind.type in types)


def _patterns(said: Sequence[str]) -> tuple[str, ...]:
    for one in said:
        try:
            re.compile(one)
        except re.error as err:
            raise BadInput(f"{one!r} is neither a project's name nor a regular expression: {err}.") from err
    return tuple(said)
