"""A signed, single-use yes to exactly one change. Pure; control signs, the runner verifies.

The digest covers Task, target, parameters, code and expiry, so an Approval fits nothing else. The signature is
HMAC-SHA256 (RFC 2104) with a key that only this control zone and this runner hold.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from runstone.errors import NotAllowed
from runstone.model.content import BundleRef
from runstone.model.noun import Noun
from runstone.model.workspace import SecretNeed


class Approval(Noun):
    """What travels with a read-write Lease, as JSON."""

    proposal: str
    digest: str
    expires: str
    """UTC, ISO 8601."""
    mac: str


def digest(task: str, target: str, parameters: Mapping[str, str], code: str, expires: str) -> str:
    """SHA-256, in hex, over the exact change: Task title, target path, parameters, code and expiry.

    ``code`` names what would run, as :func:`code_of` tells: the CodeBundle at its commit, and the secrets it is given.
    """
    body = json.dumps([task, target, sorted(parameters.items()), code, expires], separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def code_of(bundle: BundleRef, secrets: Iterable[SecretNeed]) -> str:
    """What would run: the CodeBundle with its commit, and the names and keys of its secrets."""
    return json.dumps([bundle.model_dump(), sorted((need.name, need.key) for need in secrets)], sort_keys=True)


def sign(key: bytes, proposal: str, exact: str, expires: str) -> Approval:
    """An Approval of the change with digest ``exact``."""
    return Approval(proposal=proposal, digest=exact, expires=expires, mac=_mac(key, proposal, exact, expires))


def verify(key: bytes, text: str, exact: str, now: str) -> Approval:
    """The Approval in ``text`` if it is genuine, unexpired, and for the change with digest ``exact``.

    Raises NotAllowed with the reason otherwise. ``now`` is UTC, ISO 8601.
    """
    try:
        approval = Approval.model_validate_json(text)
    except ValueError as err:
        raise NotAllowed("This Task may change things and came without a readable approval. Nothing was run.") from err
    expected = _mac(key, approval.proposal, approval.digest, approval.expires)
    if not hmac.compare_digest(approval.mac, expected):
        raise NotAllowed(
            f"The approval of proposal {approval.proposal} is not signed by this control zone. Nothing was run."
        )
    if not hmac.compare_digest(approval.digest, exact):
        raise NotAllowed(
            f"Proposal {approval.proposal} was approved for another Task, target or parameters. Nothing was run."
        )
    if approval.expires <= now:
        raise NotAllowed(
            f"The approval of proposal {approval.proposal} ended at {approval.expires}. Ask for a new one."
        )
    return approval


def _mac(key: bytes, proposal: str, exact: str, expires: str) -> str:
    return hmac.new(key, f"{proposal}\n{exact}\n{expires}".encode(), hashlib.sha256).hexdigest()
