"""The tests that bundles bring along, run where a stranger's code can do no harm: :mod:`child` inside the sandbox,
:mod:`sandboxed` the side that puts it there.
"""
