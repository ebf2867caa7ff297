"""What a question is that the system made itself, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rag.domain.values import Passage, Span

Form: TypeAlias = Literal["what", "who", "when", "number", "yes_no", "table"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence, or one row of a table, that a question can be asked about.

    Attributes:
        passage: the chunk that it stands in.
        span: where it stands on the page.
        form: of the question that it lends itself to.
        answer: the words of it that the question is to ask for; ``Yes`` or ``No`` for the form ``yes_no``.
    """

    passage: Passage
    span: Span
    form: Form
    answer: str

    @property
    def text(self) -> str:
        """On one line."""
        begin = self.passage.chunk.span.start
        return " ".join(self.passage.chunk.text[self.span.start - begin : self.span.end - begin].split())

    @property
    def before(self) -> str:
        """What the chunk says before it, on one line."""
        return " ".join(self.passage.chunk.text[: self.span.start - self.passage.chunk.span.start].split())


@dataclass(frozen=True, slots=True)
class SyntheticQuestion:
    """A question that a fact answers.

    Attributes:
        question: as a person would ask it who has not seen the fact.
    """

    question: str
    fact: Fact
    form: Form

    @property
    def answer(self) -> str:
        """As the fact has it."""
        return self.fact.answer
