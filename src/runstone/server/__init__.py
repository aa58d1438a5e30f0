"""Mouths: HTTP, server-sent events and one page. They translate; they never decide.

``app`` builds the ASGI app and is the only place that knows all routes; ``auth`` turns a request into an actor; ``api``
has one file per noun.
"""
