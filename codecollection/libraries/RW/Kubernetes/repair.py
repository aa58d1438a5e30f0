"""The Robot keywords that change something: undo a rollout, scale, restart. Nothing else here writes."""

import time
from abc import abstractmethod
from typing import Any

from RW.Kubernetes import cluster as clusters
from RW.Kubernetes import remedy, report, workload
from RW.Kubernetes.cluster import KINDS, Cluster
from RW.Kubernetes.report import Report
from RW.Kubernetes.trouble import Forbidden, Unusable
from RW.Kubernetes.workload import Subject

Answer = dict[str, Any]


class Repair:
    """Keywords that need ``cluster`` only."""

    @property
    @abstractmethod
    def cluster(self) -> Cluster:
        """The cluster in use."""

    @abstractmethod
    def _answer(self, seen: Report) -> Answer: ...

    def undo_rollout(self, kind: str, namespace: str, name: str) -> Answer:
        """Back to the template before. The answer says what was and is, or why nothing was done (``refused``)."""
        subject, seen = self._fresh(kind, namespace, name)
        history = subject.sets
        if subject.kind != "Deployment":
            kept = self.cluster.see("controllerrevisions", namespace, seen)
            history = workload.owned(kept, subject.manifest["metadata"].get("uid", ""))
        return self._apply(subject, remedy.undo(subject, history), seen)

    def scale(self, kind: str, namespace: str, name: str, replicas: str) -> Answer:
        """To a number of replicas."""
        subject, seen = self._fresh(kind, namespace, name)
        governors = self.cluster.see("horizontalpodautoscalers", namespace, seen, optional=True)
        return self._apply(subject, remedy.scale(subject, str(replicas), governors), seen)

    def restart(self, kind: str, namespace: str, name: str) -> Answer:
        """Replace all pods with new ones of the same template."""
        subject, seen = self._fresh(kind, namespace, name)
        return self._apply(subject, remedy.restart(subject), seen)

    def _fresh(self, kind: str, namespace: str, name: str) -> tuple[Subject, Report]:
        kind = next((known for known in KINDS if known.lower() == kind.lower()), kind)
        seen = Report()
        if kind not in KINDS:
            raise Unusable(f"KIND is '{kind}'. Set it to one of {', '.join(KINDS)}.")
        self.cluster.client.forget()
        subject = self.cluster.subject(kind, namespace, name, seen, time.time())
        if subject is None:
            raise Unusable(
                f"{report.spoken(report.ref(kind, namespace, name))} does not exist. Correct NAME or NAMESPACE."
            )
        return subject, seen

    def _apply(self, subject: Subject, change: remedy.Change, seen: Report) -> Answer:
        after = None
        if not change.refused:
            where = clusters.path("/apis/apps/v1", KINDS[subject.kind], subject.namespace, subject.name)
            try:
                self.cluster.client.patch(where, change.patch)
            except Forbidden as refusal:
                change = remedy.refuse(
                    f"{refusal}. Grant the verb patch on {KINDS[subject.kind]} to the kubeconfig's user."
                )
            else:
                after = self.cluster.subject(subject.kind, subject.namespace, subject.name, Report(), time.time())
        seen.take([remedy.told(subject, change, after)])
        return {**self._answer(seen), "refused": change.refused}
