"""Numbered SQL files per zone, forward only. A file that was released is never edited."""
