"""all-MiniLM-L6-v2 in numpy: token numbers in, sentence vectors out.

A BERT of 6 layers, 384 wide, 12 heads; a sentence's vector is the mean of its tokens' last states, of length 1. The
shapes and names are those of the published safetensors file.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

WIDTH = 384
LAYERS = 6
_HEADS = 12
_TINY = np.float32(1e-12)
_SCALE = np.float32(1 / math.sqrt(WIDTH // _HEADS))


class MiniLM:
    """The model's weights as numbers of 32 bits, ready to multiply."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._first_norm = _norm_of(weights, "embeddings.LayerNorm")
        self._layers = [_Layer(weights, f"encoder.layer.{number}") for number in range(LAYERS)]

    def vectors(self, rows: Sequence[Sequence[int]]) -> Array:
        """One vector of length 1 for each row of token numbers. Rows of about the same length go together best."""
        longest = max(map(len, rows))
        numbers = np.zeros((len(rows), longest), dtype=np.int64)
        there = np.zeros((len(rows), longest), dtype=np.float32)
        for at, row in enumerate(rows):
            numbers[at, : len(row)] = row
            there[at, : len(row)] = 1
        states = _normed(self._words[numbers] + self._places[:longest], self._first_norm)
        hidden = ((1 - there) * -1e4)[:, None, None, :].astype(np.float32)
        for layer in self._layers:
            states = layer(states, hidden)
        means = (states * there[:, :, None]).sum(axis=1) / there.sum(axis=1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


class _Layer:
    def __init__(self, weights: Mapping[str, Array], prefix: str) -> None:
        def dense(name: str) -> tuple[Array, Array]:
            return np.ascontiguousarray(weights[f"{prefix}.{name}.weight"].T), weights[f"{prefix}.{name}.bias"]

        parts = [dense(f"attention.self.{name}") for name in ("query", "key", "value")]
        self._into = np.concatenate([one[0] for one in parts], axis=1), np.concatenate([one[1] for one in parts])
        self._out = dense("attention.output.dense")
        self._wide = dense("intermediate.dense")
        self._narrow = dense("output.dense")
        self._norm_attention = _norm_of(weights, f"{prefix}.attention.output.LayerNorm")
        self._norm_output = _norm_of(weights, f"{prefix}.output.LayerNorm")

    def __call__(self, states: Array, hidden: Array) -> Array:
        """The next states, of the same shape (texts, tokens, width)."""
        texts, tokens, _ = states.shape
        mixed = (states.reshape(-1, WIDTH) @ self._into[0] + self._into[1]).reshape(texts, tokens, 3, _HEADS, -1)
        query, key, value = (mixed[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
        scores: NDArray[Any] = query @ key.transpose(0, 1, 3, 2) * _SCALE + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        seen: NDArray[Any] = (scores @ value).transpose(0, 2, 1, 3).reshape(-1, WIDTH)
        flat = _normed(states.reshape(-1, WIDTH) + seen @ self._out[0] + self._out[1], self._norm_attention)
        wide = _gelu(flat @ self._wide[0] + self._wide[1])
        flat = _normed(flat + wide @ self._narrow[0] + self._narrow[1], self._norm_output)
        return flat.reshape(texts, tokens, WIDTH)


def _norm_of(weights: Mapping[str, Array], name: str) -> tuple[Array, Array]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _normed(states: NDArray[Any], by: tuple[Array, Array]) -> Array:
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _TINY)
    return (centred / spread * by[0] + by[1]).astype(np.float32, copy=False)


def _gelu(values: NDArray[Any]) -> Array:
    """By the usual approximation with tanh; it moves the sentence vectors by less than the eight bits do."""
    inner = np.float32(math.sqrt(2 / math.pi)) * (values + np.float32(0.044715) * values * values * values)
    return (np.float32(0.5) * values * (1 + np.tanh(inner))).astype(np.float32, copy=False)
