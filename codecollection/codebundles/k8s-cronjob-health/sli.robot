*** Settings ***
Documentation       Measures whether the CronJob is healthy, as a score from 0 to 1.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes CronJob Health Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             Collections
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Score Runs of CronJob `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    1 when the CronJob starts on time and its latest Job has not failed, 0 when not.
    [Tags]    access:read-only    data:state
    ${seen}=    RW.Kubernetes.Check CronJob    ${NAMESPACE}    ${NAME}
    ${score}=    Score    ${seen}
    RW.Core.Push Metric    ${score}    sub_name=runs
    Append To List    ${scores}    ${score}

Generate Health Score of CronJob `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    The mean of the scores above: 1 means that the CronJob is healthy, 0 that it is not. It is what
    ...    is measured over time.
    [Tags]    access:read-only    data:metrics
    ${score}=    Evaluate    round(sum($scores) / max(len($scores), 1), 2)
    RW.Core.Push Metric    ${score}


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
    @{scores}=    Create List
    Set Suite Variable    ${scores}    ${scores}
    RW.Kubernetes.Use Cluster    ${kubeconfig}    ${CONTEXT}

Score
    [Documentation]    1 when nothing is wrong, 0 when an Issue of severity 1, 2 or 3 was found.
    [Arguments]    ${seen}
    ${ill}=    Evaluate    any(issue['severity'] < 4 for issue in $seen['issues'])
    ${score}=    Set Variable If    ${ill}    ${0}    ${1}
    RETURN    ${score}
