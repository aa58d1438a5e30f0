"""Log lines of programs in Go, Python, Node and Java, read: what hurts, and which address it is about. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from . import moment

_MEANINGS: tuple[tuple[str, str], ...] = (
    ("tls_expired", r"certificate has expired|certificate is not yet valid|CERT_HAS_EXPIRED|CertificateExpiredException|certificate expired|NotAfter: .* expired"),
    (
        "tls_untrusted",
        r"certificate signed by unknown authority|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate|"
        r"UNABLE_TO_VERIFY_LEAF_SIGNATURE|DEPTH_ZERO_SELF_SIGNED_CERT|PKIX path building failed|"
        r"certificate is valid for .*, not |cannot validate certificate for|Hostname/IP does not match certificate",
    ),
    ("tls_other", r"TLS handshake (?:error|timeout|failed)|tls: (?:handshake failure|first record does not look like|bad certificate|protocol version)|SSLHandshakeException|SSL(?:V3)?_ALERT|WRONG_VERSION_NUMBER|wrong version number"),
    (
        "rbac",
        r"\b\w[\w.]* is forbidden: User \"[^\"]+\" cannot|User \"system:serviceaccount:[^\"]+\" cannot \w+ resource|"
        r"cannot (?:get|list|watch|create|update|patch|delete) resource \"[^\"]+\" in API group",
    ),
    (
        "auth",
        r"password authentication failed|Access denied for user|WRONGPASS|NOAUTH Authentication required|"
        r"invalid username-password pair|authentication failed for|Authentication failed\b|SASL authentication failed|"
        r"(?:FATAL|ERROR):\s+role \"[^\"]+\" does not exist|28P01|ACCESS_REFUSED|code = Unauthenticated|"
        r"\b(?:invalid|expired|revoked) (?:api[- ]?key|access token|token|credentials)\b",
    ),
    (
        "no_host",
        r"no such host|Name or service not known|Temporary failure in name resolution|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|"
        r"\bENOTFOUND\b|UnknownHostException|nodename nor servname|could not resolve host|Name resolution failure|"
        r"could not translate host name|DNS resolution failed|NameResolutionError|No address associated with hostname",
    ),
    ("dns_timeout", r"lookup \S+ on \S+:53: .*(?:i/o timeout|connection refused|server misbehaving)|EAI_AGAIN"),
    ("refused", r"connection refused|ECONNREFUSED|Connection refused|actively refused|ConnectionRefusedError"),
    (
        "timeout",
        r"dial tcp [^\s:]+:\d+: (?:i/o timeout|connect: connection timed out)|ETIMEDOUT|ConnectTimeout|connect timed out|"
        r"connection timed out|Connection timed out|SocketTimeoutException|no route to host|EHOSTUNREACH|network is unreachable",
    ),
    ("reset", r"connection reset by peer|ECONNRESET|broken pipe|Connection reset\b"),
    ("unavailable", r"code = Unavailable|StatusCode\.UNAVAILABLE|\b14 UNAVAILABLE\b|StatusRuntimeException: UNAVAILABLE|no healthy upstream|503 Service Unavailable|upstream connect error"),
    ("oom", r"java\.lang\.OutOfMemoryError|JavaScript heap out of memory|\bMemoryError\b|runtime: out of memory|Out of memory: Kill|std::bad_alloc|Cannot allocate memory"),
    ("disk_full", r"no space left on device|ENOSPC|No space left on device|disk quota exceeded"),
    ("readonly", r"[Rr]ead-only file system|EROFS"),
    ("port_taken", r"address already in use|EADDRINUSE"),
    ("permission", r"(?:open|mkdir|write|create) \S+: permission denied|EACCES: permission denied|PermissionError: \[Errno 13\]|AccessDeniedException: /"),
    (
        "env_missing",
        r"environment variable \"?'?[\w]+\"?'? (?:is )?(?:not set|missing|required|must be set|undefined)|"
        r"(?:missing|required) (?:required )?environment variables?|KeyError: '[A-Z][A-Z0-9_]+'|"
        r"required key [A-Z][A-Z0-9_]+ missing value|Could not resolve placeholder '[^']+'|"
        r"\b[A-Z][A-Z0-9_]{2,} (?:is required|must be set|is not set|environment variable is)\b",
    ),
    (
        "config",
        r"(?:failed|unable|cannot) to (?:load|parse|read) (?:the )?config|config(?:uration)? file .* (?:not found|does not exist)|invalid configuration|"
        r"yaml: (?:line \d+|unmarshal errors)|Failed to bind properties|unknown (?:flag|option|command)|flag provided but not defined|unrecognized arguments",
    ),
    (
        "crash",
        r"^panic: |\bpanic: |fatal error: |Traceback \(most recent call last\)|Unhandled(?:PromiseRejection| exception)|"
        r"Uncaught (?:Error|TypeError|ReferenceError|Exception)|Exception in thread \"|Segmentation fault|SIGSEGV|"
        r"^(?:TypeError|ReferenceError|SyntaxError|RangeError): |ModuleNotFoundError|ImportError: |Cannot find module|"
        r"ClassNotFoundException|NoClassDefFoundError|NullPointerException|Application run failed|thread '[^']+' panicked at",
    ),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _MEANINGS)
_STAMP = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?(?P<text>.*)", re.DOTALL)
_NAME = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9_-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9_-]*[a-zA-Z0-9])?"
_QUIET = re.compile(r'"(?:severity|level)":\s*"(?:debug|info|trace)"|\b(?:DEBUG|TRACE|INFO)\b|level=(?:debug|info)', re.IGNORECASE)

NETWORK = frozenset({"refused", "no_host", "timeout", "reset", "unavailable", "dns_timeout"})
"""Meanings that say that another program cannot be reached."""


@dataclass(frozen=True)
class Saying:
    """One log line that means something. ``host`` and ``port`` are what it is about, empty and 0 when it does not say."""

    meaning: str
    line: str
    host: str
    port: int
    at: datetime | None
    callee: str = ""
    """A name in ``could not call NAME``: programs say it when the address is only a number."""


def read(lines: Iterable[str]) -> list[Saying]:
    """The lines that mean something, oldest first. Each may begin with a time of the API."""
    found: list[Saying] = []
    for raw in lines:
        stamp = _STAMP.fullmatch(raw)
        at, text = (moment.parse(stamp["time"]), stamp["text"]) if stamp else (None, raw)
        meaning = _meaning(text)
        if meaning:
            host, port = target(text)
            found.append(Saying(meaning, text.strip(), host, port, at, callee(text)))
    return found


def bare(line: str) -> str:
    """The line without the time that the API put before it."""
    stamp = _STAMP.fullmatch(line)
    return (stamp["text"] if stamp else line).strip()


def _meaning(text: str) -> str:
    if _QUIET.search(text[:200]) and not re.search(r"error|fail|fatal", text, re.IGNORECASE):
        return ""
    if re.search(r"lookup \S+ on \S+:53: .*(?:i/o timeout|connection refused|server misbehaving)", text):
        return "dns_timeout"
    return next((name for name, pattern in _COMPILED if pattern.search(text)), "")


_TARGETS = (
    re.compile(rf"lookup (?P<host>{_NAME})\.?(?::(?P<port>\d{{1,5}}))?(?: on |:)"),
    re.compile(rf"[A-Z][A-Z0-9_]+=(?:[a-z+]+://)?(?P<host>{_NAME}):(?P<port>\d{{1,5}})"),
    re.compile(rf"dial tcp:? (?:\[[^\]]+\]|(?P<host>{_NAME})):(?P<port>\d{{1,5}})"),
    re.compile(rf"(?:ECONNREFUSED|ETIMEDOUT|ECONNRESET|EHOSTUNREACH) (?P<host>{_NAME}):(?P<port>\d{{1,5}})"),
    re.compile(rf"(?:ENOTFOUND|EAI_AGAIN) (?P<host>{_NAME})(?::(?P<port>\d{{1,5}}))?"),
    re.compile(rf"host='(?P<host>{_NAME})', port=(?P<port>\d{{1,5}})"),
    re.compile(rf"UnknownHostException: (?P<host>{_NAME})(?P<port>(?!))?"),
    re.compile(rf"server at \"(?P<host>{_NAME})\"(?: \([^)]*\))?, port (?P<port>\d{{1,5}})"),
    re.compile(rf"host name \"(?P<host>{_NAME})\"(?P<port>(?!))?"),
    re.compile(rf"[a-z+]+://(?:[^@/\s]*@)?(?P<host>{_NAME}):(?P<port>\d{{1,5}})"),
    re.compile(rf"(?:connect(?:ing|ion)? (?:to|with)|connect to|reach|call) (?P<host>{_NAME})[:/](?P<port>\d{{1,5}})"),
    re.compile(rf"(?<![\w.])(?P<host>(?!\d+:)[a-zA-Z]{_NAME}):(?P<port>\d{{2,5}})(?![\w:])"),
)


def target(text: str) -> tuple[str, int]:
    """The host and port that a line is about; an empty host and 0 when it names none."""
    for pattern in _TARGETS:
        found = pattern.search(text)
        if found and found["host"] and not _is_source_place(found["host"]):
            return found["host"].rstrip("."), int(found["port"] or 0)
    return "", 0


def callee(text: str) -> str:
    """The program that a line says could not be called."""
    found = re.search(rf"(?:could not|failed to|unable to|cannot|can't) (?:call|connect to|reach|contact) (?:the )?\"?({_NAME})", text)
    return found[1] if found else ""


def _is_source_place(host: str) -> bool:
    """``main.go:42`` and the like are places in source code, no hosts."""
    return bool(re.search(r"\.(?:go|py|js|ts|java|rb|rs|c|cc|cpp|kt|scala)$", host)) or host in ("line", "port", "code")


def still_happening(times: Sequence[datetime | None], now: datetime, quiet: float = 60.0) -> bool:
    """Whether something logged at these times goes on: it came within ``quiet`` seconds, or within three times the gap
    at which it used to come. One that comes every five minutes is not over after one."""
    known = sorted(time for time in times if time)
    if not known:
        return True
    gaps = [(later - earlier).total_seconds() for earlier, later in zip(known, known[1:], strict=False)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    return (now - known[-1]).total_seconds() <= max(quiet, min(3 * usual, 1800))


def last_words(lines: Sequence[str], most: int = 3) -> list[str]:
    """The lines of a log that say most about an end: what means something, else the last ones."""
    telling = [saying.line for saying in read(lines)]
    if telling:
        return list(dict.fromkeys(telling))[-most:]
    return [text for text in (bare(line) for line in lines[-most:]) if text]


def exception(lines: Sequence[str]) -> str:
    """The line that names a crash: of a Python traceback the last one, of a panic the first."""
    texts = [bare(line) for line in lines]
    for number in range(len(texts) - 1, -1, -1):
        if "Traceback (most recent call last)" in texts[number]:
            for text in texts[number + 1 :]:
                if re.match(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)\b", text):
                    return text
    return next((saying.line for saying in reversed(read(lines)) if saying.meaning == "crash"), "")
