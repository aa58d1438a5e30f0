*** Settings ***
Documentation       Looks at a namespace as a whole: unhealthy workloads and Services, repeating warning events,
...                 quotas and limit ranges, and whether it is terminating.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Namespace Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Unhealthy Workloads and Services in Namespace `${NAMESPACE}`
    [Documentation]    Gives an overview of an application: every Deployment, StatefulSet and DaemonSet that is not all
    ...    ready, and every Service without endpoints. A good first task when one only knows that something
    ...    in the namespace is broken.
    [Tags]    access:read-only    data:state    overview    unhealthy    first-look
    ${seen}=    RW.Kubernetes.Check Namespace Workloads    ${NAMESPACE}
    Report    ${seen}

Check Warning Events in Namespace `${NAMESPACE}`
    [Documentation]    Groups the warning events of the last half hour: BackOff, Failed, Unhealthy, FailedScheduling,
    ...    FailedMount, FailedCreate and others, the most frequent first.
    [Tags]    access:read-only    data:events    warnings    events
    ${seen}=    RW.Kubernetes.Check Namespace Events    ${NAMESPACE}
    Report    ${seen}

Check Quotas and Limit Ranges in Namespace `${NAMESPACE}`
    [Documentation]    Compares used with hard for every ResourceQuota, and finds pods that were refused with exceeded
    ...    quota or by a LimitRange.
    [Tags]    access:read-only    data:config    data:events    quota    limitrange    exceeded
    ${seen}=    RW.Kubernetes.Check Namespace Quota    ${NAMESPACE}
    Report    ${seen}

Check State of Namespace `${NAMESPACE}`
    [Documentation]    Finds a namespace that is being deleted and is stuck in Terminating, with the finalizers or APIs
    ...    that hold it.
    [Tags]    access:read-only    data:state    terminating    finalizer
    ${seen}=    RW.Kubernetes.Check Namespace    ${NAMESPACE}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list what lies in the namespace.
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
    ...    description=The namespace of the namespace.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
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
