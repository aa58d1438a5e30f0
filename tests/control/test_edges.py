"""An index that follows changes is the one that would have been made anew."""

from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.control.workspaces.edges import Edges
from runstone.model.resource import Relation, RelationType, ResourceRef

NAMES = ("a", "b")
KINDS = ("Deployment", "ReplicaSet", "Pod", "Job", "Service", "Node")
TYPES: tuple[RelationType, ...] = ("owns", "selects", "runs-on", "scales", "same-app", "calls")
refs = st.builds(
    lambda kind, name: ResourceRef(platform="c", kind=kind, namespace="", name=name),
    st.sampled_from(KINDS),
    st.sampled_from(NAMES),
)
relations = st.builds(
    lambda source, type_, target: Relation(source=source, type=type_, target=target, detail=""),
    refs,
    st.sampled_from(TYPES),
    refs,
).filter(lambda one: one.source != one.target)
steps = st.lists(st.lists(relations, max_size=5), min_size=1, max_size=5)


def by_source(found: list[Relation]) -> dict[str, tuple[Relation, ...]]:
    known: dict[str, tuple[Relation, ...]] = {}
    for one in dict.fromkeys(found):
        known[one.source.path] = (*known.get(one.source.path, ()), one)
    return known


def shown(edges: Edges) -> tuple[object, ...]:
    def index(found: dict[str, list[tuple[ResourceRef, Relation]]]) -> dict[str, list[str]]:
        return {
            path: sorted(f"{ref.path} {one.source.path} {one.type} {one.target.path}" for ref, one in ends)
            for path, ends in found.items()
        }

    return dict(edges.owners), index(edges.needs), index(edges.needed)


@settings(max_examples=400, deadline=None)
@given(st.lists(relations, max_size=14), steps)
def test_after_any_changes_it_is_as_if_made_anew(first: list[Relation], history: list[list[Relation]]) -> None:
    known = by_source(first)
    edges = Edges.of(one for found in known.values() for one in found)
    for said in history:
        told = by_source(said)
        gone = [path for path in known if path.endswith("/a") and path not in told]
        changes: dict[str, tuple[Relation, ...] | None] = {**dict.fromkeys(gone[:1]), **told}
        before, edges = edges, edges.changed(known, changes)
        frozen = shown(before)
        known = {path: found for path, found in {**known, **changes}.items() if found}
        assert shown(edges) == shown(Edges.of(one for found in known.values() for one in found))
        assert shown(before) == frozen, "the old one stays as it was"
