"""The exception tree. A class says who must act; its message says what, where and what to do next.

::

    RunstoneError
    ├── Refused            the caller asked for something that cannot be done; nothing was changed
    │   ├── BadInput           a file, a flag or a body is not what it should be
    │   ├── NotFound           the thing named does not exist
    │   ├── NotAllowed         known, but not for this actor
    │   └── Conflict           it has changed or been used since
    ├── Unreachable        something outside did not answer; trying again may help
    │   └── Forbidden          it answered, and said no
    └── Broken             our own work failed

Ill is not broken: a failing check of a subject is data (an Issue), never an exception of this tree.
"""


class RunstoneError(Exception):
    """Any error of Runstone's own. The first argument is one sentence for the operator."""


class Refused(RunstoneError):
    """The caller asked for something that cannot be done. Nothing was changed."""


class BadInput(Refused):
    """A file, a flag or a body is not what it should be."""


class NotFound(Refused):
    """The thing named does not exist."""


class NotAllowed(Refused):
    """The thing is known, but not for this actor."""


class Conflict(Refused):
    """The thing has changed or was used since."""


class Unreachable(RunstoneError):
    """Something outside did not answer. Trying again may help."""


class Forbidden(Unreachable):
    """Something outside answered, and said no: a missing permission or an expired credential."""


class Broken(RunstoneError):
    """Our own work failed: a fault of Runstone, worth a report."""
