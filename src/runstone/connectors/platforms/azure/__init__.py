"""Azure, through Resource Graph: the rows of :mod:`table` in every subscription that a login may read.

One login (a tenant) is one platform; a scope is a kind in a subscription. ``connectors.entra`` gives the tokens; what
is asked goes over HTTPS by itself.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from runstone.connectors.entra import Token
from runstone.connectors.items import text
from runstone.connectors.managed import Clusters, Seeking
from runstone.connectors.platforms import Batch, Platform
from runstone.connectors.platforms.azure.clusters import Finder
from runstone.connectors.platforms.azure.graph import Graph
from runstone.connectors.platforms.azure.kinds import Kind
from runstone.connectors.platforms.azure.login import Login, authorization, manager, token_for
from runstone.connectors.platforms.azure.rights import readable
from runstone.connectors.platforms.azure.round import Known, Round
from runstone.connectors.platforms.azure.table import KINDS, TYPES
from runstone.connectors.rest import Denied, Expired, Failure, Limits, Rest
from runstone.errors import BadInput, Forbidden, Unreachable


class Azure(Platform):
    """The subscriptions of a login: those named, or all it sees."""

    family = "azure"

    def __init__(
        self,
        name: str = "azure",
        *,
        tenant: str = "",
        client_id: str = "",
        subscriptions: Sequence[str] = (),
        types: Sequence[str] = (),
        auth_secret: str = "",
        endpoint_url: str = "",
        token: Token | None = None,
        timeout_s: float = 15.0,
        attempts: int = 5,
        longest_wait_s: float = 60.0,
        at_once: int = 4,
    ) -> None:
        """``tenant`` to log in to, where it is not the login's own; ``client_id`` of a managed identity.

        ``subscriptions``: ids; none for all that are seen. ``types``: only these, by the names rules use.
        ``auth_secret``: the Kubernetes Secret with the service principal that Tasks log in with, for templates only;
        without one they log in as the runner's identity. ``endpoint_url`` is asked instead of the cloud's manager,
        ``token`` instead of azure-identity. ``timeout_s`` is for one answer, ``attempts`` for one request,
        ``longest_wait_s`` the longest single wait Azure may ask for. Raises BadInput.
        """
        self.name = name
        self.context = ""
        self._login = Login(tenant, client_id, token)
        self._where = (endpoint_url or manager()).rstrip("/")
        self._subscriptions = tuple(subscriptions)
        self._kinds = _chosen(types)
        self._limits = Limits(timeout_s, attempts, longest_wait_s, at_once)
        self._known = Known()
        self._auth = {"auth_type": "azure_identity"}
        if auth_secret:
            self._auth = {"auth_type": "azure_service_principal_secret", "auth_secret": auth_secret}

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. A scope is a kind in a subscription; its namespace is the subscription's id."""
        async with self._opened() as graph:
            round_ = Round(graph, self.name, self._kinds, self._known, self._auth, self._where, self.salt)
            async with aclosing(round_.batches(self._subscriptions, extra)) as told:
                async for batch in told:
                    yield batch

    async def clusters(self, seeking: Seeking) -> Clusters:
        """See Platform.clusters: of AKS. The format calls the runner's own identity another word there."""
        own = {"auth_type": "azure_managed_identity"}
        auth = own if self._auth["auth_type"] == "azure_identity" else self._auth
        async with self._opened() as graph:
            finder = Finder(graph, lambda resource: token_for(resource, self._login), auth, self._where)
            return await finder.found(seeking, self._subscriptions)

    async def check(self) -> str:
        """See Platform.check. Subscriptions, what may be read in each, and one query are asked for."""
        async with self._opened() as graph:
            try:
                return await self._checked(graph)
            except Failure as err:
                said = f"{self._where} {err}."
                raise (Forbidden if isinstance(err, Denied | Expired) else Unreachable)(said) from err

    def attributes(self) -> Mapping[str, object]:
        """See Platform.attributes."""
        return dict(self._auth)

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig: a login is no cluster."""
        return ""

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Graph]:
        async with Rest(self._where, authorization(self._login), self._limits) as rest:
            yield Graph(rest, self._limits)

    async def _checked(self, graph: Graph) -> str:
        seen = {text(row, "subscriptionId").lower(): text(row, "displayName") for row in await graph.subscriptions()}
        wanted = [one.lower() for one in self._subscriptions] or list(seen)
        readable_ = [id_ for id_ in wanted if id_ in seen]
        if not readable_:
            raise Denied("shows the identity none of the subscriptions. Grant it the role Reader on them")
        found = await graph.resources("resources", [self._kinds[-1].key], readable_)
        unread = [f"{seen[id_] or id_} ({err})" for id_, err in found.problems.items()]
        unread += [f"{id_} (not seen)" for id_ in wanted if id_ not in seen]
        unread += [f"{seen[id_] or id_} (only in part)" for id_ in readable_ if not await self._wholly(graph, id_)]
        said = f"{self.name}: Azure at {self._where}, subscriptions {', '.join(seen[id_] or id_ for id_ in readable_)}"
        return f"{said}; not readable: {', '.join(unread)}. Grant the role Reader there." if unread else said

    async def _wholly(self, graph: Graph, subscription: str) -> bool:
        try:
            permissions = await graph.permissions(subscription)
        except Denied:
            return False
        except Failure:
            return True
        return all(readable(permissions, kind.arm) for kind in self._kinds)


def _chosen(types: Sequence[str]) -> tuple[Kind, ...]:
    unknown = sorted(set(types) - TYPES)
    if unknown:
        raise BadInput(f"No list of Azure is read for {', '.join(unknown)}. There are: {', '.join(sorted(TYPES))}.")
    return tuple(kind for kind in KINDS if not types or {*kind.words} & set(types))
