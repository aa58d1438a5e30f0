"""What Kubernetes objects say of each other becomes typed relations; and how they look, health."""

import datetime as dt
from typing import Any

import pytest

from runstone.edge.discovery import health
from runstone.edge.discovery.relations import Objects, relate, selects

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def obj(kind: str, name: str, namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def pods(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "cart"}}, "spec": spec}


def container(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "c", **fields}]


def told(*objects: dict[str, Any]) -> set[tuple[str, str, str]]:
    found = relate(Objects("c", objects))
    return {
        (one.source.name, one.type, f"{one.target.kind}/{one.target.name}") for one in found if one.type != "contains"
    }


def deployment(name: str = "cart", **spec: Any) -> dict[str, Any]:
    return obj("Deployment", name, spec={"template": pods(**spec)})


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (
            [deployment(containers=container(env=[{"name": "DB", "value": "redis:6379"}])), obj("Service", "redis")],
            ("cart", "calls", "Service/redis"),
        ),
        (
            [deployment(containers=container(env=[{"name": "DB", "value": "gone:6379"}]))],
            ("cart", "calls", "Service/gone"),
        ),
        (
            [
                deployment(containers=container(env=[{"name": "DB", "value": "pg.data.svc.cluster.local:5432"}])),
                obj("Service", "pg", "data"),
            ],
            ("cart", "calls", "Service/pg"),
        ),
        (
            [obj("Service", "cart", spec={"selector": {"app": "cart"}}), deployment()],
            ("cart", "selects", "Deployment/cart"),
        ),
        (
            [
                deployment(
                    containers=container(env=[{"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}])
                )
            ],
            ("cart", "references", "Secret/s"),
        ),
        (
            [deployment(containers=container(envFrom=[{"configMapRef": {"name": "cm"}}]))],
            ("cart", "references", "ConfigMap/cm"),
        ),
        ([deployment(serviceAccountName="sa")], ("cart", "references", "ServiceAccount/sa")),
        (
            [deployment(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])],
            ("cart", "mounts", "PersistentVolumeClaim/data"),
        ),
        ([deployment(volumes=[{"name": "t", "secret": {"secretName": "tls"}}])], ("cart", "mounts", "Secret/tls")),
        (
            [
                obj(
                    "Ingress",
                    "web",
                    spec={"rules": [{"http": {"paths": [{"backend": {"service": {"name": "front"}}}]}}]},
                )
            ],
            ("web", "routes-to", "Service/front"),
        ),
        (
            [obj("Ingress", "web", spec={"defaultBackend": {"service": {"name": "front"}}})],
            ("web", "routes-to", "Service/front"),
        ),
        ([obj("Ingress", "web", spec={"tls": [{"secretName": "t"}]})], ("web", "references", "Secret/t")),
        ([obj("Pod", "p", spec={"nodeName": "n1"})], ("p", "runs-on", "Node/n1")),
        (
            [obj("PersistentVolumeClaim", "d", spec={"storageClassName": "fast"})],
            ("d", "references", "StorageClass/fast"),
        ),
        (
            [obj("HorizontalPodAutoscaler", "h", spec={"scaleTargetRef": {"kind": "Deployment", "name": "cart"}})],
            ("h", "scales", "Deployment/cart"),
        ),
        ([obj("NetworkPolicy", "deny", spec={"podSelector": {}}), deployment()], ("deny", "guards", "Deployment/cart")),
        (
            [
                obj("Pod", "p", metadata={"ownerReferences": [{"kind": "ReplicaSet", "name": "rs"}]}),
                obj("ReplicaSet", "rs", metadata={"ownerReferences": [{"kind": "Deployment", "name": "cart"}]}),
            ],
            ("cart", "owns", "Pod/p"),
        ),
        (
            [
                obj(
                    "Pod",
                    "p",
                    spec={"nodeName": "n1"},
                    metadata={"ownerReferences": [{"kind": "StatefulSet", "name": "db"}]},
                ),
                obj("StatefulSet", "db"),
            ],
            ("db", "runs-on", "Node/n1"),
        ),
        (
            [
                obj("Job", "nightly-1", metadata={"ownerReferences": [{"kind": "CronJob", "name": "nightly"}]}),
                obj("CronJob", "nightly"),
            ],
            ("nightly", "owns", "Job/nightly-1"),
        ),
        (
            [
                obj("StatefulSet", "db", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
                obj("PersistentVolumeClaim", "data-db-0"),
            ],
            ("db", "mounts", "PersistentVolumeClaim/data-db-0"),
        ),
        (
            [deployment(containers=container(args=["--cache=redis:6379"])), obj("Service", "redis")],
            ("cart", "calls", "Service/redis"),
        ),
        (
            [deployment(containers=container(command=["sh", "pg.data:5432"])), obj("Service", "pg", "data")],
            ("cart", "calls", "Service/pg"),
        ),
        (
            [
                deployment(containers=container(env=[{"name": "BROKERS", "value": "a:9092,b:9092"}])),
                obj("Service", "b"),
            ],
            ("cart", "calls", "Service/b"),
        ),
        (
            [obj("Thing", "t"), obj("Pod", "p", metadata={"ownerReferences": [{"kind": "Thing", "name": "t"}]})],
            ("t", "owns", "Pod/p"),
        ),
        (
            [
                deployment(containers=container(env=[{"name": "DB", "value": "gone.data:1"}])),
                obj("Namespace", "data", ""),
            ],
            ("cart", "calls", "Service/gone"),
        ),
    ],
)
def test_relations(objects: list[dict[str, Any]], expected: tuple[str, str, str]) -> None:
    assert expected in told(*objects)


@pytest.mark.parametrize(
    "objects",
    [
        [deployment(containers=container(env=[{"name": "M", "value": "production"}]))],
        [deployment(containers=container(env=[{"name": "E", "value": "api.example.com:443"}]))],
        [
            deployment(
                containers=container(
                    env=[{"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "optional": True}}}]
                )
            )
        ],
        [obj("Service", "cart", spec={"selector": {"app": "other"}}), deployment()],
        [obj("Service", "external", spec={}), deployment()],
        [obj("Ingress", "empty", spec={})],
        [deployment(containers=container(env=[{"name": "E", "value": "localhost:4317"}]))],
        [
            obj("StatefulSet", "db", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
            obj("PersistentVolumeClaim", "data-dbx-0"),
        ],
        [
            obj("StatefulSet", "db", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
            obj("PersistentVolumeClaim", "data-db-replica-0"),
        ],
        [deployment(containers=container(env=[{"name": "DB", "value": "gone.data:1"}]))],
        [deployment(serviceAccountName="default")],
    ],
)
def test_what_is_no_relation(objects: list[dict[str, Any]]) -> None:
    assert told(*objects) == set()


def pod(*owners: tuple[str, str]) -> dict[str, Any]:
    above = [{"kind": kind, "name": name} for kind, name in owners]
    volumes = [{"name": "v", "secret": {"secretName": "s"}}]
    return obj("Pod", "p", spec={"volumes": volumes}, metadata={"labels": {"app": "x"}, "ownerReferences": above})


@pytest.mark.parametrize(
    ("objects", "speaks"),
    [
        ([pod()], True),
        ([pod(("Rollout", "r"))], True),
        ([pod(("ReplicaSet", "rs")), obj("ReplicaSet", "rs")], True),
        (
            [
                pod(("ReplicaSet", "rs")),
                obj("ReplicaSet", "rs", metadata={"ownerReferences": [{"kind": "Rollout", "name": "r"}]}),
            ],
            True,
        ),
        ([pod(("ReplicaSet", "not-read"))], False),
        ([pod(("StatefulSet", "db"))], False),
        ([pod(("Job", "once"))], False),
    ],
)
def test_a_pod_without_a_workload_speaks_for_itself(objects: list[dict[str, Any]], speaks: bool) -> None:
    service = obj("Service", "front", spec={"selector": {"app": "x"}})
    found = told(service, *objects)
    assert (("front", "selects", "Pod/p") in found) is speaks
    assert (("p", "mounts", "Secret/s") in found) is speaks


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Unheard"}]}, False),
    ],
)
def test_label_selectors(selector: dict[str, Any], expected: bool) -> None:
    assert selects(selector, {"a": "1"}) is expected


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("Deployment", {"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}, ("ok", "2/2 ready")),
        ("Deployment", {"spec": {"replicas": 2}, "status": {}}, ("ill", "0/2 ready")),
        ("Deployment", {"spec": {"replicas": 0}}, ("ok", "scaled to 0")),
        (
            "Deployment",
            {
                "spec": {"replicas": 1},
                "status": {
                    "readyReplicas": 1,
                    "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
                },
            },
            ("ill", "1/1 ready, rollout stuck"),
        ),
        ("Pod", {"status": {"phase": "Pending"}}, ("ill", "Pending")),
        (
            "Pod",
            {
                "status": {
                    "phase": "Pending",
                    "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}],
                }
            },
            ("ill", "ImagePullBackOff"),
        ),
        (
            "Pod",
            {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
            ("ok", "Running"),
        ),
        ("Pod", {"status": {"phase": "Succeeded"}}, ("ok", "Completed")),
        ("PersistentVolumeClaim", {"status": {"phase": "Pending"}}, ("ill", "Pending")),
        ("Node", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, ("ill", "NotReady")),
        (
            "Job",
            {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}},
            ("ill", "BackoffLimitExceeded"),
        ),
        (
            "Deployment",
            {
                "spec": {"replicas": 3},
                "status": {
                    "readyReplicas": 2,
                    "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}],
                },
            },
            ("unknown", "2/3 ready, rolling out"),
        ),
        (
            "Deployment",
            {
                "spec": {"replicas": 3},
                "status": {
                    "readyReplicas": 2,
                    "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
                },
            },
            ("ill", "2/3 ready"),
        ),
        *(
            (
                "Deployment",
                {
                    "metadata": {"creationTimestamp": created},
                    "spec": {"replicas": 1},
                    "status": {
                        "conditions": [
                            {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},
                            {"type": "Available", "status": "False", "lastTransitionTime": since},
                        ],
                    },
                },
                (expected, "0/1 ready, rolling out"),
            )
            for created, since, expected in (
                ("2026-02-01T00:00:00Z", "2026-03-01T11:50:00Z", "ill"),
                ("2026-02-01T00:00:00Z", "2026-03-01T11:59:00Z", "unknown"),
                ("2026-03-01T11:55:00Z", "2026-03-01T11:55:00Z", "unknown"),
            )
        ),
        (
            "Deployment",
            {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": {"observedGeneration": 1}},
            ("unknown", "0/1 ready, rolling out"),
        ),
        (
            "StatefulSet",
            {"spec": {"replicas": 2}, "status": {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}},
            ("unknown", "1/2 ready, rolling out"),
        ),
        (
            "StatefulSet",
            {"spec": {"replicas": 3}, "status": {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}},
            ("ill", "1/3 ready"),
        ),
        ("DaemonSet", {"status": {"desiredNumberScheduled": 3, "numberReady": 1}}, ("ill", "1/3 ready")),
        (
            "DaemonSet",
            {"status": {"desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 1}},
            ("unknown", "2/3 ready, rolling out"),
        ),
        (
            "Pod",
            {"metadata": {"creationTimestamp": "2026-03-01T11:59:00Z"}, "status": {"phase": "Pending"}},
            ("unknown", "Pending"),
        ),
        (
            "Pod",
            {"metadata": {"creationTimestamp": "2026-03-01T11:50:00Z"}, "status": {"phase": "Pending"}},
            ("ill", "Pending"),
        ),
        (
            "Pod",
            {
                "metadata": {"creationTimestamp": "2026-03-01T11:59:59Z"},
                "status": {
                    "phase": "Pending",
                    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
                },
            },
            ("ill", "Unschedulable"),
        ),
        (
            "Pod",
            {
                "status": {
                    "phase": "Running",
                    "conditions": [
                        {"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-01T11:40:00Z"},
                    ],
                }
            },
            ("ill", "not ready"),
        ),
        ("Pod", {"status": {"phase": "Failed", "reason": "Evicted"}}, ("ill", "Evicted")),
        ("CronJob", {"spec": {"suspend": True}}, ("ok", "suspended")),
        ("PodDisruptionBudget", {"status": {"currentHealthy": 1, "desiredHealthy": 2}}, ("ill", "1 of 2 needed")),
        (
            "ResourceQuota",
            {"status": {"hard": {"pods": "4", "cpu": "2"}, "used": {"pods": "4", "cpu": "1"}}},
            ("ok", "full: pods"),
        ),
        ("Namespace", {"status": {"phase": "Active"}}, ("ok", "Active")),
        ("Namespace", {"status": {"phase": "Terminating"}}, ("ill", "Terminating")),
        ("Namespace", {}, ("unknown", "")),
        ("ConfigMap", {}, ("ok", "")),
        ("Unheard", {}, ("ok", "")),
    ],
)
def test_health(kind: str, fields: dict[str, Any], expected: tuple[str, str]) -> None:
    metadata = {"name": "x", **fields.pop("metadata", {})}
    assert health.of({"kind": kind, "metadata": metadata, **fields}, NOW) == expected
