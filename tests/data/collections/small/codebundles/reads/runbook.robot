*** Settings ***
Library             RW.Core
Library             RW.CLI

*** Tasks ***
Read JSON And Raise
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '{"items": [{"n": 1}, {"n": 5}]}'
    RW.CLI.Parse Cli Json Output    ${rsp}
    ...    extract_path_to_var__count=length(items)
    ...    extract_path_to_var__items=items
    ...    from_var_with_path__items__to__largest=max_by(@, &n).n
    ...    count__raise_issue_if_eq=3
    ...    largest__raise_issue_if_gt=4
    ...    set_issue_title=Largest is $largest of $count
    ...    set_severity_level=2

Read JSON And Chain
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '{"a": {"b": [1, 2, 3]}}'
    ${rsp}=    RW.CLI.Parse Cli Json Output    ${rsp}    extract_path_to_var__b=a.b    assign_stdout_from_var=b
    Should Be Equal    ${rsp.stdout}    [1, 2, 3]
    ${rsp}=    RW.CLI.Parse Cli Json Output    ${rsp}    extract_path_to_var__n=length(@)    assign_stdout_from_var=n
    Should Be Equal    ${rsp.stdout}    3

Filter By Time
    ${old}=    RW.CLI.String To Datetime    2h
    ${new}=    RW.CLI.String To Datetime    1m
    ${rsp}=    RW.CLI.Run Cli    cmd=echo '[{"t": "${old}"}, {"t": "${new}"}]'
    ${rsp}=    RW.CLI.Parse Cli Json Output    ${rsp}
    ...    extract_path_to_var__rows=@
    ...    rows__filter_older_than__1h=t
    ...    assign_stdout_from_var=rows
    Should Be Equal    ${rsp.stdout}    [{"t": "${new}"}]

Read Lines
    ${rsp}=    RW.CLI.Run Cli    cmd=printf 'cart 91\\nweb 12\\ndb 95\\n'
    RW.CLI.Parse Cli Output By Line    ${rsp}
    ...    lines_like_regexp=(?P<name>\\w+) (?P<use>\\d+)
    ...    use__raise_issue_if_gt=90
    ...    set_issue_title=$name is full

Refuse A Bad Answer
    ${rsp}=    RW.CLI.Run Cli    cmd=exit 4
    RW.CLI.Parse Cli Json Output    ${rsp}    extract_path_to_var__x=@

Quote For Bash
    ${word}=    RW.CLI.Escape Bash Command    it's $HOME
    ${rsp}=    RW.CLI.Run Cli    cmd=echo ${word}
    Should Be Equal    ${rsp.stdout.strip()}    it's $HOME
