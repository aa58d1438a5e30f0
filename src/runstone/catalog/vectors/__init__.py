"""Meaning as vectors, worked out here: a small sentence model in numpy.

The model is all-MiniLM-L6-v2 (Apache-2.0) in eight-bit numbers, made once from a package of the registry
(``weights.prepare``) and kept in the data folder; nothing is downloaded here and no weights are in this repository.
numpy is in the extra ``search``.
"""
