*** Settings ***
Documentation       Does not say what it may do, and pushes to a repository.
Library             RW.Core
Library             RW.CLI


*** Tasks ***
Score
    RW.CLI.Run Cli    cmd=git push origin main
    RW.Core.Push Metric    1
