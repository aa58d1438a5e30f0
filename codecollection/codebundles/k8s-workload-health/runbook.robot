*** Settings ***
Documentation       Finds out why a Deployment, StatefulSet or DaemonSet is not well: crashes, images,
...                 configuration, dependencies, scheduling, quota and volumes. Each fact becomes one Issue about
...                 the object that would have to be changed.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Workload Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Rollout of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Compares the pods that are ready with those that are wanted, and the latest revision with the
    ...    one before. Finds a rollout that is stuck (ProgressDeadlineExceeded), replicas that are
    ...    unavailable or scaled to zero, and shows what the latest deploy changed: image, tag,
    ...    environment, resources, probes.
    [Tags]    access:read-only    data:config    data:state    rollout    revision    deploy
    ${seen}=    RW.Kubernetes.Check Rollout    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Pods of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Looks at every pod and container: CrashLoopBackOff, ImagePullBackOff and ErrImagePull with the
    ...    tag that is not found, OOMKilled with its memory limit, CreateContainerConfigError with the
    ...    Secret or ConfigMap that is missing, exit codes, restarts, Pending, evicted, init containers,
    ...    and readiness, liveness and startup probes against the ports of the container.
    [Tags]    access:read-only    data:state    data:events    pods    crash    oom    image    probe
    ${seen}=    RW.Kubernetes.Check Pods    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Logs of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Reads current and previous logs of ill pods, and the latest lines of a ready one. Recognises
    ...    connection refused, no such host, timeout, TLS and certificate errors, rejected logins,
    ...    forbidden by RBAC, panics, tracebacks and exceptions of Go, Python, Node and Java, out of
    ...    memory, disk full and missing environment variables, and names the host and port that was
    ...    called.
    [Tags]    access:read-only    data:logs-regexp    data:logs-stacktrace    logs    errors    exception    panic
    ${seen}=    RW.Kubernetes.Check Logs    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Configuration References of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Looks whether every Secret, ConfigMap, ServiceAccount, PersistentVolumeClaim and imagePullSecret
    ...    that the pod template names exists. Finds a deleted or missing Secret and missing keys, also
    ...    from what the kubelet says when Secrets may not be listed. Values are never read.
    [Tags]    access:read-only    data:config    secret    configmap    serviceaccount    missing
    ${seen}=    RW.Kubernetes.Check References    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Dependencies of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Holds every address in the environment and arguments (host:port and URLs) against the Services
    ...    that exist, their ports and ready endpoints, and against NetworkPolicies. Finds a wrong port or
    ...    a wrong host in an environment variable, a Service that is gone or has no endpoints, and a
    ...    policy that blocks the call; tells a fault of this workload from one of what it calls.
    [Tags]    access:read-only    data:config    data:logs-regexp    dependency    environment    connection    upstream
    ${seen}=    RW.Kubernetes.Check Dependencies    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Scheduling and Quota of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Finds out why pods are Pending or are never created: insufficient cpu or memory, taints, node
    ...    selectors and affinity, a ResourceQuota that is used up (exceeded quota, FailedCreate), a
    ...    LimitRange, pod security or an admission webhook that rejects them.
    [Tags]    access:read-only    data:events    data:config    scheduling    pending    quota    resources
    ${seen}=    RW.Kubernetes.Check Scheduling    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Volumes of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Looks whether the PersistentVolumeClaims of the workload are bound: StorageClass not found,
    ...    provisioning failed, claim lost, and who waits for them.
    [Tags]    access:read-only    data:state    data:events    storage    pvc    volume    storageclass
    ${seen}=    RW.Kubernetes.Check Volumes    ${KIND}    ${NAMESPACE}    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list pods, their logs, events, workloads, services and configuration names.
    ...    pattern=\w*
    ...    example=For examples see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
    Set Suite Variable    ${kubeconfig}    ${kubeconfig}
    ${CONTEXT}=    RW.Core.Import User Variable    CONTEXT
    ...    type=string
    ...    description=The context of the kubeconfig to use. Empty means its current context.
    ...    pattern=\w*
    ...    example=prod-eu-1
    ...    default=
    Set Suite Variable    ${CONTEXT}    ${CONTEXT}
    ${NAMESPACE}=    RW.Core.Import User Variable    NAMESPACE
    ...    type=string
    ...    description=The namespace of the workload.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${KIND}=    RW.Core.Import User Variable    KIND
    ...    type=string
    ...    description=The kind of the workload: Deployment, StatefulSet, DaemonSet.
    ...    pattern=\w*
    ...    example=Deployment
    ...    default=Deployment
    Set Suite Variable    ${KIND}    ${KIND}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the workload.
    ...    pattern=\w*
    ...    example=cart
    Set Suite Variable    ${NAME}    ${NAME}
    RW.Kubernetes.Use Cluster    ${kubeconfig}    ${CONTEXT}

Report
    [Documentation]    Prints what was seen, and turns each fact into an Issue, a Rule Out or a Could Not Check.
    [Arguments]    ${seen}
    RW.Core.Add Pre To Report    ${seen}[text]
    FOR    ${issue}    IN    @{seen}[issues]
        RW.Core.Add Issue    &{issue}
    END
    FOR    ${fact}    IN    @{seen}[ruled_out]
        RW.Core.Rule Out    ${fact}[what]    ${fact}[why]    resource=${fact}[resource]
    END
    FOR    ${gap}    IN    @{seen}[could_not_check]
        RW.Core.Could Not Check    ${gap}[what]    ${gap}[why]    resource=${gap}[resource]
    END
