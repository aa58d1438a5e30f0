"""Whether a webhook of a git server is from who it says, by the secret both sides know.

GitHub: docs.github.com "Validating webhook deliveries" (``X-Hub-Signature-256: sha256=HEX``). Gitea and Forgejo:
docs.gitea.com "Webhooks" (``X-Gitea-Signature: HEX``). GitLab: docs.gitlab.com "Webhooks" (``X-Gitlab-Token``: the
secret itself). A hook of one's own: ``X-Runstone-Signature: sha256=HEX``. HEX is the HMAC-SHA256 of the body.

A delivery that is sent again does no harm: it only asks to look for a new commit.
"""

import hashlib
import hmac
from collections.abc import Mapping

SIGNATURES: Mapping[str, str] = {
    "x-runstone-signature": "sha256=",
    "x-hub-signature-256": "sha256=",
    "x-gitea-signature": "",
}
"""Headers that carry the HMAC of the body, each with what stands before its hexadecimal digits."""
TOKEN = "x-gitlab-token"  # noqa: S105  the name of a header
LEAST_SECRET = 16
"""Characters of a secret worth the name."""


def signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether one of the known headers proves that the sender knows the secret. Header names are in small letters."""
    if len(secret) < LEAST_SECRET:
        return False
    if TOKEN in headers:
        return _same(headers[TOKEN], secret)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    name = next((one for one in SIGNATURES if one in headers), None)
    return name is not None and _same(headers[name], SIGNATURES[name] + digest)


def _same(told: str, expected: str) -> bool:
    return hmac.compare_digest(told.encode(), expected.encode())
