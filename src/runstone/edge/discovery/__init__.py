"""What exists, how it hangs together, and which Tasks care for it.

``scan`` reads platforms and sends what is new; ``health`` and ``relations`` read objects; ``rules`` match them with
GenerationRules; ``render`` makes SLXs of the matches. All but ``scan`` and ``inventory`` are pure.
"""
