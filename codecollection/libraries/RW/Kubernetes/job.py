"""Jobs and CronJobs: failed, past their deadline, suspended, never started."""

import re
from collections.abc import Iterable
from typing import Any

from RW.Kubernetes import container, event, moment, report
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject, condition

Json = dict[str, Any]
RECENT_S = 86400.0
_FIELD = r"(?:\*|\?|[\dA-Za-z]+(?:-[\dA-Za-z]+)?)(?:/\d+)?"
_SCHEDULE = re.compile(
    r"^(?:(?:TZ|CRON_TZ)=\S+ )?(?:@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)"
    rf"|{_FIELD}(?:,{_FIELD})*(?: {_FIELD}(?:,{_FIELD})*){{4}})$"
)


def shown(job: Json) -> str:
    """``job/nightly: 1 active, 0 succeeded, 2 failed``."""
    status = job.get("status") or {}
    counts = ", ".join(f"{status.get(key) or 0} {key}" for key in ("active", "succeeded", "failed"))
    return f"job/{job['metadata']['name']}: {counts}"


def subject(job: Json, pods: list[Json], events: list[Json], now: float) -> Subject:
    """A Job as the checks of pods take a workload; ``desired`` counts it as ill as long as it has not succeeded."""
    manifest = {**job, "spec": {**(job.get("spec") or {}), "replicas": 1}}
    return Subject("Job", job["metadata"]["namespace"], job["metadata"]["name"], manifest, pods, [], events, now)


def check(job: Json, pods: Iterable[Json], events: Iterable[Json], now: float) -> Report:
    """Whether a Job has failed, and what its pods say."""
    seen = Report()
    meta = job["metadata"]
    reference = report.ref("Job", meta["namespace"], meta["name"])
    own = list(pods)
    seen.say(
        shown(job),
        *(container.line(pod) for pod in own),
        *(state.line for pod in own for state in container.states(pod)),
    )
    failed = condition(job, "Failed")
    if failed.get("status") == "True":
        if moment.age(failed.get("lastTransitionTime"), now) < RECENT_S:
            seen.add(_failed(job, reference, failed, own))
    elif (job.get("spec") or {}).get("suspend"):
        seen.add(
            _info(
                reference,
                f"job/{meta['name']}: spec.suspend is true",
                "suspended",
                f"Job {meta['name']} is suspended (spec.suspend is true) and will not run.",
            )
        )
    elif condition(job, "Complete").get("status") == "True":
        seen.rule_out("Failed job", f"Job {meta['name']} is complete", reference)
    else:
        refused = [
            entry
            for entry in event.fresh(event.about(events, "Job", meta["name"]), now)
            if entry.get("reason") == "FailedCreate"
        ]
        seen.say(*(event.line(entry) for entry in refused))
        seen.rule_out("Failed job", f"{shown(job)}; it has not failed", reference)
    return seen


def _failed(job: Json, reference: str, failed: Json, pods: list[Json]) -> Issue:
    deadline = failed.get("reason") == "DeadlineExceeded"
    ends = [state.line for pod in pods for state in container.states(pod) if state.exit_code not in (None, 0)]
    exits = sorted(
        {str(state.exit_code) for pod in pods for state in container.states(pod) if state.exit_code not in (None, 0)}
    )
    codes = f"; its pods ended with exit code {', '.join(exits)}" if exits else ""
    return Issue(
        resource=reference,
        cause="JOB_DEADLINE_EXCEEDED" if deadline else "JOB_FAILED",
        severity=2,
        reason=f"failed ({failed.get('reason')})",
        actual=f"Job {job['metadata']['name']} failed: {failed.get('reason')}: {failed.get('message')}{codes}.",
        expected="The Job completes.",
        evidence=(shown(job), f"condition Failed=True {failed.get('reason')}: {failed.get('message')}", *ends[:3]),
        next_steps=(f"Check Logs of Pods of {report.spoken(reference)}",),
    )


def _info(reference: str, line: str, reason: str, actual: str) -> Issue:
    return Issue(
        resource=reference,
        cause="",
        severity=4,
        reason=reason,
        actual=actual,
        expected="It runs, if it is needed.",
        evidence=(line,),
    )


def check_cron(cron: Json, jobs: Iterable[Json], events: Iterable[Json], now: float) -> Report:
    """Whether a CronJob starts its Jobs, and whether the latest one worked."""
    seen = Report()
    meta, spec, status = cron["metadata"], cron.get("spec") or {}, cron.get("status") or {}
    reference = report.ref("CronJob", meta["namespace"], meta["name"])
    schedule = str(spec.get("schedule") or "")
    line = (
        f"cronjob/{meta['name']}: schedule '{schedule}', suspend {bool(spec.get('suspend'))}, last started "
        f"{status.get('lastScheduleTime')}"
    )
    said = event.warnings(event.fresh(event.about(events, "CronJob", meta["name"]), now, 3600))
    seen.say(line, *(event.line(entry) for entry in said))
    if not _SCHEDULE.match(schedule):
        seen.add(
            _cron_issue(
                reference,
                "CRONJOB_SCHEDULE_INVALID",
                f"schedule '{schedule}' cannot be parsed",
                f"its schedule '{schedule}' is not a cron expression, so it never starts",
                (line,),
            )
        )
    elif spec.get("suspend"):
        seen.add(
            _info(
                reference,
                line,
                "suspended",
                f"CronJob {meta['name']} is suspended (spec.suspend is true) and starts no Jobs.",
            )
        )
    elif any(entry.get("reason") in ("FailedNeedsStart", "MissSchedule", "TooManyMissedTimes") for entry in said):
        worst = next(
            entry for entry in said if entry.get("reason") in ("FailedNeedsStart", "MissSchedule", "TooManyMissedTimes")
        )
        seen.add(
            _cron_issue(
                reference,
                "CRONJOB_MISSED",
                "misses its schedule",
                f"it misses its starting times: {worst.get('message')}",
                (line, event.line(worst)),
            )
        )
    _latest(cron, list(jobs), reference, now, seen)
    if not seen.issues:
        seen.rule_out(
            "Failing CronJob",
            f"last started {status.get('lastScheduleTime')}, and its latest Job has not failed",
            reference,
        )
    return seen


def _cron_issue(
    reference: str, code: str, reason: str, why: str, evidence: tuple[str, ...], blames: tuple[str, ...] = ()
) -> Issue:
    return Issue(
        resource=reference,
        cause=code,
        severity=2,
        reason=reason,
        actual=f"CronJob {reference.split('/')[2]}: {why}.",
        expected="It starts its Jobs on time, and they complete.",
        evidence=evidence,
        blames=blames,
    )


def _latest(cron: Json, jobs: list[Json], reference: str, now: float, seen: Report) -> None:
    uid = cron["metadata"].get("uid")
    own = [
        job for job in jobs if any(owner.get("uid") == uid for owner in job["metadata"].get("ownerReferences") or [])
    ]
    own.sort(key=lambda job: str(job["metadata"].get("creationTimestamp")), reverse=True)
    seen.say(*(shown(job) for job in own[:5]))
    done = [
        job
        for job in own
        if condition(job, "Failed").get("status") == "True" or condition(job, "Complete").get("status") == "True"
    ]
    if not done or condition(done[0], "Failed").get("status") != "True":
        return
    latest, failed = done[0], condition(done[0], "Failed")
    if moment.age(failed.get("lastTransitionTime"), now) > 7 * RECENT_S:
        return
    blamed = report.ref("Job", cron["metadata"]["namespace"], latest["metadata"]["name"])
    seen.add(
        _cron_issue(
            reference,
            "CRONJOB_FAILING",
            "its latest Job failed",
            f"its latest Job {latest['metadata']['name']} failed: {failed.get('reason')}: {failed.get('message')}",
            (shown(latest),),
            (blamed,),
        )
    )
