"""What the log of a container says about why it is ill: refused connections, unknown hosts, panics and the like.

Recognises what the runtimes and common clients of Go, Python, Node and Java print. A Clue names the line, and the
addresses in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from RW.Kubernetes import moment

_KINDS: list[tuple[str, str]] = [
    (
        "rbac",
        r"is forbidden: User \\?\"system:serviceaccount:|cannot (?:get|list|watch|create|update|patch|delete) resource",
    ),
    ("tls_expired", r"certificate has expired|CERT_HAS_EXPIRED|CertificateExpiredException|NotAfter: "),
    (
        "tls",
        r"x509: |certificate verify failed|CERTIFICATE_VERIFY_FAILED|SSLHandshakeException|PKIX path building failed"
        r"|unable to verify the first certificate|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|tls: (?:bad certificate"
        r"|handshake failure)"
        r"|first record does not look like a TLS handshake|wrong version number",
    ),
    (
        "dns",
        r"lookup \S+ on \S+: .*(?:i/o timeout|server misbehaving)|Temporary failure in name resolution|EAI_AGAIN",
    ),
    (
        "no_host",
        r"no such host|ENOTFOUND|Name or service not known|nodename nor servname|UnknownHostException"
        r"|could not translate host name|Name does not resolve|Unknown host|\[Errno -[25]\]|DNS resolution failed",
    ),
    ("refused", r"(?i)connection refused|ECONNREFUSED|Connection to \S+ refused|actively refused"),
    (
        "timeout",
        r"i/o timeout|ETIMEDOUT|(?i:connect(?:ion)?|read|request|dial|socket)\S* (?:attempt )?timed? ?out"
        r"|SocketTimeoutException"
        r"|ConnectTimeout|no route to host|EHOSTUNREACH|NoRouteToHostException|context deadline exceeded"
        r"|DeadlineExceeded"
        r"|DEADLINE_EXCEEDED",
    ),
    (
        "auth",
        r"(?i)password authentication failed|WRONGPASS|NOAUTH|Access denied for user|authentication failed"
        r"|invalid api key"
        r"|invalid credentials|login failed|\b401 unauthorized|code = Unauthenticated|bad username or password",
    ),
    ("port_in_use", r"(?i)address already in use|EADDRINUSE|port \d+ (?:is )?already in use"),
    ("disk", r"(?i)no space left on device|ENOSPC|disk quota exceeded"),
    (
        "heap",
        r"java\.lang\.OutOfMemoryError|heap out of memory|runtime: out of memory|\bMemoryError\b"
        r"|[Cc]annot allocate memory|std::bad_alloc",
    ),
    (
        "env",
        r"(?i)environment variable \S+ (?:is )?(?:not set|not found|required|missing|undefined|empty|must be set)"
        r"|(?:missing|required|unset) (?:required )?(?:environment|env)(?: variable)?s?\b"
        r"|\b[A-Z][A-Z0-9_]{2,} (?:environment variable )?(?:is )?not set\b"
        r"|(?-i:KeyError: '[A-Z][A-Z0-9_]+')|no value (?:set )?for (?:env|environment)",
    ),
    ("read_only", r"(?i)read-only file system|EROFS"),
    ("permission", r"(?i)permission denied|EACCES|AccessDeniedException|operation not permitted"),
    ("file", r"(?i)no such file or directory|ENOENT|FileNotFoundError|FileNotFoundException|NoSuchFileException"),
    (
        "config",
        r"(?i)(?:invalid|bad|malformed|cannot parse|failed to parse|unable to parse|error parsing|could not load"
        r"|failed to load)"
        r" (?:the )?(?:config|configuration|yaml|json|settings)\b|unknown (?:flag|option|argument)"
        r"|flag provided but not defined"
        r"|unrecognized arguments",
    ),
    (
        "panic",
        r"^panic: |\bpanic: |Traceback \(most recent call last\)|Exception in thread|UnhandledPromiseRejection"
        r"|Uncaught \w*(?:Error|Exception)"
        r"|^\s*(?:Unhandled|Fatal) (?:exception|error)|^fatal error: |SIGSEGV|segmentation fault|\bFATAL\b"
        r"|\"(?:level|severity)\": ?\"(?:fatal|panic|critical)\""
        r"|^(?:\w+\.)*\w*(?:Error|Exception): ",
    ),
]
_COMPILED = [(kind, re.compile(pattern)) for kind, pattern in _KINDS]
NETWORK = ("dns", "no_host", "refused", "timeout")
"""Clues that name, or could name, something that was called."""
CALLS = (*NETWORK, "tls", "tls_expired", "auth")

_QUIET = re.compile(r"(?i)\"(?:level|severity)\": ?\"(?:debug|info|trace)\"|\b(?:DEBUG|INFO|TRACE)\b")
_TARGETS = [
    re.compile(r"lookup (?P<host>[\w.-]+)(?: on \S+)?:"),
    re.compile(r"host=['\"](?P<host>[^'\"]+)['\"], port=(?P<port>\d+)"),
    re.compile(r"server at \"(?P<host>[^\"]+)\"(?: \([^)]*\))?, port (?P<port>\d+)"),
    re.compile(r"could not translate host name \"(?P<host>[^\"]+)\""),
    re.compile(r"(?:ENOTFOUND|EAI_AGAIN) (?P<host>[a-z0-9][\w.-]*)(?::(?P<port>\d+))?"),
    re.compile(r"UnknownHostException: (?P<host>[\w.-]+)"),
    re.compile(r"[a-z][a-z0-9+]*://(?:[^@/\s]*@)?(?P<host>[\w.-]+)(?::(?P<port>\d+))?"),
    re.compile(r"(?<![\w./:@-])(?P<host>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?):(?P<port>\d{2,5})(?![\w.:]*\d:)\b"),
]
_SOURCE_FILE = re.compile(r"\.(?:go|py|js|ts|mjs|cjs|java|kt|rb|rs|c|cc|cpp|cs|php|scala|ex)$")
_RESOLVER = re.compile(r" on [\d.]+:53\b")


@dataclass(frozen=True)
class Line:
    """A line and when it was written, in seconds; 0 when the log has no times."""

    at: float
    text: str


@dataclass(frozen=True)
class Clue:
    """A line that says why: its kind, and the ``(host, port)`` in it; port 0 when it names none."""

    kind: str
    line: Line
    targets: tuple[tuple[str, int], ...]


def lines(text: str) -> list[Line]:
    """A log as the API gives it with ``timestamps=true``."""
    return [_line(raw) for raw in text.splitlines() if raw.strip()]


def _line(raw: str) -> Line:
    head, _, rest = raw.partition(" ")
    at = moment.seconds(head) if head[:4].isdigit() and "T" in head and head.endswith("Z") else None
    return Line(at, rest) if at is not None else Line(0.0, raw)


def clues(log: Iterable[Line], *, quiet_too: bool = True) -> list[Clue]:
    """Every line that says why, in order. Without ``quiet_too`` lines marked debug or info do not count."""
    found: list[Clue] = []
    for line in log:
        if not quiet_too and _QUIET.search(line.text[:300]):
            continue
        kind = next((kind for kind, pattern in _COMPILED if pattern.search(line.text)), "")
        if kind:
            found.append(Clue(kind, line, targets(line.text)))
    return found


def targets(text: str) -> tuple[tuple[str, int], ...]:
    """Hosts and ports in a line, the most telling form first; source positions and times of day are none."""
    found: dict[str, int] = {}
    text = _RESOLVER.sub("", text)
    for pattern in _TARGETS:
        for hit in pattern.finditer(text):
            host, port = hit["host"].rstrip("."), int((hit.groupdict().get("port")) or 0)
            if _is_host(host) and port < 65536:
                found[host] = found.get(host) or port
    return tuple(found.items())


def _is_host(host: str) -> bool:
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", host):
        return not host.startswith("127.")
    return (
        bool(re.search(r"[A-Za-z]", host))
        and not _SOURCE_FILE.search(host)
        and host not in ("localhost", "http", "https")
    )


def telling(found: list[Clue], exited: int | None = None) -> Clue | None:
    """The clue that most likely ended the container: the last that names what was called, else the last of the rest.

    A stack trace is only the messenger when the same log names a reason.
    """
    reasons = [clue for clue in found if clue.kind not in ("panic", "file", "permission", "config")]
    if reasons:
        return reasons[-1]
    named = [clue for clue in found if clue.kind != "panic"]
    panics = [clue for clue in found if clue.kind == "panic"]
    return (named or panics or [None])[-1]


def shown(log: list[Line], most: int = 4) -> list[str]:
    """The lines worth showing of a log: those that say why, else its last."""
    telltale = [clue.line.text for clue in clues(log)]
    chosen = list(dict.fromkeys(telltale))[-most:] or [line.text for line in log[-most:]]
    return [text.strip()[:500] for text in chosen]
