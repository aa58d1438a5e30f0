"""What can go wrong between a Task and a cluster. Each message says what, where, and who must do what next.

    Failure
    ├── BadKubeconfig     the kubeconfig cannot be used
    ├── Unreachable       nobody answers at the server's address, or not in time
    ├── Unauthenticated   the server does not know us (401)
    ├── Forbidden         the server knows us and says no (403): the one failure that leaves other questions answerable
    ├── Absent            there is no such object, or no such kind (404)
    └── Rejected          the server would not do it (409, 422, 5xx)
"""


class Failure(Exception):
    """A question to the cluster that got no answer."""


class BadKubeconfig(Failure):
    """The kubeconfig cannot be used."""


class Unreachable(Failure):
    """Nobody answers at the server's address, or not in time."""


class Unauthenticated(Failure):
    """The server does not know us."""


class Forbidden(Failure):
    """The server knows us and says no."""


class Absent(Failure):
    """There is no such object, or no such kind."""


class Rejected(Failure):
    """The server would not do it."""
