*** Settings ***
Documentation       Goes on until it is told to end, by a file.
Library             OperatingSystem
Library             RW.Core
Suite Setup         RW.Core.Import User Variable    GO_ON


*** Tasks ***
Wait And Score
    [Tags]    access:read-only
    Wait Until Created    ${GO_ON}    timeout=60s
    RW.Core.Push Metric    1
