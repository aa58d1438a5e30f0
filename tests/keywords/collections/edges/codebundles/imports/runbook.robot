*** Settings ***
Library         RW.Core
Library         RW.CLI
Suite Setup     Suite Initialization

*** Tasks ***
Import Values `${GIVEN}` As Texts
    Should Be Equal    ${GIVEN}    given
    Should Be Equal    ${NUMBER}    007
    Should Be True    isinstance($NUMBER, str)
    Should Be Equal    ${FALLBACK}    from default
    Should Be Equal    ${EMPTY_GIVEN}    ${EMPTY}
    Should Be Equal    ${QUOTED_DEFAULT}    ""
    Should Be Equal    ${NOT_LIKE_PATTERN}    two words!
    Should Be Equal    ${POSITIONAL}    given too

Escape What Robot Would Take For An Environment Variable
    Should Be Equal    ${PERCENT}    a\\\%{HOME}
    ${rsp}=    RW.CLI.Run Cli    cmd=printf '%s' '${PERCENT}'
    Should Be Equal    ${rsp.stdout}    a\%{HOME}

Refuse Names Of The Platform
    Run Keyword And Expect Error    *belong to the platform*    Import Another    RW_WORKSPACE
    ${window}=    RW.Core.Import User Variable    RW_LOOKBACK_WINDOW    default=60
    Should Be Equal    ${window}    3600
    ${window}=    RW.Core.Import Platform Variable    RW_LOOKBACK_WINDOW
    Should Be Equal    ${window}    3600
    Run Keyword And Expect Error    *names start with RW_*    RW.Core.Import Platform Variable    NAMESPACE
    Run Keyword And Expect Error    *has no value here*    RW.Core.Import Platform Variable    RW_NOTHING

Import Secrets By Every Key
    Should Be Equal    ${by_runner.key}    by_runner
    Should Be Equal    ${by_runner.value}    from the runner
    Should Be Equal    ${by_file.value}    from a file
    Should Be Equal    ${by_env.value}    from the environment
    Should Be Equal    ${absent}    ${NONE}
    Should Be Equal    ${absent_too}    ${NONE}
    Should Be Equal    ${by_old_name.value}    from the runner
    Run Keyword And Expect Error    *was not given*    RW.Core.Import Secret    absent
    Run Keyword And Expect Error    *only a runner resolves*    RW.Core.Import Secret    by_vault

Import Services And Memos
    Should Be Equal As Strings    ${kubectl}    http://127.0.0.1:1
    Run Keyword And Expect Error    *Service curl was not given*    RW.Core.Import Service    curl    default=curl-service.shared
    ${memo}=    RW.Core.Import Memo Variable    webhookJson
    Should Be Equal    ${memo}    ${NONE}

*** Keywords ***
Suite Initialization
    ${GIVEN}=    RW.Core.Import User Variable    GIVEN
    ...    type=string
    ...    description=Given.
    ...    pattern=\\w*
    ...    enum=[given,taken]
    ...    format=any
    ...    example=x
    ...    default=not this
    RW.Core.Import User Variable    NUMBER    type=integer
    RW.Core.Import User Variable    FALLBACK    default=from default
    RW.Core.Import User Variable    EMPTY_GIVEN    default=not this
    RW.Core.Import User Variable    QUOTED_DEFAULT    default=""
    RW.Core.Import User Variable    NOT_LIKE_PATTERN    pattern=^\\w+$
    RW.Core.Import User Variable    POSITIONAL    string    A description.    an example
    RW.Core.Import User Variable    PERCENT
    RW.Core.Import Secret    by_runner    type=string    description=A secret.    example=x    pattern=\\w*
    RW.Core.Import Secret    by_file
    RW.Core.Import Secret    by_env
    RW.Core.Import Secret    absent    optional=True
    RW.Core.Import Optional Secret    absent_too
    Import User Secret    by_old_name
    RW.Core.Import Service    kubectl    description=A shell.    example=x    default=kubectl-service.shared

Import Another
    [Arguments]    ${name}
    TRY
        RW.Core.Import User Variable    ${name}
    EXCEPT    AS    ${said}
        Fail    ${said}
    END
