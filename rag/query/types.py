"""What a question turns out to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from rag.domain.values import Answer, Passage, Question, Reason, Usage

Kind: TypeAlias = Literal["question", "yes_no", "comparison", "summary"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said at once, without a search: the documents were not asked."""

    text: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class UnderstoodQuestion:
    """A question as it is searched for, put to the model, and verified.

    Attributes:
        asked: as it was typed.
        standalone: what is put to the model, and what its answer is verified against.
        searches: what is searched for: one question, or several whose passages take turns.
        kind: ``yes_no`` where the answer is to begin with "Yes" or "No"; ``comparison`` where there are two searches;
            ``summary`` where ``passages`` are to be summarised.
        reply: what to say instead of searching; None for what the documents may answer.
        passages: of the section that a summary is asked of; then nothing is searched for.
        usage: tokens that the model took to understand it.
    """

    asked: Question
    standalone: Question
    searches: tuple[Question, ...]
    kind: Kind = "question"
    reply: Reply | None = None
    passages: tuple[Passage, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def answered_by(self, answer: Answer) -> Answer:
        """The answer to the question as it was typed, with the tokens that understanding it took."""
        return replace(answer, question=self.asked.text, usage=self.usage + answer.usage)
