"""Tokenizer and chat template of a GGUF model.

The template in the file is only recognised: llama.cpp knows the common formats by their marks and formats chats itself
(``llama_chat_apply_template``); the template's code never runs.
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
from rag.models.llm.engine.chat_format import empty_thought, is_phi_4_mini, phi_4_mini
from rag.models.llm.language_model import Message, Prompt

Pointer: TypeAlias = Any  # an opaque one of llama.cpp
TokenIds: TypeAlias = npt.NDArray[np.int64]

_CHATML: Final = b"chatml"
_SLOT: Final = "@@pageproof-%d@@"
_SLOTS: Final = re.compile(r"@@pageproof-(\d+)@@")
_PART: Final = re.compile(r"\w+|[^\w\s]")


class Vocabulary:
    """Tokenizer of a loaded model. Thread-safe: it only reads.

    Attributes:
        size: number of tokens.
        ends: end-of-generation tokens.
    """

    def __init__(self, model: Pointer, name: str, template: str | None = None) -> None:
        """Takes the vocabulary of a model that llama.cpp has loaded, and its template, where none is given."""
        self._name = name
        self._vocabulary = llama.llama_model_get_vocab(model)
        self._template = (template or "").encode() or llama.llama_model_chat_template(model, None) or _CHATML
        self._source = self._template.decode(errors="replace")
        self._thought = empty_thought(self._source)
        self._begin = llama.llama_vocab_bos(self._vocabulary)
        self.size = int(llama.llama_vocab_n_tokens(self._vocabulary))
        self.ends = frozenset(t for t in range(self.size) if llama.llama_vocab_is_eog(self._vocabulary, t))

    def tokens(self, text: str, *, control: bool = False, begin: bool = False) -> list[int]:
        """The tokens of a text.

        Args:
            text: any.
            control: whether ``<|im_end|>`` and the like become control tokens, rather than plain text.
            begin: whether the beginning-of-sequence token comes first, where the model adds one.
        """
        data = text.encode()
        size = len(data) + 2
        tokens = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocabulary, data, len(data), tokens, size, begin, control)
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of a token; perhaps only part of a UTF-8 character."""
        buffer = ctypes.create_string_buffer(256)
        length = llama.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)  # noqa: FBT003
        return buffer.raw[: max(length, 0)]

    def mask(self, text: str) -> TokenIds:
        """Vocabulary mask: the tokens of a text's words, at the start of a text and within one, and the end tokens."""
        words = set(text.split()) | set(_PART.findall(text))
        allowed = {token for word in words for form in (word, f" {word}") for token in self.tokens(form)}
        return np.array(sorted(allowed | self.ends), dtype=np.int64)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The chat in the model's own format.

        The template is rendered with placeholders and split at them: only its own text may become control tokens, so
        that a document which contains ``<|im_end|>`` cannot end its message.
        """
        tokens: list[int] = []
        for position, part in enumerate(_SLOTS.split(self._render(messages))):
            if position % 2:
                tokens += self.tokens(messages[int(part)].text)
            else:
                tokens += self.tokens(part, control=True, begin=position == 0)
        # Some formats write the beginning-of-sequence token themselves.
        if tokens[:2] == [self._begin] * 2:
            tokens = tokens[1:]
        return Prompt(tuple(tokens))

    def _render(self, messages: Sequence[Message]) -> str:
        """The chat with placeholders for the texts, up to where the answer begins, without a thought before it."""
        return self._chat(messages) + self._thought

    def _chat(self, messages: Sequence[Message]) -> str:
        if is_phi_4_mini(self._source):
            return phi_4_mini([Message(one.role, _SLOT % position) for position, one in enumerate(messages)])
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
