"""What a person does with kubectl works as on any cluster."""

import asyncio
import json

import pytest
import pytest_asyncio

from runstone.sandbox.cluster import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster():
    async with Sandbox.start(faults=["wrong-env-port"], pace=15) as running:
        yield running


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("get pods", "CrashLoopBackOff"),
        ("get pods -o wide", "node-"),
        ("get deploy,rs,sts,svc,ep,pvc,hpa,pdb,ing,cj,cm,secret,sa -o wide", "storefront"),
        ("get nodes -o wide", "containerd://"),
        ("get sc,ns,pv,ingressclass", "standard (default)"),
        ("get pods -o jsonpath={.items[*].metadata.name}", "checkout-"),
        ("get all -A", "coredns"),
        ("get events --sort-by=.lastTimestamp", "Back-off restarting failed container"),
        ("events --for deployment/checkout", "ScalingReplicaSet"),
        ("describe pods", "Restart Count:"),
        ("describe deploy", "MinimumReplicasUnavailable"),
        ("describe rs", "Controlled By:"),
        ("describe sts", "Volume Claims:"),
        ("describe svc", "Endpoints:"),
        ("describe ep", "Subsets:"),
        ("describe endpointslices", "AddressType:"),
        ("describe pvc,pv", "StorageClass:"),
        ("describe ing,ingressclass", "storefront:80"),
        ("describe hpa,pdb", "Allowed disruptions:"),
        ("describe cj,job", "Concurrency Policy:"),
        ("describe cm,secret,sa", "shop-settings"),
        ("describe nodes", "Allocated resources:"),
        ("describe ns,sc", "Provisioner:"),
        ("logs deploy/checkout --tail=20", "connection refused"),
        ("logs deploy/checkout --previous --timestamps", "cannot start"),
        ("logs -l app=storefront --tail=3 --prefix", "[pod/storefront-"),
        ("top pods", "CPU(cores)"),
        ("top nodes", "node-1"),
        ("auth can-i delete pods", "yes"),
        ("auth can-i --list", "*.*"),
        ("auth whoami", "admin"),
        ("rollout history deploy/checkout", "2 "),
        ("rollout history sts/orders-db", "1 "),
        ("api-resources --verbs=list", "deployments"),
        ("version", "Server Version: v1.33.0+sandbox"),
        ("exec deploy/storefront -- ls", "the sandbox has no exec"),
        ("get pods --chunk-size=2 -l app!=cart", "catalog"),
        ("get pods -l", "storefront-"),
        ("get nothing", "doesn't have a resource type"),
        ("get pod nobody", 'pods "nobody" not found'),
    ],
)
async def test_a_command_shows_what_it_should(cluster: Sandbox, kubectl, line: str, shown: str) -> None:
    more = ["app in (storefront,cart),app notin (cart)"] if line == "get pods -l" else []
    assert shown in await kubectl(cluster, line, *more)


WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


async def test_a_deployment_lives_its_life(cluster: Sandbox, kubectl) -> None:
    assert "created" in await kubectl(cluster, "apply -f -", stdin=WEB)
    assert "deployment.apps/web unchanged" in await kubectl(cluster, "apply -f -", stdin=WEB)
    assert "successfully rolled out" in await kubectl(cluster, "rollout status deploy/web --timeout=20s")
    fewer = WEB.replace(', {name: B, value: "2"}', "")
    assert "configured" in await kubectl(cluster, "apply -f -", stdin=fewer)
    names = await kubectl(cluster, "get deploy web -o jsonpath={.spec.template.spec.containers[0].env[*].name}")
    assert names == "A"
    assert "image updated" in await kubectl(cluster, "set image deploy/web web=nginx:1.28")
    assert "env updated" in await kubectl(cluster, "set env deploy/web C=3")
    assert "scaled" in await kubectl(cluster, "scale deploy/web --replicas=3")
    assert "rolled back" in await kubectl(cluster, "rollout undo deploy/web")
    assert "restarted" in await kubectl(cluster, "rollout restart deploy/web")
    assert "successfully rolled out" in await kubectl(cluster, "rollout status deploy/web --timeout=20s")
    assert "condition met" in await kubectl(cluster, "wait deploy/web --for=condition=Available --timeout=9s")
    assert "deleted" in await kubectl(cluster, "delete -f -", stdin=WEB)
    await kubectl(cluster, "wait pods -l app=web --for=delete --timeout=9s")
    assert "No resources found" in await kubectl(cluster, "get rs,pods -l app=web")


async def test_server_side_apply_removes_what_it_no_longer_says(cluster: Sandbox, kubectl) -> None:
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: '1', b: '2'}\n"
    assert "serverside-applied" in await kubectl(cluster, "apply --server-side -f -", stdin=manifest)
    await kubectl(cluster, "apply --server-side -f -", stdin=manifest.replace(", b: '2'", ""))
    assert json.loads(await kubectl(cluster, "get cm applied -o jsonpath={.data}")) == {"a": "1"}


@pytest.mark.parametrize(
    "line",
    [
        "create configmap made --from-literal=a=b",
        "create secret generic made --from-literal=a=b",
        "create deployment made --image=nginx:1.27",
        "create job made --image=busybox:1",
        "create serviceaccount made",
        "create role made --verb=get --resource=pods",
        "create quota made --hard=pods=100",
        "create ingress made --rule=a.example/x=web:80",
        "create namespace made",
        "run made --image=busybox:1 --restart=Never",
    ],
)
async def test_things_are_made_from_the_command_line(cluster: Sandbox, kubectl, line: str) -> None:
    assert "created" in await kubectl(cluster, line)


async def test_a_namespace_goes_with_all_it_holds(cluster: Sandbox, kubectl) -> None:
    await kubectl(cluster, "create ns short")
    await kubectl(cluster, "-n short create deployment a --image=nginx:1.27")
    assert "deleted" in await kubectl(cluster, "delete ns short --timeout=15s")
    assert "No resources found" in await kubectl(cluster, "get pods,deploy -n short")


async def test_a_custom_resource_is_served(cluster: Sandbox, kubectl) -> None:
    names = "{kind: Kettle, plural: kettles, singular: kettle, shortNames: [kt]}"
    version = "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}"
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: kettles.tea.example}\n"
        f"spec: {{group: tea.example, scope: Namespaced, names: {names}, versions: [{version}]}}\n"
    )
    kettle = "apiVersion: tea.example/v1\nkind: Kettle\nmetadata: {name: big}\nspec: {litres: 2}\n"
    await kubectl(cluster, "apply -f -", stdin=definition)
    assert "condition met" in await kubectl(
        cluster, "wait crd/kettles.tea.example --for=condition=Established --timeout=5s"
    )
    assert "created" in await kubectl(cluster, "apply -f -", stdin=kettle)
    assert "big" in await kubectl(cluster, "get kt")


async def test_a_followed_log_ends_when_its_pod_does(cluster: Sandbox, kubectl) -> None:
    await kubectl(cluster, "run talker --image=busybox:1")
    await kubectl(cluster, "wait pod/talker --for=condition=Ready --timeout=9s")
    following = asyncio.create_task(kubectl(cluster, "logs -f talker"))
    await asyncio.sleep(0.3)
    await kubectl(cluster, "delete pod talker --grace-period=1")
    assert "talker" in await asyncio.wait_for(following, 10)
