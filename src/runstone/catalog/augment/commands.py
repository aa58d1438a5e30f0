"""What an open Task can be used for: symptom, resource, and the command or query to give it, with what to read then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from runstone.catalog import advice, opened
from runstone.catalog.advice import Wanted
from runstone.catalog.augment import situations
from runstone.catalog.augment.chains import Chains
from runstone.catalog.document import Scenario, Statement
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Facets
from runstone.catalog.ontology import commands, tables
from runstone.catalog.ontology.commands import Command
from runstone.catalog.ontology.tables import Signal

_STEPS = 3
"""Commands for one symptom of one resource, each looking at something else, in the order to run them."""
_SPECIFIC = 40
"""Statements on Tasks that are made for a symptom."""


@dataclass(frozen=True)
class Subject:
    """What a symptom befalls: a kind of resource, a product, or (both empty) anything on the platform."""

    kind: str = ""
    product: str = ""


@dataclass(frozen=True)
class Case:
    """A symptom of a subject, and what is asked of the program then."""

    program: str
    signal: Signal
    subject: Subject
    wanted: Wanted

    @property
    def facets(self) -> Facets:
        """As it is asked of other Tasks."""
        platform = commands.load().programs[self.program].platform
        places = {platform: 1.0} if platform else {}
        return Facets(kinds=self.wanted.kinds, platforms=places, products=self.wanted.products, looks=self.wanted.looks)


def scenarios(entry: Entry, following: Chains) -> Iterator[Scenario]:
    """The scenarios of an open Task: for each symptom of each subject the commands that answer it, best first.

    Surroundings are named only where another command is better there.
    """
    for name, program in entry.runs.items():
        for case in _cases(program, opened.only_faults(entry), name in entry.extended):
            then = following.made_for(entry, case.facets)
            for at, (command, when) in enumerate(_answers(case)):
                says = case.signal.phrases[at % len(case.signal.phrases)]
                yield _scenario(entry, name, case, says, command, when, then)


def specific(entry: Entry, following: Chains) -> Iterator[Statement]:
    """The symptoms that another Task of the catalogue looks at, so that this one is not the one to run."""
    told: set[str] = set()
    for program in entry.runs.values():
        for case in _cases(program):
            for key in following.made_for(entry, case.facets)[:1]:
                text = f"Not for {_thing(entry, case)}: {case.signal.phrases[0]}, which {key} looks at"
                if text not in told and len(told) < _SPECIFIC:
                    told.add(text)
                    yield Statement(text=text)


def places(entry: Entry) -> Iterator[Statement]:
    """What the places in its commands are filled in with."""
    table = commands.load()
    faults = opened.only_faults(entry)
    for name, program in entry.runs.items():
        plain = name in entry.extended
        rows = [one for one in table.commands[program] if _can_be_given(one, faults, plain)]
        takes = table.programs[program].takes
        if faults:
            yield Statement(text=f"{name} must be a {takes} that returns nothing where all is well")
        if plain:
            yield Statement(
                text=f"{name} must be one {takes} without pipe or loop: the suite puts more words behind it"
            )
        for place in sorted({place for one in rows for place in one.places}):
            yield Statement(text=f"{{{place}}} in {name} is to be filled in with: {table.fill[place]}")


def _can_be_given(row: Command, faults: bool, plain: bool) -> bool:
    return (row.faults or not faults) and (row.is_plain or not plain)


def _cases(program: str, faults: bool = False, plain: bool = False) -> Iterator[Case]:
    """Every symptom of every subject that a command of the program is for."""
    rows = [one for one in commands.load().commands[program] if _can_be_given(one, faults, plain)]
    for signal in tables.load().signals.values():
        own = (row for row in rows if signal.name in row.serves.signals)
        for subject in dict.fromkeys(one for row in own for one in _subjects(row)):
            yield Case(program, signal, subject, _wanted(signal, subject, faults, plain))


def _wanted(signal: Signal, subject: Subject, faults: bool, plain: bool) -> Wanted:
    return Wanted(
        looks=signal.looks,
        signals={signal.name: 1.0},
        kinds={subject.kind: 1.0} if subject.kind else {},
        products={subject.product: 1.0} if subject.product else {},
        faults=faults,
        plain=plain,
    )


def _subjects(row: Command) -> Iterator[Subject]:
    if row.when:
        return
    serves = row.serves
    if serves.products:
        yield from (Subject(product=name) for name in serves.products)
    elif serves.kinds:
        yield from (Subject(kind=name) for name in serves.kinds)
    else:
        yield Subject()


def _answers(case: Case) -> Iterator[tuple[Command, str]]:
    """The commands with the surroundings they are for."""
    always = [one for one in advice.ranked(case.program, case.wanted) if _is_for(one, case.subject)]
    yield from ((one, "") for one in _varied(always)[:_STEPS])
    for when in situations.SURROUNDINGS:
        there = advice.best(case.program, replace(case.wanted, when=when))
        if there and there.when and _is_for(there, case.subject):
            yield there, when


def _varied(rows: Sequence[Command]) -> list[Command]:
    """Without commands that look mainly at what a better one looks at already."""
    found: dict[str, Command] = {}
    for one in rows:
        found.setdefault(one.serves.looks[0], one)
    return list(found.values())


def _is_for(command: Command, subject: Subject) -> bool:
    """Whether it is for this very subject: a kind near it has other names to be filled in."""
    serves = command.serves
    if subject.product:
        return not serves.products or subject.product in serves.products
    return not serves.products and (not serves.kinds or subject.kind in serves.kinds)


def _scenario(
    entry: Entry, name: str, case: Case, says: str, command: Command, when: str, then: tuple[str, ...]
) -> Scenario:
    thing = _thing(entry, case)
    told = f" {situations.SURROUNDINGS[when].told}" if when else ""
    return Scenario(
        text=f"{thing}: {says}{told}",
        symptom=case.signal.name,
        says=says,
        resource=thing,
        platform=_platform(case),
        environment=when,
        looks=command.serves.looks[:3],
        expects="",
        then=then,
        inputs={name: command.run},
        reads=command.reads,
    )


def _platform(case: Case) -> str:
    lives = tables.load().products[case.subject.product].platforms if case.subject.product else ()
    own = commands.load().programs[case.program].platform or ("kubernetes" if case.subject.kind else ", ".join(lives))
    return own or "any platform"


def _thing(entry: Entry, case: Case) -> str:
    subject = case.subject
    if subject.product:
        return tables.load().products[subject.product].words[0]
    program = commands.load().programs[case.program]
    return subject.kind or program.platform or program.about or entry.bundle.replace("-", " ")
