"""Kubernetes, through its API: every kind of :mod:`kinds` and the types that rules name, list by list.

``kubeconfig`` says where and as whom; ``api`` asks. lightkube, known only here, reads the kubeconfig and authenticates;
objects stay plain JSON.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import yaml

from runstone.connectors.kept import Object, slim_pod, trimmed
from runstone.connectors.managed import server
from runstone.connectors.platforms import Batch, Change, Platform
from runstone.connectors.platforms.kubernetes import kinds, kubeconfig
from runstone.connectors.platforms.kubernetes.api import Api, Expired, NotServed, Refused
from runstone.connectors.platforms.kubernetes.kinds import Kind
from runstone.connectors.platforms.kubernetes.watch import Watch, Watched
from runstone.errors import BadInput, RunstoneError, Unreachable
from runstone.model.resource import Scope, ScopeReading

_PAGE = 500
"""Objects per page, as kubectl asks for."""
_LARGE_PAGE = 50
"""Objects per page of a kind whose objects may have a megabyte each."""
_EXAMPLES = 3
"""Refusals that a check tells in full: whoever may read nothing would get two dozen alike."""


@dataclass
class _Round:
    """One reading of the cluster."""

    api: Api
    served: frozenset[str] | None
    """Group/versions the cluster serves; None when it does not say, so that each has to be tried."""
    first: int = 0
    """Objects per list; 0 for all."""
    namespaces: "asyncio.Future[list[str] | None] | None" = field(default=None)
    """Names to fall back to where all namespaces at once may not be listed; asked for once, when first needed."""


class Kubernetes(Platform):
    """A cluster named by its kubeconfig context."""

    def __init__(
        self,
        kubeconfig: str = "",
        context: str = "",
        namespaces: tuple[str, ...] = (),
        timeout_s: float = 15.0,
        *,
        document: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> None:
        """An empty ``kubeconfig`` takes $KUBECONFIG, ~/.kube/config, then the pod's own service account.

        ``namespaces`` narrows everything to these; ``timeout_s`` is for one answer. ``document``: a kubeconfig itself
        instead of a file of one. ``name``: how the Map calls the cluster, where not as its kubeconfig. Raises BadInput.
        """
        self._path, self._wanted, self._given, self._name = kubeconfig, context, document, name
        self._namespaces = namespaces
        self._timeout_s = timeout_s
        self._known: dict[str, Kind] = {}
        self._watched: dict[tuple[str, str], Watched] = {}
        """Lists that were read completely, by kind and namespace: what can be watched."""
        self._whole_pods = False
        self._load()

    def _load(self) -> None:
        if self._given is None:
            self._config, self._document = kubeconfig.load(self._path, self._wanted)
        else:
            self._config, self._document = kubeconfig.given(dict(self._given), self._wanted)
        self.context = self._config.context_name
        self.name = self._name or kubeconfig.cluster_name(self._document, self.context)

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. The kubeconfig is read anew each time: tokens and certificates in it are renewed."""
        self._load()
        self._watched.clear()
        self._whole_pods = "pod" in extra
        async with Api(self._config, self.name, self._timeout_s) as api:
            round_ = _Round(api, await self._served(api))
            narrowed = await self._narrowed(round_)
            jobs: list[Callable[[], Awaitable[list[Batch]]]] = [
                lambda kind=kind: self._kind(round_, kind, narrowed) for kind in kinds.KINDS
            ]
            names = _types([*extra, *_served_custom(round_.served)])
            jobs += [lambda name=name: self._custom(round_, name, narrowed) for name in names]
            # Started in order, and the connection serves in that order too.
            tasks = [asyncio.ensure_future(job()) for job in jobs]
            try:
                for ended in asyncio.as_completed(tasks):
                    for batch in await ended:
                        yield batch
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch | Change]:
        """See Platform.watch. Everything that the last reading could read is watched, each list by itself."""
        lists = [one for one in self._watched.values() if one.version]
        if not lists:
            return
        told: asyncio.Queue[Batch | Change] = asyncio.Queue(maxsize=1000)
        async with Api(self._config, self.name, self._timeout_s) as api:
            watches = [Watch(api, self.name, one, told, self._kept, partial(self._relisted, api)) for one in lists]
            tasks = [asyncio.ensure_future(watch.run()) for watch in watches]
            ended = asyncio.ensure_future(asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))
            piece = asyncio.ensure_future(told.get())
            try:
                while True:
                    await asyncio.wait({piece, ended}, return_when=asyncio.FIRST_COMPLETED)
                    if not piece.done():
                        for task in ended.result()[0]:
                            task.result()
                        return
                    yield piece.result()
                    piece = asyncio.ensure_future(told.get())
            finally:
                ended.cancel()
                piece.cancel()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _relisted(self, api: Api, watched: Watched) -> Batch:
        """A list read anew, to be watched from there. Raises Expired."""
        try:
            return await self._scope(_Round(api, None), watched.kind, watched.group, watched.namespace)
        except NotServed:
            # The type is gone, and with it all that was of it; the next reading tells what there is instead.
            return self._batch(watched.kind, watched.namespace, [])

    async def check(self) -> str:
        """See Platform.check."""
        self._load()
        async with Api(self._config, self.name, self._timeout_s) as api:
            version = await self._version(api)
            round_ = _Round(api, await self._served(api), first=1)
            narrowed = await self._narrowed(round_)
            asked = [self._kind(round_, kind, narrowed) for kind in kinds.KINDS]
            batches = [batch for answer in await asyncio.gather(*asked) for batch in answer]
        unread = [batch.reading.problem for batch in batches if not batch.reading.complete]
        said = f"{self.name} (context {self.context}), Kubernetes {version}"
        if not unread:
            return said
        more = f" And {len(unread) - _EXAMPLES} more like these." if len(unread) > _EXAMPLES else ""
        return f"{said}; not readable: {' '.join(unread[:_EXAMPLES])}{more}"

    @staticmethod
    def contexts(kubeconfig_file: str) -> list[str]:
        """The contexts of a kubeconfig, each of which may be one platform. Raises BadInput."""
        return kubeconfig.contexts(kubeconfig_file)

    @property
    def server(self) -> str:
        """Where the cluster's API is."""
        return server(self._document)

    def attributes(self) -> Mapping[str, object]:
        """See Platform.attributes."""
        return kubeconfig.attributes(self._document)

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig. An exec plugin stays one: where Tasks run it must be installed too."""
        return yaml.safe_dump(kubeconfig.portable(self._document), sort_keys=False)

    async def _version(self, api: Api) -> str:
        try:
            return str((await api.get("/version")).get("gitVersion", "of unknown version"))
        except (NotServed, Refused):
            return "of unknown version"

    async def _served(self, api: Api) -> frozenset[str] | None:
        """Every group/version the cluster serves. Raises when the cluster cannot be reached or logged in to at all."""
        try:
            groups = await api.get("/apis")
        except Refused:
            return None
        except NotServed as err:
            raise Unreachable(f"{self.name} answers, but not as a Kubernetes API (404 for /apis).") from err
        versions = [version for group in groups.get("groups") or [] for version in group.get("versions") or []]
        return frozenset(["v1", *(str(version["groupVersion"]) for version in versions)])

    async def _narrowed(self, round_: _Round) -> tuple[str, ...]:
        """The namespaces asked for that exist. Raises BadInput when none of them does."""
        if not self._namespaces:
            return ()
        found = [name for name in self._namespaces if await self._namespace(round_, name) is not None]
        if not found:
            named = ", ".join(repr(name) for name in self._namespaces)
            raise BadInput(f"There is no namespace {named} on {self.name}. List them with: kubectl get namespaces")
        return tuple(found)

    async def _namespace(self, round_: _Round, name: str) -> Object | None:
        """A namespace; one that may not be looked at by its name alone; None when it does not exist."""
        try:
            return await round_.api.get(Kind("Namespace", "namespaces", ("v1",)).path("v1", "") + f"/{name}")
        except Refused:
            return {"metadata": {"name": name}}
        except NotServed:
            return None

    async def _kind(self, round_: _Round, kind: Kind, namespaces: tuple[str, ...]) -> list[Batch]:
        for group in kind.groups:
            if round_.served is not None and group not in round_.served:
                continue
            try:
                return await self._group(round_, kind, group, namespaces)
            except NotServed:
                continue  # a version may lack a kind: batch/v1 had no CronJob before Kubernetes 1.21
        return []

    async def _group(self, round_: _Round, kind: Kind, group: str, namespaces: tuple[str, ...]) -> list[Batch]:
        if kind.kind == "Namespace" and namespaces:
            found = [one for name in namespaces if (one := await self._namespace(round_, name)) is not None]
            return [self._batch(kind, "", [self._kept(one, kind, group) for one in found])]
        if kind.namespaced and namespaces:
            asked = [self._scope(round_, kind, group, name) for name in namespaces]
            return list(await asyncio.gather(*asked))
        try:
            batch = await self._scope(round_, kind, group, "")
        except NotServed:
            return await self._namespace_by_namespace(round_, kind, group)
        if batch.reading.complete or round_.first:
            return [batch]
        return await self._fallback(round_, kind, group, batch)

    async def _namespace_by_namespace(self, round_: _Round, kind: Kind, group: str) -> list[Batch]:
        """For an API that serves lists of one namespace only, as small emulators do. Raises NotServed for any other."""
        names = await self._listable(round_) if kind.namespaced else None
        if not names:
            raise NotServed
        first = await self._scope(round_, kind, group, names[0])
        others = await asyncio.gather(*(self._scope(round_, kind, group, name) for name in names[1:]))
        return self._joined(kind, [first, *others])

    def _joined(self, kind: Kind, batches: Sequence[Batch]) -> list[Batch]:
        """What every namespace said, as one where all were read."""
        if not all(batch.reading.complete for batch in batches):
            return list(batches)
        return [self._batch(kind, "", [obj for batch in batches for obj in batch.objects])]

    async def _fallback(self, round_: _Round, kind: Kind, group: str, whole: Batch) -> list[Batch]:
        """When the whole cluster may not be listed: namespace by namespace, which may add up to the whole."""
        listed = await self._listable(round_)
        own = kubeconfig.namespace(self._document)
        names = listed if listed is not None else [own] if own else []
        if kind.kind == "Namespace":
            known = [one for name in names if (one := await self._namespace(round_, name)) is not None]
            return [Batch(whole.reading, tuple(self._kept(one, kind, group) for one in known))]
        if not kind.namespaced or not names:
            return [whole]
        batches = list(await asyncio.gather(*(self._scope(round_, kind, group, name) for name in names)))
        if listed is not None and all(batch.reading.complete for batch in batches):
            return self._joined(kind, batches)
        readable = [batch for batch in batches if batch.reading.complete]
        return [whole, *(batches if readable else [])]

    async def _listable(self, round_: _Round) -> list[str] | None:
        """The names of all namespaces, or None when they may not be listed; asked once a round."""
        if round_.namespaces is None:
            round_.namespaces = asyncio.ensure_future(self._names(round_))
        return await round_.namespaces

    async def _names(self, round_: _Round) -> list[str] | None:
        try:
            listing = await round_.api.listed("/api/v1/namespaces", bare=True)
            return [item["metadata"]["name"] for item in listing.items]
        except (RunstoneError, NotServed):
            return None

    async def _scope(self, round_: _Round, kind: Kind, group: str, namespace: str) -> Batch:
        """One list, or why it could not be read. Raises NotServed, and Expired since then nothing can be."""
        try:
            listing = await round_.api.listed(
                kind.path(group, namespace),
                bare=kind.bare,
                first=round_.first,
                page=_LARGE_PAGE if kind.large else _PAGE,
                keep=lambda item: self._kept(item, kind, group),
            )
        except Expired:
            raise
        except Refused as err:
            return self._unread(kind, namespace, self._refusal(kind, group, namespace, err))
        except RunstoneError as err:
            return self._unread(kind, namespace, f"Listing {kind.plural} of {self.name} failed: {err}")
        if not round_.first:
            known = self._watched.setdefault((kind.kind, namespace), Watched(kind, group, namespace, ""))
            known.version = listing.version
        return self._batch(kind, namespace, listing.items)

    def _kept(self, item: Object, kind: Kind, group: str) -> Object:
        """What is kept of an object."""
        slim = slim_pod(item) if kind.kind == "Pod" and not self._whole_pods else item
        return {**trimmed(slim, kind.kind, group, self.salt), "_plural": kind.plural}

    def _refusal(self, kind: Kind, group: str, namespace: str, err: Refused) -> str:
        user = err.user or kubeconfig.user_name(self._document)
        where = (
            f"in namespace {namespace}" if namespace else "in all namespaces" if kind.namespaced else "at cluster level"
        )
        api_group = group.rpartition("/")[0] or "core"
        return (
            f"{user} may not list {kind.plural} {where} of {self.name}. "
            f"Grant {user} the verbs get and list on {kind.plural} of the API group {api_group} to see them."
        )

    def _batch(self, kind: Kind, namespace: str, kept: Sequence[Object]) -> Batch:
        return Batch(ScopeReading(scope=self._of(kind.kind, namespace), complete=True, problem=""), tuple(kept))

    def _unread(self, kind: Kind, namespace: str, problem: str) -> Batch:
        return Batch(ScopeReading(scope=self._of(kind.kind, namespace), complete=False, problem=problem), ())

    def _of(self, kind: str, namespace: str) -> Scope:
        return Scope(platform=self.name, kind=kind, namespace=namespace)

    async def _custom(self, round_: _Round, name: str, namespaces: tuple[str, ...]) -> list[Batch]:
        """A type by its name ``plural.group[/version]``; nothing when the cluster does not have it."""
        try:
            kind = await self._discovered(round_.api, name)
        except NotServed:
            self._known.pop(name, None)
            return []
        except Expired:
            raise
        except RunstoneError as err:
            kind = self._known.get(name)
            if kind is None:
                reading = ScopeReading(scope=self._of(name, ""), complete=False, problem=f"Looking for {name}: {err}")
                return [Batch(reading, ())]
        self._known[name] = kind
        return await self._kind(_Round(round_.api, None, round_.first, round_.namespaces), kind, namespaces)

    async def _discovered(self, api: Api, name: str) -> Kind:
        """What the cluster says of a type. Raises NotServed, Unreachable, Forbidden."""
        type_, _, version = name.partition("/")
        plural, _, group = type_.partition(".")
        if group and not version:
            preferred = (await api.get(f"/apis/{group}")).get("preferredVersion") or {}
            version = str(preferred.get("version", ""))
        served = f"{group}/{version}" if group else version or "v1"
        resources = (await api.get(f"/apis/{served}" if group else f"/api/{served}")).get("resources") or []
        for one in resources:
            if plural in (one["name"], one.get("singularName"), str(one["kind"]).lower()) and "/" not in one["name"]:
                # A kind of this name may exist already, as Knative's Service does: then the group sets them apart.
                kind = f"{one['kind']}.{group}" if one["kind"] in kinds.NAMES else str(one["kind"])
                return Kind(kind, one["name"], (served,), namespaced=bool(one["namespaced"]))
        raise NotServed


def _served_custom(served: frozenset[str] | None) -> list[str]:
    """The types of kinds.CUSTOM whose group the cluster has."""
    groups = {version.rpartition("/")[0] for version in served or ()}
    return [name for name in kinds.CUSTOM if name.partition(".")[2] in groups]


def _types(extra: Sequence[str]) -> list[str]:
    """Types to look for besides the built-in kinds, each once: in the version a rule pins, if one does."""
    found: dict[str, str] = {}
    for name in sorted(set(extra)):
        type_ = name.partition("/")[0]
        plural, _, group = type_.partition(".")
        if not kinds.built_in(plural, group):
            found[type_] = name
    return list(found.values())
