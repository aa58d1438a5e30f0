"""curl: answers every address with 200 and an empty object, writes where it is told, fills in ``-w``."""

import re
from pathlib import Path

from toolbox.answer import Answer, Call

_TIMES = {
    "http_code": "{status}",
    "response_code": "{status}",
    "time_total": "0.042000",
    "time_namelookup": "0.001000",
    "time_connect": "0.002000",
    "time_appconnect": "0.003000",
    "time_starttransfer": "0.040000",
    "size_download": "{size}",
    "content_type": "application/json",
    "remote_ip": "192.0.2.10",
    "num_redirects": "0",
    "url_effective": "{url}",
    "redirect_url": "",
    "ssl_verify_result": "0",
    "exitcode": "0",
}


def answer(call: Call) -> Answer:
    """What an address answers that nobody scripted."""
    return respond(call, "{}", 200, 0)


def respond(call: Call, body: str, status: int, rc: int) -> Answer:
    """The body to stdout or ``-o``, headers with ``-i``, ``-I`` or ``-D``, then ``-w``."""
    if "--fail" in call.args or any(re.fullmatch(r"-\w*f\w*", arg) for arg in call.args):
        rc = 22 if status >= 400 else rc
    head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    only_head = _flag(call, "I", "--head")
    out = head if only_head else (head if _flag(call, "i", "--include") else "") + body
    headers = call.option("-D", "--dump-header")
    if headers:
        Path(headers).write_text(head)
    target = _target(call)
    if target:
        if target not in ("/dev/null", "-"):
            Path(target).write_text(out)
        out = out if target == "-" else ""
    return Answer(out + _written(call, status, len(body)), "", rc)


def _flag(call: Call, letter: str, word: str) -> bool:
    return word in call.args or any(re.fullmatch(rf"-[a-zA-Z]*{letter}[a-zA-Z]*", arg) for arg in call.args)


def _target(call: Call) -> str | None:
    for at, arg in enumerate(call.args[:-1]):
        if arg == "--output" or re.fullmatch(r"-[a-zA-Z]*o", arg):
            return call.args[at + 1]
    return None


def _written(call: Call, status: int, size: int) -> str:
    form = ""
    for at, arg in enumerate(call.args[:-1]):
        if arg == "--write-out" or re.fullmatch(r"-[a-zA-Z]*w", arg):
            form = call.args[at + 1]
    url = next((arg for arg in call.args if arg.startswith("http")), "")
    values = {name: text.format(status=status, size=size, url=url) for name, text in _TIMES.items()}
    filled = re.sub(r"%\{(\w+)\}", lambda found: values.get(found[1], "0"), form)
    return filled.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
