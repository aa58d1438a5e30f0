"""Recognising software in what was read: frameworks, open-source projects, components of the platform.

``signals`` says what an object shows (images, labels, ports, variables, types …), ``table`` what is known of software,
``weigh`` what follows, each with its evidence. Nothing is asked of a network and nothing but names and tags is told.
"""

from runstone.edge.discovery.recognition.weigh import recognised

__all__ = ["recognised"]
