"""BERT in numpy, as an oracle: one text at a time, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def oracle(weights: Mapping[str, npt.NDArray[np.float32]], ids: Sequence[int]) -> Array:
    """BERT as its paper has it, one text at a time, in float64."""

    def normed(x: Array, name: str) -> Array:
        unit = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return np.asarray(unit * weights[f"{name}.weight"] + weights[f"{name}.bias"])

    def dense(x: Array, name: str) -> Array:
        return np.asarray(x @ weights[f"{name}.weight"].T.astype(np.float64) + weights[f"{name}.bias"])

    table = {name: weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")}
    x = normed(
        table["word"][list(ids)] + table["position"][: len(ids)] + table["token_type"][0], "embeddings.LayerNorm"
    )
    for layer in range(2):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            dense(x, f"{name}.attention.self.{part}").reshape(len(ids), 4, 8).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        share = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(8))
        read = (share / share.sum(-1, keepdims=True) @ value).swapaxes(0, 1).reshape(len(ids), 32)
        x = normed(dense(read, f"{name}.attention.output.dense") + x, f"{name}.attention.output.LayerNorm")
        inner = dense(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = normed(dense(inner, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean))
