*** Settings ***
Documentation       Cannot look.
Library             RW.Core


*** Tasks ***
Ask The API
    [Tags]    access:read-only
    RW.Core.Task Error    the API at shop.example does not answer
