"""The registry of Tasks, served: what each Task is good for, and the right one found from a symptom.

Open zone: it reads public content and general knowledge, never a workspace, a run, a resource or a secret, and cannot
name one. Nothing here executes content. Without the optional package numpy and the converted weights, search is by
words and by the ontology, and says so.
"""
