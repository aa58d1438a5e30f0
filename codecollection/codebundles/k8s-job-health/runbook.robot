*** Settings ***
Documentation       Finds out why a Job failed: back-off limit or deadline exceeded, exit codes, images,
...                 configuration, and what its pods logged.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Job Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Failures of Job `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Finds a Job that failed with BackoffLimitExceeded or DeadlineExceeded, or is suspended, with the
    ...    exit codes of its pods, images that cannot be pulled and configuration that is missing.
    [Tags]    access:read-only    data:state    data:events    job    batch    backofflimit    deadline
    ${seen}=    RW.Kubernetes.Check Job    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Logs of Pods of Job `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Reads what the latest pods of the Job logged: refused connections, unknown hosts, exceptions,
    ...    missing environment variables.
    [Tags]    access:read-only    data:logs-regexp    data:logs-stacktrace    job    logs
    ${seen}=    RW.Kubernetes.Check Job Logs    ${NAMESPACE}    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list jobs, pods, their logs and events.
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
    ...    description=The namespace of the Job.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the Job.
    ...    pattern=\w*
    ...    example=migrate
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
