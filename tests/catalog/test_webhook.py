"""Signatures of git servers, against what those servers document and send."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import webhook

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
# The example that GitHub's documentation "Validating webhook deliveries" gives for this secret and body.
HUB = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-hub-signature-256": f"sha256={HUB}"},
        {"x-gitea-signature": HUB},
        {"x-runstone-signature": f"sha256={HUB}"},
        {"x-gitlab-token": SECRET},
        # Gitea sends GitHub's header as well.
        {"x-hub-signature-256": f"sha256={HUB}", "x-gitea-signature": HUB},
    ],
)
def test_each_server_is_known_by_its_own_header(headers: dict[str, str]) -> None:
    assert webhook.signed(headers, BODY, SECRET)
    assert not webhook.signed(headers, BODY, SECRET + "x")
    if "x-gitlab-token" not in headers:
        assert not webhook.signed(headers, BODY + b" ", SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature": "sha1=0"},
        {"x-hub-signature-256": HUB},
        {"x-hub-signature-256": ""},
        {"x-gitlab-token": ""},
        {"x-gitlab-token": "é"},
        {"x-gitea-signature": f"sha256={HUB}"},
    ],
)
def test_anything_else_is_not_signed(headers: dict[str, str]) -> None:
    assert not webhook.signed(headers, BODY, SECRET)


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_missing_or_short_secret_signs_nothing(secret: str) -> None:
    digest = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    assert not webhook.signed({"x-gitea-signature": digest}, BODY, secret)
    assert not webhook.signed({"x-gitlab-token": secret}, BODY, secret)


@given(st.binary(), st.text(min_size=16), st.sampled_from(sorted(webhook.SIGNATURES)))
def test_what_the_secret_signs_is_taken_and_no_other_body(body: bytes, secret: str, name: str) -> None:
    try:
        key = secret.encode()
    except UnicodeEncodeError:
        return
    digest = webhook.SIGNATURES[name] + hmac.new(key, body, hashlib.sha256).hexdigest()
    assert webhook.signed({name: digest}, body, secret)
    assert not webhook.signed({name: digest}, body + b"x", secret)
