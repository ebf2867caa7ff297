"""Token counting without the encoder's network, for the processes that read files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def token_counter(tokenizer: Path) -> Callable[[str], int]:
    """Returns a function that counts tokens as the encoder with this ``tokenizer.json`` does, without special ones."""
    import tokenizers

    counting: Any = tokenizers.Tokenizer.from_file(str(tokenizer))
    # The file may set truncation and padding.
    counting.no_truncation()
    counting.no_padding()
    return lambda text: len(counting.encode(text, add_special_tokens=False).ids)
