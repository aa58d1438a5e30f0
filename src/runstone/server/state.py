"""What the routes find on the app: the control zone and the catalogue it speaks for."""

from fastapi import Request

from runstone.catalog.builder import Builder
from runstone.control.workspace import Control
from runstone.errors import NotFound


def control(request: Request) -> Control:
    """The control zone behind this app; for route dependencies."""
    zone: Control = request.app.state.control
    return zone


def catalogue(request: Request) -> Builder:
    """The catalogue behind this app; for route dependencies. Raises NotFound when it has none."""
    shelf: Builder | None = request.app.state.catalogue
    if shelf is None:
        raise NotFound("This Runstone has no catalogue of CodeCollections.")
    return shelf
