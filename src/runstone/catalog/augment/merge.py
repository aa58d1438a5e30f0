"""Several generators' documents as one. What was worked out from facts stands; what a model wrote comes behind it."""

from collections.abc import Iterable, Mapping, Sequence

from runstone.catalog.document import Statement, TaskDocument


def all_of(facts: Mapping[str, TaskDocument], told: Mapping[str, TaskDocument]) -> dict[str, TaskDocument]:
    """Each of the first documents, with what the second ones add to it, in the order of the first."""
    return {key: merged(one, told[key]) if key in told else one for key, one in facts.items()}


def merged(facts: TaskDocument, told: TaskDocument) -> TaskDocument:
    """One document of two on the same Task. Each list has the first one's pieces first, and nothing said twice."""
    return TaskDocument(
        key=facts.key,
        digest=facts.digest,
        purpose=_either(facts.purpose, told.purpose),
        use_when=_both(facts.use_when, told.use_when),
        not_when=_both(facts.not_when, told.not_when),
        symptoms=_both(facts.symptoms, told.symptoms),
        signatures=facts.signatures + told.signatures,
        alerts=_both(facts.alerts, told.alerts),
        questions=_both(facts.questions, told.questions),
        preconditions=_both(facts.preconditions, told.preconditions),
        blast_radius=_either(facts.blast_radius, told.blast_radius),
        reversible=_either(facts.reversible, told.reversible),
        issues=facts.issues + told.issues,
        scenarios=facts.scenarios + told.scenarios,
        summary=_either(facts.summary, told.summary),
        next_steps=_both(facts.next_steps, told.next_steps),
    )


def _either(facts: Statement, told: Statement) -> Statement:
    return facts if facts.text else told


def _both(facts: Sequence[Statement], told: Iterable[Statement]) -> tuple[Statement, ...]:
    found = {_plain(one): one for one in facts}
    for one in told:
        found.setdefault(_plain(one), one)
    return tuple(found.values())


def _plain(one: Statement) -> str:
    return " ".join(one.text.lower().split()).rstrip(".!?")
