"""Signatures in minisign's format. The first signature below was made by minisign itself and is public."""

import base64
import hashlib

import pytest

pytest.importorskip("cryptography")

from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import minisign
from runstone.catalog.minisign import SecretKey
from runstone.errors import BadInput, Forbidden

THEIRS = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
SIGNATURE = """\
untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==
"""


def test_a_signature_of_minisign_is_verified_and_no_other_data() -> None:
    trusted = minisign.public_key(f"untrusted comment: x\n{THEIRS}\n")
    assert minisign.verified(b"test", SIGNATURE, trusted) == "timestamp:1556193335\tfile:test"
    with pytest.raises(Forbidden, match="does not fit"):
        minisign.verified(b"Test", SIGNATURE, trusted)
    with pytest.raises(Forbidden, match="does not fit"):
        minisign.verified(b"test", SIGNATURE.replace("file:test", "file:best"), trusted)
    with pytest.raises(Forbidden, match="is signed with the key E7620F1842B4E81F, and the key you trust is"):
        minisign.verified(b"test", SIGNATURE, SecretKey.new().public)


@given(st.binary(max_size=200), st.from_regex(r"[^\r\n\ud800-\udfff]{0,40}", fullmatch=True))
def test_what_is_signed_here_is_verified_here(data: bytes, comment: str) -> None:
    key = SecretKey.new()
    signature = key.sign(data, comment.replace("\x85", "").replace("\u2028", "").replace("\u2029", ""))
    if len(signature.splitlines()) == 4:
        minisign.verified(data, signature, key.public)
    with pytest.raises((Forbidden, BadInput)):
        minisign.verified(data + b"x", signature, key.public)


def test_keys_survive_their_files_and_do_not_show_themselves() -> None:
    key = SecretKey.new()
    assert minisign.secret_key(key.file()) == key
    assert minisign.public_key(key.public.file()) == key.public
    assert minisign.public_key(key.public.text) == key.public
    assert not minisign.is_locked(key.file())
    assert key.seed.hex() not in repr(key)
    assert str(key.seed) not in repr(key)


def locked(key: SecretKey, password: str, operations: int, memory: int) -> str:
    """The key's file as minisign locks it, with costs that a test can pay."""
    plain = base64.b64decode(key.file().splitlines()[1])
    salt = bytes(range(32))
    n, r, p = minisign._costs(operations, memory)
    stream = hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2**30, dklen=104)
    sealed = bytes(one ^ other for one, other in zip(plain[-104:], stream, strict=True))
    costs = operations.to_bytes(8, "little") + memory.to_bytes(8, "little")
    return "untrusted comment: x\n" + base64.b64encode(b"EdScB2" + salt + costs + sealed).decode()


def greedy(key: SecretKey) -> str:
    plain = base64.b64decode(key.file().splitlines()[1])
    costs = (2**50).to_bytes(8, "little") + (2**50).to_bytes(8, "little")
    return "x\n" + base64.b64encode(b"EdScB2" + bytes(32) + costs + plain[-104:]).decode()


def test_a_locked_key_opens_with_its_password_only() -> None:
    key = SecretKey.new()
    text = locked(key, "pass word", 32768, 16 * 1024**2)
    assert minisign.is_locked(text)
    assert minisign.secret_key(text, "pass word") == key
    with pytest.raises(Forbidden, match="password is wrong"):
        minisign.secret_key(text, "password")
    with pytest.raises(BadInput, match="too much memory"):
        minisign.secret_key(greedy(key), "x")


def test_the_costs_are_those_that_minisign_means() -> None:
    # Its own: 33554432 operations, 1 GB.
    assert minisign._costs(33554432, 1024**3) == (2**20, 8, 1)


@pytest.mark.parametrize("text", ["", "x", "RWxx", THEIRS[:-4], THEIRS + "AAAA", "untrusted comment: only"])
def test_what_is_no_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadInput, match="minisign"):
        minisign.public_key(text)
    with pytest.raises(BadInput, match="minisign"):
        minisign.secret_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\nb\nc\nd",
        SIGNATURE.replace("trusted comment: t", "comment: t"),
        SIGNATURE.replace("RUQ", "RUR!"),
        "x\n" * 9,
    ],
)
def test_what_is_no_signature_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadInput, match="no signature"):
        minisign.verified(b"test", text, minisign.public_key(THEIRS))


def test_a_comment_of_several_lines_is_not_signed() -> None:
    with pytest.raises(BadInput, match="one line"):
        SecretKey.new().sign(b"x", "a\nb")
