"""The outside world: one outside system = one file, found by its name, imported only when used.

Each kind's ``__init__`` is its protocol; the files beside it implement that and know no other connector and no zone. A
system that needs more than one file is a folder of its name. ``kept`` says what of an object may stay in memory at all.
"""
