*** Settings ***
Documentation       Changes a workload: undoes a rollout, scales it, restarts it. Every task prints what was and
...                 what is, and refuses with a sentence when the change is impossible.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Workload Remedies
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Undo Rollout of ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Goes back to the pod template of the revision before (or of an earlier one that still has ready
    ...    pods), as a rollback of a bad deploy: a wrong image tag, environment variable, memory limit or
    ...    probe. Refuses when there is no earlier revision with another template.
    [Tags]    access:read-write    data:config    remedy:IMAGE_NOT_FOUND    remedy:IMAGE_NAME_INVALID    remedy:DEPENDENCY_PORT_WRONG    remedy:DEPENDENCY_HOST_WRONG    remedy:OOM_KILLED    remedy:BAD_ROLLOUT    remedy:PROBE_PORT_WRONG    remedy:PROBE_PATH_WRONG    remedy:CONTAINER_COMMAND_INVALID    remedy:ENV_MISSING    remedy:CONFIG_INVALID    remedy:ROLLOUT_STUCK
    ${done}=    RW.Kubernetes.Undo Rollout    ${KIND}    ${NAMESPACE}    ${NAME}
    Tell    ${done}

Scale ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Sets the number of replicas to REPLICAS, as one scales up a workload that was scaled to zero, or
    ...    down one that takes too much. Refuses for a DaemonSet, for what an autoscaler governs, and for
    ...    numbers above 100.
    [Tags]    access:read-write    data:config    remedy:SCALED_TO_ZERO    remedy:QUOTA_EXCEEDED    remedy:INSUFFICIENT_RESOURCES
    ${done}=    RW.Kubernetes.Scale    ${KIND}    ${NAMESPACE}    ${NAME}    ${REPLICAS}
    Tell    ${done}

Restart ${KIND} `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Replaces all pods with new ones of the same template, a few at a time, as a rolling restart: for
    ...    programs that hang, and for pods that must read a Secret or ConfigMap anew. Refuses when there
    ...    are no replicas or the rollout is paused.
    [Tags]    access:read-write    data:config    remedy:APPLICATION_ERROR    remedy:HEAP_EXHAUSTED    remedy:SECRET_MISSING    remedy:CONFIGMAP_MISSING    remedy:CRASH_LOOP
    ${done}=    RW.Kubernetes.Restart    ${KIND}    ${NAMESPACE}    ${NAME}
    Tell    ${done}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get, list and patch workloads, and get and list replicasets, controllerrevisions, pods and autoscalers.
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
    ${REPLICAS}=    RW.Core.Import User Variable    REPLICAS
    ...    type=string
    ...    description=How many replicas to scale to. Only the scaling task reads it.
    ...    pattern=\w*
    ...    example=2
    ...    default=1
    Set Suite Variable    ${REPLICAS}    ${REPLICAS}
    RW.Kubernetes.Use Cluster    ${kubeconfig}    ${CONTEXT}

Tell
    [Documentation]    Prints before and after; a refusal fails the task, since nothing was remedied.
    [Arguments]    ${done}
    RW.Core.Add Pre To Report    ${done}[text]
    IF    $done['refused']    Fail    ${done}[refused]
