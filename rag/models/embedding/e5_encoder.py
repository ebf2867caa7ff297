"""multilingual-e5-small for :class:`.bert_encoder.BertEncoder` (Wang et al., 2024, https://arxiv.org/abs/2402.05672).

A BERT network with mean pooling, the unigram tokenizer of XLM-RoBERTa, and a prefix that tells questions from passages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rag.models.embedding.bert_config import BertConfig
from rag.models.embedding.bert_parts import BertParts
from rag.models.embedding.e5_file import E5File

# Most tokens of a passage with its headings. The network would read 512; a chunk has at most 200.
_TEXT_TOKENS: Final = 300
# Cosines of this encoder differ less: it was trained with a temperature of 0.01. By this factor they differ as much as
# those of all-MiniLM-L6-v2, for which the weights of the ranking were fitted.
_COSINE_SCALE: Final = 6.0
_QUESTION, _PASSAGE = "query:", "passage:"

# The names of a layer's tensors in :mod:`.bert_graph`, and in the file; matrices end with ".weight", and with ".w".
_LAYER: Final = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


def open_e5(path: Path) -> tuple[BertConfig, BertParts]:
    """Reads the configuration and the vocabulary of a file of 4-bit weights; the weights when they are asked for.

    Raises:
        ModelUnusable: the file cannot be read, or is of another format.
    """
    file = E5File.read(path)
    tokenizer = e5_tokenizer(file)
    prefixes = [tuple(tokenizer.encode(text, add_special_tokens=False).ids) for text in (_QUESTION, _PASSAGE)]
    longest = _TEXT_TOKENS + 2 + max(map(len, prefixes))
    config = replace(file.config, max_length=min(file.config.max_length, longest))
    parts = BertParts(
        tokenizer, lambda: _weights(file), question_prefix=prefixes[0], passage_prefix=prefixes[1],
        cosine_scale=_COSINE_SCALE,
    )  # fmt: skip
    return config, parts


def e5_tokenizer(file: E5File) -> Any:  # noqa: ANN401 - tokenizers has no types
    """The tokenizer of the file's vocabulary.

    SentencePiece's normalization (nmt_nfkc) is NFKC, but that it keeps the full-width tilde of Japanese ranges.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(list(file.pieces), unk_id=file.unknown))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("～", "\ufdd0"),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace("\ufdd0", "～"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    first, last = file.pieces[file.first][0], file.pieces[file.last][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, file.first), (last, file.last)]
    )
    return tokenizer


def _weights(file: E5File) -> Mapping[str, npt.NDArray[Any]]:
    """The tensors by the names that :mod:`.bert_graph` has for them; the word embeddings stay as small as they are."""
    config = file.config
    size, inner = config.dimension, config.inner
    levels, scales = file.blocks("emb.word", config.vocabulary, size)
    found: dict[str, npt.NDArray[Any]] = {
        "embeddings.word_embeddings.weight": levels,
        "embeddings.word_embeddings.scale": scales,
        "embeddings.position_embeddings.weight": file.floats("emb.pos", config.positions, size),
        "embeddings.token_type_embeddings.weight": file.floats("emb.type", config.types, size),
        "embeddings.LayerNorm.weight": file.floats("emb.ln.w", size),
        "embeddings.LayerNorm.bias": file.floats("emb.ln.b", size),
    }
    shapes = {"fi": (inner, size), "fo": (size, inner), "aln": (size,), "oln": (size,)}
    for layer in range(config.layers):
        for name, short in _LAYER.items():
            shape = shapes.get(short, (size, size))
            found[f"encoder.layer.{layer}.{name}.weight"] = file.floats(f"l{layer}.{short}.w", *shape)
            found[f"encoder.layer.{layer}.{name}.bias"] = file.floats(f"l{layer}.{short}.b", shape[0])
    return {name: np.ascontiguousarray(values) for name, values in found.items()}
