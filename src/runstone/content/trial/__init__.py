"""Trial runs: a CodeBundle's own tests, ``tests/*.yaml``, run by the engine that runs Tasks, with scripted tools.

A case says what the programs and addresses that a suite asks answer, and which Issues, metrics and calls must follow.
What a case looks like is in docs/reference/trial-runs.md.
"""
