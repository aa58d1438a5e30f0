"""A model's answers, kept in the data folder by what was asked: the same question is paid for once.

They are kept as they came. What is believed of them is decided at each reading, so a stricter rule needs no new answer.
"""

import gzip
from pathlib import Path

from pydantic import ValidationError

from runstone.catalog.augment import cache
from runstone.catalog.augment.draft import Draft


class Answers:
    """One folder of them, by digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, digest: str) -> Draft | None:
        """The answer to that question; None when there is none that can be read."""
        try:
            return Draft.model_validate_json(gzip.decompress(self._file(digest).read_bytes()))
        except (OSError, EOFError, ValidationError):
            return None

    def put(self, digest: str, draft: Draft) -> None:
        """Keep an answer."""
        cache.write(self._file(digest), draft)

    def _file(self, digest: str) -> Path:
        return self._folder / f"{digest}.json.gz"
