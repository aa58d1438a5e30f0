*** Settings ***
Documentation       Does not say what it may do, and only looks.
Library             RW.Core


*** Tasks ***
Score
    RW.Core.Push Metric    1
