"""The ways a Task ends early. Robot prints their messages without the class name."""

said: list[str] = []
"""Messages of TaskFailures, in order: Robot keeps only the text of an exception, and a runtime wants to tell a subject
that is ill from a Task that broke."""


class TaskFailure(AssertionError):
    """The subject is ill, so ill that the Task stops here."""

    ROBOT_SUPPRESS_NAME = True

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        said.append(str(self))


class TaskError(RuntimeError):
    """The Task itself cannot do its work."""

    ROBOT_SUPPRESS_NAME = True


class FatalError(RuntimeError):
    """Nothing in this suite can go on."""

    ROBOT_SUPPRESS_NAME = True
    ROBOT_EXIT_ON_FAILURE = True


class MissingValue(ImportError):
    """A variable, secret or service that the suite imports was given no value."""

    ROBOT_SUPPRESS_NAME = True
