"""The nouns. Frozen, typed, no I/O; a default only where absence itself means something.

What lives here is named by every zone, so it names no zone. Shapes of third parties (Kubernetes objects, webhook
bodies) are parsed into these types at the door where they arrive.
"""
