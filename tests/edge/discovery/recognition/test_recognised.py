"""What runs somewhere is told with its evidence, and nothing is told that only sounds like it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.connectors.kept import trimmed
from runstone.edge.discovery.recognition import recognised
from runstone.edge.discovery.recognition.signals import image
from runstone.edge.discovery.recognition.table import Entry, indexed, load
from runstone.errors import Broken
from runstone.model.resource import ResourceRef, Software


def told(obj: dict[str, Any]) -> dict[str, Software]:
    kept = trimmed(obj, obj["kind"], obj.get("apiVersion", "apps/v1"))
    metadata = obj["metadata"]
    ref = ResourceRef(platform="c", kind=obj["kind"], namespace=metadata.get("namespace", ""), name=metadata["name"])
    return {one.id: one for one in recognised(ref, kept)}


def workload(name: str, *containers: dict[str, Any], kind: str = "Deployment", **metadata: Any) -> dict[str, Any]:
    pod = {"metadata": {"labels": metadata.pop("pod_labels", {})}, "spec": {"containers": list(containers)}}
    spec: dict[str, Any] = {"template": pod}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    return {"kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def container(image: str, name: str = "c", **fields: Any) -> dict[str, Any]:
    env = [{"name": variable, "value": "x"} for variable in fields.pop("env", ())]
    ports = [{"containerPort": port} for port in fields.pop("ports", ())]
    return {"name": name, "image": image, "env": env, "ports": ports, **fields}


@pytest.mark.parametrize(
    ("image", "expected", "version"),
    [
        ("redis:7.2-alpine", "redis", "7.2"),
        ("docker.io/bitnami/redis:7.0.5-debian-11-r7", "redis", "7.0.5"),
        ("registry.corp.example:5000/mirror/library/redis@sha256:" + "a" * 64, "redis", ""),
        ("quay.io/jetstack/cert-manager-controller:v1.14.2", "cert-manager", "1.14.2"),
        ("oliver006/redis_exporter:v1.55.0", "redis-exporter", "1.55.0"),
        ("quay.io/strimzi/kafka:0.40.0-kafka-3.7.0", "kafka", "0.40.0"),
        ("quay.io/strimzi/operator:0.40.0", "strimzi", "0.40.0"),
        ("rook/ceph:v1.13.1", "rook", "1.13.1"),
        ("registry.k8s.io/kube-apiserver-amd64:v1.29.0", "kubernetes-control-plane", "1.29.0"),
        ("mcr.microsoft.com/mssql/server:2022-latest", "sql-server", "2022"),
    ],
)
def test_an_image_tells_what_it_is_and_its_version(image: str, expected: str, version: str) -> None:
    found = told(workload("anything", container(image)))
    assert (list(found), found[expected].version) == ([expected], version)
    assert found[expected].evidence == (f"image {image} of container c",)


@pytest.mark.parametrize(
    "obj",
    [
        workload("redis-client", container("acme/redis-client:1", env=["REDIS_URL"]), labels={"app": "redis-client"}),
        workload("shop", container("acme/shop:1", env=["POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"])),
        workload("kafka-consumer", container("acme/kafka-consumer:3", env=["KAFKA_BROKERS"], ports=[8080])),
        workload("nginx", container("acme/frontend:1", ports=[80]), labels={"app": "nginx"}),
        workload("vector", container("acme/vector:1")),
        workload("api", container("acme/api:1", env=["API_KEY", "PORT"], ports=[9090])),
        workload("api", container("")),
    ],
    ids=[
        "client of redis",
        "client of postgres",
        "consumer",
        "name and label alone",
        "common word",
        "port alone",
        "empty",
    ],
)
def test_what_only_sounds_like_it_is_not_told(obj: dict[str, Any]) -> None:
    assert told(obj) == {}


def test_the_same_common_word_is_told_from_its_own_project() -> None:
    assert list(told(workload("logs", container("timberio/vector:0.36")))) == ["vector"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"env": ["SPRING_PROFILES_ACTIVE"]}, ["java", "spring-boot"]),
        ({"env": ["DJANGO_SETTINGS_MODULE", "PYTHONUNBUFFERED"]}, ["django", "python"]),
        ({"env": ["RAILS_ENV"]}, ["rails", "ruby"]),
        ({"env": ["ASPNETCORE_URLS"]}, ["aspnetcore", "dotnet"]),
        ({"env": ["APP_KEY", "APP_DEBUG", "DB_HOST"]}, ["laravel", "php"]),
        (
            {"command": ["sh", "-c", "python manage.py migrate && exec gunicorn shop.wsgi"]},
            ["django", "gunicorn", "python"],
        ),
        ({"command": ["bundle", "exec", "sidekiq", "-q", "default"]}, ["ruby", "sidekiq"]),
        ({"command": ["/usr/bin/tini", "--", "java", "-jar", "/app.jar"]}, ["java"]),
        ({"args": ["manage.py", "runserver"]}, ["django", "python"]),
        ({"livenessProbe": {"httpGet": {"path": "/actuator/health/liveness"}}}, ["java", "spring-boot"]),
    ],
)
def test_a_framework_is_told_by_its_variables_and_how_it_is_started(
    fields: dict[str, Any], expected: list[str]
) -> None:
    assert sorted(told(workload("shop", container("acme/shop:1", **fields)))) == expected


def test_a_chart_names_an_application_only_where_no_image_says_otherwise() -> None:
    labels = {"app.kubernetes.io/name": "redis", "helm.sh/chart": "redis-18.1.0"}
    assert list(told(workload("cache", container("acme/c:1"), labels=labels))) == ["redis"]
    assert list(told(workload("cache", container("bitnami/redis-exporter:1.5"), labels=labels))) == ["redis-exporter"]


def test_a_sidecar_is_told_beside_what_it_stands_beside() -> None:
    found = told(
        workload("db", container("postgres:16"), container("quay.io/prometheuscommunity/postgres-exporter:v0.15.0"))
    )
    assert {id_: one.role for id_, one in found.items()} == {"postgresql": "server", "postgres-exporter": "exporter"}


def test_a_native_sidecar_counts_and_what_only_prepares_does_not() -> None:
    pod = workload("shop", container("acme/shop:1"))
    pod["spec"]["template"]["spec"]["initContainers"] = [
        container("busybox:1", "wait"),
        container("redis:7", "wait-for-redis"),
        {**container("envoyproxy/envoy:v1.29.0", "proxy"), "restartPolicy": "Always"},
    ]
    assert list(told(pod)) == ["envoy"]


def test_a_job_with_a_servers_image_is_a_client_of_it() -> None:
    job = workload("backup", container("postgres:16", command=["pg_dump"]), kind="CronJob")
    assert told(job)["postgresql"].role == "client"


def resource(kind: str, api_version: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": api_version, "metadata": {"name": "one"}, **fields}


HELM_RELEASE = {"chart": {"spec": {"chart": "loki"}}}


@pytest.mark.parametrize(
    ("obj", "expected", "role"),
    [
        (resource("Kafka", "kafka.strimzi.io/v1beta2"), "kafka", "server"),
        (resource("Certificate", "cert-manager.io/v1"), "cert-manager", "resource"),
        (
            resource("IngressClass", "networking.k8s.io/v1", spec={"controller": "k8s.io/ingress-nginx"}),
            "ingress-nginx",
            "resource",
        ),
        (resource("StorageClass", "storage.k8s.io/v1", provisioner="rook-ceph.rbd.csi.ceph.com"), "ceph", "resource"),
        (resource("Node", "v1", status={"nodeInfo": {"kubeletVersion": "v1.29.1+k3s1"}}), "k3s", "server"),
        (resource("HelmRelease", "helm.toolkit.fluxcd.io/v2", spec=HELM_RELEASE), "loki", "server"),
    ],
)
def test_types_classes_and_nodes_tell_what_they_belong_to(obj: dict[str, Any], expected: str, role: str) -> None:
    assert told(obj)[expected].role == role


def test_a_service_is_known_by_what_it_selects_and_its_port() -> None:
    service = {
        "kind": "Service",
        "metadata": {"name": "cache"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"port": 6379}]},
    }
    assert list(told(service)) == ["redis"]


def test_evidence_never_holds_a_value_of_the_configuration() -> None:
    secret = "s3cr3t-value"
    one = container("acme/shop:1", env=["DJANGO_SECRET_KEY"], command=["gunicorn", "--key", secret], args=[secret])
    one["env"][0]["value"] = secret
    found = told(workload("shop", one))
    assert found
    assert secret not in "".join(piece for known in found.values() for piece in known.evidence)


def test_the_table_is_wide_and_every_entry_can_be_recognised_by_something() -> None:
    table = load()
    assert len(table.entries) >= 150
    for entry in table.entries.values():
        assert any(entry.facts(what) for what in table.exact), entry.id


def test_an_entry_that_implies_an_unknown_one_is_refused() -> None:
    with pytest.raises(Broken, match="spring-boot implies java"):
        indexed([Entry(id="spring-boot", name="Spring Boot", category="framework", implies=("java",))])


name = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,12}[a-z0-9])?", fullmatch=True)


@given(
    st.one_of(st.just(""), st.sampled_from(["quay.io/", "localhost:5000/", "10.0.0.1:80/"])),
    st.lists(
        name.filter(lambda one: not one.endswith(("-amd64", "-arm64", "-x86_64", "-arm64v8"))), min_size=2, max_size=4
    ),
    st.sampled_from(["", ":latest", ":v1.2.3-x", "@sha256:" + "0" * 64, ":1@sha256:" + "0" * 64]),
)
def test_an_image_name_is_taken_apart_wherever_it_lies(registry: str, path: list[str], tag: str) -> None:
    first, *rest = path
    found = image(f"{registry}{'/'.join(path)}{tag}")
    assert found.path == tuple(path if registry or "." not in first else rest)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.text(max_size=30), anything)
def test_a_custom_resource_may_have_any_shape(group: str, spec: Any) -> None:
    told({"kind": "Thing", "apiVersion": f"{group}.example/v1", "metadata": {"name": "t"}, "spec": spec})


@given(st.text(max_size=60))
def test_an_image_may_be_any_text(text: str) -> None:
    told(workload("w", container(text)))
