*** Settings ***
Documentation       Says everything a Task can say.
...                 In two lines.
Metadata            Author    someone
Metadata            Display Name    Says Things
Metadata            Supports    Kubernetes,AKS, EKS
Library             RW.Core
Library             RW.platform
Library             RW.Greeting
Library             Collections
Suite Setup         Suite Initialization

*** Tasks ***
Report Everything About `${SUBJECT}`
    [Documentation]    Adds one of each to the report.
    [Tags]    access:read-only    data:config    ${SUBJECT}
    RW.Core.Add To Report    plain words
    RW.Core.Add Pre To Report    name=value stays as it is
    RW.Core.Add Code To Report    x = 1
    RW.Core.Add Url To Report    https://example.org    a link
    RW.Core.Add Json To Report    {"a": 1}
    ${row}=    Create List    r1    r2
    ${rows}=    Create List    ${row}
    ${head}=    Create List    h1    h2
    RW.Core.Add Table To Report    a table    ${rows}    ${head}
    Log To Console    on the console
    Console Log    on the console too
    Console Log If True    ${False}    never shown

Find Issues
    [Tags]    access:read-write
    RW.Core.Add Issue
    ...    severity=2
    ...    title=Pod is ill
    ...    expected=well
    ...    actual=ill
    ...    reproduce_hint=kubectl get pod
    ...    next_steps=- Look at it\nLook again
    ...    details=line one
    ...    observed_at=2026-01-02 03:04:05.678
    ...    resource=Pod/shop/cart-0
    ...    cause=ImageMissing
    ...    evidence=Back-off pulling image\nErrImagePull
    ...    blames=Secret/shop/a, ConfigMap/shop/b
    ...    next_action=kept
    RW.Core.Add Issue    severity=9    title=For information
    RW.Core.Rule Out    The network    Every Pod answers.    resource=Service/shop/cart
    RW.Core.Could Not Check    The disk    There is no exec.    resource=Node//n1

Only Inform
    RW.Core.Add Issue    severity=4    title=Only for information

Use The Collection's Library
    ${answer}=    RW.Greeting.Greet    world
    Should Be Equal    ${answer}    asked world

Push Numbers
    RW.Core.Push Metric    1    sub_name=part
    ${v}=    RW.Core.Push Metric    ${0.5}
    Should Be Equal    ${v}    ${0.5}
    RW.Core.Run Keyword And Push Metric    Set Variable    3

Normalize Windows
    ${a}=    RW.Core.Normalize Lookback Window    2700    2
    Should Be Equal    ${a}    45m
    ${a}=    RW.Core.Normalize Lookback Window    30    2
    Should Be Equal    ${a}    30s
    ${a}=    RW.Core.Normalize Lookback Window    2700    3
    Should Be Equal    ${a}    45 minutes
    ${a}=    RW.Core.Normalize Lookback Window    2700    1
    Should Be Equal    ${a}    ${45}

Keep Session Files
    RW.Core.Upload Session File    notes.txt    contents
    ${text}=    RW.Core.Get Session File    notes.txt
    Should Be Equal    ${text}    contents

*** Keywords ***
Suite Initialization
    ${SUBJECT}=    RW.Core.Import User Variable    SUBJECT
    ...    type=string
    ...    description=What it is about.
    ...    pattern=\w*
    ...    example=cart
    ${window}=    RW.Core.Import User Variable    RW_LOOKBACK_WINDOW    type=string    default=1h
    ${EMPTY_OK}=    RW.Core.Import User Variable    EMPTY_OK    default=x
    Should Be Equal    ${EMPTY_OK}    ${EMPTY}
    ${none}=    RW.Core.Import Secret    token    optional=True
    Should Be Equal    ${none}    ${None}
