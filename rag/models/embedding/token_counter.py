"""Token counting without the encoder's network, for the processes that read files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.models.embedding.e5_encoder import e5_tokenizer
from rag.models.embedding.e5_file import E5File


def token_counter(tokenizer: Path) -> Callable[[str], int]:
    """Returns a function that counts tokens as the encoder with this tokenizer does, without special ones.

    Args:
        tokenizer: a ``tokenizer.json``, or the file of 4-bit weights that has the vocabulary.

    Raises:
        ModelUnusable: it is such a file, and cannot be read.
    """
    import tokenizers

    is_json = tokenizer.suffix == ".json"
    counting: Any = tokenizers.Tokenizer.from_file(str(tokenizer)) if is_json else e5_tokenizer(E5File.read(tokenizer))
    # The file may set truncation and padding.
    counting.no_truncation()
    counting.no_padding()
    return lambda text: len(counting.encode(text, add_special_tokens=False).ids)
