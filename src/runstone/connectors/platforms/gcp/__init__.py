"""Google Cloud, through Cloud Asset Inventory: the rows of :mod:`table` in every project that a login may read.

One login is one platform; a scope is a kind in a project. google-auth, known only to :mod:`login`, gives the tokens;
what is asked goes over HTTPS by itself.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from runstone.connectors import gke
from runstone.connectors.items import text
from runstone.connectors.managed import Clusters, Seeking
from runstone.connectors.platforms import Batch, Platform
from runstone.connectors.platforms.gcp import clusters, refusal
from runstone.connectors.platforms.gcp.inventory import Inventory
from runstone.connectors.platforms.gcp.kinds import Kind
from runstone.connectors.platforms.gcp.login import Login, Token, authorization
from runstone.connectors.platforms.gcp.pace import Pace
from runstone.connectors.platforms.gcp.round import Known, Round, Setting
from runstone.connectors.platforms.gcp.table import KINDS, PROJECT, TYPES
from runstone.connectors.rest import Denied, Expired, Failure, Limits, Rest
from runstone.errors import BadInput, Forbidden, Unreachable

_ASSETS = "https://cloudasset.googleapis.com"
_MANAGER = "https://cloudresourcemanager.googleapis.com"


class Gcp(Platform):
    """The projects of a login: those named, those of an organization, or all it sees."""

    family = "gcp"

    def __init__(
        self,
        name: str = "gcp",
        *,
        projects: Sequence[str] = (),
        organization: str = "",
        types: Sequence[str] = (),
        key_file: str = "",
        quota_project: str = "",
        auth_secret: str = "",
        endpoint_url: str = "",
        token: Token | None = None,
        timeout_s: float = 30.0,
        attempts: int = 5,
        longest_wait_s: float = 60.0,
        at_once: int = 4,
        per_minute: int = 90,
    ) -> None:
        """``projects``: ids; or an ``organization`` by its number; of neither, all projects that are seen.

        ``types``: only these, by the names rules use. ``key_file``: where the key of a service account lies; without
        one, application default credentials. ``quota_project``: the project requests are counted for, where that is not
        the credentials' own. ``auth_secret``: the Kubernetes Secret with the service account's key that Tasks log in
        with, for templates only; without one they log in as the runner. ``endpoint_url`` is asked instead of Google's
        addresses, ``token`` instead of google-auth. ``timeout_s`` is for one answer, ``attempts`` for one request,
        ``longest_wait_s`` the longest single wait Google may ask for; ``per_minute`` so many lists are asked for.
        Raises BadInput.
        """
        if projects and organization:
            raise BadInput("A platform is some projects or an organization, not both. Name one of the two.")
        self.name = name
        self.context = ""
        self._authorization = authorization(Login(key_file, quota_project, token))
        self._where = (endpoint_url or _ASSETS).rstrip("/")
        self._manager = (endpoint_url or _MANAGER).rstrip("/")
        self._containers = endpoint_url.rstrip("/") or gke.host()
        self._projects = tuple(projects)
        self._organization = organization.removeprefix("organizations/")
        self._kinds = _chosen(types)
        self._limits = Limits(timeout_s, attempts, longest_wait_s, at_once)
        self._known = Known()
        self._pace = Pace(max(1, per_minute))
        self._auth = {"auth_type": "gcp_service_account_file" if key_file else "gcp_adc"}
        if auth_secret:
            self._auth = {"auth_type": "gcp_service_account_secret", "auth_secret": auth_secret}

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. A scope is a kind in a project; its namespace is the project's id."""
        setting = Setting(self.name, self._kinds, self._auth, self._where, self.salt)
        async with self._opened() as inventory:
            round_ = Round(inventory, setting, self._known)
            async with aclosing(round_.batches(self._projects, self._organization, extra)) as told:
                async for batch in told:
                    yield batch

    async def clusters(self, seeking: Seeking) -> Clusters:
        """See Platform.clusters: of GKE."""
        try:
            headers = await asyncio.to_thread(self._authorization)
            projects = self._projects or await self._seen(seeking)
        except Failure as err:
            denied = "may not search projects. Grant it the role Browser (roles/browser), or name them"
            raise _ended(err, refusal.said(err, self._where, denied)) from err
        token = headers["Authorization"].removeprefix("Bearer ")
        async with Rest(self._containers, self._authorization, self._limits) as rest:
            return await clusters.Finder(rest, token, self._auth).found(seeking, projects)

    async def check(self) -> str:
        """See Platform.check. The projects themselves are asked for, each by itself."""
        async with self._opened() as inventory:
            try:
                return await self._checked(inventory)
            except Failure as err:
                denied = "may not search projects. Grant it the role Browser (roles/browser), or name them"
                raise _ended(err, refusal.said(err, self._where, denied)) from err

    def attributes(self) -> Mapping[str, object]:
        """See Platform.attributes."""
        return dict(self._auth)

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig: a login is no cluster."""
        return ""

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Inventory]:
        asked, limits = self._authorization, self._limits
        async with Rest(self._where, asked, limits) as assets, Rest(self._manager, asked, limits) as manager:
            yield Inventory(assets, manager, self._pace)

    async def _seen(self, seeking: Seeking) -> tuple[str, ...]:
        """Every project, where one is not said. Raises Failure."""
        if all(one.account for one in (*seeking.named, *seeking.areas)):
            return ()
        async with self._opened() as inventory:
            return tuple(text(one, "projectId") for one in await inventory.projects())

    async def _checked(self, inventory: Inventory) -> str:
        parents = await self._parents(inventory)
        if not parents:
            raise Forbidden(f"The account sees no project at {self._where}. Grant it the role Browser (roles/browser).")
        problems: dict[str, Failure | str] = {}
        for parent in parents:
            found = await inventory.assets(parent, [PROJECT.asset])
            problems |= dict(zip([parent], found.problems.values(), strict=False))
        if len(problems) == len(parents):
            parent, err = next(iter(problems.items()))
            raise _ended(err, refusal.said(err, self._where, refusal.unlisted(parent)))
        named = ", ".join(parent.removeprefix("projects/") for parent in parents if parent not in problems)
        said = f"{self.name}: Google Cloud at {self._where}, {named}"
        if not problems:
            return said
        unread = ", ".join(f"{parent.removeprefix('projects/')} ({err})" for parent, err in problems.items())
        return f"{said}; not readable: {unread}. {refusal.VIEWER}."

    async def _parents(self, inventory: Inventory) -> list[str]:
        if self._organization:
            return [f"organizations/{self._organization}"]
        seen = self._projects or [text(one, "projectId") for one in await inventory.projects()]
        return [f"projects/{project}" for project in dict.fromkeys(seen) if project]


def _ended(err: Failure | str, said: str) -> Forbidden | Unreachable:
    return Forbidden(said) if isinstance(err, Denied | Expired) else Unreachable(said)


def _chosen(types: Sequence[str]) -> tuple[Kind, ...]:
    unknown = sorted(set(types) - TYPES)
    if unknown:
        raise BadInput(
            f"No list of Google Cloud is read for {', '.join(unknown)}. There are: {', '.join(sorted(TYPES))}."
        )
    return tuple(kind for kind in KINDS if not types or {*kind.words} & set(types))
