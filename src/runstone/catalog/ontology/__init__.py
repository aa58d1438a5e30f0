"""General knowledge of operations, as checked tables: kinds, platforms, products, what is looked at, signals, alerts.

Curated from the public documentation of Kubernetes, the clouds and common software, and from the names of stock
alerts. None of it comes from one collection or one set of questions. docs/reference/retrieval.md tells how to add to
it.
"""
