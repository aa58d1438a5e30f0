"""The Robot keywords: each reads what one task needs, runs the check, and gives back what there is to say."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from RW.Kubernetes import (
    calls,
    complaint,
    container,
    dependency,
    kubeconfig,
    log,
    pod,
    quota,
    reference,
    report,
    revision,
    schedule,
    service,
    volume,
    workload,
)
from RW.Kubernetes.client import Client
from RW.Kubernetes.cluster import KINDS, Cluster
from RW.Kubernetes.estate import Estate
from RW.Kubernetes.repair import Repair
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.trouble import Absent, Forbidden, Rejected, Unusable
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
Answer = dict[str, Any]
"""``text`` to print, and the arguments for ``issues``, ``ruled_out`` and ``could_not_check``."""
SAMPLE = 3
"""Ill pods whose logs are read; a fleet that fails alike needs no more."""


class Kubernetes(Estate, Repair):
    """Checks of Kubernetes resources. ``Use Cluster`` comes first."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._subjects: dict[tuple[str, str, str], tuple[Subject | None, Report]] = {}

    def use_cluster(self, kubeconfig_secret: Any, context: str = "") -> None:
        """Choose the cluster: a kubeconfig as a secret (or its text), and a context of it (empty: the current one)."""
        text = str(getattr(kubeconfig_secret, "value", kubeconfig_secret))
        if text.strip() and len(text) < 4096 and "\n" not in text.strip() and Path(text.strip()).is_file():
            text = Path(text.strip()).read_text()
        folder = Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or ".").parent
        self._cluster = Cluster(Client(kubeconfig.read(text, context, folder)))
        self._subjects.clear()

    @property
    def cluster(self) -> Cluster:
        """The cluster in use."""
        if self._cluster is None:
            raise Unusable("No cluster is chosen. Call 'Use Cluster' in Suite Initialization.")
        return self._cluster

    def check_rollout(self, kind: str, namespace: str, name: str) -> Answer:
        """Whether the latest template is what runs, and what it changed."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            seen.take([workload.rollout(subject, self._changes(subject, seen))])
        return self._answer(seen)

    def check_pods(self, kind: str, namespace: str, name: str) -> Answer:
        """The states of all pods, and what they say of their cause."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            world = self.cluster.world(self._called(subject), namespace, seen)
            seen.take([pod.check(subject, self._logs(subject, ill_only=True), world, self._nodes(subject, seen))])
        return self._answer(seen)

    def check_logs(self, kind: str, namespace: str, name: str) -> Answer:
        """What current and previous logs say."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            world, guard = self._surroundings(subject, seen)
            logs = self._logs(subject, seen=seen)
            seen.take([complaint.check(subject, world, logs, guard, self._changes(subject, seen))])
        return self._answer(seen)

    def check_references(self, kind: str, namespace: str, name: str) -> Answer:
        """Whether all that the template names exists."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            wanted = {entry.kind for entry in reference.references(subject.template)}
            plurals = {
                "Secret": "secrets",
                "ConfigMap": "configmaps",
                "ServiceAccount": "serviceaccounts",
                "PersistentVolumeClaim": "persistentvolumeclaims",
            }
            seen.take(
                [reference.check(subject, {each: self.cluster.names(plurals[each], namespace) for each in wanted})]
            )
        return self._answer(seen)

    def check_dependencies(self, kind: str, namespace: str, name: str) -> Answer:
        """Whether what the workload calls can answer."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            world, guard = self._surroundings(subject, seen)
            seen.take([calls.check(subject, world, self._logs(subject), guard)])
        return self._answer(seen)

    def check_scheduling(self, kind: str, namespace: str, name: str) -> Answer:
        """Whether pods can be created and placed."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            seen.take([quota.check(subject), self._placing(subject)])
        return self._answer(seen)

    def check_volumes(self, kind: str, namespace: str, name: str) -> Answer:
        """Whether the claims of the workload are bound and mounted."""
        subject, seen = self._workload(kind, namespace, name)
        if subject:
            seen.take([self._volumes(subject)])
        return self._answer(seen)

    def check_endpoints(self, namespace: str, name: str) -> Answer:
        """Whether a Service leads to ready pods."""
        scene, seen = self._service(namespace, name)
        if scene:
            seen.take([service.check(scene)])
        return self._answer(seen)

    def check_ports(self, namespace: str, name: str) -> Answer:
        """Whether the pods of a Service listen where its ports lead."""
        scene, seen = self._service(namespace, name)
        if scene:
            seen.take([service.ports(scene)])
        return self._answer(seen)

    def _answer(self, seen: Report) -> Answer:
        return seen.arguments(time.time())

    def _workload(self, kind: str, namespace: str, name: str) -> tuple[Subject | None, Report]:
        kind = next((known for known in KINDS if known.lower() == kind.lower().rstrip("s")), kind)
        key = (kind, namespace, name)
        if key not in self._subjects:
            self._subjects[key] = self._read_workload(kind, namespace, name)
        subject, gaps = self._subjects[key]
        seen = Report()
        seen.take([gaps])
        return subject, seen

    def _read_workload(self, kind: str, namespace: str, name: str) -> tuple[Subject | None, Report]:
        seen = Report()
        if kind not in KINDS:
            raise Unusable(f"KIND is '{kind}'. Set it to one of {', '.join(KINDS)}.")
        try:
            subject = self.cluster.subject(kind, namespace, name, seen, time.time())
        except Forbidden as refusal:
            seen.gap(
                f"{kind} {name} in namespace {namespace}",
                f"{refusal}. Grant the verbs get and list on {KINDS[kind]}.",
                report.ref(kind, namespace, name),
            )
            return None, seen
        if subject is None:
            seen.add(self._lost(kind, namespace, name))
        return subject, seen

    def _lost(self, kind: str, namespace: str, name: str) -> Issue:
        line = f"{kind.lower()}/{name}: not found in namespace {namespace}"
        return Issue(
            resource=report.ref(kind, namespace, name),
            cause="SERVICE_MISSING" if kind == "Service" else "RESOURCE_MISSING",
            severity=2,
            reason="not found",
            actual=f"{kind} {name} is missing: not found in namespace {namespace}. It was there when the cluster "
            "was last read.",
            expected=f"{kind} {name} exists.",
            evidence=(line,),
            next_steps=(f"Create {report.spoken(report.ref(kind, namespace, name))} again, or read the cluster anew",),
        )

    def _changes(self, subject: Subject, seen: Report) -> list[str]:
        if subject.kind == "Deployment":
            history = subject.sets
        else:
            kept = self.cluster.see("controllerrevisions", subject.namespace, seen, optional=True)
            history = workload.owned(kept, subject.manifest["metadata"].get("uid", ""))
        earlier = revision.before(history)
        now = (subject.manifest.get("spec") or {}).get("template") or {}
        return revision.changes(revision.template(earlier), now) if earlier else []

    def _called(self, subject: Subject) -> set[str]:
        return dependency.namespaces(dependency.addresses(subject.template), subject.namespace)

    def _surroundings(self, subject: Subject, seen: Report) -> tuple[dependency.World, calls.Guard]:
        namespaces = self._called(subject)
        world = self.cluster.world(namespaces, subject.namespace, seen)
        return world, self.cluster.guard(namespaces, world, seen)

    def _nodes(self, subject: Subject, seen: Report) -> dict[str, Json]:
        """Nodes are looked at only when a pod that has one is not ready."""
        ill = any(not container.is_ready(each) and (each.get("spec") or {}).get("nodeName") for each in subject.pods)
        return {node["metadata"]["name"]: node for node in self.cluster.see("nodes", "", seen)} if ill else {}

    def _logs(self, subject: Subject, *, ill_only: bool = False, seen: Report | None = None) -> calls.Logs:
        """Logs of up to SAMPLE ill pods, current and previous, else of one pod that is ready."""
        ill = [each for each in subject.live_pods if not container.is_ready(each)][:SAMPLE]
        well = [] if ill_only else [each for each in subject.live_pods if container.is_ready(each)][:1]
        found: calls.Logs = {}
        for each in [*ill, *well]:
            for state in container.states(each):
                if state.init and state.exit_code == 0:
                    continue
                for previous in (False, True) if state.restarts and each in ill else (False,):
                    self._log(subject, state, previous, each in ill, found, seen)
        return found

    def _log(
        self,
        subject: Subject,
        state: container.State,
        previous: bool,
        ill: bool,
        found: calls.Logs,
        seen: Report | None,
    ) -> None:
        if state.phase == "waiting" and not state.restarts:
            return
        try:
            text = self.cluster.client.log(
                subject.namespace, state.pod, state.name, previous=previous, since_s=0 if ill else 150, lines=80
            )
        except (Absent, Rejected):
            return  # there is no such run, or its log is gone: nothing to read is no finding
        except Forbidden as refusal:
            if seen:
                seen.gap(
                    f"Logs of pods of {subject.spoken}",
                    f"{refusal}. Grant the verb get on pods/log in namespace {subject.namespace}.",
                    subject.ref,
                )
            return
        found[state.pod, state.name, previous] = log.lines(text)

    def _placing(self, subject: Subject) -> Report:
        seen = Report()
        waiting = [each for each in subject.live_pods if not (each.get("spec") or {}).get("nodeName")]
        if not waiting:
            seen.say(f"{subject.kind.lower()}/{subject.name}: {schedule.asks(subject.template)}")
            seen.rule_out("Pods that fit no node", f"all {len(subject.live_pods)} pods have a node", subject.ref)
        for each in waiting:
            seen.take([pod.check(replace(subject, pods=[each]), {}, dependency.World(), {})])
        return seen

    def _volumes(self, subject: Subject) -> Report:
        seen = Report()
        names = schedule.claims(subject)
        if not names:
            seen.rule_out("Volume claims", "the workload uses no PersistentVolumeClaim", subject.ref)
            return seen
        claims = self.cluster.see("persistentvolumeclaims", subject.namespace, seen)
        classes = self.cluster.names("storageclasses", "")
        for name in names:
            seen.take([volume.of_workload(subject, name, claims, classes)])
        return seen

    def _service(self, namespace: str, name: str) -> tuple[service.Scene | None, Report]:
        seen = Report()
        try:
            found = self.cluster.one("services", namespace, name)
        except Forbidden as refusal:
            seen.gap(
                f"Service {name} in namespace {namespace}",
                f"{refusal}. Grant the verbs get and list on services.",
                report.ref("Service", namespace, name),
            )
            return None, seen
        if found is None:
            seen.add(self._lost("Service", namespace, name))
            return None, seen
        world = self.cluster.world({namespace}, namespace, seen)
        return (
            service.Scene(
                found,
                self.cluster.see("pods", namespace, seen),
                self.cluster.workloads(namespace, seen),
                world.ready.get((namespace, name), 0),
                self.cluster.see("events", namespace, seen),
                time.time(),
            ),
            seen,
        )
