"""What is asked of Azure DevOps: projects, and what lies in each, in all pages.

Facts: REST API 7.1; a list goes on where the header ``x-ms-continuationtoken`` says so; who is about to be throttled is
told so by ``Retry-After`` on answers that are good (rate and usage limits).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from runstone.connectors.items import Item, items
from runstone.connectors.platforms.azure_devops.kinds import Kind
from runstone.connectors.rest import Answer, Denied, Expired, Failure, Limits, Rest, asked_to_wait

_VERSION = {"api-version": "7.1"}
_PROJECTS = "/_apis/projects"
_RIGHTS = "/_apis/security/permissionevaluationbatch"
_TOGETHER = 200
"""Rights of one question."""
Right = tuple[str, str]
"""A kind's type, and a project's id."""


@dataclass
class Listed:
    """What a list answered."""

    found: list[Item] = field(default_factory=list[Item])
    problem: Failure | str = ""
    """Why it was not read to the end."""


class Lists:
    """An organization, as far as discovery asks it."""

    def __init__(self, rest: Rest, releases: Rest, limits: Limits) -> None:
        self._rest = rest
        self._releases = releases
        self._longest_s = limits.longest_s
        self._turn = asyncio.Semaphore(limits.at_once)
        self._until = 0.0
        """When to ask on, by the loop's clock."""

    async def projects(self) -> Listed:
        """Every project that is seen."""
        return await self._listed(self._rest, _PROJECTS, {"$top": "200"})

    async def within(self, project: str, kind: Kind) -> Listed:
        """All things of a kind in a project, named by its id or its name.

        A token that may not read a kind is refused as one that has expired is (401, or the page to sign in at): which
        of the two it is, a question tells that it was allowed before.
        """
        rest = self._releases if kind.release else self._rest
        found = await self._listed(rest, f"/{quote(project, safe='')}/_apis/{kind.path}", kind.query)
        if isinstance(found.problem, Expired) and await self._lets_in():
            found.problem = Denied(*found.problem.args)
        return found

    async def partial(self, kinds: Sequence[Kind], projects: Sequence[str]) -> set[Right]:
        """Which kinds may be seen no more than in part, in which projects; lists leave out in silence what may not.

        Nothing is claimed where Azure DevOps does not tell.
        """
        asked = [(kind, project) for kind in kinds if kind.security for project in projects if project]
        parts = [asked[start : start + _TOGETHER] for start in range(0, len(asked), _TOGETHER)]
        answers = await asyncio.gather(*(self._denied(part) for part in parts))
        return {right for found in answers for right in found}

    async def _denied(self, asked: Sequence[tuple[Kind, str]]) -> list[Right]:
        body = {"alwaysAllowAdministrators": True, "evaluations": [_evaluation(*one) for one in asked]}
        try:
            async with self._turn:
                answer = await self._rest.post(_RIGHTS, _VERSION, body)
        except Failure:
            return []
        said = items(answer.body.get("evaluations"))
        if len(said) != len(asked):
            return []
        return [(kind.type, id_) for (kind, id_), one in zip(asked, said, strict=True) if one.get("value") is False]

    async def _lets_in(self) -> bool:
        try:
            await self._asked(self._rest, _PROJECTS, {**_VERSION, "$top": "1"})
        except Failure:
            return False
        return True

    async def _listed(self, rest: Rest, path: str, query: Mapping[str, str]) -> Listed:
        listed = Listed()
        try:
            await self._paged(rest, path, {**_VERSION, **query}, listed)
        except Failure as err:
            listed.problem = err
        return listed

    async def _paged(self, rest: Rest, path: str, query: dict[str, str], listed: Listed) -> None:
        """Every page, into ``listed``. Raises Failure."""
        while True:
            answer = await self._asked(rest, path, query)
            said: Any = answer.body.get("value")
            listed.found += items(said)
            if not isinstance(said, list) or len(items(said)) < len(said):
                listed.problem = "answers with a list of things that are none"
            if not (token := answer.headers.get("x-ms-continuationtoken", "")):
                return
            if token == query.get("continuationToken"):
                raise Failure("names the same page twice")
            query["continuationToken"] = token

    async def _asked(self, rest: Rest, path: str, query: Mapping[str, str]) -> Answer:
        """One answer, not before the last one said. Raises Failure."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            await asyncio.sleep(max(0.0, self._until - clock()))
            answer = await rest.get(path, query)
            self._until = max(self._until, clock() + min(asked_to_wait(answer.headers, 0.0), self._longest_s))
            return answer


def _evaluation(kind: Kind, project: str) -> Item:
    security = kind.security
    assert security is not None, "only such kinds are asked about"
    return {
        "securityNamespaceId": security.namespace,
        "token": f"{security.token}{project}",
        "permissions": security.permission,
    }
