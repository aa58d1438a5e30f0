*** Settings ***
Library         RW.Core
Library         RW.CLI
Library         OperatingSystem
Library         String
Suite Setup     Suite Initialization

*** Tasks ***
See Nothing But What Is Given
    ${rsp}=    RW.CLI.Run Cli    cmd=env | cut -d= -f1    env={"A": "1", "NOTHING": None, "N": 7}
    ${names}=    Split To Lines    ${rsp.stdout}
    FOR    ${name}    IN    A    N    CODEBUNDLE_TEMP_DIR    AZURE_CONFIG_DIR    CLOUDSDK_CONFIG    AWS_CONFIG_DIR    AWS_CONFIG_FILE    AWS_SHARED_CREDENTIALS_FILE    AWS_REGION
        Should Contain    ${names}    ${name}
    END
    FOR    ${name}    IN    HOME    NOTHING    GIVEN    RW_WORKSPACE    USER
        Should Not Contain    ${names}    ${name}
    END

Find Tools
    ${rsp}=    RW.CLI.Run Cli    cmd=true && gate-tool
    Should Be Equal As Integers    ${rsp.returncode}    ${EXPECTED_RC}
    ${rsp}=    RW.CLI.Run Cli    cmd=true && gate-tool    env={"PATH": "${TOOLS}:/usr/bin:/bin"}
    Should Be Equal    ${rsp.stdout.strip()}    found
    ${path}=    Get Environment Variable    PATH
    Should Not Be Empty    ${path}

Name Secrets By Their Key
    ${rsp}=    RW.CLI.Run Cli    cmd=echo "$token|$X|$(cat $cert)|$cert"    secret__X=${token}    secret_file__Y=${cert}    secret__none=${NONE}    secret__text=plain
    Should Match Regexp    ${rsp.stdout}    ^s3cr3t-token\\|\\|certificate\\|/.*/cert$
    ${rsp}=    RW.CLI.Run Cli    cmd=echo "$token"    env={"token": "theirs"}    secret__X=${token}
    Should Be Equal    ${rsp.stdout.strip()}    s3cr3t-token

Ignore Named Arguments That Mean Nothing
    ${rsp}=    RW.CLI.Run Cli    cmd=echo ok    show_in_rwl_cheatsheet=true    render_in_commandlist=true    environment={"A": "1"}
    Should Be Equal    ${rsp.stdout.strip()}    ok
    ${rsp}=    RW.CLI.Run Bash File    helper.sh    args=you    extra_env={"A": "1"}
    Should Be Equal    ${rsp.stdout.strip()}    helped

Take Dictionaries As Texts
    ${rsp}=    RW.CLI.Run Cli    cmd=echo "$A $B"    env={"A":"${JSON}", "B":"2"}
    Should Be Equal    ${rsp.stdout.strip()}    [{"x": "y"}] 2
    ${env}=    Create Dictionary    A=one
    ${rsp}=    RW.CLI.Run Cli    cmd=echo "$A"    env=${env}
    Should Be Equal    ${rsp.stdout.strip()}    one

Stage The Bundle
    ${rsp}=    RW.CLI.Run Cli    cmd=./helper.sh you; pwd; ls
    Should Contain    ${rsp.stdout}    helped you
    Should Contain    ${rsp.stdout}    cb-temp
    Run Keyword And Expect Error    *There is no script*    RW.CLI.Run Bash File    none.sh
    ${rsp}=    RW.CLI.Run Bash File    bash_file=helper.sh    cmd_override=./helper.sh over
    Should Be Equal    ${rsp.stdout.strip()}    helped over

Time Out
    ${rsp}=    RW.CLI.Run Cli    cmd=echo early; sleep 30    timeout_seconds=1
    Should Be Equal As Strings    ${rsp.returncode} ${rsp.status} ${rsp.stdout}|${rsp.stderr}|    -1 200 ||
    Should Not Be Empty    ${rsp.errors}

Remember What Was Run
    ${before}=    RW.CLI.Pop Shell History
    RW.CLI.Run Cli    cmd=echo remembered
    RW.CLI.Run Cli    cmd=echo forgotten    include_in_history=false
    RW.CLI.Run Bash File    helper.sh
    ${history}=    RW.CLI.Pop Shell History
    Should Contain    ${history}    echo remembered
    Should Contain    ${history}    echo "helped $1"
    Should Not Contain    ${history}    forgotten

Run Inside A Workload
    ${rsp}=    RW.CLI.Run Cli    cmd=date    run_in_workload_with_name=deployment/cart    optional_namespace=shop    optional_context=c    env={"PATH": "${TOOLS}:/usr/bin:/bin"}
    Should Be Equal    ${rsp.stdout.strip()}    exec -n shop --context=c deployment/cart -- /bin/bash -c date
    ${rsp}=    RW.CLI.Run Cli    cmd=date    run_in_workload_with_labels=app=cart    optional_namespace=shop    optional_context=c    env={"PATH": "${TOOLS}:/usr/bin:/bin"}
    Should Contain    ${rsp.stdout}    get pods --field-selector=status.phase==Running -l app=cart

Use Small Helpers
    ${word}=    RW.CLI.Escape Bash Command    it's
    ${rsp}=    RW.CLI.Run Cli    cmd=printf %s ${word}
    Should Be Equal    ${rsp.stdout}    it's
    ${moment}=    RW.CLI.String To Datetime    1d2h
    Should Match Regexp    ${moment}    ^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$
    Should Be Equal As Integers    ${rsp.rc}    0

*** Keywords ***
Suite Initialization
    RW.Core.Import User Variable    TOOLS
    RW.Core.Import User Variable    EXPECTED_RC
    RW.Core.Import User Variable    JSON
    ${token}=    RW.Core.Import Secret    token
    ${cert}=    RW.Core.Import Secret    cert
    Set Suite Variable    ${token}
    Set Suite Variable    ${cert}
