*** Settings ***
Library             RW.Core
Library             RW.CLI

*** Tasks ***
Need A Missing Tool
    FOR    ${i}    IN RANGE    3
        RW.CLI.Run Cli    cmd=no-such-tool --list | cat
    END

Be Refused
    RW.CLI.Run Cli    cmd=echo 'Error from server (Forbidden): pods is forbidden: User "viewer" cannot list resource "pods" in API group "" in the namespace "shop"' >&2; exit 1

Hang In A Command
    RW.CLI.Run Cli    cmd=sleep 20    timeout_seconds=1

Print Healthy Words
    RW.CLI.Run Cli    cmd=echo 'bash: line 1: kubectl: command not found'
    RW.CLI.Run Cli    cmd=echo 'request is forbidden by policy' >&2
    RW.CLI.Run Cli    cmd=grep -q absent /etc/hostname

Fail In Silence
    RW.CLI.Run Cli    cmd=cat /no/such/file

Fail And Say So
    ${rsp}=    RW.CLI.Run Cli    cmd=cat /no/such/file
    RW.Core.Add Pre To Report    ${rsp.stderr}
