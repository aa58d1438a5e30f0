*** Settings ***
Library             RW.Core
Library             RW.CLI
Library             RW.platform
Library             OperatingSystem
Library             Collections
Suite Setup         Suite Initialization

*** Tasks ***
Give Commands Only What They Are Given
    ${rsp}=    RW.CLI.Run Cli    cmd=env | cut -d= -f1 | sort | tr '\\n' ' '    env=${env}    secret__whatever=${token}
    RW.Core.Add Pre To Report    seen: ${rsp.stdout}
    Should Contain    ${rsp.stdout}    token
    Should Not Contain    ${rsp.stdout}    whatever
    Should Not Contain    ${rsp.stdout}    HOME
    Should Contain    ${rsp.stdout}    CODEBUNDLE_TEMP_DIR
    ${path}=    RW.CLI.Run Cli    cmd=env | grep -c ^PATH=
    Should Be Equal    ${path.stdout.strip()}    0

Write Secret Files
    ${rsp}=    RW.CLI.Run Cli
    ...    cmd=cat ./kubeconfig; stat -c %a "$kubeconfig"; cat "$KUBECONFIG" | wc -l
    ...    env={"KUBECONFIG":"./${kubeconfig.key}"}
    ...    secret_file__other_name=${kubeconfig}
    ...    show_in_rwl_cheatsheet=true
    Should Contain    ${rsp.stdout}    600
    Should Contain    ${rsp.stdout}    apiVersion: v1
    ${copy}=    Get File    %{KUBECONFIG}
    Should Contain    ${copy}    apiVersion: v1

Run A Script With Its Neighbours
    ${rsp}=    RW.CLI.Run Bash File    bash_file=hello.sh    env=${env}
    Should Be Equal    ${rsp.stdout.strip()}    hello world from neighbour
    ${rsp}=    RW.CLI.Run Bash File    bash_file=hello.sh    cmd_override=./hello.sh you | tr a-z A-Z    env=${env}
    Should Be Equal    ${rsp.stdout.strip()}    HELLO YOU FROM NEIGHBOUR
    ${history}=    RW.CLI.Pop Shell History
    Should Contain    ${history}    source ./neighbour.sh
    ${history}=    RW.CLI.Pop Shell History
    Should Be Empty    ${history}

Keep What A Command Changed
    RW.CLI.Run Cli    cmd=echo changed > neighbour.sh
    ${rsp}=    RW.CLI.Run Cli    cmd=cat neighbour.sh
    Should Be Equal    ${rsp.stdout.strip()}    changed
    File Should Exist    hello.sh

Survive Return Codes And Timeouts
    ${rsp}=    RW.CLI.Run Cli    cmd=echo out; echo err >&2; exit 3
    Should Be Equal As Integers    ${rsp.returncode}    3
    Should Be Equal    ${rsp.stderr.strip()}    err
    ${rsp}=    RW.CLI.Run Cli    cmd=echo early; sleep 30    timeout_seconds=1
    Should Be Equal As Integers    ${rsp.returncode}    -1
    Should Be Empty    ${rsp.stdout}
    Should Be Equal As Integers    ${rsp.status}    200

Undo Robot's Escape
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '${PERCENT}' "$P"    env={"P": r"${PERCENT}"}
    Should Be Equal    ${rsp.stdout.strip()}    a\%{b} a\%{b}

Keep Values As They Are
    Should Be Equal    ${RAW}    \\d+ \${x} c:\\new
    ${rsp}=    RW.CLI.Run Cli    cmd=printf %s '${RAW}'
    Should Be Equal    ${rsp.stdout}    \\d+ \${x} c:\\new

Loop Over Items
    ${items}=    Create List    a    b
    ${rsp}=    RW.CLI.Run Cli    cmd=echo -n got-{item}    loop_with_items=${items}
    Should Be Equal    ${rsp.stdout}    got-a\ngot-b

Normalize The Kubernetes Binary
    ${rsp}=    RW.CLI.Run Cli    cmd=echo $KUBERNETES_DISTRIBUTION_BINARY    env={"KUBERNETES_DISTRIBUTION_BINARY": "missing_workspaceInfo_custom_variable", "N": None}
    Should Be Equal    ${rsp.stdout.strip()}    kubectl

*** Keywords ***
Suite Initialization
    ${kubeconfig}=    RW.Core.Import Secret    kubeconfig    type=string    description=To connect.    example=a file
    ${token}=    RW.Core.Import Secret    token
    RW.Core.Import User Variable    PERCENT
    RW.Core.Import User Variable    RAW
    Set Suite Variable    ${env}    {"NAME":"world", "JSON_TOO": "yes"}
