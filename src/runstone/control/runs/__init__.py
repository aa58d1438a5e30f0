"""Sessions: from a trigger to a root cause.

``focus`` finds what a trigger is about, ``plan`` proposes the next RunRequests, ``diagnose`` ranks causes, ``remedy``
proposes changes: all pure. ``queue`` offers and leases, ``session`` is the durable loop, ``store`` keeps it all.
"""
