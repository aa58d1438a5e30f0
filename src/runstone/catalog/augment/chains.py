"""Which Tasks should follow an Issue: search over the collection, asked with the Issue's own words."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

from runstone.catalog import facets, weights
from runstone.catalog.augment import situations
from runstone.catalog.document import Follow
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Asked, Facets
from runstone.catalog.index import Index, Scored

_MOST = 6
_NEAR = 0.6
"""A Task whose score is less than this share of the best one's does not follow."""
_OWN_KIND = 0.3
_THEN = 3
_TRIED = 24
"""Of the best Tasks, how many are looked at for those that come next."""
_LEAST_KIND = 0.25
_KIND = 0.6
_LOOKS = 0.5
"""How well a Task that is made for something answers for its kind, and looks at what it calls for."""
_STRANGE = 0.6
"""The share of another product in a Task from which on it is about something else."""


class Chains:
    """The Tasks of a catalogue, asked for what comes next."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._index = Index(entries, weights.WITHOUT_VECTORS)
        self._at = {one.key: at for at, one in enumerate(entries)}
        self._asked = cache(facets.of_question)

    def after(self, entry: Entry, title: str, next_steps: Sequence[str]) -> tuple[Follow, ...]:
        """The Tasks to run after an Issue of ``entry``, in its bundle and beyond; never the entry itself."""
        asked = self._within(entry, self._asked(". ".join((title, *next_steps[:3]))))
        found = [one for one in self._index.scored(asked) if self._goes_on(entry, one)]
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
        """For each of the surroundings, the Tasks on the entry's subject that look at what they suggest."""
        own = self._index.offered[self._at[entry.key]].facets
        found: dict[str, tuple[str, ...]] = {}
        for name, one in situations.SURROUNDINGS.items():
            wanted = replace(own, looks=one.looks, signals={})
            asked = Asked(text=one.told, facets=wanted, intent="diagnose", names=frozenset())
            near = (one for one in self._index.scored(asked)[:_TRIED] if self._goes_on(entry, one))
            found[name] = tuple(self._index.entries[scored.number].key for scored in islice(near, _THEN))
        return found

    def made_for(self, entry: Entry, wanted: Facets) -> tuple[str, ...]:
        """The Tasks, other than the entry, that only look, and at what is wanted on this very kind or product.

        None where neither is told: everything would be near.
        """
        if not (wanted.kinds or wanted.products):
            return ()
        asked = Asked(text="", facets=wanted, intent="diagnose", names=frozenset())
        found = [one for one in self._index.scored(asked) if self._fits(one, wanted) and self._goes_on(entry, one)]
        near = [one for one in found if one.score >= _NEAR * found[0].score]
        return tuple(self._index.entries[one.number].key for one in near[:_THEN])

    def _fits(self, one: Scored, wanted: Facets) -> bool:
        entry = self._index.entries[one.number]
        about = not wanted.products or one.features["product"] >= _STRANGE
        near = not wanted.kinds or one.features["kind"] >= _KIND
        there = not wanted.platforms or one.features["platform"] > 0
        return not (entry.changes or entry.runs) and about and near and there and one.features["looks"] >= _LOOKS

    def _goes_on(self, entry: Entry, scored: Scored) -> bool:
        """Another Task on the same subject that only looks, and at what is wanted."""
        other = self._index.entries[scored.number]
        fits = scored.features["looks"] > 0 and scored.features["other_product"] < _STRANGE
        looks = fits and not (other.changes or other.runs)
        return looks and other.key != entry.key and (other.bundle == entry.bundle or self._near(scored))

    def _near(self, scored: Scored) -> bool:
        """Whether a Task of another bundle is about a product that is meant, or about such a thing in such a place."""
        features = scored.features
        return features["product"] > 0 or (features["platform"] > 0 and features["kind"] >= _LEAST_KIND)

    def _within(self, entry: Entry, asked: Asked) -> Asked:
        """The Issue is about the Task's subject even where its words do not say so."""
        own = self._index.offered[self._at[entry.key]].facets
        found = asked.facets
        kinds = {name: _OWN_KIND * weight for name, weight in own.kinds.items()}
        return replace(
            asked,
            facets=replace(
                found,
                products=found.products or own.products,
                platforms=found.platforms or own.platforms,
                kinds={**kinds, **found.kinds},
            ),
        )

    def _shared(self, asked: Asked, one: Scored) -> list[str]:
        """What the Issue calls for and the Task looks at; a Task that shares only words is no step."""
        offered = self._index.offered[one.number].facets
        shared = {look: weight * offered.looks.get(look, 0) for look, weight in asked.facets.looks.items()}
        return sorted((look for look, weight in shared.items() if weight >= 0.2), key=lambda look: -shared[look])[:3]
