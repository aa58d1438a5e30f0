"""The collection as an author's: suites parse and dry-run, templates render, codes and patterns hold."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
import yaml
from robot import api

ROOT = Path(__file__).resolve().parents[2] / "codecollection"
BUNDLES = sorted(path for path in (ROOT / "codebundles").iterdir() if path.is_dir())
SUITES = sorted(ROOT.glob("codebundles/*/*.robot"))
TEMPLATES = sorted(ROOT.glob("codebundles/k8s-*/.runwhen/templates/*.yaml"))
CAUSES = {entry["code"]: entry for entry in yaml.safe_load((ROOT / "causes/kubernetes.yaml").read_text())}
REMEDY = "k8s-workload-remedy"


def test_every_suite_passes_a_dry_run(tmp_path):
    paths = [str(ROOT.parent / "keywords/src"), str(ROOT / "libraries"), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-m", "robot", "--dryrun", "--output", "NONE", "--console", "quiet", *map(str, SUITES)]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", SUITES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_task_says_what_it_does_where_and_whether_it_writes(file):
    for task in api.TestSuite.from_file_system(file).tests:
        tags = set(task.tags)
        assert f"access:read-{'write' if file.parent.name == REMEDY else 'only'}" in tags
        assert any(tag.startswith("data:") for tag in tags)
        assert "`${" in task.name or "all " in task.name
        assert len(str(task.doc)) > 40
        assert "[" not in task.name


def test_only_remedies_can_write():
    writing = re.compile(r"Undo Rollout    |RW\.Kubernetes\.(?:Undo|Scale|Restart)")
    assert {file.parent.name for file in SUITES if writing.search(file.read_text())} == {REMEDY}
    remedied = {
        tag.split(":")[1]
        for task in api.TestSuite.from_file_system(ROOT / "codebundles" / REMEDY / "runbook.robot").tests
        for tag in task.tags
        if tag.startswith("remedy:")
    }
    assert remedied <= set(CAUSES)
    assert len(remedied) > 10


def render(file, kind):
    resource = {"name": "cart", "kind": kind, "namespace_name": "shop", "labels": {}, "resource": {}}
    known = {
        "match_resource": resource,
        "namespace": {"name": "shop"},
        "cluster": {"name": "c"},
        "context": "ctx",
        "workspace": {"name": "w"},
        "slx_name": "w--x",
        "default_location": "loc",
        "repo_url": "https://example.com/c.git",
        "ref": "main",
        "custom": {},
    }
    text = (
        jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
        .from_string(file.read_text())
        .render(known)
    )
    return yaml.safe_load(text)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_every_template_renders_to_a_resource_that_its_suite_can_use(file):
    found = render(file, "Deployment")
    assert found["metadata"]["name"] == "w--x"
    bound = found["spec"]
    if found["kind"] == "ServiceLevelX":
        assert bound["alias"]
        assert bound["statement"]
        assert {"access", "resource_name", "kind"} <= {tag["name"] for tag in bound["tags"]}
        return
    suite = ROOT / bound["codeBundle"]["pathToRobot"]
    given = {entry["name"] for entry in bound["configProvided"]}
    assert given == set(re.findall(r"Import User Variable    (\w+)", suite.read_text()))
    assert bound["secretsProvided"] == [{"name": "kubeconfig", "workspaceKey": "kubeconfig"}]


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.name)
def test_every_bundle_has_rules_whose_templates_exist(bundle):
    (rules,) = [yaml.safe_load(file.read_text()) for file in bundle.glob(".runwhen/generation-rules/*.yaml")]
    assert rules["kind"] == "GenerationRules"
    for rule in rules["spec"]["generationRules"]:
        for slx in rule["slxs"]:
            assert len(slx["baseName"]) <= 15
            for item in slx["outputItems"]:
                assert (bundle / ".runwhen/templates" / f"{slx['baseTemplateName']}-{item['type']}.yaml").is_file()
    assert (bundle / "README.md").stat().st_size > 200


def used_codes():
    texts = [file.read_text() for file in ROOT.glob("libraries/RW/Kubernetes/*.py")]
    return {word for text in texts for word in re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', text)} - {
        "KUBERNETES_EXEC_INFO"
    }


def test_every_code_that_checks_use_is_described_and_every_code_described_is_used():
    used = {word for word in used_codes() if "_" in word or word in CAUSES} - {"KUBERNETES_EXEC_INFO"}
    assert used == set(CAUSES)


def test_codes_explain_codes_that_exist_and_never_themselves():
    for code, entry in CAUSES.items():
        assert set(entry["explains"]) <= set(CAUSES) - {code}
        assert entry["kind"] in ("root", "symptom")
        assert entry["checks"]
        for pattern in entry["patterns"]:
            re.compile(pattern)


def test_no_chain_of_symptoms_leads_back_to_a_root_only_by_itself():
    explained = {code for entry in CAUSES.values() for code in entry["explains"]}
    loose = {code for code, entry in CAUSES.items() if entry["kind"] == "symptom"} - explained
    assert loose <= {"INGRESS_NO_ADDRESS"} - explained


SAYS = {
    'Failed to pull image "r.io/shop/cart:v9": rpc error: code = NotFound desc = failed to pull and unpack image '
    '"r.io/shop/cart:v9": failed to resolve reference "r.io/shop/cart:v9": r.io/shop/cart:v9: '
    "not found": "IMAGE_NOT_FOUND",
    "Error response from daemon: manifest for nginx:nope not found: manifest unknown: manifest "
    "unknown": "IMAGE_NOT_FOUND",
    "Error response from daemon: pull access denied for secret/app, repository does not exist or may require "
    "'docker login'": "IMAGE_PULL_DENIED",
    'failed to resolve reference "r.io/a:1": unexpected status code: 401 Unauthorized': "IMAGE_PULL_DENIED",
    "toomanyrequests: You have reached your unauthenticated pull rate limit": "IMAGE_RATE_LIMITED",
    'Failed to pull image "r.io/a:1": dial tcp: lookup r.io: no such host': "IMAGE_REGISTRY_UNREACHABLE",
    "cart-1   0/1   ImagePullBackOff   0   5m": "IMAGE_PULL_FAILED",
    'Failed to apply default image tag "A:b:c": couldn\'t parse image name "A:b:c": invalid reference '
    "format": "IMAGE_NAME_INVALID",
    'exec: "srv": executable file not found in $PATH: unknown': "CONTAINER_COMMAND_INVALID",
    "standard_init_linux.go:228: exec user process caused: exec format error": "IMAGE_ARCH_MISMATCH",
    'Error: secret "payment-api-key" not found': "SECRET_MISSING",
    'MountVolume.SetUp failed for volume "tls" : secret "tls" not found': "SECRET_MISSING",
    "Error: couldn't find key k in Secret shop/pay": "SECRET_KEY_MISSING",
    'configmap "conf" not found': "CONFIGMAP_MISSING",
    "couldn't find key k in ConfigMap shop/conf": "CONFIGMAP_KEY_MISSING",
    'error looking up service account shop/x: serviceaccount "x" not found': "SERVICEACCOUNT_MISSING",
    "Readiness probe failed: HTTP probe failed with statuscode: 404": "PROBE_PATH_WRONG",
    "Liveness probe failed: Get http://10.1.1.1:8080/: context deadline exceeded": "PROBE_FAILING",
    "    Reason:       OOMKilled": "OOM_KILLED",
    "0/4 nodes are available: 4 Insufficient memory.": "INSUFFICIENT_RESOURCES",
    "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.": "NODE_SELECTOR_UNMATCHED",
    "0/4 nodes are available: 4 node(s) had taint {a: b}, that the pod didn't tolerate.": "TAINT_NOT_TOLERATED",
    'pods "x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2': "QUOTA_EXCEEDED",
    'pods "x" is forbidden: maximum memory usage per Container is 128Mi, but limit is 256Mi': "LIMIT_RANGE_REJECTED",
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation '
    "!= false": "POD_SECURITY_REJECTED",
    'failed calling webhook "v.example.com": Post "https://v.svc:443": connection refused': "WEBHOOK_UNAVAILABLE",
    'storageclass.storage.k8s.io "fast-ssd" not found': "STORAGECLASS_MISSING",
    'persistentvolumeclaim "data" not found': "PVC_MISSING",
    "pod has unbound immediate PersistentVolumeClaims": "PVC_UNBOUND",
    'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) db-0': "VOLUME_ATTACH_CONFLICT",
    "write /data/wal: no space left on device": "VOLUME_FULL",
    "dial tcp 10.0.0.9:3550: connect: connection refused": "DEPENDENCY_UNREACHABLE",
    "x509: certificate has expired or is not yet valid: current time 2026": "CERTIFICATE_EXPIRED",
    "x509: certificate signed by unknown authority": "TLS_UNTRUSTED",
    'pods is forbidden: User "system:serviceaccount:shop:cart" cannot list resource "pods" in API '
    'group ""': "RBAC_DENIED",
    "lookup catalog on 10.96.0.10:53: read udp 10.1.1.1:1->10.96.0.10:53: i/o timeout": "DNS_FAILURE",
    "Kubelet stopped posting node status.": "NODE_NOT_READY",
    "The node was low on resource: memory. Container app was using 1Gi": "EVICTED",
    'Service "shop/cart" does not have any active Endpoint.': "NO_READY_ENDPOINTS",
    "selector app=cart-service matches no pods": "SELECTOR_MISMATCH",
    "Back-off restarting failed container": "CRASH_LOOP",
    'deployment "cart" exceeded its progress deadline: ProgressDeadlineExceeded': "ROLLOUT_STUCK",
    "Job has reached the specified backoff limit": "JOB_FAILED",
    "Job was active longer than specified deadline": "JOB_DEADLINE_EXCEEDED",
    "container has runAsNonRoot and image will run as root": "SECURITY_CONTEXT_INVALID",
    "java.lang.OutOfMemoryError: Java heap space": "HEAP_EXHAUSTED",
    "panic: runtime error: index out of range": "APPLICATION_ERROR",
    'password authentication failed for user "shop"': "DEPENDENCY_AUTH_FAILED",
    "NetworkPolicy deny-all blocks egress": "NETWORK_POLICY_DENIES",
}


def recognised(text):
    return {code for code, entry in CAUSES.items() for pattern in entry["patterns"] if re.search(pattern, text)}


@pytest.mark.parametrize(("text", "code"), SAYS.items())
def test_patterns_recognise_what_kubernetes_says(text, code):
    assert code in recognised(text)


HARMLESS = [
    'Successfully pulled image "r.io/shop/cart:v1" in 622ms',
    "Successfully assigned shop/cart-1 to node-2",
    "Scaled up replica set cart-5d69 to 1",
    "Scaled down replica set cart-5d69 to 0 from 1",
    "deployment.apps/cart 2/2 2 2 45m",
    "Started container server",
    "GET /healthz 200 3ms",
    "Normal NodeHasSufficientMemory Node n1 status is now: NodeHasSufficientMemory",
    "Normal NodeReady Node n1 status is now: NodeReady",
    "Liveness: http-get http://:8080/healthz delay=10s timeout=1s period=10s",
    "secret/payment-api-key configured",
    "page not found: /favicon.ico",
    "endpoints: 10.1.1.1:8080,10.1.1.2:8080",
    "Successfully provisioned volume pvc-1",
    "Job completed",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_patterns_leave_harmless_text_alone(text):
    assert recognised(text) == set()


def test_a_probe_that_is_refused_is_no_failing_call():
    assert "DEPENDENCY_UNREACHABLE" not in recognised(
        "Readiness probe failed: dial tcp 10.1.1.1:8080: connect: connection refused"
    )
