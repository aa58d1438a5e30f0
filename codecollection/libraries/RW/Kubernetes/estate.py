"""The Robot keywords about what lies around workloads: ingresses, claims, nodes, namespaces, policies, jobs."""

import time
from abc import abstractmethod
from typing import Any

from RW.Kubernetes import (
    calls,
    complaint,
    container,
    dependency,
    guarding,
    ingress,
    job,
    log,
    namespace,
    node,
    pod,
    quota,
    report,
    service,
    volume,
    workload,
)
from RW.Kubernetes.cluster import SINGULAR, Cluster
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.trouble import Absent, Forbidden, Rejected
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
Answer = dict[str, Any]
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CLIENTS = 12
"""Workloads whose logs are read to see whether a policy hurts them."""


class Estate:
    """Keywords that need ``cluster`` only."""

    @property
    @abstractmethod
    def cluster(self) -> Cluster:
        """The cluster in use."""

    @abstractmethod
    def _lost(self, kind: str, namespace: str, name: str) -> Issue: ...

    @abstractmethod
    def _log(
        self,
        subject: Subject,
        state: container.State,
        previous: bool,
        ill: bool,
        found: calls.Logs,
        seen: Report | None,
    ) -> None: ...

    @abstractmethod
    def _answer(self, seen: Report) -> Answer: ...

    def check_ingress_backends(self, namespace: str, name: str) -> Answer:
        """Whether every route of an Ingress leads to a Service that answers."""
        scene, seen = self._ingress(namespace, name)
        if scene:
            seen.take([ingress.check(scene)])
        return self._answer(seen)

    def check_ingress_class(self, namespace: str, name: str) -> Answer:
        """Whether a controller serves an Ingress."""
        scene, seen = self._ingress(namespace, name)
        if scene:
            seen.take([ingress.check_class(scene)])
        return self._answer(seen)

    def check_ingress_tls(self, namespace: str, name: str) -> Answer:
        """Whether the TLS Secrets of an Ingress exist, and what is known of its certificates."""
        scene, seen = self._ingress(namespace, name)
        if scene:
            seen.take([ingress.check_tls(scene)])
            certificates = self.cluster.see("certificates", namespace, seen, optional=True)
            wanted = {entry.get("secretName") for entry in (scene.ingress.get("spec") or {}).get("tls") or []}
            mine = [each for each in certificates if (each.get("spec") or {}).get("secretName") in wanted]
            seen.take([ingress.check_certificates(mine, time.time())])
        return self._answer(seen)

    def check_claim(self, namespace: str, name: str) -> Answer:
        """Whether a PersistentVolumeClaim is bound, and the volume behind it."""
        claim, seen = self._one("persistentvolumeclaims", namespace, name)
        if claim:
            classes = self.cluster.names("storageclasses", "")
            listed = [] if isinstance(classes, str) else self.cluster.see("storageclasses", "", seen)
            defaults = {
                c["metadata"]["name"]
                for c in listed
                if (c["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
            }
            events = self.cluster.see("events", namespace, seen)
            seen.take(
                [volume.check(claim, classes, events, time.time(), None if isinstance(classes, str) else defaults)]
            )
            bound = (claim.get("spec") or {}).get("volumeName")
            if bound:
                behind, gaps = self._one("persistentvolumes", "", bound, quiet=True)
                seen.take([gaps, *([volume.of_volume(behind, time.time())] if behind else [])])
        return self._answer(seen)

    def check_claim_users(self, namespace: str, name: str) -> Answer:
        """Which pods use a PersistentVolumeClaim, and whether they got it."""
        seen = Report()
        users = [
            each
            for each in self.cluster.see("pods", namespace, seen)
            if any(
                (v.get("persistentVolumeClaim") or {}).get("claimName") == name
                for v in each["spec"].get("volumes") or []
            )
        ]
        seen.say(*(container.line(each) for each in users))
        reference = report.ref("PersistentVolumeClaim", namespace, name)
        seen.rule_out("Unknown users", f"{len(users)} pods use the claim", reference)
        return self._answer(seen)

    def check_node(self, name: str) -> Answer:
        """The conditions of a node."""
        found, seen = self._one("nodes", "", name)
        if found:
            seen.take(
                [
                    node.check(
                        found,
                        self.cluster.see("events", "", seen, fieldSelector="involvedObject.kind=Node"),
                        time.time(),
                    )
                ]
            )
        return self._answer(seen)

    def check_node_room(self, name: str) -> Answer:
        """How much of a node is taken."""
        found, seen = self._one("nodes", "", name)
        if found:
            pods = self.cluster.see("pods", "", seen, fieldSelector=f"spec.nodeName={name}")
            seen.take([node.room(found, pods)])
        return self._answer(seen)

    def check_all_nodes(self) -> Answer:
        """The conditions of every node."""
        seen = Report()
        events = self.cluster.see("events", "", seen, fieldSelector="involvedObject.kind=Node")
        seen.take(node.check(each, events, time.time()) for each in self.cluster.see("nodes", "", seen))
        return self._answer(seen)

    def check_namespace(self, namespace_name: str) -> Answer:
        """Whether a namespace is active."""
        found, seen = self._one("namespaces", "", namespace_name)
        if found:
            seen.take([namespace.terminating(found, time.time())])
        return self._answer(seen)

    def check_namespace_workloads(self, namespace_name: str) -> Answer:
        """Which workloads and Services of a namespace are not well."""
        seen = Report()
        workloads = self.cluster.workloads(namespace_name, seen)
        seen.take([namespace.unhealthy(namespace_name, workloads, time.time())])
        world = self.cluster.world({namespace_name}, namespace_name, seen)
        pods, events = self.cluster.see("pods", namespace_name, seen), self.cluster.see("events", namespace_name, seen)
        scenes = [
            service.Scene(each, pods, workloads, world.ready.get(key, 0), events, time.time())
            for key, each in world.services.items()
        ]
        seen.take([namespace.services(scenes)])
        return self._answer(seen)

    def check_namespace_events(self, namespace_name: str) -> Answer:
        """The warnings of a namespace, alike ones together."""
        seen = Report()
        events = self.cluster.see("events", namespace_name, seen)
        seen.take([namespace.warnings(namespace_name, events, time.time())])
        return self._answer(seen)

    def check_namespace_quota(self, namespace_name: str) -> Answer:
        """Quotas and limit ranges of a namespace."""
        seen = Report()
        events = self.cluster.see("events", namespace_name, seen)
        quotas = self.cluster.see("resourcequotas", namespace_name, seen)
        seen.take([quota.overview(namespace_name, quotas, events, time.time())])
        seen.take(
            [
                namespace.limits(
                    namespace_name, self.cluster.see("limitranges", namespace_name, seen), events, time.time()
                )
            ]
        )
        return self._answer(seen)

    def check_policy(self, namespace: str, name: str) -> Answer:
        """What a NetworkPolicy selects."""
        found, seen = self._one("networkpolicies", namespace, name)
        if found:
            chosen = guarding.selected(found, self.cluster.workloads(namespace, seen))
            reference = report.ref("NetworkPolicy", namespace, name)
            seen.say(guarding.policy.shown(found), *(f"selects {each}" for each in chosen))
            seen.rule_out("Selection", f"it selects {len(chosen)} workloads: {', '.join(chosen) or 'none'}", reference)
        return self._answer(seen)

    def check_policy_flows(self, namespace: str, name: str) -> Answer:
        """Which needed flows a NetworkPolicy keeps from happening."""
        found, seen = self._one("networkpolicies", namespace, name)
        if found:
            workloads = self.cluster.workloads(namespace, seen)
            world = self.cluster.world({namespace}, namespace, seen)
            guard = self.cluster.guard({namespace}, world, seen)
            clients = [self._client(each, namespace, seen) for each in workloads[:CLIENTS]]
            seen.take([guarding.blocked(guarding.Scene(found, clients, world, guard))])
        return self._answer(seen)

    def check_job(self, namespace: str, name: str) -> Answer:
        """Whether a Job failed, and what its pods say."""
        found, seen = self._one("jobs", namespace, name)
        if found:
            events, own = self._job_pods(found, namespace, seen)
            seen.take([job.check(found, own, events, time.time())])
            if workload.condition(found, "Complete").get("status") != "True":
                subject = job.subject(found, own, events, time.time())
                seen.take(
                    [
                        pod.check(subject, self._job_logs(subject), self._world_of(subject, seen), {}),
                        quota.check(subject),
                    ]
                )
        return self._answer(seen)

    def check_job_logs(self, namespace: str, name: str) -> Answer:
        """What the pods of a Job log."""
        found, seen = self._one("jobs", namespace, name)
        if found and workload.condition(found, "Complete").get("status") != "True":
            events, own = self._job_pods(found, namespace, seen)
            # Pods of a Job stay Failed for good: what they logged is looked at as if they were still there.
            alive = [{**each, "status": {**each["status"], "phase": "Running"}} for each in own[-3:]]
            subject = job.subject(found, alive, events, time.time())
            world = self._world_of(subject, seen)
            seen.take(
                [
                    complaint.check(
                        subject, world, self._job_logs(subject), self.cluster.guard({namespace}, world, seen), []
                    )
                ]
            )
        elif found:
            seen.rule_out("Errors in logs", f"Job {name} is complete", report.ref("Job", namespace, name))
        return self._answer(seen)

    def check_cronjob(self, namespace: str, name: str) -> Answer:
        """Whether a CronJob starts its Jobs and they complete."""
        found, seen = self._one("cronjobs", namespace, name)
        if found:
            jobs, events = self.cluster.see("jobs", namespace, seen), self.cluster.see("events", namespace, seen)
            seen.take([job.check_cron(found, jobs, events, time.time())])
        return self._answer(seen)

    def latest_failed_job(self, namespace: str, name: str) -> str:
        """The name of the latest Job of a CronJob when it failed; empty when it did not."""
        found, seen = self._one("cronjobs", namespace, name)
        uid = found["metadata"].get("uid", "") if found else ""
        own = sorted(
            workload.owned(self.cluster.see("jobs", namespace, seen), uid),
            key=lambda each: str(each["metadata"].get("creationTimestamp")),
        )
        done = [
            each
            for each in own
            if any(workload.condition(each, kind).get("status") == "True" for kind in ("Failed", "Complete"))
        ]
        failed = bool(done) and workload.condition(done[-1], "Failed").get("status") == "True"
        return str(done[-1]["metadata"]["name"]) if failed else ""

    def _one(self, plural: str, where: str, name: str, *, quiet: bool = False) -> tuple[Json | None, Report]:
        seen, kind = Report(), SINGULAR[plural]
        try:
            found = self.cluster.one(plural, where, name)
        except Forbidden as refusal:
            seen.gap(
                f"{kind} {name}", f"{refusal}. Grant the verbs get and list on {plural}.", report.ref(kind, where, name)
            )
            return None, seen
        if found is None and not quiet:
            seen.add(self._lost(kind, where, name))
        return found, seen

    def _ingress(self, where: str, name: str) -> tuple[ingress.Scene | None, Report]:
        found, seen = self._one("ingresses", where, name)
        if found is None:
            return None, seen
        listed = self.cluster.names("ingressclasses", "")
        classes: list[Json] | str = listed if isinstance(listed, str) else self.cluster.see("ingressclasses", "", seen)
        return (
            ingress.Scene(
                found,
                self.cluster.world({where}, where, seen),
                classes,
                self.cluster.names("secrets", where),
                self.cluster.see("events", where, seen),
                self._controller_log(found) if (found.get("spec") or {}).get("tls") else [],
                time.time(),
            ),
            seen,
        )

    def _controller_log(self, found: Json) -> list[str]:
        """The latest lines of an ingress controller in a namespace named like its class; often it may not be read."""
        class_name = ingress.class_of(found)
        for where in (f"ingress-{class_name}", class_name, "kube-system"):
            pods = [
                each
                for each in self.cluster.see("pods", where, Report())
                if "ingress" in each["metadata"]["name"] and container.is_ready(each)
            ]
            for each in pods[:1]:
                name = each["spec"]["containers"][0]["name"]
                try:
                    text = self.cluster.client.log(
                        where, each["metadata"]["name"], name, previous=False, since_s=300, lines=200
                    )
                except (Absent, Forbidden, Rejected):
                    continue
                return [line.text for line in log.lines(text)]
        return []

    def _client(self, manifest: Json, where: str, seen: Report) -> tuple[Subject, calls.Logs]:
        kind, name = str(manifest["kind"]), str(manifest["metadata"]["name"])
        subject = self.cluster.subject(kind, where, name, seen, time.time()) or Subject(kind, where, name, manifest)
        logs: calls.Logs = {}
        for each in subject.live_pods[:1]:
            for state in container.states(each):
                self._log(subject, state, False, not container.is_ready(each), logs, None)
                if state.restarts and not container.is_ready(each):
                    self._log(subject, state, True, True, logs, None)
        return subject, logs

    def _job_pods(self, found: Json, where: str, seen: Report) -> tuple[list[Json], list[Json]]:
        pods = workload.owned(self.cluster.see("pods", where, seen), found["metadata"].get("uid", ""))
        return self.cluster.see("events", where, seen), sorted(
            pods, key=lambda each: str(each["metadata"].get("creationTimestamp"))
        )

    def _job_logs(self, subject: Subject) -> calls.Logs:
        logs: calls.Logs = {}
        for each in subject.pods[-3:]:
            for state in container.states(each):
                self._log(subject, state, False, True, logs, None)
        return logs

    def _world_of(self, subject: Subject, seen: Report) -> dependency.World:
        called = dependency.namespaces(dependency.addresses(subject.template), subject.namespace)
        return self.cluster.world(called, subject.namespace, seen)
