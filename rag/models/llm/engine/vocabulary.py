"""The tokens of a GGUF model and its chat format.

A file's template is only ever recognised: llama.cpp knows the common formats by their marks and writes them itself
(``llama_chat_apply_template``); the file's code never runs.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from rag.errors import ModelUnusable
from rag.models.llm.language_model import Message, Prompt

Pointer: TypeAlias = Any  # an opaque one of llama.cpp
TokenIds: TypeAlias = npt.NDArray[np.int64]

_CHATML: Final = b"chatml"
_SLOT: Final = "@@pageproof-%d@@"
_SLOTS: Final = re.compile(r"@@pageproof-(\d+)@@")
_PART: Final = re.compile(r"\w+|[^\w\s]")


class Vocabulary:
    """Text to tokens and back. Safe for many threads: it only reads.

    Attributes:
        size: how many tokens there are.
        ends: those that end a text.
    """

    def __init__(self, model: Pointer, name: str) -> None:
        """Of a model that llama.cpp has loaded."""
        self._name = name
        self._vocabulary = llama.llama_model_get_vocab(model)
        self._template = llama.llama_model_chat_template(model, None) or _CHATML
        self.size = int(llama.llama_vocab_n_tokens(self._vocabulary))
        self.ends = frozenset(t for t in range(self.size) if llama.llama_vocab_is_eog(self._vocabulary, t))

    def tokens(self, text: str, *, control: bool = False, begin: bool = False) -> list[int]:
        """The tokens of a text.

        Args:
            text: any.
            control: whether ``<|im_end|>`` and the like become the tokens that control a chat, rather than letters.
            begin: whether the token that begins a text comes first, where the model has one.
        """
        data = text.encode()
        size = len(data) + 2
        tokens = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocabulary, data, len(data), tokens, size, begin, control)
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; part of a character, perhaps."""
        buffer = ctypes.create_string_buffer(256)
        length = llama.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)  # noqa: FBT003
        return buffer.raw[: max(length, 0)]

    def mask(self, text: str) -> TokenIds:
        """The tokens that a text's words are made of, at the beginning of a text and within one; and those that end."""
        words = set(text.split()) | set(_PART.findall(text))
        spelled = {token for word in words for spelt in (word, f" {word}") for token in self.tokens(spelt)}
        return np.array(sorted(spelled | self.ends), dtype=np.int64)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The chat in the model's own format.

        The template is filled with marks, and cut at them: only its own text may become control tokens, so that a
        document which contains ``<|im_end|>`` cannot end its message.
        """
        tokens: list[int] = []
        for position, part in enumerate(_SLOTS.split(self._render(messages))):
            if position % 2:
                tokens += self.tokens(messages[int(part)].text)
            else:
                tokens += self.tokens(part, control=True, begin=position == 0)
        return Prompt(tuple(tokens))

    def _render(self, messages: Sequence[Message]) -> str:
        chat = (llama.llama_chat_message * len(messages))(
            *(
                llama.llama_chat_message(role=message.role.encode(), content=(_SLOT % position).encode())
                for position, message in enumerate(messages)
            )
        )
        buffer = ctypes.create_string_buffer(4096 + 256 * len(messages))
        for template in (self._template, _CHATML):
            length = llama.llama_chat_apply_template(template, chat, len(messages), True, buffer, len(buffer))  # noqa: FBT003
            if 0 < length <= len(buffer):
                return buffer.raw[:length].decode()
        raise ModelUnusable(f"{self._name}: its chat format is not known to llama.cpp")
