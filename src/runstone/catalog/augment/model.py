"""The other generator: a language model reads a Task's source and says what the Task is good for."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runstone.catalog.augment import Generator, prompt
from runstone.catalog.augment.answers import Answers
from runstone.catalog.augment.budget import Budget
from runstone.catalog.augment.checking import checked
from runstone.catalog.augment.draft import Draft
from runstone.catalog.augment.prompt import Size
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.connectors.llms import LLM, Message, Question, Tokens, Unusable, estimated
from runstone.errors import BadInput, Forbidden, Unreachable
from runstone.model.content import TaskSource

_ATTEMPTS = 2
"""How often one Task is asked about when the answer has not the form."""
_GIVE_UP = 3
"""Requests in a row without an answer after which no more are made."""


@dataclass
class Report:
    """How a build went. ``notes`` are for people, one sentence each; they quote neither a source nor an answer."""

    asked: int = 0
    """Requests that were answered."""
    kept: int = 0
    """Tasks whose answer was there from an earlier build."""
    written: int = 0
    """Tasks that have a document of the model."""
    refused: int = 0
    """Texts that were left out."""
    notes: list[str] = field(default_factory=list[str])


class Model(Generator):
    """Asks one model about each Task, within a budget; Tasks that it says nothing usable of have no document.

    ``report`` is that of the last call. Only entries and sources go into a request: see ``prompt``.
    """

    def __init__(
        self,
        llm: LLM,
        sources: Mapping[str, TaskSource],
        answers: Answers,
        budget: Budget,
        size: Size,
        at_once: int = 4,
    ) -> None:
        self._llm = llm
        self._sources = sources
        self._answers = answers
        self._size = size
        self._at_once = at_once
        self.budget = budget
        self.report = Report()
        self._stopped = ""
        self._in_vain = 0

    @property
    def version(self) -> str:
        """The prompt's and the model's name."""
        return f"{prompt.version()}-{self._llm.name}"

    def documents(self, entries: Sequence[Entry], wanted: Collection[str] | None = None) -> Mapping[str, TaskDocument]:
        """What the model says of each, by key. Runs an event loop: call it outside of one, or in a thread.

        Raises Forbidden and NotFound when the endpoint does not serve us; answers until then are kept.
        """
        return asyncio.run(self.written([one for one in entries if wanted is None or one.key in wanted]))

    async def written(self, entries: Sequence[Entry]) -> dict[str, TaskDocument]:
        """The same, for those who have an event loop."""
        self.report, self._stopped, self._in_vain = Report(), "", 0
        free = asyncio.Semaphore(self._at_once)
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._document(one, free)) for one in entries]
        except ExceptionGroup as err:
            raise err.exceptions[0] from err
        found = {one.key: document for one, task in zip(entries, asked, strict=True) if (document := task.result())}
        self.report.written = len(found)
        self.report.notes.sort()
        if self._stopped:
            self.report.notes.append(f"{self._stopped} The other Tasks keep what was worked out locally.")
        return found

    async def _document(self, entry: Entry, free: asyncio.Semaphore) -> TaskDocument | None:
        source = self._sources.get(entry.key)
        if source is None:
            self.report.notes.append(f"{entry.key} is not sent: a file it reaches is not in the collection's folder.")
            return None
        asked = prompt.question(entry, source, self._size)
        digest = prompt.digest(asked, self._llm.name)
        draft = self._answers.get(digest)
        if draft:
            self.report.kept += 1
        else:
            async with free:
                draft = await self._asked(entry, asked)
            if draft is None:
                return None
            self._answers.put(digest, draft)
        return self._believed(entry, draft)

    async def _asked(self, entry: Entry, asked: Question) -> Draft | None:
        fault = ""
        for _ in range(_ATTEMPTS):
            try:
                answer = await self._within_budget(asked)
            except Unusable as err:
                fault = str(err)
                again = Message("user", f"{fault} Answer again, with one JSON object of the form asked for.")
                asked = replace(asked, messages=(*asked.messages, again))
            except Forbidden:
                raise
            except (Unreachable, BadInput) as err:
                self._failed(str(err))
                fault = str(err)
                break
            else:
                return answer
        self.report.notes.append(f"{entry.key} has nothing of the model: {fault}")
        return None

    async def _within_budget(self, asked: Question) -> Draft | None:
        """The answer; None when nothing may be asked any more."""
        likely = Tokens(estimated(asked.messages), asked.most)
        if not self._stopped and not self.budget.reserve(likely):
            self._stopped = f"The budget is used up: {self.budget}."
        if self._stopped:
            return None
        spent = Tokens()
        try:
            completion = await self._llm.complete(asked)
            spent = completion.tokens
        except Unusable as err:
            spent = err.tokens
            raise
        finally:
            self.budget.settle(likely, spent)
            self.report.asked += bool(spent.total)
        self._in_vain = 0
        return Draft.model_validate_json(completion.text)

    def _failed(self, told: str) -> None:
        self._in_vain += 1
        if self._in_vain >= _GIVE_UP and not self._stopped:
            self._stopped = f"{_GIVE_UP} requests in a row got no answer. The last time: {told}"

    def _believed(self, entry: Entry, draft: Draft) -> TaskDocument | None:
        found = checked(entry, draft)
        self.report.refused += len(found.refused)
        for reason, count in _counted(found.refused):
            self.report.notes.append(f"{entry.key}, {reason}" + (f" ({count} times)" if count > 1 else ""))
        return found.document


def _counted(refused: Sequence[object]) -> list[tuple[str, int]]:
    told = [str(one) for one in refused]
    return [(one, told.count(one)) for one in dict.fromkeys(told)]
