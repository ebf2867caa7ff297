"""The seam between the question-answering flow and whatever generates text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from rag.cancellation import Cancellation
from rag.domain import Usage


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. Its text is data: nothing in it is taken for a control token."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat as the model reads it: token ids, ending where the assistant is to speak."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of generated text, at least one character."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The last thing that a generation yields: why it ended, and what it took."""

    reason: Literal["stop", "length"]
    usage: Usage


Generated: TypeAlias = Token | Finish


class LanguageModel(Protocol):
    """A language model that is loaded once and serves one generation at a time."""

    @property
    def name(self) -> str:
        """What answers call it."""

    @property
    def context_tokens(self) -> int:
        """Most tokens of prompt and answer together."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The chat in the model's own format."""

    def generate(self, prompt: Prompt, *, max_tokens: int, cancelled: Cancellation) -> Iterator[Generated]:
        """Yields tokens, then one Finish; waits while another generation is at work.

        Raises:
            PromptTooLong: prompt and answer do not fit the context.
            Cancelled: ``cancelled`` was called; within one step of the model, also while it reads the prompt.
            ModelUnusable: the model failed.
        """

    def close(self) -> None:
        """Frees the model; no method may be called afterwards."""
