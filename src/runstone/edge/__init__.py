"""The customer zone: everything that must not leave the network, and the one door through which the rest does.

``discovery`` sees what exists and matches it with Tasks; ``runner`` runs them; ``home`` is the way out. Knows no
database of ours and no server: it speaks HTTP, also when both are one process.
"""
