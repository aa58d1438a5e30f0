"""The whole line in figures: help, alert to first Task, alert to cause, idle server. Last line: JSON.

Starts the sandbox cluster and ``runstone up`` as processes of their own, sends the alert of each fault, and reads the
answers over HTTP, as a user would. Seconds are wall clock between events of the session; CPU is of the server process.
"""

import datetime as dt
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNSTONE = str(Path(sys.executable).parent / "runstone")
FAULTS = (
    "wrong-image-tag",
    "missing-secret",
    "wrong-env-port",
    "selector-mismatch",
    "unknown-storage-class",
    "memory-limit-too-low",
)
IDLE_S = 20


def main() -> None:
    figures: dict[str, Any] = help_cost()
    runs = [one_fault(fault) for fault in FAULTS]
    for run in runs:
        print(json.dumps(run))
    for field in ("first_task_s", "cause_s", "server_idle_rss_mb", "server_idle_cpu_percent", "server_cpu_s"):
        values = sorted(run[field] for run in runs)
        figures[field] = values[len(values) // 2]
        figures[f"{field}_max"] = values[-1]
    figures["right_causes"] = sum(run["right"] for run in runs)
    figures["faults"] = len(runs)
    print(json.dumps(figures))


def help_cost() -> dict[str, float]:
    """CPU seconds (median of 5) and peak memory of ``runstone --help``."""
    spent: list[float] = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([RUNSTONE, "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"help_cpu_s": round(sorted(spent)[2], 3), "help_rss_mb": round(peak, 1)}


def one_fault(fault: str) -> dict[str, Any]:
    """Figures of one fault, from its alert to its cause."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        with process("sandbox", "up", "--fault", fault, "--noise", "--kubeconfig", str(kubeconfig)):
            wait_for(kubeconfig.exists)
            data = Path(folder) / "data"
            with process("up", "--data", str(data), "--port", "0", "--kubeconfig", str(kubeconfig)) as server:
                wait_for((data / "running.json").exists)
                url = json.loads((data / "running.json").read_text())["url"]
                token = json.loads((data / "credentials.json").read_text())["user"]
                return measured(fault, url, token, server.pid)


def measured(fault: str, url: str, token: str, pid: int) -> dict[str, Any]:
    wait_for(lambda: any(e["type"] == "map.updated" and e["data"]["final"] for e in call(url, token, "/api/v1/events")))
    cpu = cpu_s(pid)
    opened = time.time()
    body = json.loads(subprocess.run([RUNSTONE, "sandbox", "--alert", fault], check=True, capture_output=True).stdout)
    session = call(url, token, "/hooks/alertmanager", body)["sessions"][0]["session"]
    wait_for(lambda: call(url, token, f"/api/v1/sessions/{session}")["state"] in ("concluded", "inconclusive"), 90)
    report = call(url, token, f"/api/v1/sessions/{session}")
    events = call(url, token, f"/api/v1/sessions/{session}/log")
    at = {event["type"]: event["at"] for event in reversed(events)}
    truth = json.loads(subprocess.run([RUNSTONE, "sandbox", "--truth", fault], check=True, capture_output=True).stdout)
    spent = cpu_s(pid) - cpu
    before = cpu_s(pid)
    time.sleep(IDLE_S)
    cause = report["causes"][0] if report["causes"] else None
    return {
        "fault": fault,
        "right": cause is not None
        and {k: cause["resource"][k] for k in ("kind", "name", "namespace")} == truth["root_cause"],
        "first_task_s": round(seconds(at["task.started"]) - seconds(at["session.opened"]), 3),
        "cause_s": report["elapsed_s"],
        "tasks": report["tasks_run"],
        "server_cpu_s": round(spent, 2),
        "server_idle_rss_mb": rss_mb(pid),
        "server_idle_cpu_percent": round((cpu_s(pid) - before) / IDLE_S * 100, 2),
        "wall_s": round(time.time() - opened - IDLE_S, 1),
    }


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([RUNSTONE, *arguments], stdout=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(20)


def call(url: str, token: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=30) as answer:
        return json.load(answer)


def wait_for(true: Any, seconds_: float = 30) -> None:
    end = time.time() + seconds_
    while not true():
        if time.time() > end:
            raise TimeoutError
        time.sleep(0.05)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, without those of its ended children (proc(5), fields utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    line = next(one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def seconds(stamp: str) -> float:
    return dt.datetime.fromisoformat(stamp).timestamp()


if __name__ == "__main__":
    main()
