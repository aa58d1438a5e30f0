*** Settings ***
Documentation       Finds out whether a node is NotReady, under memory, disk or process pressure, cordoned, or full.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Node Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Conditions of Node `${NAME}`
    [Documentation]    Finds a node that is NotReady or Unknown because its kubelet stopped reporting, has
    ...    MemoryPressure, DiskPressure or PIDPressure and evicts pods, has no network, or is cordoned
    ...    (SchedulingDisabled).
    [Tags]    access:read-only    data:state    data:events    node    notready    pressure    eviction
    ${seen}=    RW.Kubernetes.Check Node    ${NAME}
    Report    ${seen}

Check Room on Node `${NAME}`
    [Documentation]    Adds up what the pods of the node request of cpu and memory, against what is allocatable.
    [Tags]    access:read-only    data:state    node    capacity    requests
    ${seen}=    RW.Kubernetes.Check Node Room    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list nodes, pods and events.
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
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the node.
    ...    pattern=\w*
    ...    example=worker-1
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
