"""Answer traces: the results of the steps of an answer, handed to a recorder when it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from rag.answering.composing.material import Composition
from rag.answering.confidence import Features
from rag.domain.values import Answer, Hit, Question
from rag.index.generation import Generation
from rag.models.llm.language_model import Prompt


@dataclass(frozen=True, slots=True)
class AnswerTrace:
    """The trace of an answer: its question, and the results of retrieval, generation and verification.

    Attributes:
        question: as it was typed, with its history.
        generation: of the index that the answer is from.
        hits: the passages that were read: those in the prompt, or those found where the model was not asked.
        prompt: None where the model was not asked.
        draft: the model's text before verification; empty where it was not asked.
        features: of the draft, for the confidence model; None where the model was not asked.
        today: the date that the question was put to the model with; None where it does not depend on one.
        composition: what an answer of several sentences was composed of; None for others. It is not recorded.
    """

    question: Question
    generation: Generation
    hits: Sequence[Hit]
    prompt: Prompt | None
    draft: str
    answer: Answer
    features: Features | None = None
    today: date | None = None
    composition: Composition | None = None


class Recorder(Protocol):
    """Receives the trace of each answer."""

    def keep(self, trace: AnswerTrace) -> None:
        """Called once for each answer, before it is returned. Must not raise: the answer is given in any case."""


class LastTrace:
    """A recorder that holds the last trace in memory; it has none before the first."""

    trace: AnswerTrace

    def keep(self, trace: AnswerTrace) -> None:
        """See :class:`Recorder`."""
        self.trace = trace
