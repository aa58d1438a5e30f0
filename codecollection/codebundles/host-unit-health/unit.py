"""The state of one service: ``systemctl show`` (properties by name) and ``journalctl -u`` (its last lines)."""

import os
import re
import subprocess

FIELDS = (
    "LoadState,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,UnitFileState,StateChangeTimestamp"
)
CAUSES = {
    "oom-kill": ("OOM_KILLED", "was killed for its memory"),
    "start-limit-hit": ("UNIT_RESTARTING", "was started too often and is given up"),
    "timeout": ("UNIT_TIMED_OUT", "did not start or stop in time"),
    "watchdog": ("UNIT_TIMED_OUT", "did not tell that it is alive"),
    "exec-condition": ("UNIT_FAILED", "may not start: its condition does not hold"),
    "resources": ("UNIT_FAILED", "lacks what it needs to start"),
}
TELLING = re.compile(r"error|fail|fatal|denied|cannot|unable|not found|refused|no such|panic|exception", re.IGNORECASE)


def asked(*command):
    """What a command prints; its complaint when it has one."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired) as err:
        return "", str(err)
    return done.stdout, done.stderr.strip() if done.returncode else ""


def main():
    unit, lines = os.environ["UNIT"], os.environ["LINES"]
    said, problem = asked("systemctl", "show", unit, f"--property={FIELDS}")
    if problem:
        print(f"systemctl cannot be asked: {problem}")
        raise SystemExit(2)
    state = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    journal, unread = asked("journalctl", "-u", unit, "-n", lines, "--no-pager", "-o", "cat")
    print("\n".join(f"{name}={value}" for name, value in state.items()))
    print(f"The journal cannot be read: {unread}" if unread else journal)
    return list(found(unit, state, [line for line in journal.splitlines() if TELLING.search(line)][-6:]))


def found(unit, state, telling):
    active, result = state.get("ActiveState", ""), state.get("Result", "")
    common = {"resource": f"Unit//{unit}", "evidence": telling, "expected": f"{unit} is active."}
    if state.get("LoadState") == "not-found":
        yield issue(unit, "has no unit file", "UNIT_MISSING", 2, common)
    elif active == "failed":
        cause, why = CAUSES.get(result, ("UNIT_FAILED", f"failed with exit status {state.get('ExecMainStatus', '?')}"))
        yield issue(unit, why, cause, 2, {**common, "actual": f"{unit} is failed: {result}."})
    elif state.get("SubState") == "auto-restart":
        often = f"is restarted over and over ({state.get('NRestarts', '?')} times)"
        yield issue(unit, often, "UNIT_RESTARTING", 2, {**common, "actual": f"{unit} waits to be started again."})
    elif active == "inactive" and state.get("UnitFileState") == "enabled":
        yield issue(
            unit, "is stopped though it is enabled", "UNIT_STOPPED", 3, {**common, "actual": f"{unit} is inactive."}
        )


def issue(unit, why, cause, severity, more):
    steps = [f"Read more of its journal: journalctl -u {unit} -n 200", f"Check its unit file: systemctl cat {unit}"]
    return {"title": f"Unit `{unit}` {why}", "severity": severity, "cause": cause, "next_steps": steps, **more}
