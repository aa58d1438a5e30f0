*** Settings ***
Library     RW.Core
Library     OperatingSystem
Library     Collections
Library     String

*** Tasks ***
Add Every Format
    ${object}=    Evaluate    {"a": [1, None]}
    ${body}=    Evaluate    [["r1", 1], ["r2", 2]]
    ${head}=    Evaluate    ["name", "count"]
    ${rows}=    Evaluate    [{"n": "x", "c": 1}]
    ${columns}=    Evaluate    [{"field": "n", "headerName": "Name"}, {"field": "c"}]
    RW.Core.Add To Report    a paragraph
    RW.Core.Add To Report    ${object}    fmt=json    more=kept
    RW.Core.Add Pre To Report    as = it is
    RW.Core.Add Code To Report    x = 1
    RW.Core.Add Url To Report    https://example.org    a link
    RW.Core.Add Json To Report    {"b": 2}
    RW.Core.Add Table To Report    a table    ${body}    ${head}
    RW.Core.Add Datagrid To Report    a grid    ${rows}    ${columns}    page_size=5
    ${lines}=    Lines Of    report.jsonl
    ${formats}=    Evaluate    [json.loads(line)["fmt"] for line in $lines]    modules=json
    Should Be Equal As Strings    ${formats}    ['p', 'json', 'pre', 'code', 'a', 'json', 'table', 'table']
    ${grid}=    Evaluate    json.loads($lines[-1])    modules=json
    Should Be Equal As Strings    ${grid["kwargs"]["head"]}    ['Name', 'c']
    Should Be Equal As Strings    ${grid["kwargs"]["body"]}    [['x', 1]]
    Should Be Equal    ${grid["taskName"]}    Add Every Format

Read The Report Back
    ${data}=    RW.Core.Get Report Data
    Length Should Be    ${data}    8
    ${text}=    RW.Core.Export Report As String
    Should Contain    ${text}    as = it is
    ${json}=    RW.Core.Get Report Data As String
    Should Contain    ${json}    "fmt": "pre"

Raise Issues Of Every Kind
    RW.Core.Add Issue    severity=1    title=First    expected=well    actual=ill    reproduce_hint=look    next_steps=One\nTwo
    ...    details=text    observed_at=2026-01-02T03:04:05Z    summary=short    resource_url=https://example.org    next_action=call
    RW.Core.Add Issue    ${2}    Second
    RW.Core.Add Issue    3    Third
    RW.Core.Add Issue    4    Fourth
    RW.Core.Add Issue    9    Too high
    RW.Core.Add Issue    soon    No number
    ${lines}=    Lines Of    issues.jsonl
    ${issues}=    Evaluate    [json.loads(line) for line in $lines]    modules=json
    ${levels}=    Evaluate    [one["severity"] for one in $issues]
    Should Be Equal As Strings    ${levels}    [1, 2, 3, 4, 4, 4]
    ${keys}=    Evaluate    sorted($issues[0])
    Should Be Equal As Strings    ${keys}    ['actual', 'details', 'expected', 'metadata', 'nextSteps', 'next_action', 'observedAt', 'reproduceHint', 'resource_url', 'severity', 'taskDoc', 'taskMessage', 'taskName', 'taskStatus', 'title']
    Should Be Equal    ${issues[0]["metadata"]["summary"]}    short
    Should Be Equal    ${issues[0]["taskName"]}    Raise Issues Of Every Kind
    Should Contain    ${issues[1]["observedAt"]}    +00:00

Measure
    ${back}=    RW.Core.Push Metric    0.5    sub_name=part one    metric_type=gauge    region=eu
    Should Be Equal    ${back}    0.5
    RW.Core.Push Metric    1    sub_name=https://x:1/    metric_type=HISTOGRAM
    RW.Core.Push Metric    3    dry_run=True
    ${back}=    RW.Core.Run Keyword And Push Metric    Evaluate    6 * 7
    Should Be Equal As Integers    ${back}    42
    Run Keyword And Expect Error    *needs a number*    RW.Core.Push Metric    many

Normalize Windows
    ${one}=    RW.Core.Normalize Lookback Window    2700    1
    ${two}=    RW.Core.Normalize Lookback Window    2700    2
    ${three}=    RW.Core.Normalize Lookback Window    2700    3
    ${short}=    RW.Core.Normalize Lookback Window    30    2
    ${long}=    RW.Core.Normalize Lookback Window    7200
    Should Be Equal As Strings    ${one} ${two} ${three} ${short} ${long}    45 45m 45 minutes 30s 120m

Log At Every Level
    RW.Core.Error Log    e
    RW.Core.Warning Log    w    console=True
    RW.Core.Info Log    i    if_true=${FALSE}    console=True
    RW.Core.Debug Log    d
    RW.Core.Trace Log    t
    RW.Core.Console Log    on the console
    RW.Core.Console Log If True    ${TRUE}    said
    RW.Core.Console Log If True    ${FALSE}    unsaid

Say The Subject Is Ill
    RW.Core.Task Failure    The subject is down.

Say The Task Is Broken
    RW.Core.Task Error    No way in.

Stop Everything
    RW.Core.Fatal Error    Nothing can go on.

Never Begin
    RW.Core.Add Pre To Report    not reached

*** Keywords ***
Lines Of
    [Arguments]    ${file}
    ${text}=    Get File    ${OUTPUTDIR}/${file}
    ${lines}=    Split To Lines    ${text}
    ${kept}=    Evaluate    [line for line in $lines if json.loads(line).get("fmt") != "issue"]    modules=json
    RETURN    ${kept}
