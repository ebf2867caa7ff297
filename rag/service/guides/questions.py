"""Questions of a source guide: made from facts of the document and from its topics, each tried before it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Final

from rag.answering.answerer import Answerer
from rag.domain.values import Answer, Document, Question
from rag.evaluation.correctness import is_correct
from rag.evaluation.synthetic.filters import is_new
from rag.evaluation.synthetic.prompt import question_about
from rag.evaluation.synthetic.sampling import facts_of_document
from rag.evaluation.synthetic.types import Fact
from rag.index.generation import Generation
from rag.query.lookup.document_names import listed
from rag.runtime.cancellation import Cancellation
from rag.service.guides.guide import GuideQuestion, GuideTopic, SourceGuide
from rag.text.words import words

MOST_QUESTIONS: Final = 5
# Facts that are asked about at most: of a document in a language that the question maker does not know, none is kept.
_MOST_FACTS: Final = 14
# The same facts each time, so that work that was broken off goes on where it was.
_SEED: Final = 0
_LONGEST: Final = 160


@dataclass(frozen=True)
class QuestionCandidate:
    """Question that is not tried yet.

    Attributes:
        question: its text.
        answer: the gold answer of a fact; None for a question about a topic.
    """

    question: str
    answer: str | None = None


def subjects_of(generation: Generation, document: Document, guide: SourceGuide) -> Iterator[Fact | GuideTopic]:
    """Subjects of questions about a document, always in the same order: its facts and its topics, in turns."""
    facts = islice(facts_of_document(generation, document.name, _SEED), _MOST_FACTS)
    topics = guide.topics[1::2] + guide.topics[::2]
    # Two facts for each topic: whoever reads "what does it say about ..." learns less of the document.
    by_two = zip_longest(facts, facts, topics)
    return (subject for subject in chain.from_iterable(by_two) if subject is not None)


def candidate_of(
    subject: Fact | GuideTopic, document: Document, answerer: Answerer, cancelled: Cancellation
) -> QuestionCandidate | None:
    """The question about a fact, as the model words it, or about a topic; None where it words none that can be used."""
    if isinstance(subject, GuideTopic):
        return QuestionCandidate(f"What does {listed(document)} say about {subject.text}?")
    made = question_about(subject, answerer.model, cancelled)
    return QuestionCandidate(made.question, made.answer) if made and len(made.question) <= _LONGEST else None


def tried(
    candidate: QuestionCandidate, document: Document, guide: SourceGuide, answerer: Answerer, cancelled: Cancellation
) -> GuideQuestion | None:
    """The question if the whole collection answers it as a fact, right, and from the document; else None.

    Raises:
        Cancelled: ``cancelled`` was called.
        IndexFault, ModelError, RequestFault: as :meth:`Answerer.ask`.
    """
    if not is_new(candidate.question, [frozenset(words(each.question)) for each in guide.questions]):
        return None
    answer = answerer.ask(Question(candidate.question), cancelled)
    pages = [citation.page for citation in answer.citations if citation.document_id == document.id]
    if not (answer.answered and answer.certainty == "stated" and pages and _is_right(candidate, answer)):
        return None
    return GuideQuestion(question=candidate.question, page=pages[0])


def _is_right(candidate: QuestionCandidate, answer: Answer) -> bool:
    if candidate.answer is None:
        return True
    return is_correct(candidate.question, answer.short_answer or answer.answer, [candidate.answer])
