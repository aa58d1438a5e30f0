*** Settings ***
Library         RW.Core
Library         RW.CLI
Library         RW.platform
Library         RW.CLI.postgres_helper
Library         RW.Own
Library         RW.Report
Suite Setup     Suite Initialization

*** Tasks ***
Use The Runtime's Own Core, CLI And Platform
    ${rsp}=    RW.CLI.Run Cli    cmd=printf 'a\\nb\\n'
    ${lines}=    RW.Own.Count    ${rsp}
    Should Be Equal As Integers    ${lines}    2
    ${said}=    RW.Own.Describe    ${token}
    Should Be Equal    ${said}    token ******

Use A Submodule That Only The Collection Has
    ${rows}=    RW.CLI.postgres_helper.Count Rows    a\\nb\\nc\\n
    Should Be Equal As Integers    ${rows}    3

Raise An Issue From Python
    RW.Own.Raise From Python    From a library

Prefer The Collection's Other Libraries
    ${whose}=    RW.Report.Whose
    Should Be Equal    ${whose}    the collection's

*** Keywords ***
Suite Initialization
    ${token}=    RW.Core.Import Secret    token
    Set Suite Variable    ${token}
