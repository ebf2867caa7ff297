"""Result of one evaluated question: retrieval ranks, outcome, answer, citations and cost, for metrics and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rag.evaluation.nuggets import GradedNugget, recall

# right, wrong: an answer to a question that the documents answer. false_answer: one to a question that they do not.
# abstained, false_abstention: no answer, to a question that they do not and that they do answer.
Outcome: TypeAlias = Literal["right", "wrong", "false_answer", "abstained", "false_abstention"]


@dataclass(frozen=True)
class RetrievedPassage:
    """A retrieved passage; ``gold``: on a gold page. Scores are comparable only within one question."""

    document: str
    page: int
    score: float
    gold: bool


@dataclass(frozen=True)
class CitedQuote:
    """A citation of an answer, or of an abstention the nearest passage; ``gold``: on a gold page."""

    document: str
    page: int
    quote: str
    gold: bool
    id: int = 0


@dataclass(frozen=True)
class SentenceResult:
    """A sentence, list item or table row of an answer, as :class:`rag.domain.values.Sentence`.

    Attributes:
        citations: ids of :class:`CitedQuote`.
        shown: whether the answer's text has it.
        gold: whether one of its citations is on a gold page.
    """

    text: str
    kind: str
    verdict: str
    confidence: float | None
    citations: tuple[int, ...]
    shown: bool
    gold: bool


@dataclass(frozen=True)
class QuestionResult:
    """The result of one labelled question.

    Attributes:
        answers, documents, pages: the gold ones.
        evidence: gold pages by document, where each has its own.
        paged: whether the question is answerable and its gold pages are known.
        page_rank, document_rank: of the first passage on a gold page, and of a gold document, from 1; None is beyond
            the tenth.
        seconds: of the answer, or of the retrieval in a run without answers.
        retrieved: the first ten passages.
        outcome: None in a run without answers, as all the fields that follow.
        answer: its whole text; ``short_answer`` the value alone, where there is one.
        answer_form, missing: the form that the answer takes, and the parts of the question that it says are missing.
        certainty: ``stated`` or ``possible``; None where there is no answer.
        confidence: None where it is not calibrated.
        f1, contains: of the short answer where there is one, else of the text; None without gold answers.
        content_recall: share of the content words of a long gold answer that the text has; None without a long one.
        nuggets: the facts of a complete answer, and whether the text has them.
        sentences: those that are shown, and those that were withheld.
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
    kind: str | None = None
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    evidence: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    retrieved: tuple[RetrievedPassage, ...] = ()
    outcome: Outcome | None = None
    answer: str | None = None
    short_answer: str | None = None
    answer_form: str | None = None
    missing: tuple[str, ...] = ()
    answered: bool | None = None
    reason: str | None = None
    certainty: str | None = None
    confidence: float | None = None
    f1: float | None = None
    contains: bool | None = None
    content_recall: float | None = None
    nuggets: tuple[GradedNugget, ...] = ()
    sentences: tuple[SentenceResult, ...] = ()
    cited: tuple[CitedQuote, ...] = ()
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

    @property
    def words(self) -> int:
        """Number of words of the answer, as separated by white space; 0 for an abstention."""
        return len(self.answer.split()) if self.answered and self.answer else 0

    @property
    def all_recall(self) -> float | None:
        """Share of the nuggets that the answer has, 0..1; None without nuggets."""
        return recall(self.nuggets)

    @property
    def vital_recall(self) -> float | None:
        """Share of the vital nuggets that the answer has, 0..1; None without vital nuggets."""
        return recall([nugget for nugget in self.nuggets if nugget.vital])

    @property
    def vital_missing(self) -> tuple[str, ...]:
        """Labels of the vital nuggets that the answer does not have."""
        return tuple(nugget.label for nugget in self.nuggets if nugget.vital and not nugget.found)


def outcome_of(*, answerable: bool, answered: bool, right: bool) -> Outcome:
    """The outcome of a question; ``right`` counts only for an answer to an answerable question."""
    if not answered:
        return "false_abstention" if answerable else "abstained"
    if not answerable:
        return "false_answer"
    return "right" if right else "wrong"
