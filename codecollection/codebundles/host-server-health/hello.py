"""Says hello to a server and looks at the first bytes of the answer, as the protocols' documentation has them."""

import os
import socket
import struct
import time

HTTP = b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"
HELLO = {
    "postgresql": struct.pack("!ii", 8, 80877103),  # SSLRequest: answered by one letter, S or N
    "mysql": b"",  # it speaks first
    "mariadb": b"",
    "redis": b"PING\r\n",
    "valkey": b"PING\r\n",
    "memcached": b"version\r\n",
    "nginx": HTTP,
    "apache-httpd": HTTP,
    "caddy": HTTP,
    "haproxy": HTTP,
    "traefik": HTTP,
}
WRONG = {
    "postgresql": (b"E", "refuses to talk"),
    "mysql": (b"\xff", "refuses to talk"),
    "mariadb": (b"\xff", "refuses to talk"),
}


def main():
    software, address, port = os.environ["SOFTWARE"], os.environ["ADDRESS"], int(os.environ["PORT"])
    limit = int(os.environ["WITHIN_MS"]) / 1000
    began = time.monotonic()
    try:
        answer = said(software, address, port, limit)
    except ConnectionRefusedError:
        return [issue(software, port, "refuses connections", "SERVER_NOT_LISTENING", 1, "connection refused")]
    except TimeoutError:
        return [issue(software, port, "does not answer", "SERVER_UNRESPONSIVE", 1, f"no answer in {limit:g} s")]
    except OSError as err:
        return [issue(software, port, "breaks the connection off", "SERVER_UNRESPONSIVE", 1, str(err))]
    took = round((time.monotonic() - began) * 1000)
    print(f"{software} on {address}:{port} answered {answer[:80]!r} in {took} ms")
    return list(found(software, port, answer))


def said(software, address, port, limit):
    with socket.create_connection((address, port), timeout=limit) as connection:
        hello = HELLO.get(software)
        if hello is None:
            return b"a connection"
        connection.sendall(hello)
        answer = connection.recv(512)
    if not answer:
        raise ConnectionResetError("it closed the connection without a word")
    return answer


def found(software, port, answer):
    prefix, why = WRONG.get(software, (b"\0none", ""))
    body = answer[4:] if software in ("mysql", "mariadb") else answer
    if body.startswith(prefix):
        yield issue(software, port, why, "SERVER_REFUSES", 2, answer[:120].decode("latin-1"))
    elif answer.startswith((b"-LOADING", b"-MASTERDOWN", b"-MISCONF")):
        yield issue(software, port, "is not ready", "SERVER_NOT_READY", 2, answer[:120].decode("latin-1"))
    elif answer.startswith(b"HTTP/") and answer.split(b" ", 2)[1:2] and answer.split(b" ", 2)[1].startswith(b"5"):
        yield issue(
            software, port, "answers with an error", "SERVER_ERROR", 2, answer.split(b"\r\n")[0].decode("latin-1")
        )


def issue(software, port, why, cause, severity, actual):
    return {
        "title": f"`{software}` on Port `{port}` {why}",
        "severity": severity,
        "cause": cause,
        "resource": f"Listener//tcp/{port}",
        "expected": f"{software} answers on port {port}.",
        "actual": actual,
        "next_steps": [f"Check State of Unit of `{software}`", "Check Space of Filesystem where its data lies"],
    }
