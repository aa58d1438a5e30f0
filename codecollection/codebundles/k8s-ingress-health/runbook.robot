*** Settings ***
Documentation       Finds out why an Ingress does not serve: backend Services and ports that do not exist or have no
...                 endpoints, a class without a controller, TLS Secrets that are missing and certificates that have
...                 expired.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Ingress Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Backends of Ingress `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Follows each host and path to its Service, port and ready endpoints. Finds what lies behind 404,
    ...    502 and 503 answers: a backend Service that does not exist, a port it does not have, no ready
    ...    endpoints.
    [Tags]    access:read-only    data:config    data:state    ingress    503    502    routing
    ${seen}=    RW.Kubernetes.Check Ingress Backends    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Class of Ingress `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Looks whether the IngressClass exists and a controller has given the Ingress an address. An
    ...    Ingress of an unknown class is served by nobody.
    [Tags]    access:read-only    data:config    ingress-class    controller    address
    ${seen}=    RW.Kubernetes.Check Ingress Class    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check TLS of Ingress `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Looks whether the TLS Secrets exist, and what cert-manager and the ingress controller's log say
    ...    of certificates that have expired or are about to. Certificates in Secrets are never read.
    [Tags]    access:read-only    data:config    data:logs-regexp    tls    certificate    expired    https
    ${seen}=    RW.Kubernetes.Check Ingress TLS    ${NAMESPACE}    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list ingresses, ingress classes, services, endpoints and names of secrets.
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
    ...    description=The namespace of the Ingress.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the Ingress.
    ...    pattern=\w*
    ...    example=shop
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
