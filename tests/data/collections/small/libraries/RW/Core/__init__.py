raise ImportError("a collection's own copy of RW.Core must never be taken")
