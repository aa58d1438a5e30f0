*** Settings ***
Documentation       Pushes two sub-metrics, then the score.
Library             RW.Core


*** Tasks ***
Count Pods of `${NAME}`
    [Tags]    access:read-only
    RW.Core.Push Metric    3    sub_name=pods    metric_type=gauge    zone=a
    ${window}=    RW.Core.Import Platform Variable    RW_LOOKBACK_WINDOW
    RW.Core.Push Metric    ${window}    sub_name=lookback

Score `${NAME}`
    [Tags]    access:read-only
    RW.Core.Push Metric    0.75
