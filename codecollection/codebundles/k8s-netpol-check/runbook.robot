*** Settings ***
Documentation       Finds out what a NetworkPolicy selects, and whether it denies a flow that some workload needs.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes NetworkPolicy Check
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Flows Blocked by NetworkPolicy `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Evaluates the policy against every address that workloads have in their environment, ingress and
    ...    egress, and DNS. Finds timeouts and refused connections that come from a policy: blocked
    ...    traffic, default deny, a missing rule for a port, a namespace or DNS.
    [Tags]    access:read-only    data:config    data:logs-regexp    networkpolicy    blocked    timeout    egress    ingress
    ${seen}=    RW.Kubernetes.Check Policy Flows    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Selection of NetworkPolicy `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Lists the workloads that the policy selects, and what it allows them.
    [Tags]    access:read-only    data:config    networkpolicy    selector
    ${seen}=    RW.Kubernetes.Check Policy    ${NAMESPACE}    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list networkpolicies, workloads, services, pods and their logs.
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
    ...    description=The namespace of the NetworkPolicy.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the NetworkPolicy.
    ...    pattern=\w*
    ...    example=deny-all
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
