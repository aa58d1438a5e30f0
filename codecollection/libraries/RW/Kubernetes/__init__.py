"""Checks of Kubernetes, and the Robot keywords that run them.

A check is a function of plain manifests, events and log lines: it opens no connection, and tests call it with tables.
``client`` and ``cluster`` fetch; ``keywords`` puts both together; ``report`` says what was found, as Issues about the
one object that would have to be changed. Values of Secrets and ConfigMaps are never read.
"""

from RW.Kubernetes.keywords import Kubernetes

__all__ = ["Kubernetes"]
