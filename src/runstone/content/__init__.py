"""Open content on disk: a CodeCollection as files, fetched, read and run.

Knows nothing of workspaces, sessions or secrets' origins, and reads content without executing it; only
:mod:`runstone.content.suite` runs any, in a process of its own. Only this zone speaks Robot Framework.
"""
