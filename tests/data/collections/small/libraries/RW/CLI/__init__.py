raise ImportError("a collection's own copy of RW.CLI must never be taken")
