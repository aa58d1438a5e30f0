*** Settings ***
Documentation       Finds out why a Service does not answer: a selector that matches no pods, pods that are not
...                 ready, a target port nobody listens on, a workload scaled to zero, or a load balancer without an
...                 address.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Service and Endpoints Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Endpoints of Service `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Finds out why a Service has no endpoints, so that its callers get connection refused or 503: a
    ...    selector that matches no pods and which label differs, pods that exist but are not ready, or a
    ...    workload scaled to zero replicas. Says which workload is behind the Service.
    [Tags]    access:read-only    data:state    data:config    endpoints    selector    labels    connection-refused
    ${seen}=    RW.Kubernetes.Check Endpoints    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Ports of Service `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Compares each port and targetPort of a Service with the ports that the selected containers
    ...    listen on. Finds a targetPort that nobody listens on and a named port that no container
    ...    declares: endpoints are ready and connections are refused all the same.
    [Tags]    access:read-only    data:config    ports    targetport    connection-refused
    ${seen}=    RW.Kubernetes.Check Ports    ${NAMESPACE}    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list services, endpoints, pods, workloads and events.
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
    ...    description=The namespace of the Service.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the Service.
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
