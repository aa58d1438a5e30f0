"""Services, ingresses, claims, nodes, namespaces, policies, jobs and remedies: ill and healthy, a row each."""

import pytest
from RW.Kubernetes import container as containers
from RW.Kubernetes import (
    dependency,
    ingress,
    job,
    log,
    namespace,
    node,
    policy,
    quota,
    remedy,
    report,
    revision,
    service,
    volume,
)
from scene import NOW, NS, at, container, ended, event, facts, spec, subject, svc, waiting, world
from scene import pod as a_pod


def deployment(name, labels, replicas=1):
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NS, "uid": name},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": labels}, "spec": spec()}},
    }


def scene(one, pods=(), workloads=(), ready=0):
    return service.Scene(one, list(pods), list(workloads), ready, [], NOW)


CART = deployment("cart", {"app": "cart"})
SERVICES = {
    "selector": (
        scene(svc("cart", 80, selector={"app": "cart-service"}), [a_pod()], [CART]),
        {("SELECTOR_MISMATCH", f"Service/{NS}/cart")},
    ),
    "zero": (
        scene(svc("cart", 80), [], [deployment("cart", {"app": "cart"}, 0)]),
        {("SCALED_TO_ZERO", f"Deployment/{NS}/cart"), ("NO_READY_ENDPOINTS", f"Service/{NS}/cart")},
    ),
    "no pods": (scene(svc("cart", 80), [], [CART]), {("NO_READY_ENDPOINTS", f"Service/{NS}/cart")}),
    "none ready": (
        scene(svc("cart", 80), [a_pod(ready=False)], [CART]),
        {("NO_READY_ENDPOINTS", f"Service/{NS}/cart")},
    ),
    "no address": (
        scene(svc("cart", 80, type="LoadBalancer"), [a_pod()], [CART], 1),
        {("LOADBALANCER_PENDING", f"Service/{NS}/cart")},
    ),
    "well": (scene(svc("cart", 80), [a_pod()], [CART], 1), set()),
    "by hand": (scene(svc("cart", 80, selector={}), [], [], 1), set()),
    "alias": (scene(svc("cart", 80, type="ExternalName", externalName="x.example.com"), [], []), set()),
}


@pytest.mark.parametrize(("seen", "expected"), SERVICES.values(), ids=SERVICES.keys())
def test_a_service_is_told_by_its_endpoints(seen, expected):
    found = service.check(seen)
    assert facts(found) == expected
    assert expected or found.ruled_out


def test_the_label_that_differs_is_named():
    actual = service.check(SERVICES["selector"][0]).issues[0].actual
    assert "app=cart-service" in actual
    assert "app is cart (the selector wants cart-service)" in actual


TARGETS = [(8080, False), ("http", False), ("grpc", True), (9999, True)]


@pytest.mark.parametrize(("target", "wrong"), TARGETS)
def test_a_target_port_that_nobody_listens_on_is_the_services_fault(target, wrong):
    one = svc("cart", 80)
    one["spec"]["ports"][0]["targetPort"] = target
    assert service.ports(scene(one, [a_pod()], [CART], 1)).has("SERVICE_TARGET_PORT_WRONG") == wrong


def test_a_port_that_only_the_environment_mentions_counts_as_listened_on():
    one = svc("cart", 80)
    one["spec"]["ports"][0]["targetPort"] = 9999
    quiet = a_pod(body=spec(container(env=[{"name": "PORT", "value": "9999"}])))
    assert not service.ports(scene(one, [quiet], [CART], 1)).issues
    undeclared = {"name": "server", "image": "x"}
    assert not service.ports(scene(one, [a_pod(body=spec(undeclared))], [CART], 1)).issues


def an_ingress(backend="cart", port=80, cls="nginx", tls=None, address=True):
    paths = [{"path": "/", "backend": {"service": {"name": backend, "port": {"number": port}}}}]
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}] if address else []}}
    return {
        "metadata": {"name": "shop", "namespace": NS, "creationTimestamp": at(3600)},
        "spec": {"ingressClassName": cls, "tls": tls or [], "rules": [{"host": "h", "http": {"paths": paths}}]},
        "status": status,
    }


NGINX = [{"metadata": {"name": "nginx"}}]
ME = f"Ingress/{NS}/shop"


@pytest.mark.parametrize(
    ("one", "ready", "expected"),
    [
        (an_ingress("nope"), 1, {("INGRESS_BACKEND_MISSING", ME)}),
        (an_ingress(port=81), 1, {("INGRESS_PORT_WRONG", ME)}),
        (an_ingress(), 0, {("INGRESS_BACKEND_DOWN", ME)}),
        (an_ingress(), 1, set()),
    ],
)
def test_an_ingress_is_followed_to_its_backends(one, ready, expected):
    assert facts(ingress.check(ingress.Scene(one, world(svc("cart", 80), ready={"cart": ready}), now=NOW))) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (an_ingress(cls="nope"), "INGRESS_CLASS_MISSING"),
        (an_ingress(cls="", address=False), "INGRESS_CLASS_MISSING"),
        (an_ingress(address=False), "INGRESS_NO_ADDRESS"),
        (an_ingress(), ""),
    ],
)
def test_an_ingress_needs_a_class_that_is_served(one, expected):
    assert [issue.cause for issue in ingress.check_class(ingress.Scene(one, classes=NGINX, now=NOW)).issues] == (
        [expected] if expected else []
    )


def test_tls_secrets_are_looked_for_by_name_only():
    one = an_ingress(tls=[{"hosts": ["h"], "secretName": "cert"}])
    assert facts(ingress.check_tls(ingress.Scene(one, secrets=set(), now=NOW))) == {
        ("SECRET_MISSING", f"Secret/{NS}/cert"),
        ("INGRESS_TLS_BROKEN", ME),
    }
    assert not ingress.check_tls(ingress.Scene(one, secrets={"cert"}, now=NOW)).issues
    told = ingress.check_tls(ingress.Scene(one, secrets="may not be listed", now=NOW))
    assert not told.issues
    assert told.gaps
    expired = ingress.Scene(
        one, secrets={"cert"}, controller_log=[f'certificate has expired; secret "{NS}/cert"'], now=NOW
    )
    assert facts(ingress.check_tls(expired)) == {("CERTIFICATE_EXPIRED", f"Secret/{NS}/cert")}


@pytest.mark.parametrize(
    ("after", "ready", "cause"),
    [(-10, "True", "CERTIFICATE_EXPIRED"), (9999, "False", "CERTIFICATE_NOT_ISSUED"), (9999, "True", "")],
)
def test_cert_managers_word_on_certificates_counts(after, ready, cause):
    one = {
        "metadata": {"name": "c", "namespace": NS},
        "status": {
            "notAfter": at(-after),
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": at(7200)}],
        },
    }
    assert [issue.cause for issue in ingress.check_certificates([one], NOW).issues] == ([cause] if cause else [])


def claim(phase="Pending", cls="fast", **more):
    return {
        "metadata": {"name": "data", "namespace": NS, "creationTimestamp": at(600)},
        "spec": {"storageClassName": cls, "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": phase, **more},
    }


def says(reason, message, warning=True):
    return [event("PersistentVolumeClaim", "data", reason, message, warning=warning)]


STUCK = {"conditions": [{"type": "Resizing", "status": "True", "lastTransitionTime": at(9999)}]}
CLAIMS = {
    "no class": (claim(), {"std"}, [], None, "STORAGECLASS_MISSING"),
    "no class, said": (
        claim(),
        "may not be listed",
        says("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        None,
        "STORAGECLASS_MISSING",
    ),
    "provisioning": (claim(), {"fast"}, says("ProvisioningFailed", "quota of the cloud"), None, "PVC_PROVISION_FAILED"),
    "no default": (claim(cls=None), {"fast"}, [], set(), "NO_DEFAULT_STORAGECLASS"),
    "no volume": (
        claim(),
        {"fast"},
        says("FailedBinding", "no persistent volumes available", False),
        None,
        "PVC_UNBOUND",
    ),
    "silent": (claim(), {"fast"}, [], None, "PVC_UNBOUND"),
    "lost": (claim("Lost"), {"fast"}, [], None, "PVC_LOST"),
    "resize": (claim("Bound", **STUCK), {"fast"}, [], None, "PVC_RESIZE_STUCK"),
    "bound": (claim("Bound"), {"fast"}, [], None, ""),
    "waits for its pod": (
        claim(),
        {"fast"},
        says("WaitForFirstConsumer", "waiting for first consumer", False),
        None,
        "",
    ),
}


@pytest.mark.parametrize(("one", "classes", "events", "defaults", "cause"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claim_is_told_by_its_binding(one, classes, events, defaults, cause):
    seen = volume.check(one, classes, events, NOW, defaults)
    assert facts(seen) == ({(cause, f"PersistentVolumeClaim/{NS}/data")} if cause else set())


def test_a_workload_that_waits_for_a_claim_blames_it():
    seen = volume.of_workload(subject(a_pod(ready=False)), "data", [claim()], {"std"})
    assert {cause for cause, _ in facts(seen)} == {"STORAGECLASS_MISSING", "VOLUME_NOT_BOUND"}
    assert [
        i.cause for i in volume.of_volume({"metadata": {"name": "v"}, "status": {"phase": "Failed"}}, NOW).issues
    ] == ["PV_FAILED"]


def a_node(ready="True", pressure="", cordoned=False, network=False):
    conditions = [{"type": "Ready", "status": ready, "reason": "R", "message": "m", "lastTransitionTime": at(900)}]
    conditions += [{"type": pressure, "status": "True", "reason": "R"}] if pressure else []
    conditions += [{"type": "NetworkUnavailable", "status": "True", "reason": "R"}] if network else []
    return {
        "metadata": {"name": "n1", "creationTimestamp": at(9000)},
        "spec": {"unschedulable": cordoned},
        "status": {"conditions": conditions, "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    }


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (a_node("False"), "NODE_NOT_READY"),
        (a_node("Unknown"), "NODE_NOT_READY"),
        (a_node(pressure="MemoryPressure"), "NODE_PRESSURE"),
        (a_node(network=True), "NODE_NETWORK_UNAVAILABLE"),
        (a_node(cordoned=True), ""),
        (a_node(), None),
    ],
)
def test_a_node_is_told_by_its_conditions(one, cause):
    assert [issue.cause for issue in node.check(one, [], NOW).issues] == ([] if cause is None else [cause])


def test_the_room_on_a_node_is_added_up():
    asking = a_pod(body=spec(container(resources={"requests": {"cpu": "1", "memory": "2Gi"}})))
    assert "cpu 25%, memory 25%, 1 of 110 pods" in node.room(a_node(), [asking]).lines[0]


def test_a_namespace_on_its_way_out_is_told():
    going = {"metadata": {"name": NS, "deletionTimestamp": at(900)}, "status": {"phase": "Terminating"}}
    assert facts(namespace.terminating(going, NOW)) == {("NAMESPACE_TERMINATING", f"Namespace//{NS}")}
    assert not namespace.terminating({"metadata": {"name": NS}, "status": {"phase": "Active"}}, NOW).issues


def test_an_overview_names_what_is_not_ready_and_nothing_else():
    ill, well = subject(a_pod(ready=False)).manifest, subject(a_pod()).manifest
    assert facts(namespace.unhealthy(NS, [ill, well], NOW)) == {("REPLICAS_UNAVAILABLE", f"Deployment/{NS}/cart")}
    assert not namespace.unhealthy(NS, [well], NOW).issues


def test_warnings_are_grouped_and_old_ones_left_out():
    events = [
        event("Pod", "cart-a", "BackOff", "x"),
        event("Pod", "cart-b", "BackOff", "x"),
        event("Pod", "cart-c", "Failed", "y", ago=9999),
    ]
    assert namespace.warnings(NS, events, NOW).lines == ["event Warning BackOff x6 on Pod/cart-*: x"]


QUOTA = {"metadata": {"name": "q"}, "status": {"hard": {"pods": "5"}, "used": {"pods": "5"}}}
REFUSED = event(
    "ReplicaSet",
    "x",
    "FailedCreate",
    'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5',
)


def test_a_full_quota_counts_only_when_it_refuses():
    assert facts(quota.overview(NS, [QUOTA], [REFUSED], NOW)) == {("QUOTA_EXCEEDED", f"ResourceQuota/{NS}/q")}
    assert not quota.overview(NS, [QUOTA], [], NOW).issues


def test_a_limit_range_is_told_when_it_rejects():
    limits = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "128Mi"}}]}}
    rejected = event(
        "ReplicaSet", "x", "FailedCreate", "maximum memory usage per Container is 128Mi, but limit is 256Mi"
    )
    assert facts(namespace.limits(NS, [limits], [rejected], NOW)) == {("LIMIT_RANGE_REJECTED", f"LimitRange/{NS}/l")}
    assert not namespace.limits(NS, [limits], [], NOW).issues


def rule(direction, peers=None, ports=None, pods=None):
    kind, side = ("Egress", "to") if direction == "egress" else ("Ingress", "from")
    rules = [{**({side: peers} if peers else {}), **({"ports": ports} if ports else {})}] if peers or ports else []
    return {
        "metadata": {"name": "p", "namespace": NS},
        "spec": {"podSelector": pods or {}, "policyTypes": [kind], direction: rules},
    }


FLOW = policy.Flow(policy.End(NS, {"app": "web"}), policy.End(NS, {"app": "cart"}), 8080, "http")
POLICIES = [
    (rule("ingress"), True),
    (rule("ingress", pods={"matchLabels": {"app": "other"}}), False),
    (rule("ingress", [{"podSelector": {"matchLabels": {"app": "web"}}}]), False),
    (rule("ingress", [{"podSelector": {"matchLabels": {"app": "x"}}}]), True),
    (rule("ingress", ports=[{"port": 8080}]), False),
    (rule("ingress", ports=[{"port": "http"}]), False),
    (rule("ingress", ports=[{"port": 80}]), True),
    (rule("ingress", ports=[{"port": 8000, "endPort": 9000}]), False),
    (rule("ingress", [{"namespaceSelector": {"matchLabels": {"team": "x"}}}]), True),
    (rule("ingress", [{"namespaceSelector": {}}]), False),
    (rule("egress", [{"ipBlock": {"cidr": "10.0.0.0/8"}}]), False),
    (rule("egress"), True),
]


@pytest.mark.parametrize(("one", "blocks"), POLICIES)
def test_a_policy_lets_through_what_it_allows(one, blocks):
    assert bool(policy.blockers(FLOW, [one], {NS: {}})) == blocks


def a_job(kind="", reason="BackoffLimitExceeded", ago=60, **more):
    conditions = (
        [{"type": kind, "status": "True", "reason": reason, "message": "m", "lastTransitionTime": at(ago)}]
        if kind
        else []
    )
    return {
        "metadata": {
            "name": "j",
            "namespace": NS,
            "uid": "j",
            "creationTimestamp": at(ago),
            "ownerReferences": [{"uid": "c"}],
        },
        "spec": more,
        "status": {"conditions": conditions},
    }


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (a_job("Failed"), "JOB_FAILED"),
        (a_job("Failed", "DeadlineExceeded"), "JOB_DEADLINE_EXCEEDED"),
        (a_job("Complete"), None),
        (a_job(), None),
        (a_job("Failed", ago=999999), None),
        (a_job(suspend=True), ""),
    ],
)
def test_a_job_is_told_by_its_end(one, cause):
    assert [issue.cause for issue in job.check(one, [], [], NOW).issues] == ([] if cause is None else [cause])


def cron(schedule="*/5 * * * *", suspend=False):
    return {
        "metadata": {"name": "c", "namespace": NS, "uid": "c"},
        "spec": {"schedule": schedule, "suspend": suspend},
        "status": {},
    }


MISSED = event("CronJob", "c", "FailedNeedsStart", "too many missed start times")
CRONS = [
    (cron("61 oops"), [], [], "CRONJOB_SCHEDULE_INVALID"),
    (cron(), [], [MISSED], "CRONJOB_MISSED"),
    (cron(), [a_job("Failed")], [], "CRONJOB_FAILING"),
    (cron(suspend=True), [], [], ""),
    (cron(), [a_job("Complete")], [], None),
    (cron("@daily"), [], [], None),
    (cron("0 9-17/2 * JAN,JUN MON-FRI"), [], [], None),
]


@pytest.mark.parametrize(("one", "jobs", "events", "cause"), CRONS)
def test_a_cronjob_is_told_by_its_runs(one, jobs, events, cause):
    assert [issue.cause for issue in job.check_cron(one, jobs, events, NOW).issues] == (
        [] if cause is None else [cause]
    )


# remedies


def kept(number, image, ready=0):
    template = {
        "metadata": {"labels": {"app": "cart", "pod-template-hash": str(number)}},
        "spec": spec(container(image=image)),
    }
    return {
        "metadata": {"name": f"cart-{number}", "annotations": {"deployment.kubernetes.io/revision": str(number)}},
        "spec": {"template": template},
        "status": {"readyReplicas": ready},
    }


def test_undo_goes_back_to_the_revision_before_without_its_hash():
    now = subject(a_pod(ready=False, body=spec(container(image="cart:v2"))))
    change = remedy.undo(now, [kept(1, "cart:v0"), kept(2, "cart:v1"), kept(3, "cart:v2")])
    assert change.patch[0]["value"]["spec"]["containers"][0]["image"] == "cart:v1"
    assert "pod-template-hash" not in change.patch[0]["value"]["metadata"]["labels"]
    assert "cart:v2 -> cart:v1" in change.after


def test_undo_prefers_a_revision_that_still_has_ready_pods():
    now = subject(a_pod(ready=False, body=spec(container(image="cart:v2"))))
    assert (
        remedy.undo(now, [kept(1, "cart:v0", ready=1), kept(2, "cart:v1"), kept(3, "cart:v2")]).patch[0]["value"][
            "spec"
        ]["containers"][0]["image"]
        == "cart:v0"
    )


REFUSED_CHANGES = [
    remedy.undo(subject(a_pod(body=spec(container(image="cart:v2")))), [kept(1, "cart:v2")]),
    remedy.undo(subject(a_pod(), spec={"paused": True}), []),
    remedy.scale(subject(a_pod(), kind="DaemonSet"), "2", []),
    remedy.scale(subject(a_pod()), "many", []),
    remedy.scale(subject(a_pod()), "101", []),
    remedy.scale(subject(a_pod()), "1", []),
    remedy.scale(
        subject(a_pod()),
        "3",
        [{"metadata": {"name": "h"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}}}],
    ),
    remedy.restart(subject(replicas=0)),
    remedy.restart(subject(a_pod(), spec={"paused": True})),
]


@pytest.mark.parametrize("change", REFUSED_CHANGES)
def test_an_impossible_change_is_refused_with_a_sentence(change):
    assert change.refused.endswith((".", "restart."))
    assert not change.patch


def test_scale_and_restart_say_what_they_change():
    assert remedy.scale(subject(a_pod()), "3", []).patch == {"spec": {"replicas": 3}}
    assert remedy.RESTARTED in remedy.restart(subject(a_pod())).after


# reading


def test_changes_of_a_template_show_addresses_but_no_other_values():
    env = [{"name": "A", "value": "x:1"}, {"name": "P", "value": "hunter2"}]
    old, new = (
        {"spec": spec(container(env=env))},
        {"spec": spec(container(env=[{"name": "A", "value": "x:2"}, {"name": "P", "value": "hunter3"}]))},
    )
    assert revision.changes(old, new) == ["env A x:1 -> x:2", "env P (a value) -> (a value)"]


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("dial tcp 10.0.0.9:3551: connect: connection refused", ("10.0.0.9", 3551)),
        ("Error: connect ECONNREFUSED 10.0.0.9:5432", ("10.0.0.9", 5432)),
        ("getaddrinfo ENOTFOUND catalog", ("catalog", 0)),
        ("dial tcp: lookup catalog on 10.0.0.2:53: no such host", ("catalog", 0)),
        ('connection to server at "db" (10.0.0.9), port 5432 failed: Connection refused', ("db", 5432)),
        ("HTTPConnectionPool(host='cart', port=7070): Max retries exceeded", ("cart", 7070)),
        ("java.net.UnknownHostException: catalog", ("catalog", 0)),
        ("Connection to db.shop.svc:5432 refused.", ("db.shop.svc", 5432)),
        ("redis://:secret@redis-cart:6379/0 timed out", ("redis-cart", 6379)),
    ],
)
def test_what_was_called_is_read_from_the_line(line, target):
    assert target in log.targets(line)


def test_source_positions_and_times_are_no_targets():
    assert log.targets("main.go:123 12:30:45 server.py:88") == ()


def test_addresses_are_found_in_environment_and_arguments():
    body = spec(
        container(
            args=["--db=db:5432"],
            env=[
                {"name": n, "value": v}
                for n, v in {
                    "U": "postgres://u:pw@db/x",
                    "K": "a:9092,b:9092",
                    "C_HOST": "cart",
                    "C_PORT": "70",
                    "T": "12:30",
                    "L": "localhost:1",
                    "I": ":8080",
                }.items()
            ],
        )
    )
    found = {(one.host, one.port) for one in dependency.addresses(body)}
    assert found == {("db", 5432), ("a", 9092), ("b", 9092), ("cart", 70)}
    assert not any("pw" in one.shown for one in dependency.addresses(body))


@pytest.mark.parametrize(
    "secret",
    ["postgres://u:hunter2@db/x", "password=hunter2", '"api_key": "hunter2"', "Authorization: Bearer hunter2hunter2"],
)
def test_credentials_never_reach_the_report(secret):
    assert "hunter2" not in report.clean(f"log: {secret} end")


def test_names_of_secrets_are_no_credentials():
    text = "Secret/payment-api-key: not found in namespace shop"
    assert report.clean(text) == text


def test_a_container_reads_as_one_line():
    looping = a_pod(states=[waiting("CrashLoopBackOff", "", last=ended(1), restarts=7)])
    assert (
        next(containers.states(looping)).line
        == "pod/cart-1 container server: waiting CrashLoopBackOff; last exit 1 Error; restarts 7"
    )


def test_a_revision_that_only_restarted_is_no_way_back():
    now = subject(a_pod(body=spec(container(image="cart:v2"))))
    assert (
        remedy.undo(now, [kept(1, "cart:v1"), kept(2, "cart:v2"), kept(3, "cart:v2")]).patch[0]["value"]["spec"][
            "containers"
        ][0]["image"]
        == "cart:v1"
    )
