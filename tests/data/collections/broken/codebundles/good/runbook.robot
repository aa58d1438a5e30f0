*** Tasks ***
Look
    No Operation
look
    No Operation
