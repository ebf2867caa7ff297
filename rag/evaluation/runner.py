"""Evaluation runner: asks labelled questions and collects the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from time import perf_counter
from typing import Final

from rag.domain.values import Answer, Citation, Hit, Question, Sentence
from rag.evaluation.correctness import contains, f1, is_correct
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.results import Cited, QuestionResult, Retrieved, outcome_of
from rag.index.generation import Generation

RANKS: Final = 10


def evaluate(
    questions: Sequence[LabelledQuestion],
    retrieve: Callable[[Question], Sequence[Hit]],
    ask: Callable[[Question], Answer] | None,
    generation: Generation,
    on_progress: Callable[[str, int, int], None],
) -> list[QuestionResult]:
    """The results of labelled questions, in their order.

    Args:
        questions: with their gold answers.
        retrieve: returns the first ten passages for a question.
        ask: returns the answer; None measures retrieval only.
        generation: of the index that answers; quotes are checked against its pages.
        on_progress: called with ``"questions"``, the number of questions done and the number of all.
    """
    results = []
    for number, labelled in enumerate(questions):
        on_progress("questions", number, len(questions))
        question = Question(labelled.question)
        start = perf_counter()
        answer = ask(question) if ask else None
        seconds = perf_counter() - start if ask else None
        start = perf_counter()
        hits = retrieve(question)
        result = _retrieval_result(labelled, hits, seconds or perf_counter() - start)
        results.append(_with_answer(result, labelled, answer, generation) if answer else result)
    on_progress("questions", len(questions), len(questions))
    return results


def _retrieval_result(labelled: LabelledQuestion, hits: Sequence[Hit], seconds: float) -> QuestionResult:
    on_gold_page = [_is_gold(labelled, hit.passage.document.names, hit.passage.chunk.span.page) for hit in hits]
    return QuestionResult(
        id=labelled.id,
        question=labelled.question,
        form=labelled.form,
        source=labelled.source,
        answers=labelled.answers,
        documents=tuple(sorted(labelled.gold_documents)),
        pages=labelled.pages,
        answerable=labelled.answerable,
        paged=labelled.answerable and bool(labelled.pages),
        page_rank=_rank(on_gold_page),
        document_rank=_rank(bool(labelled.gold_documents & set(hit.passage.document.names)) for hit in hits),
        seconds=round(seconds, 3),
        retrieved=tuple(
            Retrieved(hit.passage.document.name, hit.passage.chunk.span.page, round(float(hit.score), 4), gold)
            for hit, gold in zip(hits[:RANKS], on_gold_page, strict=False)
        ),
    )


def _rank(gold: Iterable[bool]) -> int | None:
    return next((rank for rank, is_gold in enumerate(gold, start=1) if is_gold), None)


def _is_gold(labelled: LabelledQuestion, names: Iterable[str], page: int) -> bool:
    return bool(labelled.gold_documents & set(names)) and page in labelled.pages


def _with_answer(
    result: QuestionResult, labelled: LabelledQuestion, answer: Answer, generation: Generation
) -> QuestionResult:
    text = answer.answer if answer.answered else ""
    supported, unsupported = _count_shown(answer.sentences, text)
    cited = [_cited(labelled, citation, generation) for citation in answer.citations]
    return replace(
        result,
        outcome=outcome_of(
            answerable=labelled.answerable,
            answered=answer.answered,
            right=is_correct(labelled.question, text, labelled.answers),
        ),
        answer=answer.answer,
        answered=answer.answered,
        reason=answer.reason,
        certainty=answer.certainty,
        confidence=answer.confidence,
        f1=max((f1(text, gold) for gold in labelled.answers), default=None),
        contains=any(contains(text, gold) for gold in labelled.answers),
        cited=tuple(cited),
        citations=len(cited),
        citations_on_gold_page=sum(citation.gold for citation in cited),
        quotes_verbatim=sum(_is_verbatim(citation, generation) for citation in answer.citations),
        sentences_shown=supported + unsupported,
        unsupported_shown=unsupported,
        usage=asdict(answer.usage),
    )


def _count_shown(sentences: Sequence[Sentence], text: str) -> tuple[int, int]:
    """The numbers of supported and of unsupported sentences in the text of an answer.

    An unsupported sentence that only occurs as a part of a supported one does not count as shown.
    """
    supported = [sentence.text for sentence in sentences if sentence.verdict == "supported" and sentence.text in text]
    for shown in sorted(supported, key=len, reverse=True):
        text = text.replace(shown, "", 1)
    return len(supported), sum(sentence.verdict == "unsupported" and sentence.text in text for sentence in sentences)


def _cited(labelled: LabelledQuestion, citation: Citation, generation: Generation) -> Cited:
    names = generation.document(citation.document_id).names
    return Cited(citation.document, citation.page, citation.quote, gold=_is_gold(labelled, names, citation.page))


def _is_verbatim(citation: Citation, generation: Generation) -> bool:
    page = generation.page(citation.document_id, citation.page)
    return page.text[citation.start : citation.end] == citation.quote
