"""What runs in the cluster before anything goes wrong: nodes, system, the shop, and (if wanted) some noise.

The shop calls like this; the mark is what a caller does without the other:

    storefront -> cart! catalog! checkout currency suggestions banners      ! answers 503 to its readiness probe
    checkout   -> catalog* cart payment! shipping! currency mailer orders-db! * does not start
    cart       -> cart-cache!        suggestions -> catalog        nightly-report (CronJob) -> orders-db*

What has one replica is deployed with Recreate: a bad rollout is felt at once, as on a cluster with no room to spare.
"""

from dataclasses import dataclass, field

from runstone.sandbox.kubelet.program import PREFIX
from runstone.sandbox.objects import Obj

NAMESPACE = "shop"
NOISE_NAMESPACE = "batch-lab"
REGISTRY = "registry.sandbox.example/shop"
RELEASE = "1.4.2"


@dataclass(frozen=True, slots=True)
class Part:
    """One Deployment of the shop with its Service. `calls` maps env variables to (address, reaction)."""

    name: str
    port: int
    calls: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    replicas: int = 1
    logs: str = "go"
    http: bool = False
    service_port: int = 0
    memory: str = "40Mi"
    limit: str = "128Mi"
    env: tuple[Obj, ...] = ()
    image: str = ""
    volume: Obj | None = None


def _from(kind: str, name: str, key: str, variable: str) -> Obj:
    return {"name": variable, "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}


PARTS = (
    Part(
        "storefront",
        8080,
        {
            "CART_ADDR": ("cart:7070", "unready"),
            "CATALOG_ADDR": ("catalog:3550", "unready"),
            "CHECKOUT_ADDR": ("checkout:5050", "log"),
            "CURRENCY_ADDR": ("currency:7000", "log"),
            "SUGGESTIONS_ADDR": ("suggestions:8080", "log"),
            "BANNERS_ADDR": ("banners:9555", "log"),
        },
        replicas=2,
        http=True,
        service_port=80,
        limit="256Mi",
        memory="90Mi",
        env=(_from("configMap", "shop-settings", "log-level", "LOG_LEVEL"),),
    ),
    Part("cart", 7070, {"CACHE_ADDR": ("cart-cache:6379", "unready")}, logs="python", http=True),
    Part("catalog", 3550, replicas=2),
    Part(
        "checkout",
        5050,
        {
            "CATALOG_ADDR": ("catalog:3550", "crash"),
            "CART_ADDR": ("cart:7070", "log"),
            "PAYMENT_ADDR": ("payment:5051", "unready"),
            "SHIPPING_ADDR": ("shipping:5052", "unready"),
            "CURRENCY_ADDR": ("currency:7000", "log"),
            "MAILER_ADDR": ("mailer:5000", "log"),
            "ORDERS_DB_ADDR": ("orders-db:5432", "unready"),
        },
    ),
    Part("payment", 5051, logs="node", env=(_from("secret", "payment-gateway", "api-key", "GATEWAY_KEY"),)),
    Part("currency", 7000, logs="node", env=(_from("configMap", "shop-settings", "base-currency", "BASE_CURRENCY"),)),
    Part("shipping", 5052),
    Part("mailer", 8080, logs="python", http=True, service_port=5000),
    Part("suggestions", 8080, {"CATALOG_ADDR": ("catalog:3550", "log")}, logs="python", memory="150Mi", limit="384Mi"),
    Part("banners", 9555, logs="java", memory="210Mi", limit="300Mi"),
    Part(
        "cart-cache",
        6379,
        logs="redis",
        image="docker.io/library/redis:7.4.1",
        limit="256Mi",
        memory="60Mi",
        volume={"name": "data", "persistentVolumeClaim": {"claimName": "cart-data"}},
    ),
)


def _meta(name: str, namespace: str = NAMESPACE) -> Obj:
    return {
        "name": name,
        "namespace": namespace,
        "labels": {"app": name, "app.kubernetes.io/part-of": namespace},
    }


def _probe(part: Part) -> Obj:
    if part.http:
        return {"httpGet": {"path": "/healthz", "port": part.port}}
    return {"tcpSocket": {"port": part.port}} if part.image else {"grpc": {"port": part.port}}


def _container(part: Part) -> Obj:
    name = "http" if part.http else "tcp" if part.image else "grpc"
    env = [{"name": variable, "value": address} for variable, (address, _) in part.calls.items()]
    container: Obj = {
        "name": "server" if not part.image else "redis",
        "image": part.image or f"{REGISTRY}/{part.name}:{RELEASE}",
        "ports": [{"name": name, "containerPort": part.port}],
        "env": [*env, *part.env],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": part.limit}},
        "readinessProbe": {**_probe(part), "periodSeconds": 5},
        "livenessProbe": {"tcpSocket": {"port": part.port}, "periodSeconds": 10, "initialDelaySeconds": 10},
    }
    if part.volume:
        container["volumeMounts"] = [{"name": part.volume["name"], "mountPath": "/data"}]
    return container


def _notes(part: Part) -> dict[str, str]:
    notes = {PREFIX + "memory": part.memory, PREFIX + "logs": part.logs}
    if part.calls:
        notes[PREFIX + "needs"] = ", ".join(f"{name}={reaction}" for name, (_, reaction) in part.calls.items())
    return notes


def _deployment(part: Part) -> Obj:
    strategy: Obj = {"type": "RollingUpdate" if part.replicas > 1 else "Recreate"}
    pod: Obj = {"serviceAccountName": "shop", "terminationGracePeriodSeconds": 10, "containers": [_container(part)]}
    if part.volume:
        pod["volumes"] = [part.volume]
    meta = {"labels": _meta(part.name)["labels"], "annotations": _notes(part)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(part.name),
        "spec": {
            "replicas": part.replicas,
            "revisionHistoryLimit": 5,
            "strategy": strategy,
            "selector": {"matchLabels": {"app": part.name}},
            "template": {"metadata": meta, "spec": pod},
        },
    }


def _service(part: Part) -> Obj:
    name = "http" if part.http else "tcp" if part.image else "grpc"
    port = {"name": name, "port": part.service_port or part.port, "targetPort": part.port, "protocol": "TCP"}
    spec = {"selector": {"app": part.name}, "ports": [port]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _meta(part.name), "spec": spec}


def manifests() -> list[Obj]:
    """The shop, in the order in which it is made."""
    found = [_namespace(NAMESPACE), *_plain()]
    for part in PARTS:
        found += [_service(part), _deployment(part)]
    return [*found, *_orders(), *_around()]


def _namespace(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": name}}}


def _plain() -> list[Obj]:
    tls = {"tls.crt": "sandbox certificate, not a real one", "tls.key": "sandbox key, not a real one"}
    settings = {"log-level": "info", "base-currency": "EUR", "banners": "on"}
    secrets: list[tuple[str, str, dict[str, str]]] = [
        ("payment-gateway", "Opaque", {"api-key": "sandbox-only"}),
        ("orders-db", "Opaque", {"password": "sandbox-only"}),
        ("storefront-tls", "kubernetes.io/tls", tls),
    ]
    claim: Obj = {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard"}
    claim["resources"] = {"requests": {"storage": "1Gi"}}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta("shop")},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta("shop-settings"), "data": settings},
        *(
            {"apiVersion": "v1", "kind": "Secret", "metadata": _meta(name), "type": kind, "stringData": data}
            for name, kind, data in secrets
        ),
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": _meta("cart-data"), "spec": claim},
    ]


def _orders() -> list[Obj]:
    container: Obj = {
        "name": "postgres",
        "image": "docker.io/library/postgres:16.4",
        "ports": [{"name": "postgres", "containerPort": 5432}],
        "env": [_from("secret", "orders-db", "password", "POSTGRES_PASSWORD")],
        "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "readinessProbe": {"tcpSocket": {"port": 5432}, "periodSeconds": 5},
        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/postgresql/data"}],
    }
    claim: Obj = {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard"}
    claim["resources"] = {"requests": {"storage": "5Gi"}}
    notes = {PREFIX + "logs": "postgres", PREFIX + "memory": "180Mi"}
    template: Obj = {"metadata": {"labels": _meta("orders-db")["labels"], "annotations": notes}}
    template["spec"] = {"serviceAccountName": "shop", "containers": [container]}
    spec: Obj = {
        "serviceName": "orders-db",
        "replicas": 1,
        "selector": {"matchLabels": {"app": "orders-db"}},
        "template": template,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    ports = [{"name": "postgres", "port": 5432, "targetPort": 5432}]
    service = {"clusterIP": "None", "selector": {"app": "orders-db"}, "ports": ports}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": _meta("orders-db"), "spec": service},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": _meta("orders-db"), "spec": spec},
        _report(),
    ]


def _report() -> Obj:
    notes = {PREFIX + "runs": "20", PREFIX + "logs": "python", PREFIX + "needs": "ORDERS_DB_ADDR=crash"}
    container: Obj = {
        "name": "report",
        "image": f"{REGISTRY}/nightly-report:1.0.3",
        "env": [{"name": "ORDERS_DB_ADDR", "value": "orders-db:5432"}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    pod = {"serviceAccountName": "shop", "restartPolicy": "Never", "containers": [container]}
    template = {"metadata": {"labels": {"app": "nightly-report"}, "annotations": notes}, "spec": pod}
    spec: Obj = {"schedule": "0 3 * * *", "concurrencyPolicy": "Forbid", "successfulJobsHistoryLimit": 1}
    spec["jobTemplate"] = {"spec": {"backoffLimit": 2, "template": template}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": _meta("nightly-report"), "spec": spec}


def _around() -> list[Obj]:
    backend = {"service": {"name": "storefront", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    ingress: Obj = {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["shop.sandbox.example"], "secretName": "storefront-tls"}],
        "rules": [{"host": "shop.sandbox.example", "http": {"paths": [path]}}],
    }
    target = {"type": "Utilization", "averageUtilization": 70}
    scaler: Obj = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "storefront"},
        "minReplicas": 2,
        "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "storefront"}}}
    rows = (
        ("networking.k8s.io/v1", "Ingress", ingress),
        ("autoscaling/v2", "HorizontalPodAutoscaler", scaler),
        ("policy/v1", "PodDisruptionBudget", budget),
    )
    return [
        {"apiVersion": version, "kind": kind, "metadata": _meta("storefront"), "spec": spec}
        for version, kind, spec in rows
    ]


def _node(name: str, number: int) -> Obj:
    host = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    labels = {**host, "topology.kubernetes.io/zone": f"zone-{number}"}
    if number == 1:
        labels["node-role.kubernetes.io/control-plane"] = ""
    size = {"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "50Gi"}
    conditions = [
        {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"},
        {"type": "DiskPressure", "status": "False", "reason": "KubeletHasNoDiskPressure"},
        {"type": "PIDPressure", "status": "False", "reason": "KubeletHasSufficientPID"},
        {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
    ]
    info = {
        "architecture": "amd64",
        "operatingSystem": "linux",
        "osImage": "Sandbox Linux",
        "kernelVersion": "6.6.0",
        "containerRuntimeVersion": "containerd://2.0.0",
        "kubeletVersion": "v1.33.0",
        "kubeProxyVersion": "v1.33.0",
    }
    addresses = [{"type": "InternalIP", "address": f"172.20.0.{number + 10}"}, {"type": "Hostname", "address": name}]
    status = {"capacity": size, "allocatable": size, "conditions": conditions, "addresses": addresses, "nodeInfo": info}
    spec = {"podCIDR": f"10.244.{number}.0/24"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": status,
    }


def _system_part(name: str, namespace: str, image: str, port: int, logs: str, labels: dict[str, str]) -> Obj:
    container: Obj = {
        "name": name,
        "image": f"registry.k8s.io/{image}",
        "ports": [{"name": "main", "containerPort": port}],
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}},
        "readinessProbe": {"tcpSocket": {"port": port}},
    }
    template: Obj = {"metadata": {"labels": labels, "annotations": {PREFIX + "logs": logs}}}
    template["spec"] = {"containers": [container]}
    meta = {"name": name, "namespace": namespace, "labels": labels}
    spec: Obj = {"replicas": 2 if name == "coredns" else 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def system() -> list[Obj]:
    """Nodes, StorageClass, DNS and the Ingress controller."""
    dns, nginx = {"k8s-app": "kube-dns"}, {"app.kubernetes.io/name": "ingress-nginx"}
    dns_ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    web_ports = [{"name": "http", "port": 80, "targetPort": 443}, {"name": "https", "port": 443}]
    marker = {"storageclass.kubernetes.io/is-default-class": "true"}
    dns_meta = {"name": "kube-dns", "namespace": "kube-system"}
    dns_meta_all: Obj = {**dns_meta, "labels": {**dns, "kubernetes.io/cluster-service": "true"}}
    web_meta: Obj = {"name": "ingress-nginx-controller", "namespace": "ingress-nginx", "labels": nginx}
    controller = _system_part(
        "ingress-nginx-controller", "ingress-nginx", "ingress-nginx/controller:v1.12.1", 443, "nginx", nginx
    )
    controller["spec"]["template"]["metadata"]["annotations"][PREFIX + "routes"] = "ingresses"
    return [
        *(_namespace(name) for name in ("default", "kube-system", "kube-public", "kube-node-lease", "ingress-nginx")),
        *(_node(f"node-{number}", number) for number in (1, 2, 3)),
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations": marker},
            "provisioner": "csi.sandbox.example",
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "nginx"},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kubernetes", "namespace": "default"},
            "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": dns_meta_all,
            "spec": {"clusterIP": "10.96.0.10", "selector": dns, "ports": dns_ports},
        },
        _system_part("coredns", "kube-system", "coredns/coredns:v1.12.0", 53, "go", dns),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": web_meta,
            "spec": {"type": "LoadBalancer", "selector": nginx, "ports": web_ports},
        },
        controller,
    ]


def noise() -> list[Obj]:
    """A namespace with two ill workloads that have nothing to do with the shop."""
    rows: tuple[tuple[str, str, list[Obj], dict[str, str]], ...] = (
        (
            "price-import",
            "registry.sandbox.example/batch/price-import:2.0.1",
            [{"name": "BATCH_SIZE", "value": "five hundred"}],
            {PREFIX + "logs": "python", PREFIX + "checks": "BATCH_SIZE=[0-9]+"},
        ),
        ("thumbnailer", "registry.sandbox.example/batch/thumbnailer:nightly", [], {PREFIX + "logs": "node"}),
    )
    found = [_namespace(NOISE_NAMESPACE)]
    for name, image, env, notes in rows:
        meta = _meta(name, NOISE_NAMESPACE)
        container: Obj = {"name": "worker", "image": image, "env": env}
        container["resources"] = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
        template: Obj = {
            "metadata": {"labels": meta["labels"], "annotations": notes},
            "spec": {"containers": [container]},
        }
        spec: Obj = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
        found.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    return found
