"""A library that the runtime also has for older bundles: a collection's own comes first."""


def whose() -> str:
    """Tells them apart."""
    return "the collection's"
