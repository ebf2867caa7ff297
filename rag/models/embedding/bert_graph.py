"""BERT with mean pooling as an OpenVINO graph (Devlin et al., 2018, https://arxiv.org/abs/1810.04805)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rag.models.embedding.bert_config import BertConfig

# In float32; word embeddings may be int8, with a scale in float16 for each block of a row.
Weights: TypeAlias = Mapping[str, npt.NDArray[Any]]
# openvino.Node or Model: OpenVINO has no types that mypy can use.
_Node: TypeAlias = Any

# Added to the attention score of padding, whose weight is then 0, in half precision too.
_MASKED_SCORE: Final = -65504.0


def shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the network's tensors. The file may also hold a pooler, which mean pooling does not use."""
    size, inner = config.dimension, config.inner
    found: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config.vocabulary, size),
        "embeddings.position_embeddings.weight": (config.positions, size),
        "embeddings.token_type_embeddings.weight": (config.types, size),
    }
    linear = {f"attention.self.{name}": (size, size) for name in ("query", "key", "value")} | {
        "attention.output.dense": (size, size),
        "intermediate.dense": (inner, size),
        "output.dense": (size, inner),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(config.layers):
        start = f"encoder.layer.{layer}."
        norms += [f"{start}attention.output.LayerNorm", f"{start}output.LayerNorm"]
        for name, shape in linear.items():
            found |= {f"{start}{name}.weight": shape, f"{start}{name}.bias": shape[:1]}
    return found | {f"{norm}.{part}": (size,) for norm in norms for part in ("weight", "bias")}


def model(config: BertConfig, weights: Weights) -> _Node:
    """Builds the graph. Shapes below are of batch B, longest text L, heads H and dimension D.

    Its inputs are tokens, int32 (B, L), and a mask, float32 (B, L), of 1 for a token and 0 for padding; its output is
    the mean hidden state of the tokens without padding, float32 (B, D).
    """
    return _Builder(config, weights).model()


class _Builder:
    def __init__(self, config: BertConfig, weights: Weights) -> None:
        import openvino
        from openvino import opset13

        self._model: Any = openvino.Model
        self._op: Any = opset13
        self._config = config
        self._weights = weights

    def model(self) -> _Node:
        op = self._op
        ids = op.parameter([-1, -1], np.int32, name="ids")
        mask = op.parameter([-1, -1], np.float32, name="mask")
        padding = op.subtract(self._number(1.0), op.unsqueeze(mask, self._axes(1, 2)))
        bias = op.multiply(padding, self._number(_MASKED_SCORE))  # (B, 1, 1, L): for each head and each token the same
        state = self._embedded(ids)
        for layer in range(self._config.layers):
            state = self._layer(state, bias, f"encoder.layer.{layer}.")
        weight = op.unsqueeze(mask, self._axes(2))
        total = op.reduce_sum(op.multiply(state, weight), self._axes(1), keep_dims=False)
        mean = op.divide(total, op.reduce_sum(weight, self._axes(1), keep_dims=False))
        return self._model([mean], [ids, mask], "encoder")

    def _embedded(self, ids: _Node) -> _Node:
        """Word, position and type embeddings, (B, L, D). All tokens are of the first type: one text, no pair."""
        op, tables = self._op, self._weights
        types = tables["embeddings.token_type_embeddings.weight"]
        positions = tables["embeddings.position_embeddings.weight"] + types[0]
        length = op.gather(op.shape_of(ids), self._axes(1), op.constant(np.int64(0)))
        here = op.slice(self._constant(positions), self._axes(0), length, self._axes(1), self._axes(0))
        return self._normed(op.add(self._words(ids), here), "embeddings.LayerNorm")

    def _words(self, ids: _Node) -> _Node:
        """Word embeddings, (B, L, D). Those of few bits are scaled after they are looked up: in all they stay small."""
        op, name, first = self._op, "embeddings.word_embeddings", self._op.constant(np.int64(0))
        rows = op.gather(self._weight(f"{name}.weight"), ids, first)
        if f"{name}.scale" not in self._weights:
            return rows
        scales = op.convert(op.gather(self._weight(f"{name}.scale"), ids, first), np.float32)
        blocks = self._weights[f"{name}.scale"].shape[1]
        by_block = op.reshape(op.convert(rows, np.float32), self._axes(0, 0, blocks, -1), special_zero=True)
        scaled = op.multiply(by_block, op.unsqueeze(scales, self._axes(3)))
        return op.reshape(scaled, self._axes(0, 0, self._config.dimension), special_zero=True)

    def _layer(self, state: _Node, bias: _Node, name: str) -> _Node:
        op = self._op
        attended = self._dense(self._attention(state, bias, f"{name}attention.self."), f"{name}attention.output.dense")
        state = self._normed(op.add(attended, state), f"{name}attention.output.LayerNorm")
        inner = op.gelu(self._dense(state, f"{name}intermediate.dense"), "erf")
        return self._normed(op.add(self._dense(inner, f"{name}output.dense"), state), f"{name}output.LayerNorm")

    def _attention(self, state: _Node, bias: _Node, name: str) -> _Node:
        """Self-attention, (B, L, D). One matrix product computes queries, keys and values: that is faster."""
        op, heads, size = self._op, self._config.heads, self._config.dimension
        parts = [f"{name}{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{part}.weight"] for part in parts])
        all_three = op.matmul(state, self._constant(weight), transpose_a=False, transpose_b=True)
        all_three = op.add(all_three, self._constant(np.concatenate([self._weights[f"{part}.bias"] for part in parts])))
        by_head = op.reshape(all_three, self._axes(0, 0, 3, heads, size // heads), special_zero=True)
        by_head = op.transpose(by_head, self._axes(2, 0, 3, 1, 4))  # (3, B, H, L, D / H)
        first = op.constant(np.int64(0))
        query, key, value = (op.squeeze(part, first) for part in op.split(by_head, first, 3).outputs())
        context = op.transpose(op.scaled_dot_product_attention(query, key, value, bias), self._axes(0, 2, 1, 3))
        return op.reshape(context, self._axes(0, 0, size), special_zero=True)

    def _dense(self, state: _Node, name: str) -> _Node:
        product = self._op.matmul(state, self._weight(f"{name}.weight"), transpose_a=False, transpose_b=True)
        return self._op.add(product, self._weight(f"{name}.bias"))

    def _normed(self, state: _Node, name: str) -> _Node:
        op = self._op
        unit = op.mvn(
            state, self._axes(-1), normalize_variance=True, eps=self._config.eps, eps_mode="inside_sqrt"
        )  # mean 0, variance 1
        return op.add(op.multiply(unit, self._weight(f"{name}.weight")), self._weight(f"{name}.bias"))

    def _weight(self, name: str) -> _Node:
        return self._constant(self._weights[name])

    def _constant(self, values: npt.NDArray[Any]) -> _Node:
        return self._op.constant(values)

    def _number(self, value: float) -> _Node:
        return self._op.constant(np.float32(value))

    def _axes(self, *values: int) -> _Node:
        return self._op.constant(np.array(values, dtype=np.int64))
