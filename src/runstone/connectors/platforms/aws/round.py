"""One reading of an account: every row of the table in every region, in a few threads. Blocking.

Batches are told as they come. What cannot be read is told as an incomplete reading; only what ends all reading is
raised: credentials that AWS takes no more, and an account of which nothing at all may be read.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runstone.connectors.kept import Object
from runstone.connectors.platforms import Batch
from runstone.connectors.platforms.aws import explorer
from runstone.connectors.platforms.aws.account import Account, opened
from runstone.connectors.platforms.aws.call import Client, Denied, Expired, Failure, NoConnection
from runstone.connectors.platforms.aws.collect import Found, collect, tags_of
from runstone.connectors.platforms.aws.kinds import INDEX, Item, Kind
from runstone.connectors.platforms.aws.shape import Place, arn_of, shaped
from runstone.connectors.platforms.aws.table import ACCOUNT, TYPES
from runstone.connectors.platforms.aws.tags import TagIndex
from runstone.errors import BadInput, Forbidden, Unreachable
from runstone.model.resource import Scope, ScopeReading

_REGIONS = "aws_regions"
"""The scope by which is said that the regions could not be learned: named like a type, in lower case, so that whatever
is known of the others stays (see Platform.read)."""
_TagsOf = Callable[[Item, Place], dict[str, str]]


@dataclass(frozen=True)
class _Job:
    """The kinds of one service in one region, asked one after the other by one client."""

    service: str
    region: str
    kinds: tuple[Kind, ...]


class Round:
    """One reading of ``account``, called ``platform`` on the Map."""

    def __init__(
        self, account: Account, platform: str, kinds: Sequence[Kind], alias: str, tell: Callable[[Batch], None]
    ) -> None:
        """``alias``: what the account was called last time. ``tell`` may be called from several threads."""
        self._kinds = kinds
        self.alias = alias
        self.stopped = threading.Event()
        self._account = account
        self._platform = platform
        self._tell = tell
        self._auth = account.auth
        self._tags = TagIndex(account)
        self._anything = False
        self._passing = False
        """Whether something failed that may pass by itself."""
        self._ended: Forbidden | Unreachable | None = None

    def run(self, wanted: Sequence[str], extra: Iterable[str], workers: int) -> None:
        """All of it. ``wanted``: the regions; none for all enabled ones. Raises BadInput, Forbidden, Unreachable."""
        self._tell_account()
        jobs = list(self._jobs(self._regions(wanted)))
        with ThreadPoolExecutor(workers, thread_name_prefix="aws") as pool:
            done = [pool.submit(self._do, job) for job in jobs]
        for one in done:
            one.result()
        if self._ended:
            raise self._ended
        if not self.stopped.is_set():
            self._tell_others(extra)
            self._unless_nothing()

    def _unless_nothing(self) -> None:
        """Raises Forbidden or Unreachable when nothing was read, by whether it may pass."""
        if not self._anything:
            said = f"{self._account.who} can read nothing of the account {self._account.id}: each scope says why."
            raise (Unreachable if self._passing else Forbidden)(said)

    def _tell_account(self) -> None:
        """The account, by its alias as far as that may be read; by what was last known of it otherwise."""
        problem = ""
        try:
            self.alias = self._account.alias()
        except Failure as err:
            problem = "" if isinstance(err, Denied) else str(err)
        item = {"Id": self._account.id, "Alias": self.alias}
        objects = [shaped(ACCOUNT, item, {}, self._place(ACCOUNT, self._account.global_region))]
        self._tell(self._batch(ACCOUNT.kind, "", problem, objects))

    def _regions(self, wanted: Sequence[str]) -> dict[str, bool]:
        """The regions to read, and whether each is enabled; only the one at home when AWS does not say."""
        try:
            known = self._account.regions()
        except Failure as err:
            if not wanted:
                said = f"{err} Until then only {self._account.home} is read; or name the regions to read."
                self._tell(self._batch(_REGIONS, "", said, []))
            return dict.fromkeys(wanted or (self._account.home,), True)
        unknown = [region for region in wanted if region not in known]
        if unknown:
            raise BadInput(f"There is no AWS region {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        return {region: known[region] for region in wanted or [one for one, on in known.items() if on]}

    def _jobs(self, regions: dict[str, bool]) -> Iterator[_Job]:
        """In the table's order, so that what questions name comes first, in all regions."""
        for region in [one for one, enabled in regions.items() if not enabled]:
            self._tell_disabled(region)
        for service in dict.fromkeys(kind.service for kind in self._kinds):
            kinds = [kind for kind in self._kinds if kind.service == service]
            if everywhere := tuple(kind for kind in kinds if kind.everywhere):
                yield _Job(service, self._account.global_region, everywhere)
            regional = tuple(kind for kind in kinds if not kind.everywhere)
            for region in [one for one, enabled in regions.items() if enabled and regional]:
                if self._account.offers(service, region):
                    yield _Job(service, region, regional)

    def _tell_disabled(self, region: str) -> None:
        """A region that is not enabled may still hold things: nothing is known of any kind there."""
        said = f"The region {region} is not enabled for the account {self._account.id}. Enable it, or leave it out."
        for kind in self._kinds:
            if not kind.everywhere:
                self._tell(self._batch(kind.kind, region, said, []))

    def _do(self, job: _Job) -> None:
        """One job, in its thread. What ends the round is kept for the others to see."""
        if self.stopped.is_set():
            return
        left = list(job.kinds)
        try:
            with self._account.client(job.service, job.region) as client:
                while left and not self.stopped.is_set():
                    self._take(self._kind(left[0], job.region, client))
                    del left[0]
        except Failure as err:
            for kind in left:
                self._take(self._unread(kind, job.region, err))
        except (Forbidden, Unreachable) as err:
            self._ended = err
            self.stopped.set()

    def _take(self, batch: Batch) -> None:
        self._anything = self._anything or batch.reading.complete or bool(batch.objects)
        self._tell(batch)

    def _kind(self, kind: Kind, region: str, client: Client) -> Batch:
        """One scope. Raises NoConnection; Forbidden or Unreachable when AWS takes the credentials no more."""
        place = self._place(kind, region)
        try:
            found = collect(kind, client)
            tags = self._tags_of(kind, region, found)
        except Expired as err:
            opened(self._account.login)  # is it the credentials, or this service alone?
            return self._unread(kind, region, err)
        except NoConnection:
            raise
        except Failure as err:
            return self._unread(kind, region, err)
        named = [item for item in found.items if arn_of(kind, item, place).startswith("arn:")]
        objects = [shaped(kind, item, tags(item, place), place) for item in named]
        return self._batch(kind.kind, place.namespace, found.problem, objects)

    def _unread(self, kind: Kind, region: str, err: Failure) -> Batch:
        self._passing = self._passing or not isinstance(err, Denied)
        return self._batch(kind.kind, "" if kind.everywhere else region, str(err), [])

    def _tags_of(self, kind: Kind, region: str, found: Found) -> _TagsOf:
        """Where an item's tags are. Raises Failure when they cannot be read for now: a scope without them would lie."""
        if kind.tags != INDEX:
            return lambda item, _: tags_of(item, kind.tags) if kind.tags else {}
        try:
            index = self._tags.of(region) if found.items else {}
        except Denied as err:
            found.problems.append(err)
            index = {}
        return lambda item, place: index.get(arn_of(kind, item, place), {})

    def _tell_others(self, extra: Iterable[str]) -> None:
        """Types that rules name and the table does not have, from Resource Explorer."""
        types = [type_ for type_ in sorted(set(extra)) if type_.startswith("aws_") and type_ not in TYPES]
        try:
            listed = explorer.listed(self._account, self._account_name, types) if types else []
        except explorer.NoExplorer:
            hint = "Turn on AWS Resource Explorer with an aggregator index to see what there is."
            return self._tell_unread(types, hint)
        except Failure as err:
            return self._tell_unread(types, str(err))
        for one in listed:
            for region, objects in (one.regions or {"": []}).items():
                self._tell(self._batch(one.kind, region, "", objects))
        return None

    def _tell_unread(self, types: Sequence[str], why: str) -> None:
        for type_ in types:
            self._tell(self._batch(type_, "", f"No list of AWS is read for {type_}. {why}", []))

    @property
    def _account_name(self) -> str:
        return self.alias or self._platform

    def _place(self, kind: Kind, region: str) -> Place:
        account = self._account
        namespace = "" if kind.everywhere else region
        return Place(account.partition, account.id, self._account_name, region, namespace, self._auth)

    def _batch(self, kind: str, namespace: str, problem: str, objects: Iterable[Object]) -> Batch:
        """A scope, its objects in the order of their names: so nothing changed when AWS answers in another order."""
        scope = Scope(platform=self._platform, kind=kind, namespace=namespace)
        by_name = {str(obj["metadata"]["name"]): obj for obj in objects}
        reading = ScopeReading(scope=scope, complete=not problem, problem=problem)
        return Batch(reading, tuple(by_name[name] for name in sorted(by_name)))
