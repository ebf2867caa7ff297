"""Result of one evaluated question: retrieval ranks, outcome, answer, citations and cost, for metrics and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

# right, wrong: an answer to a question that the documents answer. false_answer: one to a question that they do not.
# abstained, false_abstention: no answer, to a question that they do not and that they do answer.
Outcome: TypeAlias = Literal["right", "wrong", "false_answer", "abstained", "false_abstention"]


@dataclass(frozen=True)
class Retrieved:
    """A retrieved passage; ``gold``: on a gold page. Scores are comparable only within one question."""

    document: str
    page: int
    score: float
    gold: bool


@dataclass(frozen=True)
class Cited:
    """A citation of an answer, or of an abstention the nearest passage; ``gold``: on a gold page."""

    document: str
    page: int
    quote: str
    gold: bool


@dataclass(frozen=True)
class QuestionResult:
    """The result of one labelled question.

    Attributes:
        answers, documents, pages: the gold ones.
        paged: whether the question is answerable and its gold pages are known.
        page_rank, document_rank: of the first passage on a gold page, and of a gold document, from 1; None is beyond
            the tenth.
        seconds: of the answer, or of the retrieval in a run without answers.
        retrieved: the first ten passages.
        outcome: None in a run without answers, as all the fields that follow.
        certainty: ``stated`` or ``possible``; None where there is no answer.
        f1: None for unanswerable questions.
        usage: tokens of the language model, as :class:`rag.domain.values.Usage`.
    """

    id: str
    question: str
    answerable: bool
    paged: bool
    page_rank: int | None
    document_rank: int | None
    seconds: float
    form: str | None = None
    source: str | None = None
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    outcome: Outcome | None = None
    answer: str | None = None
    answered: bool | None = None
    reason: str | None = None
    certainty: str | None = None
    confidence: float | None = None
    f1: float | None = None
    contains: bool | None = None
    cited: tuple[Cited, ...] = ()
    citations: int = 0
    citations_on_gold_page: int = 0
    quotes_verbatim: int = 0
    sentences_shown: int = 0
    unsupported_shown: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        """True if the outcome is a right answer or a right abstention."""
        return self.outcome in ("right", "abstained")


def outcome_of(*, answerable: bool, answered: bool, right: bool) -> Outcome:
    """The outcome of a question; ``right`` counts only for an answer to an answerable question."""
    if not answered:
        return "false_abstention" if answerable else "abstained"
    if not answerable:
        return "false_answer"
    return "right" if right else "wrong"
