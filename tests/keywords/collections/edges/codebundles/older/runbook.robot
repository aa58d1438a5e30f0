*** Settings ***
Force Tags      older
Library         RW.Core
Library         RW.CLI
Library         RW.Report

*** Tasks ***
Call Names Of Old
    RW.Core.Info    an old name
    Run Keyword If    ${TRUE}    Say Old    something
    ${result}=    RW.Core.Ping    127.0.0.1    count=2
    RW.Core.Push Metric    ${result["packet_loss_percentage"]}

Report In Two Ways
    RW.Report.Add To Report    by its own library
    RW.Report.Add Json To Report    {"a": 1}
    Add To Report    without a library's name
    ${report}=    Get Report
    Should Contain    ${report}    by its own library
    Should Contain    ${report}    without a library's name

*** Keywords ***
Say Old
    [Arguments]    ${what}
    Log    ${what}
    RETURN    ${what}
