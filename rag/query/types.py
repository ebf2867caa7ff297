"""Types of query understanding: the understood question, and a reply that needs no search."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from rag.domain.values import Answer, Passage, Question, Reason, Usage

Kind: TypeAlias = Literal["question", "yes_no", "comparison", "summary"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A fixed reply, given without a search."""

    text: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class UnderstoodQuestion:
    """Result of query understanding: the question in the forms for search, prompt and verification.

    Attributes:
        asked: the question as it was typed.
        standalone: the question for the prompt, against which the answer is verified.
        searches: the questions to search for: one, or two whose hits are interleaved.
        kind: ``yes_no`` where the answer begins with "Yes" or "No"; ``comparison`` where there are two searches;
            ``summary`` where ``passages`` are to be summarised.
        reply: the reply instead of a search; None for a question that the documents may answer.
        passages: of the section to summarise; there is no search then.
        usage: tokens of the language model for rewriting and translation.
    """

    asked: Question
    standalone: Question
    searches: tuple[Question, ...]
    kind: Kind = "question"
    reply: Reply | None = None
    passages: tuple[Passage, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def answered_by(self, answer: Answer) -> Answer:
        """The answer with the question as it was typed, and with the tokens of query understanding."""
        return replace(answer, question=self.asked.text, usage=self.usage + answer.usage)
