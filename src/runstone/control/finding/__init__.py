"""From a question to Tasks that are bound on a workspace's Map: to things that exist here, with their values filled in.

``names`` finds the resources that are meant, ``finder`` ranks the Tasks that care for them and for what they depend on.
The words of a question are read by the catalogue's search; nothing of the Map ever gets into it.
"""
