"""What runs inside the process that an executor started: one suite, Robot or plain scripts, from its order to its end.

The order comes as one JSON object on stdin::

    {"root", "bundle", "robot", "titles", "variables", "secrets", "files", "workdir", "context", "dependencies",
     "log", "dry", "commands", "manifest"}

What happens leaves at once as JSON lines on stdout: ``{"type": "started" | "output" | "issue" | "note" | "metric" |
"command" | "unresolved" | "done" | "end", …}``. File descriptors 1 and 2 of the suite and of everything it starts go to
``logs/stdout.txt``.

Nothing here imports pydantic or runstone.model: a run pays for Robot and little else.
"""
