"""Which Tasks should follow an Issue: search over the collection, asked with the Issue's own words."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

from runstone.catalog import facets, weights
from runstone.catalog.augment import findings, situations
from runstone.catalog.augment.subject import SAME, Subject, of_entry
from runstone.catalog.document import Follow
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Asked, Facets
from runstone.catalog.features import seen
from runstone.catalog.index import Index, Scored
from runstone.catalog.ontology.tables import Signal, Weights

_MOST = 6
_NEAR = 0.6
"""A Task whose score is less than this share of the best one's does not follow."""
_OWN_KIND = 0.3
_STEPS = 3
_ADVISED = 0.5
"""What a look counts that next steps name."""
_LENT = 0.4
"""Looks that a signal calls for less than this are not worth another Task after an Issue."""
_THEN = 3
_TRIED = 24
"""Of the best Tasks, how many are looked at for those that come next."""
_LEAST_KIND = 0.25
_KIND = 0.6
_LOOKS = 0.5
"""How well a Task that is made for something answers for its kind, and looks at what it calls for."""
_STRANGE = 0.6
"""The share of another product in a Task from which on it is about something else."""
_TITLED = 0.7
"""How plainly a title must name what surroundings suggest: more than one common word does."""
_FIRST = 0.8
"""What surroundings suggest most."""
_NAMED = 0.6
"""How plainly a title must name what a symptom calls for."""
_LEFT = 0.3
"""How much a symptom must call for what a Task does not show, for another to be run beside it."""
_ACCESS = "permissions"
_CLOUDS = frozenset({"aws", "azure", "gcp"})


class Chains:
    """The Tasks of a catalogue, asked for what comes next."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._index = Index(entries, weights.WITHOUT_VECTORS)
        self._at = {one.key: at for at, one in enumerate(entries)}
        self._subjects: dict[int, Subject] = {}
        self._asked = cache(facets.of_question)

    def subject(self, entry: Entry) -> Subject:
        """What one of the catalogue's Tasks is about."""
        return self._subject(self._at[entry.key])

    def after(self, entry: Entry, title: str, next_steps: Sequence[str]) -> tuple[Follow, ...]:
        """The Tasks to run after an Issue of ``entry``, in its bundle and beyond; never the entry itself."""
        if findings.own_failure(title):
            return tuple(self._access(entry)) if findings.reaching(title) else ()
        if entry.changes and not findings.signals_in(title):
            return ()
        asked = self._within(entry, self._told(title, next_steps[:_STEPS]))
        found = [one for one in self._index.scored(asked) if self._goes_on(entry, asked, one)]
        best = found[0].score if found else 0
        near = [(one, self._shared(asked, one)) for one in found[: 3 * _MOST] if best > 0 and one.score >= _NEAR * best]
        return tuple(
            Follow(
                key=self._index.entries[one.number].key,
                score=round(one.score / best, 2),
                why=f"looks at {', '.join(shared)}",
            )
            for one, shared in near
            if shared
        )[:_MOST]

    def next(self, entry: Entry) -> dict[str, tuple[str, ...]]:
        """For each of the surroundings, the Tasks on the entry's subject whose titles name what they suggest."""
        own = self.subject(entry).facets
        found: dict[str, tuple[str, ...]] = {}
        for name, one in situations.SURROUNDINGS.items():
            asked = _asking(replace(own, looks=one.looks, signals={}), one.told)
            near = (
                scored
                for scored in self._index.scored(asked)[:_TRIED]
                if self._titled(scored, one.looks) and self._goes_on(entry, asked, scored)
            )
            found[name] = tuple(self._index.entries[scored.number].key for scored in islice(near, one.most))
        return found

    def beside(self, entry: Entry, signal: Signal) -> tuple[str, ...]:
        """The Tasks on the entry's subject whose titles name what the signal calls for and the entry does not show."""
        subject = self.subject(entry)
        left = {look: weight * (1 - subject.shown.get(look, 0)) for look, weight in signal.looks.items()}
        wanted = {look: weight for look, weight in left.items() if weight >= _LEFT}
        if not wanted:
            return ()
        asked = _asking(replace(subject.facets, looks=wanted, signals={}))
        near = (
            scored
            for scored in self._index.scored(asked)[:_TRIED]
            if self._names(scored, wanted) and self._goes_on(entry, asked, scored)
        )
        return tuple(self._index.entries[scored.number].key for scored in islice(near, _THEN))

    def made_for(self, entry: Entry, wanted: Facets) -> tuple[str, ...]:
        """The Tasks, other than the entry, that only look, and at what is wanted on this very kind or product.

        None where neither is told: everything would be near.
        """
        if not (wanted.kinds or wanted.products):
            return ()
        asked = _asking(wanted)
        scored = self._index.scored(asked)
        found = [one for one in scored if self._fits(one, wanted) and self._goes_on(entry, asked, one)]
        near = [one for one in found if one.score >= _NEAR * found[0].score]
        return tuple(self._index.entries[one.number].key for one in near[:_THEN])

    def _subject(self, number: int) -> Subject:
        """Worked out when it is first asked for: a build of one bundle asks for few."""
        found = self._subjects.get(number)
        if found is None:
            found = of_entry(self._index.entries[number], self._index.offered[number])
            self._subjects[number] = found
        return found

    def _fits(self, one: Scored, wanted: Facets) -> bool:
        entry = self._index.entries[one.number]
        about = not wanted.products or one.features["product"] >= _STRANGE
        near = not wanted.kinds or one.features["kind"] >= _KIND
        there = not wanted.platforms or one.features["platform"] > 0
        return not (entry.changes or entry.runs) and about and near and there and one.features["looks"] >= _LOOKS

    def _access(self, entry: Entry) -> Iterator[Follow]:
        """The Tasks of the bundle that look at access: what to run where the Task itself was refused."""
        for other in self._index.entries:
            looks = other.bundle == entry.bundle and other.key != entry.key and not (other.changes or other.runs)
            if looks and self.subject(other).titled.get(_ACCESS, 0) >= _TITLED:
                yield Follow(key=other.key, score=1, why=f"looks at {_ACCESS}")

    def _goes_on(self, entry: Entry, asked: Asked, scored: Scored) -> bool:
        """Another Task on the same subject that only looks, and at what is wanted."""
        other = self._index.entries[scored.number]
        fits = scored.features["looks"] > 0 and scored.features["other_product"] < _STRANGE
        looks = fits and not (other.changes or other.runs)
        if not looks or other.key == entry.key or self._elsewhere(entry, other):
            return False
        return other.bundle == entry.bundle or self._near(asked, scored)

    def _elsewhere(self, entry: Entry, other: Entry) -> bool:
        """Whether the other is given a resource by name, of a kind that the entry is not about."""
        own, theirs = self.subject(entry), self.subject(other).bound[:1]
        if own.bound or not theirs:
            return bool(own.bound and theirs) and own.bound[:1] != theirs
        return bool(own.products) and seen(theirs[0], own.facets.kinds) < SAME

    def _near(self, asked: Asked, scored: Scored) -> bool:
        """Whether a Task of another bundle is in the same place, about a product that is meant or such a thing."""
        features, about = scored.features, self._subject(scored.number)
        if features["platform"] < 0 or not about.within(asked.facets.products):
            return False
        clouds = _CLOUDS.intersection(about.facets.platforms)
        if clouds and asked.facets.platforms and not clouds.intersection(asked.facets.platforms):
            return False
        return features["product"] >= SAME or (features["platform"] > 0 and features["kind"] >= _LEAST_KIND)

    def _titled(self, scored: Scored, looks: Weights) -> bool:
        titled = self._subject(scored.number).titled
        return any(weight >= _FIRST and titled.get(look, 0) >= _TITLED for look, weight in looks.items())

    def _names(self, scored: Scored, looks: Weights) -> bool:
        titled = self._subject(scored.number).titled
        return any(titled.get(look, 0) >= _NAMED for look in looks)

    def _within(self, entry: Entry, asked: Asked) -> Asked:
        """The Issue is about the Task's subject even where its words do not say so, and nowhere else."""
        own = self.subject(entry).facets
        found = asked.facets
        kinds = {name: _OWN_KIND * weight for name, weight in own.kinds.items()}
        return replace(
            asked,
            facets=replace(
                found,
                products=found.products or own.products,
                platforms=own.platforms or found.platforms,
                kinds={**kinds, **found.kinds},
            ),
        )

    def _told(self, title: str, next_steps: Sequence[str]) -> Asked:
        """What an Issue calls for: by its title, and half as much by what its next steps say to look at."""
        asked = self._asked(title)
        advised = {look: _ADVISED * weight for look, weight in findings.advised(next_steps).items()}
        looks = {look: weight for look, weight in asked.facets.looks.items() if weight >= _LENT}
        return replace(asked, facets=replace(asked.facets, looks={**advised, **looks}))

    def _shared(self, asked: Asked, one: Scored) -> list[str]:
        """What the Issue calls for and the Task's title names; a Task that shares only words is no step."""
        titled = self._subject(one.number).titled
        shared = {look: weight * titled.get(look, 0) for look, weight in asked.facets.looks.items()}
        return sorted((look for look, weight in shared.items() if weight >= 0.2), key=lambda look: -shared[look])[:3]


def _asking(wanted: Facets, told: str = "") -> Asked:
    return Asked(text=told, facets=wanted, intent="diagnose", names=frozenset())
