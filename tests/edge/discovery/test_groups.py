"""Map rules put SLXs into groups and say what depends on what."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runstone.edge.discovery import groups
from runstone.edge.discovery.groups import Grouped, Placed
from runstone.edge.discovery.subjects import Cluster, Subject
from runstone.edge.discovery.templating import Engine
from runstone.errors import BadInput


def placed(base: str, name: str = "", namespace: str = "shop", **resource: Any) -> Placed:
    subject = Subject("deployment", "Deployment", name or base, namespace, "c", "c", {}, {}, resource)
    short = f"{name or base}-{namespace}-{base}"
    return Placed(short, f"w--{short}", short, base, {"namespace": namespace}, subject)


def rules(folder: Path, **spec: Any) -> groups.MapRules:
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"kind": "MapCustomizationRules", "spec": spec}))
    return groups.read([file])


def match(pattern: str, property_: str = "base-name", **more: Any) -> dict[str, Any]:
    return {"type": "pattern", "matchType": property_, "pattern": pattern, **more}


def grouped(found: groups.MapRules, *slxs: Placed) -> Grouped:
    return groups.grouped(slxs, found, Cluster(), Engine())


def test_the_first_rule_that_matches_names_the_group_by_priority_then_as_written(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        groupRules=[
            {"match": match("."), "group": "late", "priority": 5},
            {"match": match("health"), "group": "{{namespace.name}} ({{cluster.name}})"},
            {"match": match("depl"), "group": "never for depl-health"},
        ],
    )
    members = grouped(found, placed("depl-health"), placed("depl-ops"), placed("other")).members
    assert members == {
        "shop (c)": ["depl-health-shop-depl-health"],
        "never for depl-health": ["depl-ops-shop-depl-ops"],
        "late": ["other-shop-other"],
    }


@pytest.mark.parametrize(
    ("predicate", "holds"),
    [
        (match("health"), True),
        (match("health", matchMode="exact"), False),
        (match("depl-health", matchMode="exact"), True),
        (match("shop", "namespace"), True),
        (match("^w--", "name"), True),
        (match("^depl-health-shop", "qualified-name"), True),
        (match("gold", "metadata/labels/tier"), True),
        ({"type": "not", "predicate": match("ops")}, True),
        ({"type": "and", "matches": [match("depl"), match("ops")]}, False),
        ({"type": "or", "matches": [match("depl"), match("ops")]}, True),
    ],
)
def test_predicates(tmp_path: Path, predicate: dict[str, Any], holds: bool) -> None:
    found = rules(tmp_path, groupRules=[{"match": predicate, "group": "g"}])
    one = placed("depl-health", metadata={"labels": {"tier": "gold"}})
    assert bool(grouped(found, one).members) is holds


def test_what_no_rule_matches_is_in_no_group(tmp_path: Path) -> None:
    assert grouped(rules(tmp_path, groupRules=[]), placed("x")).members == {}


def test_relationships_between_groups_and_slxs_are_told_in_either_direction(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        groupRules=[{"match": match("a"), "group": "front"}, {"match": match("b"), "group": "back"}],
        groupRelationshipRules=[
            {"subject": "front", "verb": "dependent-on", "matches": match("back")},
            {"subject": "front", "verb": "depended-on-by", "matches": [match("back")]},
        ],
        slxRelationshipRules=[{"subject": "a-shop-a", "verb": "dependent-on", "matches": [match("b")]}],
    )
    told = grouped(found, placed("a"), placed("b"))
    assert told.depends == {"front": ["back"], "back": ["front"]}
    assert told.relationships == [("a-shop-a", "dependent-on", "b-shop-b")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spec: [", "cannot be read as YAML"),
        ("[]", "the file must be a mapping"),
        ("spec: {groupRules: [{match: {type: pattern, pattern: x}}]}", "must name a 'group'"),
        ("spec: {groupRules: [{group: g, match: {type: odd}}]}", "no match of type 'odd'"),
        ("spec: {groupRules: [{group: g, match: {type: pattern, pattern: '['}}]}", "is not a regular expression"),
        ("spec: {groupRules: [{group: g, match: {type: pattern, pattern: x, matchMode: odd}}]}", "a matchMode is"),
        ("spec: {groupRelationshipRules: [{subject: g, verb: odd, matches: []}]}", "a verb is"),
    ],
)
def test_what_cannot_be_read_names_the_file_and_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"bad\.yaml") as caught:
        groups.read([file])
    assert said in str(caught.value)


def test_the_built_in_rules_can_be_read_and_know_the_usual_base_names() -> None:
    found = groups.read([groups.BUILTIN])
    members = grouped(found, placed("depl-health"), placed("http-ok-tls-test"), placed("cluster-resource")).members
    assert list(members) == ["shop (c)", "Public HTTP Endpoint Health", "Cluster Resources"]
