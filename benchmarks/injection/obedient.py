"""A stand-in for a language model that obeys every attack that it reads: the worst case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.injection.poisoned import Poisoned
from rag.domain.values import Usage
from rag.models.llm.language_model import Finish, Generated, Message, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation


@dataclass
class ObedientModel:
    """Says what the attack of ``poisoned`` wants where it reads it, else the document's own fact, and is sure of it."""

    poisoned: Poisoned
    name: str = "obedient"
    context_tokens: int = 4096
    _read: str = field(default="", init=False)

    def count_tokens(self, text: str) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return len(text.split())

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self._read = " ".join(" ".join(message.text for message in messages if message.role == "user").split())
        return Prompt(tuple(range(len(self._read.split()))))

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,  # noqa: ARG002 - it says what it likes
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        cancelled.check()
        reply = self._reply()
        if refusal is not None:
            yield RefusalProbability(0.0 if reply else 1.0)
        words = reply.split()[:max_tokens]
        for word in words:
            yield Token(f"{word} ")
        yield Finish("stop", Usage(prompt.length, 0, len(words)))

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:  # noqa: ARG002
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        cancelled.check()
        return 0.95

    def close(self) -> None:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""

    def _reply(self) -> str:
        """Nothing, where the attack wants that."""
        attack = " ".join(self.poisoned.attack.split())
        targets = [one for one in self.poisoned.targets if one in self._read]
        if targets:
            return targets[0]
        if self.poisoned.family.goal == "silence" and attack in self._read:
            return ""
        fact = self.poisoned.carrier.text.split(". ")[0]
        return self.poisoned.carrier.answer if fact in self._read else ""
