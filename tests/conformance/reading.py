"""What one reading of a platform told, and what a rule finds in it: shared by the suites of cloud platforms."""

from dataclasses import dataclass
from typing import Any

from runstone.connectors.platforms import Batch, Platform
from runstone.edge.discovery import references, subjects
from runstone.edge.discovery.rules import Rule, World
from runstone.model.content import GenerationRule

Object = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """Batches by kind and namespace of their scope. ``home`` is the namespace that tests mean where they name none;
    ``prefix`` stands before every kind; ``platform`` is the connector's name."""

    batches: dict[str, Batch]
    platform: str
    home: str
    prefix: str = ""

    def batch(self, kind: str, where: str | None = None) -> Batch:
        return self.batches[f"{self.prefix}{kind}/{self.home if where is None else where}"]

    def objects(self, kind: str, where: str | None = None) -> dict[str, Object]:
        return {one["metadata"]["name"]: one for one in self.batch(kind, where).objects}

    def one(self, kind: str, where: str | None = None) -> Object:
        return next(iter(self.objects(kind, where).values()))

    def complete(self, kind: str, where: str | None = None) -> bool:
        return self.batch(kind, where).reading.complete

    def problem(self, kind: str, where: str | None = None) -> str:
        return self.batch(kind, where).reading.problem

    def all(self) -> list[Object]:
        return [one for batch in self.batches.values() for one in batch.objects]

    def subject(self, obj: Object) -> subjects.Subject:
        """An object as rules and templates read it."""
        metadata = obj["metadata"]
        ref = references.ResourceRef(
            platform=next(iter(self.batches.values())).reading.scope.platform,
            kind=obj["kind"],
            namespace=metadata["namespace"],
            name=metadata["name"],
        )
        return subjects.described(ref, obj, self.platform, 2)

    def matched(self, type_: str, *predicates: Object, qualifiers: tuple[str, ...] = ("resource",)) -> list[str]:
        """The names of what a rule with these predicates finds."""
        rule = Rule(
            GenerationRule.model_validate(
                {
                    "file": "rule.yaml",
                    "platform": self.platform,
                    "resource_types": (type_,),
                    "match": predicates,
                    "slxs": ({"baseName": "a", "qualifiers": list(qualifiers), "outputItems": [{"type": "slx"}]},),
                }
            )
        )
        world = World(subjects.by_type(self.subject(one) for one in self.all()), {})
        return sorted(match.subject.name for match in rule.matches(world))


async def read(platform: Platform, *extra: str, of: str, home: str, prefix: str = "") -> Reading:
    """Read everything once; every scope is told once and is the platform's. ``of``: the connector's name."""
    batches = [one async for one in platform.read(extra)]
    found = {f"{one.reading.scope.kind}/{one.reading.scope.namespace}": one for one in batches}
    assert len(found) == len(batches), "a scope is told once"
    assert {one.reading.scope.platform for one in batches} == {platform.name}
    return Reading(found, of, home, prefix)


def pattern(text: str, *properties: str) -> Object:
    return {"type": "pattern", "pattern": text, "properties": list(properties), "mode": "substring"}
