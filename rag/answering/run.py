"""State of one question on its way to an answer: its understanding, the findings so far, and the time taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from rag.answering.composing.material import Composition
from rag.answering.confidence import Features
from rag.answering.draft import Draft
from rag.answering.grounding import Evidence, Support
from rag.domain.values import Form, Hit, Question
from rag.index.generation import Generation
from rag.query.types import UnderstoodQuestion
from rag.runtime.cancellation import Cancellation


@dataclass(frozen=True)
class Run:
    """One question on its way through the steps.

    Attributes:
        understood: with its form and parts.
        generation: that answers it, from beginning to end.
    """

    understood: UnderstoodQuestion
    generation: Generation
    cancelled: Cancellation
    clock: Clock

    @property
    def question(self) -> Question:
        """The question as it is put to the model."""
        return self.understood.standalone

    @property
    def form(self) -> Form:
        """The form of answer that is asked for."""
        return self.understood.form


@dataclass(frozen=True)
class Findings:
    """The result of the steps, from which the answer is built.

    Attributes:
        hits: the passages that were read.
        evidence: the same with their pages; of a summary, the whole section.
        features: None where there is no draft.
        support: of each sentence that is shown, and of those that are not.
        confidence: calibrated probability, 0..1, that the direct answer is correct.
        is_given: whether the answer is given; else it is an abstention.
        short_answer: the value alone; None where there is none.
        missing: the parts of the question for which nothing was found.
        note: a sentence for people on what is not shown; None where there is nothing to say.
        statement: the text of an abstention, where there is more to say than that the documents do not answer.
        sent: how many sentences have been sent while the answer was written.
        composition: what an answer of several sentences was composed of; None for others.
        is_indirect: whether it tells what the passages say, in place of a yes or no that could not be verified.
    """

    hits: Sequence[Hit] = ()
    evidence: Sequence[Evidence] = ()
    draft: Draft = field(default_factory=Draft)
    features: Features | None = None
    support: Sequence[Support] = ()
    confidence: float = 0.0
    is_given: bool = False
    short_answer: str | None = None
    missing: tuple[str, ...] = ()
    note: str | None = None
    statement: str | None = None
    sent: int = 0
    composition: Composition | None = None
    is_indirect: bool = False


class Clock:
    """Milliseconds for each phase of an answer."""

    def __init__(self) -> None:
        """Starts now."""
        self._start = perf_counter()
        self._timings = dict.fromkeys(("queue", "understand", "retrieve", "first_token", "generate", "verify"), 0.0)

    @contextmanager
    def measuring(self, phase: str) -> Iterator[None]:
        """Adds the time in the context to a phase."""
        start = perf_counter()
        try:
            yield
        finally:
            self._timings[phase] = round(self._timings[phase] + _milliseconds(start), 1)

    def mark(self, event: str) -> None:
        """Notes when an event first happened."""
        self._timings[event] = self._timings[event] or _milliseconds(self._start)

    @property
    def timings(self) -> dict[str, float]:
        """Milliseconds by phase, with the total until now."""
        return {**self._timings, "total": _milliseconds(self._start)}


def _milliseconds(since: float) -> float:
    return round((perf_counter() - since) * 1000, 1)
