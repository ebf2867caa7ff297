"""Language model interface: chat prompts, streamed generation with token probabilities, and yes/no scoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from rag.domain.values import Usage
from rag.runtime.cancellation import Cancellation


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. Its text is data: nothing in it becomes a control token."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat in the model's format, up to where the assistant's message begins.

    Attributes:
        tokens: its token ids; none where a server tokenizes it.
        chat: what that server is sent; empty for a model in this process.
        estimated_length: in tokens, where there are none to count.
    """

    tokens: tuple[int, ...]
    chat: tuple[Message, ...] = ()
    estimated_length: int = 0

    @property
    def length(self) -> int:
        """Length in tokens."""
        return len(self.tokens) or self.estimated_length


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of generated text, at least one character.

    Attributes:
        probability: what the model gave it, 0..1, over its whole vocabulary; for a first token, without that of the
            refusal where one was given.
    """

    text: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class RefusalProbability:
    """First item of a generation that was given a refusal sentence.

    Attributes:
        refusal_probability: that the model would have begun with that sentence, 0..1.
    """

    refusal_probability: float


@dataclass(frozen=True, slots=True)
class Finish:
    """Last item of a generation: why it ended, and its token usage."""

    reason: Literal["stop", "length"]
    usage: Usage


Generated: TypeAlias = RefusalProbability | Token | Finish


class LanguageModel(Protocol):
    """A language model that is loaded once. Thread-safe; a generation may have to wait for others."""

    @property
    def name(self) -> str:
        """Name that answers give."""

    @property
    def context_tokens(self) -> int:
        """Most tokens of prompt and answer together."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The chat in the model's own format."""

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """Generates text: yields a RefusalProbability where ``refusal`` is given, then Tokens, then one Finish.

        Args:
            prompt: the chat.
            max_tokens: most tokens of the text.
            cancelled: stops the generation early.
            vocabulary: text of a vocabulary mask: only its tokens are sampled; None for the whole vocabulary. A model
                on a server cannot be held to it.
            refusal: refusal sentence: its first token is banned as the first of the text, and its probability is in the
                RefusalProbability. A model on a server may refuse all the same; then no Token follows.

        Raises:
            PromptTooLong: prompt and answer do not fit the context.
            Cancelled: ``cancelled`` was called; within one step of the model, also during prefill.
            ModelUnusable: the model failed.
            ModelUnreachable: the server that runs it is not there, broke off, or has too much to do.
        """

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """Scores yes against no: the probability, 0..1, that the text begins with a word of ``yes`` rather than ``no``.

        Relative to these words only: all else that it might begin with is left out. Raises as :meth:`generate`.
        """

    def close(self) -> None:
        """Frees the model; no method may be called afterwards."""
