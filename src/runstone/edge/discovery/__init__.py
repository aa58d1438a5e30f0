"""What exists, how it hangs together, and which Tasks care for it.

``scan`` reads platforms and sends what is new. Between the two stand pure parts: ``picture`` holds what a platform has
told, ``health`` and ``relations`` read its objects, ``rules`` (with ``paths``) match them with GenerationRules,
``render`` (with ``names``) makes SLXs of the matches, ``binding`` does so for all rules and only for what changed,
``news`` is the difference from what home knows. ``inventory`` keeps both sides of that difference in a local file.
"""
