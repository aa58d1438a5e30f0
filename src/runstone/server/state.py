"""What the routes find on the app: the control zone it speaks for."""

from fastapi import Request

from runstone.control.workspace import Control


def control(request: Request) -> Control:
    """The control zone behind this app; for route dependencies."""
    zone: Control = request.app.state.control
    return zone
