"""What exists, how it hangs together, and which Tasks care for it.

``scan`` reads and watches platforms and sends what is new. Between the two stand pure parts: ``picture`` holds what a
platform has told; ``health``, ``facts``, ``relations`` and ``references`` read its objects; ``subjects`` and ``levels``
say what rules see of them; ``rules`` (with ``paths``) match; ``documents`` (with ``names``, ``templating`` and
``plainyaml``) render the matches; ``render`` reads SLXs from the documents; ``binding`` does so for all rules and only
for what changed; ``news`` is the difference from what home knows. ``inventory`` keeps both sides of that difference
in a local file.

``workspace_info``, ``groups`` and ``output`` make the same into a tree of files instead.
"""
