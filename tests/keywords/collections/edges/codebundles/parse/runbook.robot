*** Settings ***
Library     RW.CLI
Library     RW.Core

*** Tasks ***
Ask Every Question
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '{"items": [{"n": 1, "name": "a"}, {"n": 5, "name": "b"}]}'
    FOR    ${test}    ${value}    IN
    ...    eq    5    neq    4    gt    4    lt    6    contains    5    ncontains    7
        RW.CLI.Parse Cli Json Output    ${rsp}
        ...    extract_path_to_var__items=items
        ...    from_var_with_path__items__to__largest=max_by(@, &n).n
        ...    largest__raise_issue_if_${test}=${value}
        ...    set_issue_title=${test} of $largest
    END

Raise The First Only
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '{"n": 5}'
    RW.CLI.Parse Cli Json Output    ${rsp}
    ...    extract_path_to_var__n=n
    ...    n__raise_issue_if_eq=4
    ...    n__raise_issue_if_gt=4
    ...    n__raise_issue_if_lt=9
    ...    set_severity_level=2
    ...    set_issue_expected=below
    ...    set_issue_actual=$n
    ...    set_issue_reproduce_hint=look
    ...    set_issue_details=all: $_stdout
    ...    set_issue_next_steps=Look

Raise Nothing When All Is Well
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '{"n": 5}'
    RW.CLI.Parse Cli Json Output    ${rsp}    extract_path_to_var__n=n    n__raise_issue_if_eq=4

Filter And Assign
    ${rsp}=    RW.CLI.Run Cli    cmd=printf '{"items": [{"at": "%s", "n": "new"}, {"at": "2001-01-01T00:00:00Z", "n": "old"}]}' "$(date -u +%FT%TZ)"
    ${new}=    RW.CLI.Parse Cli Json Output    ${rsp}
    ...    extract_path_to_var__items=items
    ...    items__filter_older_than__1h=at
    ...    assign_stdout_from_var=items
    Should Contain    ${new.stdout}    new
    Should Not Contain    ${new.stdout}    old
    ${old}=    RW.CLI.Parse Cli Json Output    ${rsp}
    ...    extract_path_to_var__items=items
    ...    items__filter_newer_than__1h=at
    ...    assign_stdout_from_var=items
    Should Contain    ${old.stdout}    old
    Should Not Contain    ${old.stdout}    new

Expect An Answer
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '{}'; echo e >&2; exit 3
    Run Keyword And Expect Error    *return code 3*    RW.CLI.Parse Cli Json Output    ${rsp}
    Run Keyword And Expect Error    *stderr*    RW.CLI.Parse Cli Json Output    ${rsp}    contains_stderr_ok=False
    RW.CLI.Parse Cli Json Output    ${rsp}    expected_rsp_returncodes=[0, 3]
    RW.CLI.Parse Cli Json Output    ${rsp}    raise_issue_from_rsp_code=True    set_issue_title=It ended badly

Cut Long Texts
    ${rsp}=    RW.CLI.Run Cli    cmd=printf '{"n": "%05000d"}' 0
    RW.CLI.Parse Cli Json Output    ${rsp}    extract_path_to_var__n=n    n__raise_issue_if_contains=0    set_issue_details=$_stdout    set_issue_title=Long

Ask Of Each Line
    ${rsp}=    RW.CLI.Run Cli    cmd=printf 'a 1\\nb 9\\nc 12\\n'
    RW.CLI.Parse Cli Output By Line    ${rsp}
    ...    lines_like_regexp=(?P<name>\\w) (?P<n>\\d+)
    ...    n__raise_issue_if_gt=5
    ...    set_issue_title=$name is high
    RW.CLI.Parse Cli Output By Line    ${rsp}    _line__raise_issue_if_contains=c 12    set_issue_title=Line $_line
