"""Replicas and revisions of a workload: are they there, and if not, who does not create them."""

from . import event, message, moment, service
from .cluster import Object
from .finding import Finding, Inquiry, condition, counted, labels_of, name_of, ref
from .workload import Workload, is_ready, load, revision

_GRACE = 30.0
"""Seconds for which replicas may be missing after a change before anyone is told."""


def check(inquiry: Inquiry, workload: Workload) -> None:
    """Whether the replicas that should be there are there."""
    inquiry.show(line(workload))
    for one in workload.replica_sets[:3]:
        inquiry.show(_revision_line(one))
    for one in event.recent(workload.own_events(), inquiry.now, 1800)[:5]:
        inquiry.show(event.line(one))
    before = len(inquiry.findings)
    if workload.wanted == 0 and workload.kind != "DaemonSet":
        _scaled_to_zero(inquiry, workload)
    else:
        creation_denied(inquiry, workload)
        _unavailable(inquiry, workload)
        _paused(inquiry, workload)
    if len(inquiry.findings) == before:
        inquiry.rule_out(
            f"Rollout of {workload.where}",
            f"{workload.ready}/{workload.wanted} replicas ready, the newest revision has arrived"
            if settled(workload)
            else f"{workload.ready}/{workload.wanted} replicas ready, a rollout is in progress and within its time",
            workload.ref,
        )


def measure(inquiry: Inquiry, kind: str, namespace: str, name: str) -> float:
    """The share of wanted replicas that are ready."""
    workload = load(inquiry, kind, namespace, name)
    if workload is None or workload.wanted == 0:
        return 1.0 if workload else 0.0
    return round(min(1.0, workload.ready / workload.wanted), 2)


def line(workload: Workload) -> str:
    """``deployment/cart: replicas 2, updated 2, ready 1, available 1``."""
    spec, status = workload.item.get("spec") or {}, workload.item.get("status") or {}
    if workload.kind == "DaemonSet":
        told = (
            f"desired {status.get('desiredNumberScheduled', 0)}, updated {status.get('updatedNumberScheduled', 0)}, "
            f"ready {status.get('numberReady', 0)}, available {status.get('numberAvailable', 0)}"
        )
    else:
        told = (
            f"spec.replicas {spec.get('replicas', 1)}, updated {status.get('updatedReplicas', 0)}, "
            f"ready {status.get('readyReplicas', 0)}, available {status.get('availableReplicas', 0)}"
        )
    progressing = condition(workload.item, "Progressing")
    reason = f"; Progressing={progressing.get('status')} {progressing.get('reason', '')}" if progressing else ""
    return f"{workload.kind.lower()}/{workload.name}: {told}{reason}"


def settled(workload: Workload) -> bool:
    """The controller has seen the newest spec, and every replica is of it and ready."""
    status = workload.item.get("status") or {}
    generation = (workload.item.get("metadata") or {}).get("generation", 0)
    if int(status.get("observedGeneration") or 0) < int(generation or 0):
        return False
    updated = status.get("updatedNumberScheduled" if workload.kind == "DaemonSet" else "updatedReplicas") or 0
    partition = ((((workload.item.get("spec") or {}).get("updateStrategy") or {}).get("rollingUpdate")) or {}).get("partition")
    return workload.ready >= workload.wanted and (updated >= workload.wanted or bool(partition) or workload.kind == "Job")


def _revision_line(replica_set: Object) -> str:
    spec, status = replica_set.get("spec") or {}, replica_set.get("status") or {}
    images = ", ".join(str(one.get("image")) for one in ((spec.get("template") or {}).get("spec") or {}).get("containers") or [])
    return (
        f"replicaset/{name_of(replica_set)}: revision {revision(replica_set)}, replicas {spec.get('replicas', 0)}, "
        f"ready {status.get('readyReplicas', 0)}, images {images}"
    )


def _scaled_to_zero(inquiry: Inquiry, workload: Workload) -> None:
    """Zero replicas are a fault only when somebody uses the workload."""
    labels = labels_of(workload.template)
    for one in inquiry.list("Service", workload.namespace):
        chosen = (one.get("spec") or {}).get("selector") or {}
        if chosen and all(labels.get(key) == value for key, value in chosen.items()):
            here = service.standing(inquiry, one)
            used = service.callers(inquiry, here)
            if used and not here.pods:
                service.scaled_to_zero(inquiry, {**workload.item, "kind": workload.kind}, here, used)


def creation_denied(inquiry: Inquiry, workload: Workload) -> None:
    """Pods that the controller wants to create and may not: quota, limits, admission, a missing ServiceAccount."""
    if len([one for one in workload.pods if not one["metadata"].get("deletionTimestamp")]) >= workload.wanted + 1:
        return
    for told, at in _denials(inquiry, workload):
        code, who = message.denied(told)
        if not code:
            continue
        text = inquiry.show(at)
        target, what = _denier(workload, code, who, told)
        blamed = () if target == workload.ref else (target,)
        inquiry.find(
            Finding(
                cause=code,
                resource=target,
                severity=1 if workload.ready == 0 else 2,
                title=f"{_named(target)}: pods of {workload.kind} {workload.name} cannot be created ({what})",
                actual=f"Pods of {workload.where} cannot be created (FailedCreate, {what}): {told}",
                expected=f"The pods of {workload.kind} {workload.name} may be created.",
                evidence=(text, line(workload)),
                next_steps=(
                    f"Check Quotas and Limits of Namespace `{workload.namespace}`",
                    f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                ),
                reproduce=f"kubectl -n {workload.namespace} describe {workload.kind.lower()} {workload.name}",
            )
        )
        inquiry.find(
            Finding(
                cause="POD_CREATION_DENIED",
                resource=workload.ref,
                severity=1 if workload.ready == 0 else 2,
                title=f"{workload.where}: {workload.ready}/{workload.wanted} pods, more cannot be created (FailedCreate)",
                actual=f"{workload.where} has {workload.ready} of {workload.wanted} replicas: creating pods is refused ({what}).",
                expected=f"{workload.wanted} replicas exist.",
                evidence=(line(workload), text),
                blames=blamed,
                next_steps=(f"Check Quotas and Limits of Namespace `{workload.namespace}`",),
            )
        )
        return


def _denials(inquiry: Inquiry, workload: Workload) -> list[tuple[str, str]]:
    """(message, line) of refused creations that still hold: the object's own condition, then events."""
    found: list[tuple[str, str]] = []
    newest = workload.replica_sets[0] if workload.replica_sets else None
    for item in [one for one in (newest, workload.item) if one]:
        said = condition(item, "ReplicaFailure")
        if said.get("status") == "True":
            text = str(said.get("message") or "")
            kind = "replicaset" if item is newest else workload.kind.lower()
            found.append((text, f"{kind}/{name_of(item)} ReplicaFailure=True {said.get('reason', '')}: {text}"))
    lacking = sum(1 for pod in workload.pods if not pod["metadata"].get("deletionTimestamp")) < workload.wanted
    if lacking:
        fresh = event.recent(workload.own_events(), inquiry.now, 1800)
        found += [(event.message(one), event.line(one)) for one in fresh if one.get("reason") == "FailedCreate"]
    return found


def _denier(workload: Workload, code: str, who: str, told: str) -> tuple[str, str]:
    """(resource to change, reason in words)."""
    match code:
        case "QUOTA_EXCEEDED":
            return ref("ResourceQuota", workload.namespace, who), f"exceeded quota {who}"
        case "SERVICE_ACCOUNT_MISSING":
            return ref("ServiceAccount", workload.namespace, who), f'serviceaccount "{who}" not found'
        case "WEBHOOK_UNAVAILABLE":
            return ref("MutatingWebhookConfiguration", "", who), f"admission webhook {who} does not answer"
        case "LIMIT_RANGE_VIOLATED":
            return workload.ref, "outside the LimitRange of the namespace"
        case _:
            return workload.ref, f"denied by {who}" if who else "denied by admission"


def _unavailable(inquiry: Inquiry, workload: Workload) -> None:
    """Fewer ready replicas than wanted: a rollout that does not move, or pods that were lost."""
    stuck = condition(workload.item, "Progressing")
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        _stuck(inquiry, workload, stuck)
    elif workload.ready < workload.wanted and _waited(inquiry, workload):
        bad = [pod for pod in workload.pods if not is_ready(pod)]
        inquiry.find(
            Finding(
                cause="REPLICAS_UNAVAILABLE",
                resource=workload.ref,
                severity=1 if workload.ready == 0 else 2,
                title=f"{workload.where} has {workload.ready}/{workload.wanted} replicas ready",
                actual=f"{workload.where} wants {counted(workload.wanted, 'replica')} and has {workload.ready} ready; "
                f"{counted(len(bad), 'pod')} not ready.",
                expected=f"{workload.wanted} replicas are ready.",
                evidence=(line(workload),),
                next_steps=_steps(workload),
            )
        )


def _stuck(inquiry: Inquiry, workload: Workload, said: Object) -> None:
    if settled(workload):
        return
    inquiry.find(
        Finding(
            cause="ROLLOUT_STUCK",
            resource=workload.ref,
            severity=1 if workload.ready == 0 else 2,
            title=f"{workload.where}: its rollout is stuck (ProgressDeadlineExceeded)",
            actual=f"The newest revision of {workload.where} does not become ready in time (ProgressDeadlineExceeded): "
            f"{said.get('message', '')} {workload.ready} of {workload.wanted} replicas are ready.",
            expected="The newest revision becomes ready within its progress deadline.",
            evidence=(line(workload), *[_revision_line(one) for one in workload.replica_sets[:2]]),
            next_steps=(
                *_steps(workload),
                f"Undo the Last Rollout of Deployment `{workload.name}` in Namespace `{workload.namespace}`",
            ),
        )
    )


def _waited(inquiry: Inquiry, workload: Workload) -> bool:
    """Whether it has been so for long enough not to be a rollout or a reschedule on its way."""
    young = [pod for pod in workload.pods if (moment.since(pod["metadata"].get("creationTimestamp"), inquiry.now) or 0) < _GRACE]
    old_and_ill = [pod for pod in workload.pods if not is_ready(pod) and pod not in young]
    changed = moment.since((workload.item.get("metadata") or {}).get("creationTimestamp"), inquiry.now) or 0
    available = condition(workload.item, "Available")
    since = moment.since(available.get("lastTransitionTime"), inquiry.now) if available.get("status") == "False" else None
    if workload.ready == 0 and since is not None:
        return since > _GRACE
    return bool(old_and_ill) or (not workload.pods and changed > _GRACE)


def _paused(inquiry: Inquiry, workload: Workload) -> None:
    if not (workload.item.get("spec") or {}).get("paused") or settled(workload):
        return
    inquiry.find(
        Finding(
            cause="ROLLOUT_PAUSED",
            resource=workload.ref,
            severity=3,
            title=f"{workload.where}: its rollout is paused (spec.paused)",
            actual=f"{workload.where} has a new template that is not rolled out because spec.paused is true.",
            expected="A rollout is resumed when its pause has served its purpose.",
            evidence=(line(workload), f"{workload.kind.lower()}/{workload.name}: spec.paused true"),
        )
    )


def _named(resource: str) -> str:
    kind, namespace, name = resource.split("/", 2)
    return f"{kind} {name} in namespace {namespace}" if namespace else f"{kind} {name}"


def _steps(workload: Workload) -> tuple[str, ...]:
    place = f"{workload.kind} `{workload.name}` in Namespace `{workload.namespace}`"
    return (f"Check Pods of {place}", f"Check Scheduling of {place}", f"Check Logs of {place}", f"Check Dependencies of {place}")


