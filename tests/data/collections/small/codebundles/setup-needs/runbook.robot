*** Settings ***
Library             RW.Core
Suite Setup         Suite Initialization

*** Tasks ***
Never Run
    Fail    the setup should have failed

*** Keywords ***
Suite Initialization
    ${NAMESPACE}=    RW.Core.Import User Variable    NAMESPACE    example=my-shop
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig    example=a kubeconfig
