"""One reading of an organization: its projects, and every kind in each of them.

What cannot be read is told as an incomplete reading; only what ends all reading is raised: a credential that Azure
DevOps takes no more, and an organization of which nothing at all can be read.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from runstone.connectors.items import Item, text
from runstone.connectors.kept import Object
from runstone.connectors.platforms import Batch
from runstone.connectors.platforms.azure_devops import refusal, shape
from runstone.connectors.platforms.azure_devops.kinds import BY_TYPE, ORGANIZATION, PROJECT, Kind
from runstone.connectors.platforms.azure_devops.lists import Listed, Lists, Right
from runstone.connectors.rest import Denied, Expired, Failure
from runstone.errors import Forbidden, Unreachable
from runstone.model.resource import Scope, ScopeReading

_WORD = re.compile(r"(?!aws_|gcp_|azure_(?!devops))[a-z_]+")
"""Types that a rule may mean to be of Azure DevOps; a rule may name types of other platforms too."""
_PATTERN = re.compile(r"[*+?\[\]{}|\\^$]")
"""What no project's name has in it."""


@dataclass
class Known:
    """What is remembered from one reading to the next, for when it cannot be learned for now."""

    projects: dict[str, Item] = field(default_factory=dict[str, Item])
    """Projects by their names in lower case."""


@dataclass(frozen=True)
class Wanted:
    """Which projects: names, or regular expressions for whole names, in any case; all when there are none."""

    projects: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether a project is wanted."""
        return (not self.projects or _any(self.projects, name)) and not _any(self.without, name)

    @property
    def named(self) -> list[str]:
        """Those that are wanted by name."""
        return [one for one in self.projects if not _PATTERN.search(one) and not _any(self.without, one)]

    def unseen(self, seen: Sequence[str]) -> list[str]:
        """Those of them that no project is meant by."""
        return [one for one in self.named if not any(_any([one], name) for name in seen)]


@dataclass(frozen=True)
class Setting:
    """What the rounds of a platform have in common."""

    platform: str
    kinds: tuple[Kind, ...]
    wanted: Wanted
    organization: str
    where: str
    """The address that is asked."""
    auth: Mapping[str, str]
    salt: bytes = b""


class Round:
    """One reading."""

    def __init__(self, lists: Lists, setting: Setting, known: Known) -> None:
        self._lists = lists
        self._known = known
        self._setting = setting
        self._within = shape.Within(setting.organization, setting.where, auth=setting.auth, salt=setting.salt)
        self._partial: set[Right] = set()
        self._anything = False
        self._passing = False
        """Whether something failed that may pass by itself."""

    async def batches(self, extra: Iterable[str]) -> AsyncGenerator[Batch]:
        """All of it. Raises Forbidden, Unreachable."""
        listed = await self._lists.projects()
        self._known.projects |= {text(one, "name").lower(): one for one in listed.found if text(one, "name")}
        projects, unseen = self._projects(listed)
        yield self._batch(ORGANIZATION.kind, "", "", [shape.organization(self._within)])
        yield self._project_batch(listed, projects, unseen)
        for type_ in sorted({one for one in extra if _WORD.fullmatch(one)} - BY_TYPE.keys()):
            yield self._batch(type_, "", f"Of Azure DevOps no {type_} is read. There are: {', '.join(BY_TYPE)}.", [])
        self._partial = await self._lists.partial(self._setting.kinds, [text(one, "id") for one in projects])
        async with aclosing(self._in_order([self._place(one) for one in projects])) as told:
            async for batch in told:
                self._anything = self._anything or batch.reading.complete or bool(batch.objects)
                yield batch
        for kind in self._setting.kinds:
            for name in unseen:
                yield self._batch(kind.kind, name, f"{_unseen([name])} Make it a member there, or leave it out.", [])
        if not self._anything:
            said = f"The identity can read nothing in the projects of {self._setting.where}: each scope says why."
            raise (Unreachable if self._passing else Forbidden)(said)

    def _projects(self, listed: Listed) -> tuple[list[Item], list[str]]:
        """Those to be read, and the names of those that are wanted and not seen. Raises Forbidden, Unreachable.

        Without the whole list, only those wanted by name are known to be all.
        """
        wanted, where = self._setting.wanted, self._setting.where
        if listed.problem:
            said = refusal.unlisted(listed.problem, where)
            if isinstance(listed.problem, Expired) or not wanted.named or len(wanted.named) < len(wanted.projects):
                raise (Forbidden if isinstance(listed.problem, Denied | Expired) else Unreachable)(said)
            return [self._known.projects.get(name.lower(), {"name": name}) for name in wanted.named], []
        seen = [text(one, "name") for one in listed.found]
        found = [one for one in listed.found if text(one, "name") and wanted.takes(text(one, "name"))]
        if not found:
            raise Forbidden(
                f"The identity sees {'none of the projects wanted' if wanted.projects else 'no project'} at {where}. "
                "Make it a member (Reader) of those to be read."
            )
        return found, wanted.unseen(seen)

    def _project_batch(self, listed: Listed, projects: Sequence[Item], unseen: Sequence[str]) -> Batch:
        problem = refusal.unlisted(listed.problem, self._setting.where) if listed.problem else ""
        objects = (shape.shaped(PROJECT, one, self._place(one)) for one in projects)
        missed = problem or (_unseen(unseen) if unseen else "")
        return self._batch(PROJECT.kind, "", missed, [one for one in objects if one is not None])

    def _place(self, project: Item) -> shape.Within:
        return replace(self._within, project=text(project, "name"), project_id=text(project, "id"))

    async def _in_order(self, projects: Sequence[shape.Within]) -> AsyncGenerator[Batch]:
        """Every kind in every project, all asked at once, in their order. Whoever leaves early stops the others."""
        pairs = [(kind, project) for kind in self._setting.kinds for project in projects]
        tasks = [asyncio.ensure_future(self._read(kind, project)) for kind, project in pairs]
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, kind: Kind, project: shape.Within) -> Batch:
        listed = await self._lists.within(project.project_id or project.project, kind)
        shaped = [shape.shaped(kind, one, project) for one in listed.found]
        objects = [one for one in shaped if one is not None]
        strange = len(shaped) - len(objects)
        problem = f"Azure DevOps answers {strange} things without an id or a name." if strange else ""
        if not problem and (kind.type, project.project_id) in self._partial:
            problem = refusal.partly(kind, project.project)
        if listed.problem:
            problem = self._problem(listed.problem, refusal.unread(kind, project.project))
        return self._batch(kind.kind, project.project, problem, objects)

    def _problem(self, err: Failure | str, denied: str) -> str:
        """A failure as a sentence. Raises Forbidden when it is the credential: then nothing else is answered either."""
        self._passing = self._passing or not isinstance(err, Denied)
        said = refusal.said(err, self._setting.where, denied)
        if isinstance(err, Expired):
            raise Forbidden(said) from err
        return said

    def _batch(self, kind: str, namespace: str, problem: str, objects: Iterable[Object]) -> Batch:
        """A scope, each object once, in the order of their names: so nothing changed when another order is answered."""
        scope = Scope(platform=self._setting.platform, kind=kind, namespace=namespace)
        by_uid = {str(obj["metadata"]["uid"]): obj for obj in objects}
        ordered = sorted(by_uid.values(), key=lambda obj: str(obj["metadata"]["name"]))
        return Batch(ScopeReading(scope=scope, complete=not problem, problem=problem), tuple(ordered))


def _unseen(names: Sequence[str]) -> str:
    return f"The identity does not see the project {', '.join(names)}."


def _any(patterns: Sequence[str], name: str) -> bool:
    return any(one.lower() == name.lower() or re.fullmatch(one, name, re.IGNORECASE) for one in patterns)
