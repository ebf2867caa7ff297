"""Parts of a BERT encoder beside its configuration: tokenizer, weights and prefixes; those of a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.errors import ModelUnusable
from rag.models.embedding import bert_graph
from rag.models.embedding.bert_config import BertConfig


@dataclass(frozen=True)
class BertParts:
    """Tokenizer, weights and prefixes of a :class:`.bert_encoder.BertEncoder`.

    Attributes:
        tokenizer: a ``tokenizers.Tokenizer``, whose template puts one token before a text and one behind it.
        weights: reads the weights, by the names of :func:`.bert_graph.shapes`; ModelUnusable where that fails.
        question_prefix, passage_prefix: tokens before each question, and before each passage.
        cosine_scale: see :class:`.interfaces.Encoder`.
    """

    tokenizer: Any
    weights: Callable[[], bert_graph.Weights]
    question_prefix: tuple[int, ...] = ()
    passage_prefix: tuple[int, ...] = ()
    cosine_scale: float = 1.0


def parts_of_folder(config: BertConfig) -> BertParts:
    """The parts of a folder of sentence-transformers: its tokenizer, and its weights when they are asked for.

    Raises:
        ModelUnusable: the tokenizer cannot be loaded.
    """
    # Imported here, because commands such as `rag models list` do without.
    import tokenizers

    try:
        tokenizer: Any = tokenizers.Tokenizer.from_file(str(config.tokenizer))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelUnusable(f"{config.tokenizer} cannot be loaded: {error}") from error
    return BertParts(tokenizer, lambda: _read_weights(config))


def _read_weights(config: BertConfig) -> bert_graph.Weights:
    from safetensors import SafetensorError, safe_open

    weights = {}
    try:
        with safe_open(config.weights, framework="numpy") as file:
            for name, shape in bert_graph.shapes(config).items():
                weights[name] = np.asarray(file.get_tensor(name), dtype=np.float32)
                if weights[name].shape != shape:
                    raise ModelUnusable(f"{config.weights}: {name} is {weights[name].shape} instead of {shape}")
    except (OSError, SafetensorError, TypeError) as error:
        raise ModelUnusable(f"{config.weights} cannot be loaded: {error}") from error
    return weights
