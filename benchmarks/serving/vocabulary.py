"""Prompts for the peers, token for token those that our own model reads."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from rag.errors import ModelUnusable
from rag.generation import Message, Prompt

_Pointer: TypeAlias = Any  # an opaque one of llama.cpp
_SLOT: Final = "@@pageproof-%d@@"
_SLOTS: Final = re.compile(r"@@pageproof-(\d+)@@")
_PART: Final = re.compile(r"\w+|[^\w\s]")


class Vocabulary:
    """What a model file says of tokens and of the form of a chat."""

    def __init__(self, model: _Pointer, name: str) -> None:
        """Of a model that is loaded; its weights are not needed."""
        self._name = name
        self._vocabulary = llama.llama_model_get_vocab(model)
        self._template = llama.llama_model_chat_template(model, None) or b"chatml"
        self.size = int(llama.llama_vocab_n_tokens(self._vocabulary))
        self.ends = frozenset(t for t in range(self.size) if llama.llama_vocab_is_eog(self._vocabulary, t))

    def tokens(self, text: str, *, control: bool = False, begin: bool = False) -> list[int]:
        """Its tokens; only where ``control``, marks such as ``<|im_end|>`` become control tokens."""
        data = text.encode()
        size = len(data) + 2
        tokens = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocabulary, data, len(data), tokens, size, begin, control)
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """What a token says; control tokens say nothing."""
        buffer = ctypes.create_string_buffer(256)
        length = llama.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)  # noqa: FBT003
        return buffer.raw[: max(length, 0)]

    def wording(self, text: str) -> npt.NDArray[np.int64]:
        """The tokens that a text's words are made of, and those that end: as our own model is held to them."""
        words = set(text.split()) | set(_PART.findall(text))
        spelled = {token for word in words for form in (word, f" {word}") for token in self.tokens(form)}
        return np.array(sorted(spelled | self.ends), dtype=np.int64)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The chat in the model's own format."""
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
        for template in (self._template, b"chatml"):
            length = llama.llama_chat_apply_template(template, chat, len(messages), True, buffer, len(buffer))  # noqa: FBT003
            if 0 < length <= len(buffer):
                return buffer.raw[:length].decode()
        raise ModelUnusable(f"{self._name}: its chat format is not known to llama.cpp")
