"""Patches as values: a table, and what must hold for any patch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.sandbox import patch
from runstone.sandbox.status import ApiError

POD = {
    "containers": [
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
        {"name": "b", "image": "b:1"},
    ],
    "tolerations": [{"key": "k"}],
    "volumes": [{"name": "v", "emptyDir": {}}],
}


@pytest.mark.parametrize(
    ("change", "path", "wanted"),
    [
        ({"containers": [{"name": "b", "image": "b:2"}]}, ("containers", 1), {"name": "b", "image": "b:2"}),
        (
            {"containers": [{"name": "a", "env": [{"name": "X", "$patch": "delete"}]}]},
            ("containers", 0, "env"),
            [{"name": "Y", "value": "2"}],
        ),
        (
            {"containers": [{"$patch": "replace"}, {"name": "c", "image": "c"}]},
            ("containers",),
            [{"name": "c", "image": "c"}],
        ),
        ({"tolerations": [{"key": "z"}]}, ("tolerations",), [{"key": "z"}]),
        (
            {"volumes": [{"name": "v", "emptyDir": None, "secret": {"secretName": "s"}}]},
            ("volumes", 0),
            {"name": "v", "secret": {"secretName": "s"}},
        ),
        (
            {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]},
            ("volumes", 0),
            {"name": "v", "configMap": {"name": "c"}},
        ),
        ({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}, ("containers", 0, "name"), "b"),
        ({"volumes": None}, ("volumes",), None),
    ],
)
def test_a_strategic_merge(change, path, wanted) -> None:
    found = patch.strategic(POD, change, "Pod")
    for step in path:
        found = found.get(step) if isinstance(found, dict) else found[step]
    assert found == wanted


def test_service_ports_merge_by_port_and_finalizers_as_a_set() -> None:
    service = {"ports": [{"port": 80, "name": "http"}], "finalizers": ["a", "b"]}
    change = {
        "ports": [{"port": 80, "targetPort": 8080}],
        "finalizers": ["c"],
        "$deleteFromPrimitiveList/finalizers": ["a"],
    }
    merged = patch.strategic(service, change, "Service")
    assert merged["ports"] == [{"port": 80, "name": "http", "targetPort": 8080}]
    assert set(merged["finalizers"]) == {"b", "c"}


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "remove", "path": "/nothing"}],
        [{"op": "test", "path": "/tolerations/0/key", "value": "other"}],
        [{"op": "replace", "path": "/containers/7/image", "value": "x"}],
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operations) -> None:
    with pytest.raises(ApiError) as refused:
        patch.json_patch(POD, operations)
    assert refused.value.code == 422


def test_a_json_patch_leaves_its_target_alone() -> None:
    before = {"a": [1, 2]}
    assert patch.json_patch(before, [{"op": "add", "path": "/a/-", "value": 3}]) == {"a": [1, 2, 3]}
    assert before == {"a": [1, 2]}


_names = st.sampled_from(["a", "b", "c"])
_leaf = st.one_of(st.integers(), st.text(max_size=4), st.booleans())
_env = st.lists(
    st.fixed_dictionaries({"name": _names, "value": st.text(max_size=3)}), max_size=3, unique_by=lambda one: one["name"]
)
_container = st.fixed_dictionaries({"name": _names}, optional={"image": st.text(max_size=3), "env": _env})
_spec = st.fixed_dictionaries(
    {},
    optional={
        "containers": st.lists(_container, max_size=3, unique_by=lambda one: one["name"]),
        "nodeSelector": st.dictionaries(_names, _leaf, max_size=2),
        "tolerations": st.lists(st.dictionaries(_names, _leaf, max_size=2), max_size=2),
    },
)


@given(_spec, _spec)
def test_patching_twice_is_patching_once(target, change) -> None:
    once = patch.strategic(target, change, "Pod")
    assert patch.strategic(once, change, "Pod") == once


@given(_spec, _spec)
def test_a_merge_with_itself_changes_nothing(target, change) -> None:
    assert patch.strategic(target, target, "Pod") == target
    assert patch.merge(patch.merge(target, change), change) == patch.merge(target, change)
