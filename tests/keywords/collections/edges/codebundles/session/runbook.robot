*** Settings ***
Library     RW.Core
Library     OperatingSystem

*** Tasks ***
Leave A File For The Session
    ${place}=    RW.Core.Upload Session File    note.txt    a note
    Should Contain    ${place}    note.txt
    ${text}=    RW.Core.Get Session File    note.txt
    Should Be Equal    ${text}    a note
    ${none}=    RW.Core.Get Session File    none.txt
    Should Be Equal    ${none}    ${NONE}

Ask The Platform
    ${memo}=    RW.Core.Import Memo Variable    webhookJson
    Should Be Equal    ${memo}    {"alert": 1}
    ${session}=    RW.Core.Get Authenticated Session
    Should Be Equal    ${session.headers["Authorization"]}    Bearer user-token
    ${base}=    Get Environment Variable    RW_SLX_API_URL
    ${rsp}=    RW.Core.Rw Get    ${base}/runbook/runs/r1
    Should Be Equal    ${rsp.json()["memo"]["webhookJson"]}    {"alert": 1}
    ${body}=    Create Dictionary    cmd=posted
    ${rsp}=    RW.Core.Rw Post    ${base}    json=${body}
    Should Be Equal    ${rsp.json()["stdout"]}    asked posted
    ${about}=    RW.Core.About Fetchsecrets Plugin
    Should Contain    ${about}    runner
    ${well}=    RW.Core.Health Check Fetchsecrets Plugin
    Should Be True    ${well}
