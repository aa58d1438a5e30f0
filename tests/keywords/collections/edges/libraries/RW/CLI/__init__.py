raise ImportError("This copy must never be imported: the runtime has its own.")
