"""Pods, their containers, their logs and what they call: ill and healthy, a row each."""

import pytest
from RW.Kubernetes import calls, complaint, pod, quota, reference, workload
from scene import NOW, NS, at, container, ended, event, facts, logged, running, spec, subject, svc, waiting, world
from scene import pod as a_pod

ME = f"Deployment/{NS}/cart"
IMAGE = 'Back-off pulling image "registry.example.com/shop/cart:v9"'
NOT_FOUND = (
    'Failed to pull image "registry.example.com/shop/cart:v9": rpc error: code = NotFound desc = failed '
    "to resolve reference: not found"
)


def one(state, *events, body=None, **more):
    """A workload whose only pod has a container in ``state``."""
    return subject(a_pod(states=[state], ready=False, body=body, **more), events=list(events))


PROBE = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5}}
ILL = {
    "image tag not found": (
        one(waiting("ImagePullBackOff", IMAGE), event("Pod", "cart-1", "Failed", NOT_FOUND)),
        "IMAGE_NOT_FOUND",
        ME,
    ),
    "pull denied": (
        one(waiting("ErrImagePull", "pull access denied for cart, repository does not exist")),
        "IMAGE_PULL_DENIED",
        ME,
    ),
    "pull rate": (
        one(waiting("ErrImagePull", "toomanyrequests: You have reached your pull rate limit")),
        "IMAGE_RATE_LIMITED",
        ME,
    ),
    "registry down": (
        one(waiting("ErrImagePull", "dial tcp: lookup registry.example.com: no such host")),
        "IMAGE_REGISTRY_UNREACHABLE",
        ME,
    ),
    "bad name": (one(waiting("InvalidImageName", "couldn't parse image name")), "IMAGE_NAME_INVALID", ME),
    "never pull": (one(waiting("ErrImageNeverPull", "")), "IMAGE_NEVER_PULL", ME),
    "pull fails, unsaid": (one(waiting("ImagePullBackOff", IMAGE)), "IMAGE_PULL_FAILED", ME),
    "secret missing": (
        one(waiting("CreateContainerConfigError", 'secret "pay" not found')),
        "SECRET_MISSING",
        f"Secret/{NS}/pay",
    ),
    "secret suffers": (
        one(waiting("CreateContainerConfigError", 'secret "pay" not found')),
        "CONFIG_REFERENCE_BROKEN",
        ME,
    ),
    "secret key": (
        one(waiting("CreateContainerConfigError", f"couldn't find key k in Secret {NS}/pay")),
        "SECRET_KEY_MISSING",
        f"Secret/{NS}/pay",
    ),
    "configmap missing": (
        one(waiting("CreateContainerConfigError", 'configmap "c" not found')),
        "CONFIGMAP_MISSING",
        f"ConfigMap/{NS}/c",
    ),
    "configmap key": (
        one(waiting("CreateContainerConfigError", f"couldn't find key k in ConfigMap {NS}/c")),
        "CONFIGMAP_KEY_MISSING",
        f"ConfigMap/{NS}/c",
    ),
    "runs as root": (
        one(waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root")),
        "SECURITY_CONTEXT_INVALID",
        ME,
    ),
    "no command": (
        one(waiting("RunContainerError", 'exec: "srv": executable file not found in $PATH')),
        "CONTAINER_COMMAND_INVALID",
        ME,
    ),
    "wrong architecture": (one(waiting("RunContainerError", "exec format error")), "IMAGE_ARCH_MISMATCH", ME),
    "create fails": (one(waiting("CreateContainerError", "context deadline exceeded")), "CONTAINER_CREATE_FAILED", ME),
    "oom": (one(waiting("CrashLoopBackOff", "", last=ended(137, "OOMKilled"), restarts=4)), "OOM_KILLED", ME),
    "crash": (one(waiting("CrashLoopBackOff", "", last=ended(1), restarts=4)), "CRASH_LOOP", ME),
    "crash between restarts": (
        one({"name": "server", "ready": False, "restartCount": 2, "state": {"terminated": ended(2)}}),
        "CRASH_LOOP",
        ME,
    ),
    "exits at once": (
        one(waiting("CrashLoopBackOff", "", last=ended(0, "Completed"), restarts=4)),
        "CONTAINER_EXITS",
        ME,
    ),
    "command not found": (
        one(waiting("CrashLoopBackOff", "", last=ended(127), restarts=4)),
        "CONTAINER_COMMAND_INVALID",
        ME,
    ),
    "not ready": (one(running(ready=False)), "NOT_READY", ME),
    "probe fails": (
        one(
            running(ready=False),
            event("Pod", "cart-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
            body=spec(container(**PROBE)),
        ),
        "PROBE_FAILING",
        ME,
    ),
    "probe path": (
        one(
            running(ready=False),
            event("Pod", "cart-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404"),
            body=spec(container(**PROBE)),
        ),
        "PROBE_PATH_WRONG",
        ME,
    ),
    "probe port": (
        one(
            running(ready=False),
            event(
                "Pod",
                "cart-1",
                "Unhealthy",
                "Readiness probe failed: dial tcp 10.1.1.1:9090: connect: connection refused",
            ),
            body=spec(container(readinessProbe={"tcpSocket": {"port": 9090}})),
        ),
        "PROBE_PORT_WRONG",
        ME,
    ),
    "probe scheme": (
        one(
            running(ready=False),
            event(
                "Pod", "cart-1", "Unhealthy", "Readiness probe failed: http: server gave HTTP response to HTTPS client"
            ),
            body=spec(container(**PROBE)),
        ),
        "PROBE_SCHEME_WRONG",
        ME,
    ),
    "probe command": (
        one(
            running(ready=False),
            event(
                "Pod", "cart-1", "Unhealthy", 'Readiness probe errored: exec: "x": executable file not found in $PATH'
            ),
            body=spec(container(readinessProbe={"exec": {"command": ["x"]}})),
        ),
        "PROBE_COMMAND_INVALID",
        ME,
    ),
    "liveness kills": (
        one(
            running(ready=False, restarts=3, since=5, last=ended(137, "Error", 6, 30)),
            event(
                "Pod", "cart-1", "Killing", "Container server failed liveness probe, will be restarted", warning=False
            ),
            event("Pod", "cart-1", "Unhealthy", "Liveness probe failed: context deadline exceeded"),
            body=spec(container(livenessProbe={"httpGet": {"path": "/", "port": 8080}})),
        ),
        "PROBE_FAILING",
        ME,
    ),
    "mount waits for a secret": (
        one(
            waiting("ContainerCreating"),
            event("Pod", "cart-1", "FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "tls" not found'),
            phase="Pending",
        ),
        "SECRET_MISSING",
        f"Secret/{NS}/tls",
    ),
    "mount fails": (
        one(
            waiting("ContainerCreating"),
            event("Pod", "cart-1", "FailedMount", "Unable to attach or mount volumes: timed out"),
            phase="Pending",
        ),
        "VOLUME_MOUNT_FAILED",
        ME,
    ),
    "attached elsewhere": (
        one(
            waiting("ContainerCreating"),
            event("Pod", "cart-1", "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"'),
            phase="Pending",
        ),
        "VOLUME_ATTACH_CONFLICT",
        ME,
    ),
    "no network": (
        one(
            waiting("ContainerCreating"),
            event("Pod", "cart-1", "FailedCreatePodSandBox", "failed to setup network"),
            phase="Pending",
        ),
        "POD_NETWORK_FAILED",
        ME,
    ),
    "evicted": (
        subject(
            a_pod(
                ready=False,
                phase="Failed",
                reason="Evicted",
                message="The node was low on resource: memory.",
                states=[{"name": "server", "state": {"terminated": ended(137)}}],
            )
        ),
        "EVICTED",
        ME,
    ),
    "own disk limit": (
        subject(
            a_pod(
                ready=False,
                phase="Failed",
                reason="Evicted",
                message="Pod ephemeral local storage usage exceeds the total limit",
                states=[{"name": "server", "state": {"terminated": ended(137)}}],
            )
        ),
        "EPHEMERAL_STORAGE_EXCEEDED",
        ME,
    ),
}


@pytest.mark.parametrize(("ill", "cause", "resource"), ILL.values(), ids=ILL.keys())
def test_an_ill_pod_is_told_with_its_cause_and_the_object_to_change(ill, cause, resource):
    seen = pod.check(ill, {}, world(), {})
    assert (cause, resource) in facts(seen)
    assert all(line in seen.lines for issue in seen.issues for line in issue.evidence)
    assert not seen.ruled_out


SAID = "0/4 nodes are available: {}."
UNPLACED = {
    "cpu": ("3 Insufficient cpu, 1 node(s) were unschedulable", "INSUFFICIENT_RESOURCES"),
    "taint": ("4 node(s) had taint {dedicated: gpu}, that the pod didn't tolerate", "TAINT_NOT_TOLERATED"),
    "new taint": (
        "4 node(s) had untolerated taint {dedicated: gpu}. preemption: 0/4 nodes are available: 4 Insufficient cpu",
        "TAINT_NOT_TOLERATED",
    ),
    "selector": ("4 node(s) didn't match Pod's node affinity/selector", "NODE_SELECTOR_UNMATCHED"),
    "old selector": ("4 node(s) didn't match node selector", "NODE_SELECTOR_UNMATCHED"),
    "affinity": ("4 node(s) didn't match pod anti-affinity rules", "AFFINITY_UNSATISFIED"),
    "host port": ("4 node(s) didn't have free ports for the requested pod ports", "HOST_PORT_CONFLICT"),
    "zone": ("4 node(s) had volume node affinity conflict", "VOLUME_NODE_CONFLICT"),
    "cordoned": ("4 node(s) were unschedulable", "NODE_CORDONED"),
}


@pytest.mark.parametrize(("said", "cause"), UNPLACED.values(), ids=UNPLACED.keys())
def test_a_pod_without_a_node_is_told_in_the_schedulers_words(said, cause):
    seen = pod.check(subject(pending(SAID.format(said))), {}, world(), {})
    assert {(cause, ME), ("POD_PENDING", ME)} <= facts(seen)


def pending(message, body=None):
    found = a_pod(states=[], ready=False, node="", body=body, phase="Pending")
    found["status"]["conditions"].append(
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    )
    found["status"]["containerStatuses"] = []
    return found


def test_a_pod_that_waits_for_a_claim_blames_the_claim_and_is_no_root():
    body = spec(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])
    seen = pod.check(
        subject(pending(SAID.format("4 pod has unbound immediate PersistentVolumeClaims"), body)), {}, world(), {}
    )
    assert facts(seen) == {("POD_PENDING", ME)}
    assert seen.issues[0].blames == (f"PersistentVolumeClaim/{NS}/data",)


HEALTHY = {
    "ready": subject(a_pod()),
    "restarted long ago": subject(a_pod(states=[running(restarts=9, since=86400, last=ended(1, "Error", 86500))])),
    "has recovered": subject(a_pod(states=[running(restarts=5, since=120, last=ended(1, "Error", 125, 3))])),
    "just started": subject(a_pod(states=[running(ready=False, since=8)], ready=False)),
    "finished": subject(
        a_pod(phase="Succeeded", states=[{"name": "server", "state": {"terminated": ended(0, "Completed")}}])
    ),
    "evicted yesterday": subject(
        a_pod(
            ready=False,
            phase="Failed",
            reason="Evicted",
            states=[{"name": "server", "state": {"terminated": ended(137, "Error", 86400)}}],
        )
    ),
    "old warning": subject(
        a_pod(), events=[event("Pod", "cart-1", "Unhealthy", "Readiness probe failed: x", ago=4000)]
    ),
    "being created": subject(a_pod(states=[waiting("ContainerCreating")], ready=False, phase="Pending")),
}


@pytest.mark.parametrize("well", HEALTHY.values(), ids=HEALTHY.keys())
def test_a_healthy_pod_raises_no_issue_and_rules_out_with_facts(well):
    seen = pod.check(well, {}, world(), {})
    assert not seen.issues
    assert seen.ruled_out
    assert "pods ready" in seen.ruled_out[0][1]


def test_an_oom_names_the_limit_and_the_exit_code():
    body = spec(container(resources={"limits": {"memory": "190Mi"}}))
    actual = (
        pod.check(
            one(waiting("CrashLoopBackOff", "", last=ended(137, "OOMKilled"), restarts=4), body=body), {}, world(), {}
        )
        .issues[0]
        .actual
    )
    for word in ("cart", "OOMKilled", "exit code 137", "limits.memory", "190Mi"):
        assert word in actual


def test_pods_that_fail_alike_are_one_issue():
    seen = pod.check(
        subject(
            *(
                a_pod(f"cart-{n}", states=[waiting("CrashLoopBackOff", "", last=ended(1), restarts=4)], ready=False)
                for n in range(3)
            ),
            replicas=3,
        ),
        {},
        world(),
        {},
    )
    assert len(seen.issues) == 1
    assert "3 of 3 pods" in seen.issues[0].actual


def test_a_pod_on_a_lost_node_blames_the_node():
    lost = {
        "n1": {
            "metadata": {"name": "n1"},
            "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]},
        }
    }
    seen = pod.check(subject(a_pod(ready=False)), {}, world(), lost)
    assert [issue.blames for issue in seen.issues] == [("Node//n1",)]


# what it calls

ADDR = spec(container(env=[{"name": "CATALOG_ADDR", "value": "catalog:3551"}]))
CRASHED = waiting("CrashLoopBackOff", "", last=ended(1), restarts=5)
REFUSED = "could not connect: dial tcp 10.0.0.9:3551: connect: connection refused"


def crashed(body):
    return subject(a_pod(states=[CRASHED], ready=False, body=body))


def logs(*text, previous=True, ago=5.0):
    return {("cart-1", "server", previous): logged(*text, ago=ago)}


def test_a_wrong_port_in_the_environment_is_the_workloads_own_fault():
    seen = calls.check(crashed(ADDR), world(svc("catalog", 3550)), logs(REFUSED), calls.Guard())
    assert facts(seen) == {("DEPENDENCY_PORT_WRONG", ME)}
    actual = seen.issues[0].actual
    for word in ("CATALOG_ADDR", "catalog:3551", "3550", "connection refused", "CrashLoopBackOff", "exit code 1"):
        assert word in actual


def test_a_wrong_host_is_the_workloads_own_fault_and_the_nearest_name_is_told():
    body = spec(container(env=[{"name": "CATALOG_ADDR", "value": "catalogue:3550"}]))
    seen = calls.check(
        crashed(body), world(svc("catalog", 3550)), logs("lookup catalogue on 10.0.0.2:53: no such host"), calls.Guard()
    )
    assert facts(seen) == {("DEPENDENCY_HOST_WRONG", ME)}
    assert "nearest name is catalog" in seen.issues[0].actual


def test_a_service_that_is_gone_while_its_workload_stands_is_missing():
    around = world(svc("other", 1))
    around.workloads[NS, "catalog"] = f"Deployment/{NS}/catalog"
    seen = calls.check(crashed(ADDR), around, logs("lookup catalog on 10.0.0.2:53: no such host"), calls.Guard())
    assert facts(seen) == {("SERVICE_MISSING", f"Service/{NS}/catalog"), ("DEPENDENCY_UNREACHABLE", ME)}


def test_a_service_without_endpoints_is_blamed_by_a_symptom():
    seen = calls.check(crashed(ADDR), world(svc("catalog", 3551), ready={"catalog": 0}), logs(REFUSED), calls.Guard())
    assert facts(seen) == {("DEPENDENCY_UNREACHABLE", ME)}
    assert seen.issues[0].blames == (f"Service/{NS}/catalog",)


def test_a_policy_that_denies_the_call_is_the_one_to_change():
    deny = {"metadata": {"name": "deny", "namespace": NS}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}}
    guard = calls.Guard([deny], {NS: {}}, {(NS, "catalog"): ({"app": "catalog"}, spec(container()))})
    seen = calls.check(crashed(ADDR), world(svc("catalog", 3551)), logs("dial tcp 10.0.0.9:3551: i/o timeout"), guard)
    policy = f"NetworkPolicy/{NS}/deny"
    assert facts(seen) == {("NETWORK_POLICY_DENIES", policy), ("DEPENDENCY_UNREACHABLE", ME)}
    assert seen.issues[1].blames == (policy,)


def test_calls_to_the_outside_that_fail_are_told():
    body = spec(container(env=[{"name": "API", "value": "https://api.example.com/v1"}]))
    seen = calls.check(
        crashed(body),
        world(),
        logs("Get https://api.example.com/v1: dial tcp 93.184.216.34:443: i/o timeout (API)"),
        calls.Guard(),
    )
    assert facts(seen) == {("EXTERNAL_DEPENDENCY_UNREACHABLE", ME)}


def test_names_that_nobody_resolves_blame_the_clusters_dns():
    lines = ["lookup catalog on 10.0.0.2:53: read udp 10.1.1.1:3->10.0.0.2:53: i/o timeout"]
    seen = calls.check(crashed(ADDR), world(svc("catalog", 3551)), logs(*lines), calls.Guard())
    assert facts(seen) == {("DNS_FAILURE", ME)}
    assert seen.issues[0].blames == ("Service/kube-system/kube-dns",)


WELL = {
    "nothing logged": logs("handled request", previous=False),
    "one hiccup": logs(REFUSED, previous=False),
    "long over": logs(REFUSED, REFUSED, REFUSED, REFUSED, previous=False, ago=60),
    "said at level info": logs(*[f"INFO retry: {REFUSED}"] * 5, previous=False),
    "of the run before": logs(REFUSED, REFUSED, REFUSED, previous=True),
}


@pytest.mark.parametrize("lines", WELL.values(), ids=WELL.keys())
def test_a_ready_workload_with_good_addresses_raises_no_issue(lines):
    seen = calls.check(subject(a_pod(body=ADDR)), world(svc("catalog", 3551)), lines, calls.Guard())
    assert not seen.issues
    assert "catalog:3551" in seen.ruled_out[0][1]


def test_failures_from_before_the_endpoints_changed_are_history():
    around = world(svc("catalog", 3551))
    around.since[NS, "catalog"] = NOW - 3
    seen = calls.check(subject(a_pod(body=ADDR)), around, logs(*[REFUSED] * 5, previous=False), calls.Guard())
    assert not seen.issues


def test_calls_that_go_on_failing_in_a_ready_pod_blame_the_service():
    seen = calls.check(
        subject(a_pod(body=ADDR)),
        world(svc("catalog", 3551)),
        logs(*[REFUSED] * 5, previous=False, ago=1),
        calls.Guard(),
    )
    assert facts(seen) == {("DEPENDENCY_UNREACHABLE", ME)}


def test_an_older_pod_that_logs_the_same_variable_with_another_address_says_nothing_of_the_new_one():
    line = "dial tcp 10.0.0.77:9999: connect: connection refused (CATALOG_ADDR=elsewhere.example.com:9999)"
    seen = calls.check(
        subject(a_pod(body=ADDR)), world(svc("catalog", 3551)), logs(*[line] * 2, previous=False), calls.Guard()
    )
    assert not seen.issues


def test_the_same_refusal_said_twice_is_one_issue():
    said = [
        event(
            "ReplicaSet",
            "cart-9",
            "FailedCreate",
            f"exceeded quota: q, requested: pods=1, used: pods={n}, limited: pods=5",
        )
        for n in (5, 6)
    ]
    held = subject(
        replicas=2, ready=0, events=said, sets=[{"metadata": {"name": "cart-9", "creationTimestamp": at(600)}}]
    )
    assert [issue.cause for issue in quota.check(held).issues] == ["QUOTA_EXCEEDED", "PODS_NOT_CREATED"]


def test_a_wrong_port_that_hurts_nobody_is_hygiene():
    seen = calls.check(subject(a_pod(body=ADDR)), world(svc("catalog", 3550)), {}, calls.Guard())
    assert [(issue.severity, issue.cause) for issue in seen.issues] == [(4, "")]


# what the logs say

SAYS = {
    "go panic": ("panic: runtime error: invalid memory address or nil pointer dereference", "APPLICATION_ERROR", ME),
    "python": ("ValueError: bad thing", "APPLICATION_ERROR", ME),
    "java": ('Exception in thread "main" java.lang.IllegalStateException: x', "APPLICATION_ERROR", ME),
    "node": ("Uncaught TypeError: x is not a function", "APPLICATION_ERROR", ME),
    "environment": ("KeyError: 'DATABASE_URL'", "ENV_MISSING", ME),
    "environment in words": ("required environment variable API_KEY is not set", "ENV_MISSING", ME),
    "heap": ("FATAL ERROR: JavaScript heap out of memory", "HEAP_EXHAUSTED", ME),
    "port": ("listen tcp :8080: bind: address already in use", "PORT_IN_USE", ME),
    "login": ('FATAL: password authentication failed for user "shop"', "DEPENDENCY_AUTH_FAILED", ME),
    "trust": ("x509: certificate signed by unknown authority", "TLS_UNTRUSTED", ME),
    "expired": ("x509: certificate has expired or is not yet valid", "CERTIFICATE_EXPIRED", ME),
    "disk": ("write /data/x: no space left on device", "VOLUME_FULL", ME),
    "read-only": ("open /x: read-only file system", "READ_ONLY_FILESYSTEM", ME),
    "permission": ("open /data/x: permission denied", "FILE_PERMISSION_DENIED", ME),
    "file": ("open /etc/app/config.yaml: no such file or directory", "FILE_MISSING", ME),
    "configuration": ("failed to parse config: line 3", "CONFIG_INVALID", ME),
    "rbac": (
        'pods is forbidden: User "system:serviceaccount:shop:cart" cannot list resource "pods" in API group ""',
        "RBAC_DENIED",
        f"ServiceAccount/{NS}/cart",
    ),
}


@pytest.mark.parametrize(("line", "cause", "resource"), SAYS.values(), ids=SAYS.keys())
def test_the_log_of_a_crashed_container_tells_why(line, cause, resource):
    seen = complaint.check(crashed(spec()), world(), logs("starting", line), calls.Guard(), [])
    assert facts(seen) == {(cause, resource)}


@pytest.mark.parametrize("line", [line for line, _, _ in SAYS.values()])
def test_the_same_line_in_a_ready_pod_raises_no_issue(line):
    seen = complaint.check(subject(a_pod()), world(), logs(line, previous=False), calls.Guard(), [])
    assert not seen.issues


def test_a_crash_of_the_new_image_beside_ready_old_pods_is_a_bad_rollout():
    both = subject(a_pod(states=[CRASHED], ready=False), a_pod("cart-0"), replicas=2)
    seen = complaint.check(
        both, world(), logs("panic: boom"), calls.Guard(), ["container server image cart:v1 -> cart:v2"]
    )
    assert facts(seen) == {("BAD_ROLLOUT", ME)}
    assert "cart:v2" in seen.issues[0].actual


# what it needs, and whether it may exist

NEEDS = spec(
    container(
        env=[{"name": "K", "valueFrom": {"secretKeyRef": {"name": "pay", "key": "k"}}}],
        envFrom=[{"configMapRef": {"name": "conf"}}],
    ),
    serviceAccountName="shop",
    imagePullSecrets=[{"name": "pull"}],
    volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
)
ALL = {"Secret": {"pay", "pull"}, "ConfigMap": {"conf"}, "ServiceAccount": {"shop"}, "PersistentVolumeClaim": {"data"}}
GONE = [
    ("Secret", "pay", "SECRET_MISSING"),
    ("ConfigMap", "conf", "CONFIGMAP_MISSING"),
    ("ServiceAccount", "shop", "SERVICEACCOUNT_MISSING"),
    ("PersistentVolumeClaim", "data", "PVC_MISSING"),
    ("Secret", "pull", "PULL_SECRET_MISSING"),
]


@pytest.mark.parametrize(("kind", "name", "cause"), GONE)
def test_what_the_template_names_and_is_not_there_is_missing(kind, name, cause):
    seen = reference.check(subject(a_pod(ready=False, body=NEEDS)), {**ALL, kind: ALL[kind] - {name}})
    assert (cause, f"{kind}/{NS}/{name}") in facts(seen)


def test_everything_there_is_ruled_out():
    seen = reference.check(subject(a_pod(body=NEEDS)), ALL)
    assert not seen.issues
    assert seen.ruled_out


def test_without_rights_on_secrets_the_kubelet_still_tells_and_the_permission_is_named():
    ill = one(waiting("CreateContainerConfigError", 'secret "pay" not found'), body=NEEDS)
    seen = reference.check(
        ill, {**ALL, "Secret": "secrets is forbidden (HTTP 403). Grant the verbs get and list on secrets."}
    )
    assert ("SECRET_MISSING", f"Secret/{NS}/pay") in facts(seen)
    assert any("Grant" in why for _, why, _ in seen.gaps)


REFUSALS = {
    'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5': (
        "QUOTA_EXCEEDED",
        f"ResourceQuota/{NS}/q",
    ),
    'pods "c" is forbidden: failed quota: q: must specify limits.cpu': ("QUOTA_NEEDS_RESOURCES", ME),
    'pods "c" is forbidden: maximum memory usage per Container is 128Mi, but limit is 256Mi': (
        "LIMIT_RANGE_REJECTED",
        ME,
    ),
    'pods "c" is forbidden: violates PodSecurity "restricted:latest": privileged': ("POD_SECURITY_REJECTED", ME),
    'admission webhook "v.example.com" denied the request: no': ("ADMISSION_DENIED", ME),
    'Internal error occurred: failed calling webhook "v.example.com": connection refused': ("WEBHOOK_UNAVAILABLE", ME),
    'pods "c" is forbidden: no PriorityClass with name high was found': ("PRIORITYCLASS_MISSING", ME),
    'pods "c" is forbidden: error looking up service account shop/x: serviceaccount "x" not found': (
        "SERVICEACCOUNT_MISSING",
        f"ServiceAccount/{NS}/x",
    ),
    'Pod "c" is invalid: spec.containers[0].image: Required value': ("POD_SPEC_REJECTED", ME),
}


@pytest.mark.parametrize(("message", "expected"), REFUSALS.items())
def test_why_pods_may_not_be_created_is_told_of_the_object_to_change(message, expected):
    refused = subject(
        replicas=2,
        ready=0,
        status={
            "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]
        },
    )
    seen = quota.check(refused)
    assert {expected, ("PODS_NOT_CREATED", ME)} <= facts(seen)


def test_old_refusals_count_no_more():
    assert not quota.check(
        subject(a_pod(), events=[event("ReplicaSet", "cart-x", "FailedCreate", "exceeded quota: q", ago=5)])
    ).issues


PROGRESS = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
ROLLOUTS = {
    "stuck": (subject(a_pod(ready=False), status={"conditions": [PROGRESS]}), "ROLLOUT_STUCK"),
    "short": (subject(a_pod(ready=False)), "REPLICAS_UNAVAILABLE"),
    "old pods remain": (subject(a_pod(), status={"updatedReplicas": 0}), "ROLLOUT_STUCK"),
    "controller lags": (subject(a_pod(), status={"observedGeneration": 0}), "ROLLOUT_STUCK"),
    "zero": (subject(replicas=0), ""),
}


@pytest.mark.parametrize(("ill", "cause"), ROLLOUTS.values(), ids=ROLLOUTS.keys())
def test_a_rollout_that_does_not_go_on_is_told(ill, cause):
    assert [issue.cause for issue in workload.rollout(ill, []).issues] == [cause]


def test_a_rollout_within_its_deadline_raises_no_issue():
    young = {"metadata": {"name": "cart-2", "creationTimestamp": at(20)}}
    assert not workload.rollout(subject(a_pod(ready=False), sets=[young]), []).issues
    assert not workload.rollout(subject(a_pod()), []).issues
