"""A language model without the vocabulary mask: so all models generate the same text, and have the same work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.models.llm.language_model import Generated, LanguageModel, Message, Prompt
from rag.runtime.cancellation import Cancellation


@dataclass(frozen=True)
class FreeWording:
    """A model whose answers may have any words."""

    model: LanguageModel

    @property
    def name(self) -> str:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self.model.name

    @property
    def context_tokens(self) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self.model.context_tokens

    def count_tokens(self, text: str) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self.model.count_tokens(text)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self.model.prompt(messages)

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,  # noqa: ARG002 - this is what it is for
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`rag.models.llm.language_model.LanguageModel`; ``vocabulary`` is not heeded."""
        return self.model.generate(prompt, max_tokens=max_tokens, cancelled=cancelled, refusal=refusal)

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return self.model.chance(prompt, yes, no, cancelled)

    def close(self) -> None:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self.model.close()
