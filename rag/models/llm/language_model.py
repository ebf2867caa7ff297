"""The seam between the question-answering flow and whatever generates text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from rag.domain.values import Usage
from rag.runtime.cancellation import Cancellation


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. Its text is data: nothing in it is taken for a control token."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat as the model reads it, ending where the assistant is to speak.

    Attributes:
        tokens: its token ids; none where a server makes them.
        chat: what that server is sent; empty for a model in this process.
        estimated_length: in tokens, where there are none to count.
    """

    tokens: tuple[int, ...]
    chat: tuple[Message, ...] = ()
    estimated_length: int = 0

    @property
    def length(self) -> int:
        """In tokens."""
        return len(self.tokens) or self.estimated_length


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of generated text, at least one character.

    Attributes:
        probability: what the model gave it, 0..1, among all that it knows, or all but the token by which it declines.
    """

    text: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class RefusalProbability:
    """The first thing that a generation yields where the model may not decline.

    Attributes:
        declined: the probability, 0..1, that it would have begun as it was told to decline.
    """

    refusal_probability: float


@dataclass(frozen=True, slots=True)
class Finish:
    """The last thing that a generation yields: why it ended, and what it took."""

    reason: Literal["stop", "length"]
    usage: Usage


Generated: TypeAlias = RefusalProbability | Token | Finish


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

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """Yields one Begun where ``refusal`` is given, then tokens, then one Finish.

        Waits while another generation is at work.

        Args:
            prompt: what it is asked.
            max_tokens: most tokens of the text.
            cancelled: to stop early.
            vocabulary: only tokens that this text is made of are said; None for all that the model knows. A model that a
                server runs cannot be held to it.
            refusal: the text does not begin as this does: how likely the model was to say so is in the RefusalProbability, and
                it answers all the same. Where a server runs the model, it may say nothing at all instead.

        Raises:
            PromptTooLong: prompt and answer do not fit the context.
            Cancelled: ``cancelled`` was called; within one step of the model, also while it reads the prompt.
            ModelUnusable: the model failed.
            ModelUnreachable: the server that runs it is not there, broke off, or has too much to do.
        """

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """The probability, 0..1, that the model begins with one of the words ``yes`` and not with one of ``no``.

        Of all that it might begin with, these words only are looked at. Raises as :meth:`generate`.
        """

    def close(self) -> None:
        """Frees the model; no method may be called afterwards."""
