"""Changes to a workload: undo a rollout, scale, restart. Each says what was and what is, or why it will not.

These are the only functions here that decide on a change; the client sends it.
"""

from dataclasses import dataclass
from typing import Any

from RW.Kubernetes import moment, report, revision
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
MOST_REPLICAS = 100
RESTARTED = "kubectl.kubernetes.io/restartedAt"
HASH = "pod-template-hash"


@dataclass(frozen=True)
class Change:
    """A patch to send, or the sentence that says why there is none; ``before`` and ``after`` are for people."""

    patch: Json | list[Json]
    before: str
    after: str
    refused: str = ""


def refuse(why: str) -> Change:
    """No change, and why."""
    return Change({}, "", "", why)


def undo(subject: Subject, history: list[Json]) -> Change:
    """Back to the template of the revision before, or of an earlier one that still has ready pods."""
    if (subject.manifest.get("spec") or {}).get("paused"):
        return refuse(f"{subject.spoken} is paused. Resume it first.")
    now = (subject.manifest.get("spec") or {}).get("template") or {}
    latest_first = sorted(history, key=revision.number, reverse=True)
    # A restart makes a revision that differs in an annotation only: going back to it would remedy nothing.
    earlier = [each for each in latest_first if revision.template(each).get("spec") != now.get("spec")]
    if not earlier:
        return refuse(
            f"{subject.spoken} has no earlier revision with another template. There is nothing to go back to."
        )
    standing = [each for each in earlier if (each.get("status") or {}).get("readyReplicas")]
    chosen = (standing or earlier)[0]
    template = _bare(revision.template(chosen))
    differs = "; ".join(revision.changes(now, template)) or "metadata only"
    return Change(
        [{"op": "replace", "path": "/spec/template", "value": template}],
        f"{subject.shown()}; {_images(now)}",
        f"template of revision {revision.number(chosen)}: {differs}",
    )


def _bare(template: Json) -> Json:
    """A template without the label that the Deployment controller adds per revision."""
    meta = dict(template.get("metadata") or {})
    meta["labels"] = {key: value for key, value in (meta.get("labels") or {}).items() if key != HASH}
    meta.pop("creationTimestamp", None)
    return {**template, "metadata": meta}


def _images(template: Json) -> str:
    spec = template.get("spec") or {}
    return ", ".join(f"{entry['name']}={entry.get('image')}" for entry in spec.get("containers") or [])


def scale(subject: Subject, replicas: str, autoscalers: list[Json]) -> Change:
    """To ``replicas`` pods. Refused for DaemonSets, odd numbers, and what an autoscaler governs."""
    if subject.kind == "DaemonSet":
        return refuse(f"{subject.spoken} cannot be scaled: it runs one pod per matching node.")
    if not replicas.isdigit() or int(replicas) > MOST_REPLICAS:
        return refuse(f"REPLICAS is '{replicas}'. Give a whole number from 0 to {MOST_REPLICAS}.")
    governor = next((each for each in autoscalers if _governs(each, subject)), None)
    if governor and int(replicas) > 0 and subject.desired > 0:
        return refuse(
            f"HorizontalPodAutoscaler `{governor['metadata']['name']}` sets the replicas of {subject.spoken}. "
            "Change its bounds instead."
        )
    if int(replicas) == subject.desired:
        return refuse(f"{subject.spoken} already has spec.replicas {replicas}. Nothing was changed.")
    return Change(
        {"spec": {"replicas": int(replicas)}}, subject.shown(), f"spec.replicas {subject.desired} -> {replicas}"
    )


def _governs(autoscaler: Json, subject: Subject) -> bool:
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (target.get("kind"), target.get("name")) == (subject.kind, subject.name)


def restart(subject: Subject) -> Change:
    """New pods of the same template, a few at a time, as ``kubectl rollout restart`` does it."""
    if (subject.manifest.get("spec") or {}).get("paused"):
        return refuse(f"{subject.spoken} is paused. Resume it first.")
    if subject.desired == 0:
        return refuse(f"{subject.spoken} has no replicas. Scale it first: there is nothing to restart.")
    at = moment.written(subject.now)
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: at}}}}}
    return Change(patch, subject.shown(), f"template annotation {RESTARTED}={at}: all pods are replaced")


def told(subject: Subject, change: Change, after: Subject | None) -> report.Report:
    """What to print: before and after, or why not."""
    seen = report.Report()
    if change.refused:
        seen.say(f"refused: {change.refused}")
        return seen
    seen.say(f"before: {change.before}", f"change: {change.after}")
    if after:
        seen.say(f"after: {after.shown()}; {_images((after.manifest.get('spec') or {}).get('template') or {})}")
    return seen
