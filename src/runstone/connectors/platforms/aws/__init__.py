"""An AWS account, through the describe and list operations of each service: the rows of :mod:`table`, region by region.

boto3, known only here, logs in, signs, retries and pages; it blocks, so that it is asked in a few threads.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypeVar

from runstone.connectors.managed import Clusters, Seeking
from runstone.connectors.platforms import Batch, Platform
from runstone.connectors.platforms.aws import clusters
from runstone.connectors.platforms.aws.account import Account, Login, expected, opened
from runstone.connectors.platforms.aws.call import Failure
from runstone.connectors.platforms.aws.collect import listable
from runstone.connectors.platforms.aws.kinds import Kind
from runstone.connectors.platforms.aws.round import Round
from runstone.connectors.platforms.aws.table import KINDS, TYPES
from runstone.errors import BadInput

_EXAMPLES = 3
"""Refusals that a check tells in full: whoever may read nothing would get dozens alike."""
_T = TypeVar("_T")


class Aws(Platform):
    """An account, in some regions or in all that are enabled for it."""

    family = "aws"

    def __init__(
        self,
        name: str = "",
        *,
        profile: str = "",
        role: str = "",
        external_id: str = "",
        account: str = "",
        auth_secret: str = "",
        regions: Sequence[str] = (),
        types: Sequence[str] = (),
        endpoint_url: str = "",
        timeout_s: float = 15.0,
        attempts: int = 5,
        workers: int = 8,
    ) -> None:
        """``role``: the ARN of one to assume, so that several accounts are several platforms.

        ``name`` is how the Map calls the account; without one it is the account's number where ``account`` or ``role``
        tells it, then the profile, then ``aws``. ``account``: refuse credentials of any other. ``auth_secret``: the
        Kubernetes Secret with the access key that Tasks log in with, for templates only. No ``regions``: all that are
        enabled. ``types``: only these, by the names rules use. ``endpoint_url`` (else AWS_ENDPOINT_URL) is asked
        instead of AWS. ``timeout_s`` is for one answer, ``attempts`` for one call, ``workers`` services are asked at a
        time. Raises BadInput.
        """
        self._login = Login(
            profile, role, external_id, endpoint_url, next(iter(regions), ""), account, timeout_s, attempts, auth_secret
        )
        self.name = name or expected(self._login) or profile or "aws"
        self.context = ""
        self._regions = tuple(regions)
        self._kinds = _chosen(types)
        self._workers = workers
        self._alias = ""

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. A scope is a kind in a region; its namespace is the region, empty for what is global.

        Credentials are looked up anew each time: they are renewed outside.
        """
        account = await asyncio.to_thread(opened, self._login)
        told: asyncio.Queue[Batch | None] = asyncio.Queue()
        round_ = Round(account, self.name, self._kinds, self._alias, _into(told))
        work = asyncio.ensure_future(asyncio.to_thread(round_.run, self._regions, extra, self._workers))
        work.add_done_callback(_ending(told))
        try:
            while (batch := await told.get()) is not None:
                yield batch
            await work
            self._alias = round_.alias
        finally:
            round_.stopped.set()

    async def clusters(self, seeking: Seeking) -> Clusters:
        """See Platform.clusters: of EKS."""
        return await asyncio.to_thread(self._clusters, seeking)

    async def check(self) -> str:
        """See Platform.check. One page of every list is asked for, in the first region."""
        return await asyncio.to_thread(self._checked)

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig: an account is no cluster."""
        return ""

    def _clusters(self, seeking: Seeking) -> Clusters:
        told = Clusters()
        told.add(clusters.found(opened(self._login), seeking, self._regions))
        return told

    def _checked(self) -> str:
        account = opened(self._login)
        alias = _tried(account.alias)
        known = _tried(account.regions) or {account.home: True}
        regions = self._regions or tuple(region for region, enabled in known.items() if enabled)
        unread = [said for kind in self._kinds if (said := _unlistable(account, kind, regions[0]))]
        named = f"{self.name}: AWS account {account.id}{f' ({alias})' if alias else ''} as {account.who}"
        said = f"{named}, regions {', '.join(regions)}"
        if not unread:
            return said
        more = f" And {len(unread) - _EXAMPLES} more like these." if len(unread) > _EXAMPLES else ""
        return f"{said}; not readable: {' '.join(unread[:_EXAMPLES])}{more}"


def _chosen(types: Sequence[str]) -> tuple[Kind, ...]:
    unknown = sorted(set(types) - TYPES)
    if unknown:
        raise BadInput(f"No list of AWS is read for {', '.join(unknown)}. There are: {', '.join(sorted(TYPES))}.")
    return tuple(kind for kind in KINDS if not types or {kind.type, *kind.aliases} & set(types))


def _into(told: "asyncio.Queue[Batch | None]") -> Callable[[Batch], None]:
    """A way into a queue of this loop from any thread; what comes after the loop ended is nobody's any more."""
    loop = asyncio.get_running_loop()

    def tell(batch: Batch) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(told.put_nowait, batch)

    return tell


def _ending(told: "asyncio.Queue[Batch | None]") -> "Callable[[asyncio.Future[None]], None]":
    """Ends a queue when the work does. How it ended is for who still reads: whoever left early need not ask."""

    def end(work: "asyncio.Future[None]") -> None:
        if not work.cancelled():
            work.exception()
        told.put_nowait(None)

    return end


def _tried(ask: Callable[[], _T]) -> _T | None:
    try:
        return ask()
    except Failure:
        return None


def _unlistable(account: Account, kind: Kind, region: str) -> str:
    try:
        with account.client(kind.service, account.global_region if kind.everywhere else region) as client:
            listable(kind, client)
    except Failure as err:
        return str(err)
    return ""
