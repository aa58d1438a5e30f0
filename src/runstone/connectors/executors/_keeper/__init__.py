"""Processes of this machine, started and watched by a keeper: what the executors of one machine have in common.

``client`` is the runner's side, ``keeper`` the process beside it, ``cgroup`` what the kernel counts for it. A keeper is
a process apart because only one without threads may fork safely, and because it outlives a runner that is killed just
long enough to kill what that runner had started.
"""
