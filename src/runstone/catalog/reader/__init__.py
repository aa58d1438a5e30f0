"""Reads what strangers wrote in a process of its own, which may be ended when it takes too long or too much.

:mod:`work` is what is done there, :mod:`child` the loop that does it, :mod:`process` the side that asks. Nothing of a
repository is executed; the process is for what reading alone can cost: a pattern that never ends, a file that unfolds.
"""
