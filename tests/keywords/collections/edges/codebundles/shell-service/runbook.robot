*** Settings ***
Library         RW.Core
Library         RW.CLI
Library         RW.platform
Suite Setup     Suite Initialization

*** Tasks ***
Ask A Remote Shell
    ${env}=    Create Dictionary    A=1
    ${files}=    Create Dictionary    note.txt=text
    ${rsp}=    RW.Core.Shell    ls    ${shell}    secret=${token}    secret_as_file=True    env=${env}    files=${files}
    Should Be Equal As Strings    ${rsp.stdout} ${rsp.stderr} ${rsp.returncode} ${rsp.status}    asked ls - 0 200
    ${rsp}=    RW.CLI.Run Cli    cmd=pwd    target_service=${shell}    env={"B": "2"}    secret__x=${token}
    Should Be Equal    ${rsp.stdout}    asked pwd

Ask A Shell That Answers Nonsense
    Run Keyword And Expect Error    *lacks*    RW.Core.Shell    nonsense    ${shell}

*** Keywords ***
Suite Initialization
    ${shell}=    RW.Core.Import Service    shell
    ${token}=    RW.Core.Import Secret    token
    Set Suite Variable    ${shell}
    Set Suite Variable    ${token}
