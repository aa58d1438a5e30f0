"""From a request to an actor. Every route but ``/healthz`` and the page's own files asks here.

Tokens are opaque and kept only as SHA-256, so the table is worth nothing to who reads it. A browser that opened the
printed URL carries the token in the URL's fragment, which browsers do not send to servers nor to other sites.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param

from runstone.control import access
from runstone.control.access import Action, Actor
from runstone.errors import NotAllowed


class Unauthenticated(NotAllowed):
    """No token, or one that is not known."""


class Tokens:
    """Which token is whose: SHA-256 in hex of the token, to its actor."""

    def __init__(self, actors: Mapping[str, Actor]) -> None:
        self._actors = actors

    def actor(self, token: str) -> Actor:
        """The actor of ``token``. Raises Unauthenticated."""
        hashed = fingerprint(token)
        for known, actor in self._actors.items():
            if hmac.compare_digest(known, hashed):
                return actor
        raise Unauthenticated("This token is not known here. `runstone up` prints the URL with the right one.")


def fingerprint(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def actor(request: Request) -> Actor:
    """The actor of a request's bearer token. Raises Unauthenticated."""
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send the header 'Authorization: Bearer TOKEN'; `runstone up` prints the token's file.")
    tokens: Tokens = request.app.state.tokens
    return tokens.actor(token)


def may(action: Action) -> Callable[[Request], Actor]:
    """A route dependency: the actor, if it may do ``action``. Raises NotAllowed."""

    def allowed(request: Request) -> Actor:
        who = actor(request)
        access.check(who, action)
        return who

    return allowed
