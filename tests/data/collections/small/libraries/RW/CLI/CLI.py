raise ImportError("a collection's own copy of RW.CLI.CLI must never be taken")
