*** Settings ***
Documentation       Finds out why a CronJob does not do its work: suspended, a schedule that cannot be parsed,
...                 missed starts, or a latest Job that failed.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes CronJob Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Runs of CronJob `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Finds a CronJob that is suspended, has an invalid schedule, misses its starting times, or whose
    ...    latest Job failed.
    [Tags]    access:read-only    data:state    data:events    cronjob    schedule    batch    missed
    ${seen}=    RW.Kubernetes.Check CronJob    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Logs of the Latest Failed Job of CronJob `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Reads the logs of the pods of the latest Job when it failed: refused connections, exceptions,
    ...    missing configuration.
    [Tags]    access:read-only    data:logs-regexp    cronjob    logs
    ${job}=    RW.Kubernetes.Latest Failed Job    ${NAMESPACE}    ${NAME}
    IF    $job
        ${seen}=    RW.Kubernetes.Check Job Logs    ${NAMESPACE}    ${job}
        Report    ${seen}
    ELSE
        RW.Core.Rule Out    Failed Job    The latest Job of the CronJob has not failed.    resource=CronJob/${NAMESPACE}/${NAME}
    END


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list cronjobs, jobs, pods, their logs and events.
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
    ...    description=The namespace of the CronJob.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the CronJob.
    ...    pattern=\w*
    ...    example=nightly-report
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
