*** Settings ***
Documentation       Finds out why a PersistentVolumeClaim is not bound: its StorageClass is not found, provisioning
...                 fails, there is no default class, or its volume is lost.
Metadata            Author    runstone
Metadata            Display Name    Kubernetes Storage Claim Health
Metadata            Supports    Kubernetes,AKS,EKS,GKE,OpenShift

Library             BuiltIn
Library             RW.Core
Library             RW.Kubernetes

Suite Setup         Suite Initialization


*** Tasks ***
Check Binding of PersistentVolumeClaim `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Finds out why a claim stays Pending, or is Lost: StorageClass not found, ProvisioningFailed, no
    ...    default StorageClass, no volume that fits, a resize that does not finish, a volume that failed.
    [Tags]    access:read-only    data:state    data:events    storage    pvc    pending    storageclass    provisioning
    ${seen}=    RW.Kubernetes.Check Claim    ${NAMESPACE}    ${NAME}
    Report    ${seen}

Check Users of PersistentVolumeClaim `${NAME}` in Namespace `${NAMESPACE}`
    [Documentation]    Lists the pods that mount the claim and whether they run, so that one sees who waits for the
    ...    storage.
    [Tags]    access:read-only    data:state    storage    pvc    mount
    ${seen}=    RW.Kubernetes.Check Claim Users    ${NAMESPACE}    ${NAME}
    Report    ${seen}


*** Keywords ***
Suite Initialization
    [Documentation]    Brings in the kubeconfig and the names, and connects to the cluster.
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig
    ...    type=string
    ...    description=A kubeconfig that may get and list persistentvolumeclaims, persistentvolumes, storage classes, pods and events.
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
    ...    description=The namespace of the claim.
    ...    pattern=\w*
    ...    example=shop
    Set Suite Variable    ${NAMESPACE}    ${NAMESPACE}
    ${NAME}=    RW.Core.Import User Variable    NAME
    ...    type=string
    ...    description=The name of the claim.
    ...    pattern=\w*
    ...    example=data-db-0
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
