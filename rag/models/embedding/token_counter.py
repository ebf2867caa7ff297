"""Counting tokens where the encoder itself is not wanted: in the processes that read files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def token_counter(tokenizer: Path) -> Callable[[str], int]:
    """Counts tokens as the encoder with this ``tokenizer.json`` does, without the special ones."""
    import tokenizers

    counting: Any = tokenizers.Tokenizer.from_file(str(tokenizer))
    # The file may say that texts are to be padded and cut.
    counting.no_truncation()
    counting.no_padding()
    return lambda text: len(counting.encode(text, add_special_tokens=False).ids)
