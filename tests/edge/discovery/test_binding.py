"""SLXs that are kept up to date change by change are the same as those made anew."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runstone.edge.discovery.binding import Bound, Rules, Source
from runstone.edge.discovery.documents import Setting
from runstone.edge.discovery.subjects import Cluster, Subject
from runstone.model.content import CollectionRef
from runstone.model.workspace import SLX

ITEMS = [{"type": "slx", "templateName": "x.yaml"}]
RULES: list[dict[str, Any]] = [
    {
        "resourceTypes": ["deployment", "service"],
        "matchRules": [{"type": "pattern", "pattern": "a|b", "properties": ["name"]}],
        "slxs": [
            {"baseName": "one", "qualifiers": ["resource", "namespace"], "outputItems": ITEMS},
            {"baseName": "all", "qualifiers": ["namespace"], "outputItems": ITEMS},
            {"baseName": "whole", "qualifiers": [], "levelOfDetail": "detailed", "outputItems": ITEMS},
        ],
    },
    {
        "resourceTypes": ["deployment"],
        "matchRules": [{"type": "pattern", "pattern": "b", "properties": ["name"], "resourceType": "service"}],
        "slxs": [{"baseName": "with", "qualifiers": ["resource", "namespace"], "outputItems": ITEMS}],
    },
    {
        "resourceTypes": ["deployment"],
        "matchRules": [],
        "slxs": [{"baseName": "one", "qualifiers": ["namespace", "resource"], "outputItems": ITEMS}],
    },
]
TEMPLATE = """
spec:
  alias: "{{match_resource.name}} {{child_resource_names | join('+')}}"
  statement: "{{match_resource.resource.text}} {{(resources.service | default({})).name}}"
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return made(tmp_path_factory.mktemp("rules"), RULES)


def made(root: Path, written: list[dict[str, Any]]) -> Rules:
    folder = root / "codebundles" / "b" / ".runwhen"
    (folder / "generation-rules").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "generation-rules" / "r.yaml").write_text(yaml.safe_dump({"spec": {"generationRules": written}}))
    (folder / "templates" / "x.yaml").write_text(TEMPLATE)
    ref = CollectionRef(url="https://example.com/c", ref="main", commit="0" * 40)
    file = "codebundles/b/.runwhen/generation-rules/r.yaml"
    return Rules([Source(ref, root, (("codebundles/b", (file,)),))], Setting("w", "l", {}))


def subject(kind: str, name: str, namespace: str = "n", text: str = "", level: int = 2) -> Subject:
    type_ = kind.lower()
    return Subject(type_, kind, name, namespace, "c", "c", {}, {}, {"text": text}, level=level, stamp=text)


def bound(rules: Rules) -> Bound:
    return Bound(rules, "c", "kubernetes", Cluster())


def apply(one: Bound, held: dict[str, SLX], most: int = 1000) -> None:
    while one.waiting:
        for name, slx in one.render(most).items():
            if slx is None:
                held.pop(name)
            else:
                held[name] = slx


SUBJECTS = st.builds(
    subject,
    st.sampled_from(["Deployment", "Service"]),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["n", "m"]),
    st.sampled_from(["", "x"]),
    st.sampled_from([0, 1, 2]),
)
STEPS = st.lists(st.tuples(SUBJECTS, st.booleans()), max_size=6)


@given(history=st.lists(STEPS, max_size=5), most=st.sampled_from([1, 1000]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_the_slxs_are_those_of_what_is_there(
    rules: Rules, history: list[list[tuple[Subject, bool]]], most: int
) -> None:
    one, held = bound(rules), dict[str, SLX]()
    there: dict[tuple[str, str, str], Subject] = {}
    for step in history:
        changed: dict[tuple[str, str, str], Subject | None] = {}
        for found, gone in step:
            changed[found.key] = None if gone else found
        one.change(changed)
        there = {key: value for key, value in {**there, **changed}.items() if value}
        apply(one, held, most)
    anew, fresh = bound(rules), dict[str, SLX]()
    anew.change(there)
    apply(anew, fresh)
    assert held == fresh
    assert set(one.names) == set(held)
    assert bool(held) == any(
        found.level and (found.name != "c" or found.kind == "Deployment") for found in there.values()
    )


def test_a_name_whose_first_maker_is_gone_goes_to_the_next_however_little_is_made_at_a_time(tmp_path: Path) -> None:
    entry = {**RULES[0], "slxs": [{"baseName": "one", "qualifiers": ["resource"], "outputItems": ITEMS}]}
    one, held = bound(made(tmp_path, [entry])), dict[str, SLX]()
    first, second = subject("Deployment", "a", "m"), subject("Deployment", "a", "n", text="second")
    one.change({first.key: first, second.key: second})
    apply(one, held, 1)
    one.change({first.key: None, second.key: subject("Deployment", "a", "n", text="later")})
    apply(one, held, 1)
    assert [found.statement.split()[0] for found in held.values()] == ["later"]


def test_a_change_that_no_template_shows_renders_again_and_tells_nothing(rules: Rules) -> None:
    one = bound(rules)
    one.change({("Deployment", "n", "a"): subject("Deployment", "a")})
    apply(one, {})
    one.change({("Deployment", "n", "a"): Subject(**{**vars(subject("Deployment", "a")), "stamp": "another"})})
    assert one.render(1000) == {}


def test_a_subject_that_no_rule_is_for_costs_nothing(rules: Rules) -> None:
    one = bound(rules)
    one.change({("Pod", "n", "p"): subject("Pod", "p")})
    assert one.waiting == 0


def test_two_rules_that_give_one_name_are_told_and_the_first_one_counts(tmp_path: Path) -> None:
    entry = {**RULES[0], "slxs": [{"baseName": "x" * 20, "qualifiers": ["resource"], "outputItems": ITEMS}]}
    shorter = {**entry, "slxs": [{**entry["slxs"][0], "baseName": "other", "shortenedBaseName": "other"}]}
    one = bound(made(tmp_path, [shorter, {**shorter, "matchRules": []}]))
    one.change({("Deployment", "n", "a"): subject("Deployment", "a")})
    held: dict[str, SLX] = {}
    apply(one, held)
    assert len(held) == 2, "bases used twice are numbered, so that none hides another"


def test_of_two_subjects_with_one_name_the_second_is_a_finding(tmp_path: Path) -> None:
    entry = {**RULES[0], "slxs": [{"baseName": "one", "qualifiers": ["resource"], "outputItems": ITEMS}]}
    one, held = bound(made(tmp_path, [entry])), dict[str, SLX]()
    one.change({one_.key: one_ for one_ in (subject("Deployment", "a"), subject("Deployment", "a", "m"))})
    apply(one, held)
    assert len(held) == 1
    (finding,) = one.findings()
    assert "Use another baseName or other qualifiers" in finding.message
