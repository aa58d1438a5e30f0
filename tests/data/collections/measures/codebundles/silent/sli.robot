*** Settings ***
Documentation       Looks, and pushes nothing.
Library             RW.Core


*** Tasks ***
Look And Say Nothing
    [Tags]    access:read-only
    No Operation
