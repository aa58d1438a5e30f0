"""How connectors are found."""

import pytest

from runstone import plugins
from runstone.connectors.executors import Executor
from runstone.connectors.secrets import SecretProvider
from runstone.errors import NotFound


def test_every_connector_in_a_kinds_folder_is_known_and_loads() -> None:
    assert "process" in plugins.names("executors")
    for kind, protocol in (("executors", Executor), ("secrets", SecretProvider)):
        for name in plugins.names(kind):
            assert issubclass(plugins.load(kind, name), protocol)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFound, match=r"no 'vauld' among secrets \(known: .*env, file"):
        plugins.load("secrets", "vauld")


@pytest.mark.parametrize("kind", ["nothing", "secrets.env", "../etc", ""])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(NotFound, match="no kind of connector"):
        plugins.names(kind)
