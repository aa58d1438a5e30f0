"""How programs write logs: start, traffic, a failed call, an end. One style per language; no chance involved."""

import json
import time
import zlib
from dataclasses import dataclass
from typing import Any

from runstone.sandbox.clock import stamp


def _number(seed: str, low: int, high: int) -> int:
    """The same number for the same seed: variety without chance."""
    return low + zlib.crc32(seed.encode()) % (high - low)


_PATHS = ("/", "/cart", "/product/teapot-01", "/product/mug-07", "/api/items?page=2", "/checkout", "/healthz")
_CALLS = ("ListItems", "GetItem", "Quote", "Convert", "AddLine", "Charge", "Render")


@dataclass(frozen=True, slots=True)
class Voice:
    """One program's way of writing: `style` as in `program.style`, `app` its name, `host` its Pod."""

    style: str
    app: str
    host: str
    serves_http: bool = False

    def _wrap(self, now: float, level: str, text: str, **more: Any) -> str:
        """One line in the program's style; `more` are fields, for the styles that have any."""
        when, milli = time.gmtime(now), f"{int(now % 1 * 1000):03d}"
        day, bad = time.strftime("%Y-%m-%d %H:%M:%S", when), level == "error"
        match self.style:
            case "python":
                return f"{day},{milli} {level.upper():<7} {self.app} {text}"
            case "node":
                rank = {"info": 30, "warning": 40, "error": 50}[level]
                head = {"level": rank, "time": int(now * 1000), "name": self.app, "hostname": self.host}
                return json.dumps({**head, **more, "msg": text})
            case "java":
                thread = f"exec-{int(now) % 8}" if more else "main"
                return (
                    f"{stamp(now)[:-1]}.{milli}Z {level.upper():>5} 1 --- [{thread}] c.e.shop.{self.app}.Main : {text}"
                )
            case "redis":
                return f"1:M {time.strftime('%d %b %Y %H:%M:%S', when)}.{milli} {'#' if bad else '*'} {text}"
            case "postgres":
                return f"{day}.{milli} UTC [1] {'FATAL' if bad else 'LOG'}:  {text}"
            case "nginx":
                word = "notice" if level == "info" else level
                return f"{time.strftime('%Y/%m/%d %H:%M:%S', when)} [{word}] 7#7: {text}"
            case _:
                return json.dumps({"ts": stamp(now), "level": level, "service": self.app, **more, "msg": text})

    def start(self, now: float, version: str, ports: list[int]) -> list[str]:
        """The first lines of a run."""
        if self.style == "redis":
            return [
                self._wrap(now, "info", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
                self._wrap(now, "info", "Ready to accept connections tcp"),
            ]
        if self.style == "postgres":
            return [
                self._wrap(now, "info", 'listening on IPv4 address "0.0.0.0", port 5432'),
                self._wrap(now, "info", "database system is ready to accept connections"),
            ]
        listening = f"listening on port {ports[0]}" if ports else "ready"
        return [self._wrap(now, "info", f"starting {self.app} {version}"), self._wrap(now, "info", listening)]

    def traffic(self, now: float) -> list[str]:
        """What a healthy moment looks like."""
        seed = f"{self.host}{int(now)}"
        took = _number(seed, 3, 60)
        match self.style:
            case "redis":
                return [self._wrap(now, "info", "100 changes in 300 seconds. Saving...")] if int(now) % 300 < 3 else []
            case "postgres":
                return [self._wrap(now, "info", "checkpoint starting: time")] if int(now) % 300 < 3 else []
            case "nginx":
                return [self._access(now, seed, 200, took)]
            case _:
                if self.serves_http:
                    return [
                        self._wrap(now, "info", f"GET {_PATHS[_number(seed, 0, len(_PATHS))]} 200 {took}ms", status=200)
                    ]
                return [self._wrap(now, "info", f"{_CALLS[_number(seed, 0, len(_CALLS))]} OK {took}ms", code="OK")]

    def _access(self, now: float, seed: str, code: int, took: int) -> str:
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now))
        client = f"203.0.113.{_number(seed + 'c', 2, 250)}"
        path = _PATHS[_number(seed, 0, len(_PATHS) - 1)]
        size = _number(seed + "s", 300, 9000)
        return f'{client} - - [{when}] "GET {path} HTTP/2.0" {code} {size} "-" "Mozilla/5.0" {took / 1000:.3f}'

    def failed_call(self, now: float, variable: str, address: str, why: str) -> list[str]:
        """What a call to `address` that ended in `why` leaves in the log."""
        if self.style == "nginx":
            lost = self._wrap(now, "warning", f'Error obtaining Endpoints for Service "{address}": {why}')
            return [lost, self._access(now, f"{self.host}{int(now)}{address}", 503, 0)]
        service = address.split("://")[-1].split(":")[0]
        if self.serves_http:
            path = _PATHS[_number(f"{self.host}{service}{int(now)}", 0, len(_PATHS) - 1)]
            text = f"GET {path} 503: upstream {service} ({variable}={address}): {why}"
            return [self._wrap(now, "error", text, status=503)]
        return [self._wrap(now, "error", f"call to {service} failed ({variable}={address}): {why}", code="UNAVAILABLE")]

    def gave_up(self, now: float, variable: str, address: str, why: str) -> list[str]:
        """The last lines of a program that cannot start without `address`."""
        last = self._wrap(now, "error", f"cannot start: {variable}={address} is not reachable: {why}")
        match self.style:
            case "python":
                return [
                    last,
                    "Traceback (most recent call last):",
                    f'  File "/app/{self.app}/main.py", line 41, in <module>',
                    "    connect_all(settings)",
                    f"ConnectionError: {why}",
                ]
            case "java":
                return [
                    last,
                    f"java.net.ConnectException: {why}",
                    "\tat java.base/sun.nio.ch.Net.connect0(Native Method)",
                    f"\tat c.e.shop.{self.app}.Main.main(Main.java:37)",
                ]
            case "node":
                return [last, f"Error: {why}", "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)"]
            case _:
                return [
                    last,
                    f"panic: {why}",
                    "",
                    "goroutine 1 [running]:",
                    "main.main()",
                    f"\t/src/{self.app}/main.go:58 +0x1d4",
                ]

    def bad_value(self, now: float, variable: str, value: str) -> list[str]:
        """The last lines of a program that cannot read one of its settings."""
        return [
            self._wrap(now, "error", f"cannot read settings: {variable}={value!r}"),
            "Traceback (most recent call last):",
            f'  File "/app/{self.app}/main.py", line 18, in <module>',
            f'    size = int(os.environ["{variable}"])',
            f"ValueError: invalid literal for int() with base 10: {value!r}",
        ]
