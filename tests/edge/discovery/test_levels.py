"""How much is asked for of what: who is heard first, and what is left out."""

from typing import Any

import pytest

from runstone.edge.discovery.levels import Levels, Wanted, level
from runstone.edge.discovery.relations import Objects, ref_of
from runstone.errors import BadInput


def namespace(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", **metadata}}


def deployment(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "shop", **metadata}}


def asked(wanted: Wanted, place: dict[str, Any] | None = None, obj: dict[str, Any] | None = None) -> tuple[int, bool]:
    """Level of a deployment in the namespace shop, and whether it is left out."""
    one = obj or deployment()
    objects = Objects("c", [place or namespace(), one])
    levels, ref = Levels("kubernetes", wanted), ref_of(one, "c")
    return levels.level(ref, one, objects), levels.excluded(ref, one, objects)


LOD = "config.runwhen.com/lod"


@pytest.mark.parametrize(
    ("wanted", "annotations", "expected"),
    [
        (Wanted(), {}, 2),
        (Wanted(default=1), {}, 1),
        (Wanted(default=1, places={"shop": 2}), {}, 2),
        (Wanted(default=2, places={"shop": 1}), {LOD: "detailed"}, 2),
        (Wanted(default=2, places={"shop": 1}), {LOD: "nonsense"}, 1),
        (Wanted(default=2, places={"other": 0}), {}, 2),
    ],
)
def test_the_annotation_is_heard_before_the_namespace_and_that_before_the_default(
    wanted: Wanted, annotations: dict[str, str], expected: int
) -> None:
    assert asked(wanted, namespace(annotations=annotations))[0] == expected


@pytest.mark.parametrize(
    ("wanted", "place", "obj", "left_out"),
    [
        (Wanted(default=0), {}, {}, True),
        (Wanted(), {"annotations": {"config.runwhen.com/ignore": "true"}}, {}, True),
        (Wanted(), {}, {"annotations": {"config.runwhen.com/ignore": "true"}}, True),
        (Wanted(), {}, {"labels": {"runwhen-local": "ignore"}}, True),
        (Wanted(), {}, {"labels": {"runwhen-local": "other"}}, False),
        (Wanted(exclude_labels=frozenset({("env", "dev")})), {"labels": {"env": "dev"}}, {}, True),
        (Wanted(exclude_labels=frozenset({("env", "dev")})), {}, {"labels": {"env": "prod"}}, False),
        (Wanted(include_labels=frozenset({("env", "prod")})), {"labels": {"env": "prod"}}, {}, True),
        (
            Wanted(include_labels=frozenset({("env", "prod")})),
            {"labels": {"env": "prod"}},
            {"labels": {"env": "prod"}},
            False,
        ),
        (Wanted(only=("shop",)), {}, {}, False),
        (Wanted(only=("sho",)), {}, {}, True),
        (Wanted(only=("sh.*",)), {}, {}, False),
        (Wanted(only=("[",)), {}, {}, True),
    ],
)
def test_what_is_left_out(wanted: Wanted, place: dict[str, Any], obj: dict[str, Any], left_out: bool) -> None:
    assert asked(wanted, namespace(**place), deployment(**obj))[1] is left_out


def test_excludes_reach_custom_resources_and_what_lies_in_no_namespace(tmp_path: object) -> None:
    issuer = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": "x", "labels": {"a": "b"}},
    }
    wanted = Wanted(exclude_labels=frozenset({("a", "b")}))
    assert Levels("kubernetes", wanted).excluded(ref_of(issuer, "c"), issuer, Objects("c", [issuer]))


def test_a_namespace_that_changes_is_asked_again() -> None:
    obj = deployment()
    objects = Objects("c", [namespace(), obj])
    levels, ref = Levels(), ref_of(obj, "c")
    assert levels.level(ref, obj, objects) == 2
    objects.put(namespace(annotations={LOD: "basic"}))
    assert levels.forget("shop")
    assert levels.level(ref, obj, objects) == 1
    assert not levels.forget("elsewhere")


@pytest.mark.parametrize(
    ("family", "obj", "expected"),
    [
        ("azure", {"resource_group": {"name": "rg"}}, 1),
        ("azure", {"resource_group": "rg"}, 1),
        ("gcp", {"project_id": "rg"}, 1),
        ("aws", {"account_id": "rg"}, 1),
        ("azure", {"resource_group": "other"}, 2),
        ("host", {}, 2),
    ],
)
def test_clouds_have_levels_by_group_project_and_account(family: str, obj: dict[str, Any], expected: int) -> None:
    one = {"apiVersion": "x", "kind": "X", "metadata": {"name": "x", "namespace": "eu"}, **obj}
    levels = Levels(family, Wanted(places={"rg": 1}))
    assert levels.level(ref_of(one, "c"), one, Objects("c", [one])) == expected


@pytest.mark.parametrize(("said", "expected"), [("none", 0), ("Basic", 1), (2, 2), ("0", 0)])
def test_a_level_is_a_word_or_its_number(said: object, expected: int) -> None:
    assert level(said, "x") == expected


def test_any_other_word_is_said() -> None:
    with pytest.raises(BadInput, match="here: a level of detail is none, basic or detailed"):
        level("full", "here")
