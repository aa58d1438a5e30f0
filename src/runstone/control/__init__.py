"""The control zone: workspaces, sessions, people. Sees names, references and redacted results, never a secret.

Who may start work (``alerts``) sits above the work (``runs``), which sits above what it is about (``workspaces``), what
happened to that (``history``) and who may (``access``, ``audit``). Knows nothing of HTTP, of Kubernetes or of how a
Task runs.
"""
