"""Synthetic question types: the fact in a document, and the question generated from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rag.domain.values import Passage, Span

Form: TypeAlias = Literal["what", "who", "when", "number", "yes_no", "table"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence, or a row of a table, that a question can be asked about.

    Attributes:
        passage: the passage that contains it.
        span: its place on the page.
        form: of the question to ask.
        answer: the words of the fact that answer the question; ``Yes`` or ``No`` for the form ``yes_no``.
    """

    passage: Passage
    span: Span
    form: Form
    answer: str

    @property
    def text(self) -> str:
        """The text of the fact, on one line."""
        begin = self.passage.chunk.span.start
        return " ".join(self.passage.chunk.text[self.span.start - begin : self.span.end - begin].split())

    @property
    def before(self) -> str:
        """The text of the passage before the fact, on one line."""
        return " ".join(self.passage.chunk.text[: self.span.start - self.passage.chunk.span.start].split())


@dataclass(frozen=True, slots=True)
class SyntheticQuestion:
    """A generated question that a fact answers.

    Attributes:
        question: its text, which should be clear to a reader who has not seen the fact.
    """

    question: str
    fact: Fact
    form: Form

    @property
    def answer(self) -> str:
        """The gold answer, as it is in the fact."""
        return self.fact.answer
