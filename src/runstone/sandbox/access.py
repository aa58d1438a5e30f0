"""Who may do what, and a record of who did: tokens, forbidden verbs, the audit list."""

import secrets
from collections import deque
from dataclasses import dataclass, field

from runstone.sandbox.clock import Clock, stamp
from runstone.sandbox.objects import Obj
from runstone.sandbox.status import ApiError, qualified

READING = frozenset({"get", "list", "watch"})
"""Verbs that change nothing."""

REVIEWS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})
"""Created, but asking only: every user may, and no audit counts them as a write."""

AUDIT_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One attributed request. `verb` is Kubernetes' word; `resource` is plural, with /subresource."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str

    @property
    def is_write(self) -> bool:
        """True when the request could change the cluster."""
        return self.verb not in READING and self.resource not in REVIEWS


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One request and its answer. `at` is RFC 3339, `code` the HTTP status."""

    at: str
    user: str
    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    code: int
    is_write: bool


@dataclass(frozen=True, slots=True)
class Ban:
    """What a user may not do; '*' and '' mean any."""

    user: str
    verb: str
    resource: str
    namespace: str = ""

    def covers(self, user: str, asked: Asked) -> bool:
        """Does this ban stop that request?"""
        return (
            self.user == user
            and self.verb in ("*", asked.verb)
            and self.resource in ("*", asked.resource, asked.resource.split("/")[0] + "/*")
            and self.namespace in ("", asked.namespace)
        )


@dataclass(slots=True)
class Gate:
    """Tokens of the two users, admin and viewer (who only reads, and no Secrets), and the bans on them."""

    clock: Clock
    tokens: dict[str, str] = field(
        default_factory=lambda: {user: secrets.token_urlsafe(24) for user in ("admin", "viewer")}
    )
    bans: list[Ban] = field(default_factory=lambda: [Ban("viewer", "*", "secrets")])
    audit: deque[AuditRecord] = field(default_factory=lambda: deque[AuditRecord](maxlen=AUDIT_KEPT))

    def user_of(self, token: str) -> str:
        """Whose token this is. Raises ApiError 401."""
        for user, held in self.tokens.items():
            if secrets.compare_digest(held.encode(), token.encode()):
                return user
        raise ApiError(401, "Unauthorized", "Unauthorized")

    def expire(self, user: str) -> str:
        """Make a user's token worthless and return the new one."""
        self.tokens[user] = secrets.token_urlsafe(24)
        return self.tokens[user]

    def forbid(self, user: str, verb: str, resource: str, namespace: str = "") -> Ban:
        """From now on answer 403 to that user for verb + resource, everywhere or in one namespace."""
        ban = Ban(user, verb, resource, namespace)
        self.bans.append(ban)
        return ban

    def allow(self, ban: Ban) -> None:
        """Lift a ban."""
        self.bans.remove(ban)

    def allows(self, user: str, asked: Asked) -> bool:
        """May that user do this?"""
        if user == "viewer" and asked.is_write:
            return False
        return not any(ban.covers(user, asked) for ban in self.bans)

    def check(self, user: str, asked: Asked) -> None:
        """Raises ApiError 403 in the words of the real one."""
        if self.allows(user, asked):
            return
        scope = f' in the namespace "{asked.namespace}"' if asked.namespace else " at the cluster scope"
        subject = qualified(asked.resource, asked.group)
        named = f'{subject} "{asked.name}"' if asked.name else subject
        message = (
            f'{named} is forbidden: User "{user}" cannot {asked.verb} resource "{asked.resource}" '
            f'in API group "{asked.group}"{scope}'
        )
        details: Obj = {"name": asked.name, "group": asked.group, "kind": asked.resource}
        raise ApiError(403, "Forbidden", message, details)

    def record(self, user: str, asked: Asked, code: int) -> None:
        """Keep one line of the audit."""
        moment = stamp(self.clock.now())
        self.audit.append(
            AuditRecord(
                moment,
                user,
                asked.verb,
                asked.group,
                asked.resource,
                asked.namespace,
                asked.name,
                code,
                asked.is_write,
            )
        )
