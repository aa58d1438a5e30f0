"""A fake toolbox: programs under the names of real ones, which record how they were called and answer from a script.

They are one program (:mod:`toolbox.main`) under many names. What they answer lies in ``world.json`` beside them (see
:mod:`harness`): *objects* of a Kubernetes cluster, and *rules*, each ``{tool, args, out | json, err, rc}`` whose
``args`` is a regular expression for the arguments in one line. The first rule that fits answers; else the tool does.
"""
