*** Settings ***
Library    RW.Core
*** Tasks ***
Return Early
    IF    True
        RETURN
    END
