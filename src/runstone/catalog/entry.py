"""A Task of the catalogue as search knows it: what its author wrote, and what its source shows."""

import hashlib

from pydantic import Field

from runstone.model.content import Access, TaskContract
from runstone.model.noun import Noun


class Entry(Noun):
    """One Task of a bundle. ``contract`` is None where only the author's words are at hand.

    ``changes`` says whether the Task changes something: by its source or its tag, and by its title's verb where neither
    tells. ``source_bytes`` is the size of its own steps and of the scripts it reaches, ``source_digest`` their
    sha256, ``patterns`` the error texts they look for; nothing when the source was not read.
    """

    collection: str
    bundle: str
    title: str
    documentation: str
    bundle_documentation: str
    tags: tuple[str, ...]
    supports: tuple[str, ...]
    access: Access
    changes: bool
    contract: TaskContract | None = None
    source_bytes: int = 0
    source_digest: str = ""
    patterns: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    """Inputs and secrets that a run must give, by name."""

    runs: dict[str, str] = Field(default_factory=dict)
    """Inputs whose values it runs, with the program that each is for: an open Task has them (``opened.py``)."""

    extended: tuple[str, ...] = ()
    """Those of them behind whose values the suite puts words of its own: only one plain command can be given."""

    @property
    def key(self) -> str:
        """How results name it: ``codebundle::task title``, unique in one collection."""
        return f"{self.bundle}::{self.title}"

    @property
    def digest(self) -> str:
        """Of everything that is known of the Task."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
