*** Settings ***
Library             RW.Core
Library             RW.CLI
Library             RW.Greeting
Library             No.Such.Library

*** Tasks ***
Pass
    No Operation

Fail By Task Failure
    RW.Core.Task Failure    the disk is full

Fail By A Library's Task Failure
    RW.Greeting.Fall Ill    the queue is stuck

Break By Task Error
    RW.Core.Task Error    no tool for it

Break By A Keyword
    Should Be Equal    a    b

Break By An Unknown Keyword
    No.Such.Library.Do It

Catch A Task Failure And Break
    TRY
        RW.Core.Task Failure    caught
    EXCEPT    caught
        Fail    something else
    END

Skip
    Skip    not here

Titles With [brackets] * And ?
    No Operation

Hang
    RW.CLI.Run Cli    cmd=sleep 60; echo ${SPACE}

Print A Lot
    ${text}=    Evaluate    "x" * 700000
    RW.Core.Add Pre To Report    ${text}1
    RW.Core.Add Pre To Report    ${text}2
    RW.Core.Add Pre To Report    never seen

Leave A Child Behind
    RW.CLI.Run Cli    cmd=setsid sleep 300 > /dev/null 2>&1 & echo $! > $MARKER    env={"MARKER": "%{MARKER}"}
