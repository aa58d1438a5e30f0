"""The composition root: reads the settings, puts the zones together, and is the terminal's mouth.

``main`` names the commands; each command is one file, imported only when it is called, so that help stays cheap.
"""
