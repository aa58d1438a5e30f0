"""The outside world: one outside system = one file, found by its name, imported only when used.

Each kind's ``__init__`` is its protocol; the files beside it implement that and know no other connector and no zone.
"""
