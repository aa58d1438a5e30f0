"""SQLite, and what makes work survive a restart.

``engine`` hands out transactions and turns database failures into sentences; ``durable`` is the only module that knows
the workflow engine; ``bus`` carries Events to those who wait for them. SQL itself stands in the ``store`` modules,
beside the nouns it keeps. Knows no content and no Kubernetes.
"""
