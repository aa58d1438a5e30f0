"""Workspaces and their Map: what exists, how it hangs together, which Tasks are bound to it.

``store`` applies what discovery sends and reads it back; ``atlas`` is the Map in memory, with the questions that
planning and diagnosis ask of it; ``lookup`` finds a resource by people's words. Starts no work.
"""
