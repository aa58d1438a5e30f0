"""The language of generation rules, predicate by predicate."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.edge.discovery.paths import path_parts
from runstone.edge.discovery.rules import Rule, Subject, World, custom_types
from runstone.edge.discovery.subjects import managed
from runstone.errors import BadInput
from runstone.model.content import GenerationRule

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "cart", "annotations": {"service.beta.kubernetes.io/azure": "true"}},
    "spec": {
        "replicas": 2,
        "template": {"spec": {"containers": [{"image": "shop/cart:v1"}, {"image": "envoy:v2"}]}},
        "empty": {},
        "nothing": None,
    },
}


def subject(type_: str = "deployment", name: str = "cart", **more: Any) -> Subject:
    values: dict[str, Any] = {
        "type": type_,
        "kind": type_.title(),
        "name": name,
        "namespace": "shop",
        "cluster": "c",
        "context": "ctx",
        "labels": {"app": "cart", "tier": "backend"},
        "annotations": {"owner": "team"},
        "resource": DEPLOYMENT,
    }
    return Subject(**{**values, **more})


def rule(*match: dict[str, Any], qualifiers: tuple[str, ...] = ("resource", "namespace"), **more: Any) -> Rule:
    slx: dict[str, Any] = {"baseName": "b", "qualifiers": list(qualifiers), "outputItems": [{"type": "slx"}], **more}
    source = GenerationRule(
        file="r.yaml", platform="kubernetes", resource_types=("deployment",), match=match, slxs=(slx,)
    )
    return Rule(source)


def holds(*match: dict[str, Any], world: World | None = None) -> bool:
    world = world or World({"deployment": [subject()]}, {"custom": {"cloud": "gcp", "zones": ["a", "b"]}})
    return bool(list(rule(*match).matches(world)))


def pattern(text: str, *properties: str, **more: Any) -> dict[str, Any]:
    return {"type": "pattern", "pattern": text, "properties": list(properties), **more}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (pattern("ar", "name"), True),
        (pattern("car", "name", mode="exact"), False),
        (pattern("cart", "name", mode="exact"), True),
        (pattern("backend", "labels"), True),
        (pattern("tier", "labels"), True),
        (pattern("tier", "label-values"), False),
        (pattern("tier", "label-keys"), True),
        (pattern("team", "annotations"), True),
        (pattern("owner", "annotation-values"), False),
        (pattern("envoy", "spec/template/spec/containers/image"), True),
        (pattern("nginx", "spec/template/spec/containers/image"), False),
        (pattern("true", "metadata/annotations/service.beta.kubernetes.io//azure"), True),
        (pattern("cart", "resource/metadata/name"), True),
        (pattern("2", "spec/replicas"), True),
        (pattern(".", "spec/not/there"), False),
        (pattern("zzz", "name", "labels", "metadata/name"), False),
        ({"type": "exists", "path": "spec/replicas"}, True),
        ({"type": "exists", "path": "spec/template/spec"}, True),
        ({"type": "exists", "path": "spec/template/spec/containers"}, True),
        ({"type": "exists", "path": "spec/nothing"}, False),
        ({"type": "exists", "path": "spec/empty"}, False),
        ({"type": "exists", "path": "spec/empty", "matchEmpty": True}, True),
        ({"type": "exists", "path": "spec/template/spec/containers/image"}, True),
        ({"type": "exists", "path": "spec/absent"}, False),
        ({"type": "custom-variable", "path": "custom/cloud", "pattern": "gcp"}, True),
        ({"type": "custom-variable", "path": "custom/zones", "pattern": "b"}, True),
        ({"type": "custom-variable", "path": "custom/cloud", "pattern": "aws"}, False),
        (pattern("gcp", "custom/cloud", resourceType="variables"), True),
        ({"type": "and", "matches": [pattern("c", "name"), pattern("zzz", "name")]}, False),
        ({"type": "or", "matches": [pattern("c", "name"), pattern("zzz", "name")]}, True),
        ({"type": "not", "match": pattern("zzz", "name")}, True),
        ({"type": "not", "matches": [pattern("c", "name")]}, False),
        ({"type": "not", "predicate": pattern("c", "name")}, False),
    ],
)
def test_predicates(predicate: dict[str, Any], expected: bool) -> None:
    assert holds(predicate) is expected


def test_all_predicates_of_a_rule_must_hold() -> None:
    assert holds(pattern("c", "name"), pattern("backend", "labels"))
    assert not holds(pattern("c", "name"), pattern("zzz", "labels"))


def test_a_pattern_on_another_type_finds_that_resource_for_the_template() -> None:
    world = World({"deployment": [subject()], "service": [subject("service", "front"), subject("service", "cart")]}, {})
    (match,) = rule(pattern("cart", "name", resourceType="service")).matches(world)
    assert match.others["service"].name == "cart"
    assert not list(rule(pattern("nope", "name", resourceType="service")).matches(world))


def test_a_pattern_on_the_rules_own_type_means_the_subject_itself() -> None:
    world = World({"deployment": [subject(name="a"), subject(name="b")]}, {})
    (match,) = rule(pattern("b", "name", resourceType="deployment")).matches(world)
    assert match.subject.name == "b"


def test_without_the_resource_qualifier_matches_are_one_slx_with_children() -> None:
    world = World({"deployment": [subject(name="a"), subject(name="b"), subject(name="c", namespace="other")]}, {})
    matches = list(rule(qualifiers=("namespace",)).matches(world))
    assert [(match.subject.name, [one.name for one in match.children]) for match in matches] == [
        ("a", ["b"]),
        ("c", []),
    ]


def test_a_qualifier_without_a_value_makes_no_slx() -> None:
    world = World({"deployment": [subject(context="")]}, {})
    assert not list(rule(qualifiers=("resource", "context")).matches(world))


def test_what_is_in_a_managed_cluster_is_named_by_its_subscription() -> None:
    values = managed({"cluster_type": "aks", "subscription_id": "s-1", "subscription_name": None})
    (match,) = rule(qualifiers=("resource", "subscription_id")).of(subject(values=values), World({}, {}))
    assert match.values == {"resource": "cart", "subscription_id": "s-1"}
    assert rule(qualifiers=("resource", "subscription_name")).of(subject(values=values), World({}, {})) == []


def test_detail_beyond_what_the_namespace_wants_makes_no_slx() -> None:
    world = World({"deployment": [subject(level=1)]}, {})
    assert not list(rule(levelOfDetail="detailed").matches(world))
    assert list(rule(levelOfDetail="basic").matches(world))


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ({"type": "pattern", "pattern": "(", "properties": ["name"]}, "not a regular expression"),
        ({"type": "pattern", "pattern": "x"}, "must list 'properties'"),
        ({"type": "wrong"}, "no match rule of type 'wrong'"),
        ({"type": "pattern", "pattern": "x", "properties": ["name"], "mode": "glob"}, "not 'glob'"),
        ({"type": "and", "matches": "name"}, "must be a list"),
        ({"type": "not"}, "must be a mapping"),
        ({"type": "not", "matches": [{}, {}]}, "must have one match, not 2"),
    ],
)
def test_a_rule_that_cannot_work_says_what_and_where(predicate: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said) as err:
        rule(predicate).read()
    assert "r.yaml" in str(err.value)


def test_a_rule_says_why_it_does_not_match() -> None:
    world = World({"deployment": [subject()]}, {})
    either = {"type": "or", "matches": [pattern("zzz", "name"), {"type": "exists", "path": "spec/absent"}]}
    told = [str(one) for one in rule(pattern("cart", "name"), either).explain(world.subjects["deployment"][0], world)]
    assert told == [
        "holds: the type is one of deployment",
        "holds: name contains 'cart'",
        "fails: one of:\n  fails: name contains 'zzz'\n  fails: spec/absent exists and is not empty",
    ]


def test_types_that_discovery_must_read_besides_are_named_once_with_their_version() -> None:
    source = GenerationRule(
        file="r.yaml",
        platform="kubernetes",
        resource_types=("pod", "widgets.example.com/v2", {"group": "g.io", "kind": "Thing"}),
        match=(pattern("x", "name", resourceType="gadgets.example.com"),),
        slxs=({"baseName": "b"},),
    )
    assert custom_types([Rule(source)]) == ["gadgets.example.com", "thing.g.io", "widgets.example.com/v2"]
    assert Rule(source).types == ("pod", "widgets.example.com", "thing.g.io")


def test_a_type_may_name_another_platform_than_its_file() -> None:
    source = rule().source.model_copy(
        update={"resource_types": ("deployment", "aws:ec2_instance", {"platform": "gcp", "resourceType": "project"})}
    )
    mixed = Rule(source).read()
    assert mixed.families == ("kubernetes", "aws", "gcp")
    assert [mixed.on(family).types for family in mixed.families] == [("deployment",), ("ec2_instance",), ("project",)]


def test_an_item_of_the_rule_itself_needs_a_template_and_a_path() -> None:
    for said, missing in (({"path": "x"}, "templateName"), ({"templateName": "t.yaml"}, "path")):
        source = rule().source.model_copy(update={"outputs": ({"type": "slo", **said},)})
        with pytest.raises(BadInput, match=f"r.yaml: .* needs '{missing}'"):
            Rule(source).read()


def test_an_entry_without_a_base_name_is_refused() -> None:
    with pytest.raises(BadInput, match="no baseName"):
        rule(baseName="").read()


def test_a_double_slash_is_a_slash_inside_a_part() -> None:
    assert path_parts("a/b//c/d") == ("a", "b/c", "d")


TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(TREE, st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_no_object_breaks_a_rule(tree: Any, path: list[str]) -> None:
    world = World({"deployment": [subject(resource={"a": tree})]}, {})
    where = "/".join(path)
    for predicate in (pattern(".", where), {"type": "exists", "path": where}):
        assert len(list(rule(predicate).matches(world))) in (0, 1)


ANYTHING = TREE | st.sampled_from(["name", "labels", "spec/replicas", "deployment", "(", "exact"])
PREDICATE = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["pattern", "exists", "custom-variable", "other"])},
        optional={
            "pattern": ANYTHING,
            "properties": ANYTHING,
            "path": ANYTHING,
            "mode": ANYTHING,
            "resourceType": ANYTHING,
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or", "not"])},
        optional={"matches": st.lists(inner, max_size=2) | ANYTHING, "match": inner | ANYTHING},
    ),
    max_leaves=5,
)


@given(PREDICATE, TREE)
def test_whatever_a_rule_says_it_is_refused_with_a_sentence_or_works(predicate: dict[str, Any], tree: Any) -> None:
    written = rule(predicate)
    world = World({"deployment": [subject(resource={"a": tree, "spec": tree})]}, {"custom": tree})
    with contextlib.suppress(BadInput):
        assert len(list(written.read().matches(world))) in (0, 1)
