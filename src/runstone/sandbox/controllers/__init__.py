"""The control loops: one controller a file, a function `run(world)` that looks at everything and does what is due.

Level-triggered and idempotent: a pass that changes nothing means the cluster has settled until `world.due`.
Writes status straight to the store; creates and deletes through the registry, so admission applies.
"""
