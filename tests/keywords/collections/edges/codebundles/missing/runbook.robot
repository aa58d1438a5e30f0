*** Settings ***
Library         RW.Core
Suite Setup     Suite Initialization

*** Tasks ***
Need A Value
    Log    not reached

*** Keywords ***
Suite Initialization
    RW.Core.Add Issue    3    Raised in the setup
    # In a branch, so that nobody can tell before the run that it is needed.
    IF    True
        RW.Core.Import User Variable    NEVER_GIVEN    example=shop
    END
