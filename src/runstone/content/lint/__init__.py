"""What is wrong with a CodeBundle, told before it runs: one rule a file, each a pure function of a parsed bundle.

:mod:`bundle` holds what rules look at and :mod:`reading` fills it from disk; :mod:`engine` walks a collection, applies
waivers and sorts; :mod:`fixing` applies edits; :mod:`formats` writes for programs. Nothing of a bundle is executed:
suites and scripts are parsed, and the two programs that are asked for an opinion (shellcheck, ruff) parse as well.
"""
