"""Jobs and CronJobs: Pods that end, once or by the clock."""

from runstone.sandbox.clock import parse, stamp
from runstone.sandbox.controllers import conditions, schedule, templates
from runstone.sandbox.kinds import CRON_JOB, JOB, POD
from runstone.sandbox.objects import (
    Obj,
    at,
    each,
    fresh,
    is_leaving,
    is_ready,
    mapping,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from runstone.sandbox.status import ApiError
from runstone.sandbox.world import World

FAILED_PAUSE = 10.0
"""Seconds before a failed Job's next Pod, doubled per failure."""


def run(world: World) -> None:
    """One pass over Jobs, then CronJobs."""
    for job in world.store.all(JOB):
        if not is_leaving(job):
            _job(world, job)
    for cron_job in world.store.all(CRON_JOB):
        if not is_leaving(cron_job) and not at(cron_job, "spec", "suspend"):
            _cron(world, cron_job)


def ending(job: Obj) -> str:
    """Complete, Failed, or '' while it runs."""
    return next((one["type"] for one in each(job, "status", "conditions") if one["type"] in ("Complete", "Failed")), "")


def _job(world: World, job: Obj) -> None:
    if "selector" not in job["spec"]:
        _label(world, job)
        return
    pods = world.store.owned(POD, job)
    failed = [pod for pod in pods if at(pod, "status", "phase") == "Failed"]
    succeeded = [pod for pod in pods if at(pod, "status", "phase") == "Succeeded"]
    active = [pod for pod in pods if pod not in failed and pod not in succeeded and not is_leaving(pod)]
    if not ending(job) and not job["spec"].get("suspend"):
        _continue(world, job, len(active), len(succeeded), len(failed))
    _report(world, job, active, len(succeeded), len(failed))


def _label(world: World, job: Obj) -> None:
    marked = fresh(job)
    labels = {"batch.kubernetes.io/controller-uid": uid_of(job), "batch.kubernetes.io/job-name": name_of(job)}
    marked["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid_of(job)}}
    marked["spec"]["template"]["metadata"].setdefault("labels", {}).update({**labels, "job-name": name_of(job)})
    world.store.put(JOB, marked)


def _continue(world: World, job: Obj, active: int, succeeded: int, failed: int) -> None:
    spec = job["spec"]
    missing = min(spec["parallelism"], spec["completions"] - succeeded) - active
    if missing <= 0 or failed > spec["backoffLimit"]:
        return
    due = world.refusals.get(uid_of(job), 0.0) if failed else 0.0
    if world.now < due:
        world.wake_at(due)
        return
    world.refusals[uid_of(job)] = world.now + FAILED_PAUSE * 2**failed / world.pace
    for _ in range(missing):
        try:
            pod = templates.make_pod(world, job, spec["template"])
        except ApiError as err:
            world.events.say(job, "FailedCreate", f"Error creating: {err.message}", "job-controller", "Warning")
            return
        world.events.say(job, "SuccessfulCreate", f"Created pod: {name_of(pod)}", "job-controller")


def _report(world: World, job: Obj, active: list[Obj], succeeded: int, failed: int) -> None:
    status = fresh(mapping(job, "status"))
    status.setdefault("startTime", stamp(world.now))
    found = status.setdefault("conditions", [])
    counts = {"active": len(active), "succeeded": succeeded, "failed": failed, "ready": sum(map(is_ready, active))}
    for key, number in counts.items():
        if number:
            status[key] = number
        else:
            status.pop(key, None)
    if not ending(job) and succeeded >= job["spec"]["completions"]:
        status["completionTime"] = stamp(world.now)
        conditions.put(
            found,
            world.now,
            "Complete",
            True,
            "CompletionsReached",
            "Reached expected number of succeeded pods",
            dated=False,
        )
        world.events.say(job, "Completed", "Job completed", "job-controller")
    elif not ending(job) and failed > job["spec"]["backoffLimit"]:
        message = "Job has reached the specified backoff limit"
        conditions.put(found, world.now, "Failed", True, "BackoffLimitExceeded", message, dated=False)
        world.events.say(job, "BackoffLimitExceeded", message, "job-controller", "Warning")
    world.set_status(JOB, job, status)


def _cron(world: World, cron_job: Obj) -> None:
    since = at(cron_job, "status", "lastScheduleTime") or at(cron_job, "metadata", "creationTimestamp")
    due = schedule.next_time(at(cron_job, "spec", "schedule"), parse(since))
    jobs = world.store.owned(JOB, cron_job)
    status = fresh(mapping(cron_job, "status"))
    if due and world.now >= due:
        status["lastScheduleTime"] = stamp(due)
        if at(cron_job, "spec", "concurrencyPolicy") != "Forbid" or all(ending(job) for job in jobs):
            _spawn(world, cron_job, due)
        world.wake_at(world.now)
    elif due:
        world.wake_at(due)
    _tidy(world, cron_job, jobs)
    done = [parse(at(job, "status", "completionTime")) for job in jobs if ending(job) == "Complete"]
    if done:
        status["lastSuccessfulTime"] = stamp(max(done))
    running = [job for job in jobs if not ending(job)]
    status["active"] = [
        {
            "kind": "Job",
            "namespace": namespace_of(job),
            "name": name_of(job),
            "uid": uid_of(job),
            "apiVersion": "batch/v1",
        }
        for job in running
    ]
    if not running:
        del status["active"]
    world.set_status(CRON_JOB, cron_job, status)


def _spawn(world: World, cron_job: Obj, due: float) -> None:
    template = fresh(at(cron_job, "spec", "jobTemplate"))
    meta = mapping(template, "metadata")
    meta.update(
        name=f"{name_of(cron_job)}-{int(due) // 60}",
        namespace=namespace_of(cron_job),
        ownerReferences=[owner_reference(cron_job)],
    )
    job = world.registry.create(
        JOB, {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": template["spec"]}
    )
    world.events.say(cron_job, "SuccessfulCreate", f"Created job {name_of(job)}", "cronjob-controller")


def _tidy(world: World, cron_job: Obj, jobs: list[Obj]) -> None:
    for word, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        over = sorted(
            (job for job in jobs if ending(job) == word), key=lambda job: parse(at(job, "status", "startTime"))
        )
        for job in over[: max(0, len(over) - cron_job["spec"][limit])]:
            world.registry.delete(JOB, job)
