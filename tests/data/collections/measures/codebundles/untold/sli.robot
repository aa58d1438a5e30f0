*** Settings ***
Documentation       Does not say what it may do, and runs what another program told it.
Library             RW.Core
Library             RW.CLI


*** Tasks ***
Score
    ${told}=    RW.CLI.Run Cli    cmd=cat /etc/hostname
    RW.CLI.Run Cli    cmd=bash -c "${told.stdout}"
    RW.Core.Push Metric    1
