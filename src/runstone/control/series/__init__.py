"""Numbers over time, kept for a while: added as they are pushed, read as they are or in buckets, pruned."""
