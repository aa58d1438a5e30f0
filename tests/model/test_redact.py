"""What must not leave is masked, in whatever form it appears."""

import base64
import json
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runstone.model.decoded import decoded, unfolded
from runstone.model.redact import MASK, Redactor

SECRETS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)
TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@given(SECRETS, TEXT, TEXT)
def test_a_known_value_is_masked_wherever_it_stands(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    assert secret not in redactor.text(before + secret + after).replace(MASK, "\0")


@given(SECRETS, TEXT)
def test_a_known_value_is_masked_in_its_encoded_forms(secret: str, before: str) -> None:
    redactor = Redactor([secret])
    encoded = {
        "url": quote(secret, safe=""),
        "json": json.dumps(secret)[1:-1],
        "base64": base64.b64encode(secret.encode()).decode(),
    }
    for form, text in encoded.items():
        seen = redactor.text(f"{before} {text}")
        assert text not in seen or MASK in seen, form


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5))
def test_a_known_value_is_masked_inside_a_longer_base64_text(secret: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + secret.encode() + after).decode()
    seen = Redactor([secret]).text(text)
    assert MASK in seen
    kept = seen.replace(MASK, "")
    assert len(kept) <= len(text) - (len(secret) * 8 // 6 - 4)


@given(TEXT)
def test_with_no_secrets_plain_words_pass(text: str) -> None:
    words = " ".join(word for word in text.split() if word.isalpha())
    assert Redactor().text(words) == words


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nAAAA\n-----END RSA PRIVATE KEY-----",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
        "postgres://shop:hunter22@db:5432/orders",
        "Authorization: Bearer abcdefghijkl",
        'password = "correct horse"',
        "DB_PASSWORD=hunter22",
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str) -> None:
    assert MASK in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        'secret "payment-api-key" not found',
        "CATALOG_ADDR is catalog:3551, but Service catalog listens on 3550",
        'MountVolume.SetUp failed for volume "tls" : secret "shop-tls" not found',
        "dial tcp 10.96.3.7:3551: connect: connection refused",
        "https://registry.example.com/shop/ads:v1",
    ],
)
def test_what_an_operator_must_read_is_left(text: str) -> None:
    assert Redactor().text(text) == text


KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [
        {"name": "prod", "cluster": {"server": "https://abc.eks.example.com", "insecure-skip-tls-verify": True}}
    ],
    "users": [{"name": "me", "user": {"token": "abcdef-123456-token", "client-key-data": "TUlJRW93SUJBQUtDQVFF"}}],
}


@pytest.mark.parametrize(
    "written", [json.dumps(KUBECONFIG), json.dumps(KUBECONFIG, indent=1), yaml.safe_dump(KUBECONFIG)]
)
def test_of_a_kubeconfig_what_is_secret_is_masked_by_itself_and_the_rest_can_be_read(written: str) -> None:
    redactor = Redactor([written])
    assert redactor.text("used abcdef-123456-token here") == f"used {MASK} here"
    assert redactor.text("key TUlJRW93SUJBQUtDQVFF") == f"key {MASK}"
    said = "apiVersion: v1\nkind: Config of prod at https://abc.eks.example.com, insecure-skip-tls-verify: true"
    assert redactor.text(said) == said


@pytest.mark.parametrize(
    ("value", "piece"),
    [
        ("postgres://shop:hun%2Fter22@db:5432/orders", "hun/ter22"),
        ("Endpoint=sb://bus.example.com/;SharedAccessKeyName=all;SharedAccessKey=aGVsbG8gdGhlcmU=", "aGVsbG8gdGhlcmU="),
        ("DB_USER=shop\nDB_PASSWORD='hunter 22'\n", "hunter 22"),
        ('{"auths": {"registry": {"auth": "bWU6aHVudGVyMjI="}}}', "bWU6aHVudGVyMjI="),
        ("MIIEowIBAAKCAQEAx7Qw\nq9vT3hJ2m8LrZsD5uYpN\n", "q9vT3hJ2m8LrZsD5uYpN"),
        ("[default]\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG\n", "wJalrXUtnFEMI/K7MDENG"),
        (json.dumps({"private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n"}), "MIIEvQIBADANBg"),
        ("some words in a first line\nand a second: one two\n", "some words in a first line"),
    ],
)
def test_a_telling_piece_of_a_value_is_masked_by_itself(value: str, piece: str) -> None:
    assert Redactor([value]).text(f"got ({piece})") == f"got ({MASK})"


def test_a_value_of_less_than_six_characters_is_not_masked() -> None:
    assert Redactor(["prod", "12345"]).text("12345 pods in prod") == "12345 pods in prod"
    assert Redactor(["123456"]).text("123456 pods") == f"{MASK} pods"


def test_what_stands_around_a_masked_credential_stays() -> None:
    assert Redactor().text('{"password": "correct horse", "n": 1}') == f'{{"password": "{MASK}", "n": 1}}'
    assert Redactor().text("redis://:hunter22@cache:6379/0") == f"redis://{MASK}@cache:6379/0"


def test_a_tree_is_masked_in_keys_and_values() -> None:
    seen = Redactor(["s3cr3t-value"]).tree({"a s3cr3t-value": ["x", {"y": "s3cr3t-value"}], "n": 1, "none": None})
    assert "s3cr3t-value" not in json.dumps(seen)
    assert seen["n"] == 1


def test_a_decoded_text_knows_where_each_part_of_it_was() -> None:
    text = "a\\u00fcb%20c&amp;d\x1b[31me"
    view = decoded(text)
    assert view.text == "aüb c&de"
    assert [text[slice(*view.source(at, at + 1))] for at in range(8)] == [
        *("a", "\\u00fc", "b", "%20", "c", "&amp;"),
        "d",
        "e",
    ]
    folded = "x " + "A" * 20 + "\n  " + "B" * 20 + "\nC=\n"
    joined = unfolded(folded)
    assert joined.text == f"x {'A' * 20}{'B' * 20}C=\n"
    assert folded[slice(*joined.source(21, 23))] == "A\n  B"
    assert folded[slice(*joined.source(2, 22))] == "A" * 20


@given(st.text(st.sampled_from("\\u00fc%20x41&amp;#'\"n\x1b[m3\n"), max_size=60))
def test_no_text_breaks_decoding(text: str) -> None:
    view = decoded(text)
    start, end = view.source(0, len(view.text))
    assert not view.text or decoded(text[start:end]).text == view.text
    assert Redactor(["never-there"]).text(text) == text
