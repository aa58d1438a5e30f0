"""A secret's key is read exactly, and a secret does not show itself."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.errors import BadInput
from runstone.model.secret import Secret, SecretRef

WORD = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True)


@given(
    WORD, st.just("") | WORD, st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1).filter(str.strip)
)
def test_whatever_is_written_as_a_key_is_read_as_it_was_meant(provider: str, kind: str, path: str) -> None:
    ref = SecretRef.parse(f"{provider}{kind and ':' + kind}@{path}")
    known = {"k8s": "kubernetes", "google": "gcp"}
    assert (ref.provider, ref.kind, ref.path) == (known.get(provider, provider), kind, path.rstrip())


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("file@/a b/c", ("file", "", "/a b/c")),
        ("k8s:file@ns/secret/a:b", ("kubernetes", "file", "ns/secret/a:b")),
        ("AWS:IRSA@cli", ("aws", "irsa", "cli")),
        ("vault@secret/a@b:c", ("vault", "", "secret/a@b:c")),
    ],
)
def test_a_key_is_read(key: str, expected: tuple[str, str, str]) -> None:
    ref = SecretRef.parse(key)
    assert (ref.provider, ref.kind, ref.path) == expected


@pytest.mark.parametrize("key", ["", "plain", "@x", "file@", "a b@c", ":x@y", "file@a\nb", "env@a\0b"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="Write provider@path"):
        SecretRef.parse(key)


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("token", "hidden-value")
    assert "hidden-value" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="does not serialise"):
        pickle.dumps(secret)
