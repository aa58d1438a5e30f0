"""What can go wrong between us and a cluster.

ClusterTrouble              what, where, and what to do next, in one message
├── Unusable                the kubeconfig cannot be used
├── Unreachable             nothing answered, or no trusted TLS
├── Unauthorised            401: the cluster does not know these credentials (any more)
├── Forbidden               403: known, but not allowed; a gap in what can be checked, never the end of a task
├── Absent                  404: no such object, or no such API in this version
└── Rejected                the API server refused a change or failed to answer
"""


class ClusterTrouble(Exception):
    """A sentence that says what happened, where, and what to do next."""


class Unusable(ClusterTrouble):
    """The kubeconfig lacks something, or uses what cannot be used here."""


class Unreachable(ClusterTrouble):
    """No answer from the API server."""


class Unauthorised(ClusterTrouble):
    """HTTP 401."""


class Forbidden(ClusterTrouble):
    """HTTP 403."""


class Absent(ClusterTrouble):
    """HTTP 404."""


class Rejected(ClusterTrouble):
    """Any other answer that is not a success."""
