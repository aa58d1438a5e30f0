"""The HTTP API, one file per noun. Each has a ``router``; ``server.app`` includes them by file name."""
