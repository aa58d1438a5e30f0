"""One reading of the projects of a login, or of an organization: every row of the table, a list for each parent.

What cannot be read is told as an incomplete reading; only what ends all reading is raised: credentials that Google
Cloud takes no more, and a login that can read nothing at all.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from runstone.connectors.items import Item, at, text
from runstone.connectors.kept import Object
from runstone.connectors.platforms import Batch
from runstone.connectors.platforms.gcp import names, refusal
from runstone.connectors.platforms.gcp.derive import derived
from runstone.connectors.platforms.gcp.inventory import Assets, Inventory
from runstone.connectors.platforms.gcp.kinds import Kind
from runstone.connectors.platforms.gcp.shape import Place, shaped
from runstone.connectors.platforms.gcp.table import BY_ASSET, PROJECT, TYPES
from runstone.connectors.rest import Denied, Expired, Failure, Misunderstood
from runstone.errors import Forbidden, Unreachable
from runstone.model.resource import Scope, ScopeReading


@dataclass
class Known:
    """What is remembered from one reading to the next, for when it cannot be learned for now."""

    projects: dict[str, Item] = field(default_factory=dict[str, Item])
    """What a project said of itself, by its id."""
    strange: dict[str, Failure | str] = field(default_factory=dict[str, "Failure | str"])
    """Asset types that Cloud Asset Inventory does not know: asked for once."""

    @property
    def numbers(self) -> dict[str, str]:
        """Ids of projects by their numbers."""
        return {number: id_ for id_, data in self.projects.items() if (number := _number(data))}

    def name(self, project: str) -> str:
        """What a project is called; its id where it did not say."""
        data = self.projects.get(project, {})
        said = text(data, "displayName") or text(data, "name")
        return project if not said or said.startswith("projects/") else said


@dataclass(frozen=True)
class Setting:
    """What the rounds of a platform have in common."""

    platform: str
    kinds: tuple[Kind, ...]
    auth: Mapping[str, str]
    where: str
    """The address that is asked."""
    salt: bytes = b""


class Round:
    """One reading."""

    def __init__(self, inventory: Inventory, setting: Setting, known: Known) -> None:
        self._inventory = inventory
        self._setting = setting
        self._known = known
        self._numbers = known.numbers
        self._projects: dict[str, str] = {}
        """Projects that were met, with why what they say of themselves was not read; empty where it was."""
        self._cut = ""
        """Why an organization was not read to the end: then it is not known which projects, and scopes, there are."""
        self._anything = False
        self._passing = False
        """Whether something failed that may pass by itself."""

    async def batches(self, projects: Sequence[str], organization: str, extra: Iterable[str]) -> AsyncGenerator[Batch]:
        """All of it. Of neither projects nor an organization, all projects that are seen. Raises as Platform.read."""
        parents = [f"organizations/{organization}"] if organization else await self._parents(projects)
        others, unread = _further(extra)
        async with aclosing(self._in_order(parents, others)) as told:
            async for batch in told:
                self._anything = self._anything or batch.reading.complete or bool(batch.objects)
                yield batch
        if self._cut:
            raise (Unreachable if self._passing else Forbidden)(self._cut)
        for type_, problem in unread.items():
            yield self._batch(type_, "", problem, [])
        yield self._project_batch()
        if not self._anything:
            said = f"The account can read nothing at {self._setting.where}: each scope says why."
            raise (Unreachable if self._passing else Forbidden)(said)

    async def _parents(self, projects: Sequence[str]) -> list[str]:
        """The projects to read: those wanted, else all that are seen. Raises Forbidden, Unreachable."""
        if projects:
            return [f"projects/{project}" for project in dict.fromkeys(projects)]
        try:
            seen = await self._inventory.projects()
        except Failure as err:
            denied = "may not search projects. Grant it the role Browser (roles/browser), or name them"
            said = refusal.said(err, self._setting.where, denied)
            raise (Forbidden if isinstance(err, Denied | Expired) else Unreachable)(said) from err
        found = {id_: data for data in seen if (id_ := text(data, "projectId"))}
        if not found:
            raise Forbidden(
                f"The account sees no project at {self._setting.where}. Grant it the role Cloud Asset Viewer "
                "(roles/cloudasset.viewer) and the role Browser (roles/browser) on those to be read."
            )
        self._known.projects |= found
        return [f"projects/{project}" for project in found]

    async def _in_order(self, parents: Sequence[str], others: Sequence[Kind]) -> AsyncGenerator[Batch]:
        """What each parent holds, all asked at once, in their order. Whoever leaves early stops the others."""
        tasks = [asyncio.ensure_future(self._read(parent, others)) for parent in parents]
        try:
            for parent, task in zip(parents, tasks, strict=True):
                for batch in self._split(parent, [*self._setting.kinds, *others], await task):
                    yield batch
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, parent: str, others: Sequence[Kind]) -> Assets:
        """All rows by one list; types without a row each by its own, since there may be no such type."""
        rows = [PROJECT.asset, *(asset for kind in self._setting.kinds for asset in kind.assets)]
        lists = [[one for one in rows if one not in self._known.strange]]
        lists += [[kind.asset] for kind in others if kind.asset not in self._known.strange]
        found = Assets(problems=dict(self._known.strange))
        for part in await asyncio.gather(*(self._inventory.assets(parent, types) for types in lists)):
            found.found += part.found
            found.problems |= part.problems
        if not isinstance(found.problems.get(PROJECT.asset), Misunderstood):
            self._known.strange |= {one: err for one, err in found.problems.items() if isinstance(err, Misunderstood)}
        return found

    def _split(self, parent: str, kinds: Sequence[Kind], found: Assets) -> Iterator[Batch]:
        """What one parent answered, by scope. Raises Forbidden when it did not for want of credentials."""
        for err in found.problems.values():
            self._end(err)
        seen, named = self._learned(found), parent.removeprefix("projects/") if parent.startswith("projects/") else ""
        alone = self._numbers.get(named, named)
        scopes, strange = self._sorted(alone, kinds, found)
        unread = self._problem(parent, PROJECT, found, 0)
        self._cut = "" if alone else unread
        problems = {kind.kind: self._problem(parent, kind, found, strange) for kind in kinds}
        for project in [alone] if alone else sorted({*seen, *(project for _, project in scopes)}):
            self._projects[project] = unread
            for kind in kinds:
                yield self._batch(kind.kind, project, problems[kind.kind], scopes.get((kind.kind, project), []))

    def _sorted(
        self, alone: str, kinds: Sequence[Kind], found: Assets
    ) -> tuple[dict[tuple[str, str], list[Object]], int]:
        """Objects by kind and project, and how many assets are none. ``alone``: the only project that was asked."""
        by_type = {asset: kind for kind in kinds for asset in kind.assets}
        places: dict[str, Place] = {}
        scopes: dict[tuple[str, str], list[Object]] = {}
        strange = 0
        for asset in found.found:
            if text(asset, "assetType") == PROJECT.asset:
                continue
            kind, project = by_type.get(text(asset, "assetType")), alone or self._project_of(asset)
            place = places.get(project) or places.setdefault(project, self._place(project))
            obj = shaped(kind, asset, place) if kind and project else None
            if obj is None:
                strange += 1
            else:
                scopes.setdefault((obj["kind"], project), []).append(obj)
        return scopes, strange

    def _learned(self, found: Assets) -> set[str]:
        """The projects among the assets. What they say of themselves is kept: others name them by it."""
        said = (at(asset, "resource.data") for asset in found.found if text(asset, "assetType") == PROJECT.asset)
        known = {id_: data for one in said for data in one if (id_ := text(data, "projectId"))}
        self._known.projects |= known
        self._numbers = self._known.numbers
        return set(known)

    def _project_of(self, asset: Item) -> str:
        """The project of an asset of an organization: in its name, else first of its ancestors; empty for none."""
        said = names.project_of(text(asset, "name")) or names.project_of(text(asset, "ancestors"))
        return self._numbers.get(said, said)

    def _problem(self, parent: str, kind: Kind, found: Assets, strange: int) -> str:
        asset = next((one for one in kind.assets if one in found.problems), "")
        if not asset:
            return f"Google Cloud answers {strange} assets that are none of the types asked for." if strange else ""
        err = found.problems[asset]
        if isinstance(err, Misunderstood) and PROJECT.asset in found.problems:
            return f"Google Cloud does not understand {refusal.named(parent)} ({err}). Correct its id, or leave it out."
        if isinstance(err, Misunderstood):
            return f"Cloud Asset Inventory does not know {asset} ({err})."
        return refusal.said(err, self._setting.where, refusal.unlisted(parent))

    def _end(self, err: Failure | str) -> None:
        """Raises Forbidden when it is the credentials: then nothing else will be answered either."""
        self._passing = self._passing or not isinstance(err, Denied | Misunderstood)
        if isinstance(err, Expired):
            raise Forbidden(refusal.said(err, self._setting.where, "")) from err

    def _project_batch(self) -> Batch:
        """The projects themselves, by what they said last; one that could not be asked is there all the same."""
        objects = [self._project(project) for project in self._projects if project]
        problem = next((said for said in self._projects.values() if said), "")
        return self._batch(PROJECT.kind, "", problem, [one for one in objects if one is not None])

    def _project(self, project: str) -> Object | None:
        data = {"projectId": project, **self._known.projects.get(project, {})}
        name = f"//{PROJECT.service}/projects/{project}"
        asset: Item = {"name": name, "assetType": PROJECT.asset, "resource": {"data": data}}
        return shaped(PROJECT, asset, self._place(project))

    def _place(self, project: str) -> Place:
        setting, known = self._setting, self._known
        return Place(project, known.name(project), self._numbers, setting.auth, setting.salt)

    def _batch(self, kind: str, namespace: str, problem: str, objects: Iterable[Object]) -> Batch:
        """A scope, each object once, in the order of their names: so nothing changed when Google answers in another."""
        scope = Scope(platform=self._setting.platform, kind=kind, namespace=namespace)
        by_uid = {str(obj["metadata"]["uid"]): obj for obj in objects}
        ordered = sorted(by_uid.values(), key=lambda obj: str(obj["metadata"]["name"]))
        return Batch(ScopeReading(scope=scope, complete=not problem, problem=problem), tuple(ordered))


def _further(extra: Iterable[str]) -> tuple[list[Kind], dict[str, str]]:
    """Of types that rules name: those to be asked for by what they mean, and why the others cannot be."""
    found: dict[str, Kind] = {}
    unread: dict[str, str] = {}
    for type_ in sorted({one for one in extra if one.startswith("gcp_")} - TYPES):
        kind = derived(type_)
        if kind is None:
            unread[type_] = f"No asset type can be told from {type_}. It is read only where it has a row of its own."
        elif same := BY_ASSET.get(kind.asset) or found.get(kind.asset):
            unread[type_] = f"{type_} is what {same.type} is. Name it so in the rule."
        else:
            found[kind.asset] = kind
    return list(found.values()), unread


def _number(data: Item) -> str:
    """Of a project as v1 (``projectNumber``) or v3 (``name``: ``projects/NUMBER``) tells it."""
    said = text(data, "name")
    return text(data, "projectNumber") or (names.leaf(said) if "/" in said else "")
