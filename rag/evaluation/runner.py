"""Evaluation runner: asks labelled questions and collects the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from time import perf_counter
from typing import Final

from rag.domain.values import Answer, Citation, Hit, Question, Sentence
from rag.evaluation.correctness import graded_result
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.results import CitedQuote, QuestionResult, RetrievedPassage, SentenceResult
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
        question = labelled.to_domain()
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
    on_gold_page = [labelled.is_gold(hit.passage.document.names, hit.passage.chunk.span.page) for hit in hits]
    return QuestionResult(
        id=labelled.id,
        question=labelled.question,
        form=labelled.form,
        source=labelled.source,
        kind=labelled.kind,
        answers=labelled.answers,
        documents=tuple(sorted(labelled.gold_documents)),
        pages=labelled.pages,
        evidence=labelled.evidence,
        answerable=labelled.answerable,
        paged=labelled.paged,
        page_rank=_rank(on_gold_page),
        document_rank=_rank(bool(labelled.gold_documents & set(hit.passage.document.names)) for hit in hits),
        seconds=round(seconds, 3),
        retrieved=tuple(
            RetrievedPassage(hit.passage.document.name, hit.passage.chunk.span.page, round(float(hit.score), 4), gold)
            for hit, gold in zip(hits[:RANKS], on_gold_page, strict=False)
        ),
    )


def _rank(gold: Iterable[bool]) -> int | None:
    return next((rank for rank, is_gold in enumerate(gold, start=1) if is_gold), None)


def _with_answer(
    result: QuestionResult, labelled: LabelledQuestion, answer: Answer, generation: Generation
) -> QuestionResult:
    text = answer.answer if answer.answered else ""
    cited = [_cited(labelled, citation, generation) for citation in answer.citations]
    sentences = _sentences(answer.sentences, text, cited)
    shown = [sentence for sentence in sentences if sentence.shown]
    asked = replace(
        result,
        answer=answer.answer,
        short_answer=answer.short_answer,
        answer_form=answer.form,
        missing=answer.missing,
        answered=answer.answered,
        reason=answer.reason,
        certainty=answer.certainty,
        confidence=answer.confidence,
        cited=tuple(cited),
        citations=len(cited),
        citations_on_gold_page=sum(citation.gold for citation in cited),
        quotes_verbatim=sum(_is_verbatim(citation, generation) for citation in answer.citations),
        sentences=tuple(sentences),
        sentences_shown=len(shown),
        unsupported_shown=sum(sentence.verdict == "unsupported" for sentence in shown),
        usage=asdict(answer.usage),
    )
    return graded_result(asked, text, labelled.answers, labelled.nuggets)


def _sentences(sentences: Sequence[Sentence], text: str, cited: Iterable[CitedQuote]) -> list[SentenceResult]:
    on_gold_page = {citation.id for citation in cited if citation.gold}
    return [
        SentenceResult(
            sentence.text,
            sentence.kind,
            sentence.verdict,
            sentence.confidence,
            sentence.citations,
            shown=is_shown,
            gold=not on_gold_page.isdisjoint(sentence.citations),
        )
        for sentence, is_shown in zip(sentences, _shown(sentences, text), strict=True)
    ]


def _shown(sentences: Sequence[Sentence], text: str) -> list[bool]:
    """Whether each sentence is in the text of an answer.

    An unsupported sentence that only occurs as a part of a supported one does not count as shown.
    """
    rest = _without_markup(text)
    texts = [_without_markup(sentence.text) for sentence in sentences]
    supported = [sentence.verdict == "supported" for sentence in sentences]
    shown = [bool(own) and is_supported and own in rest for own, is_supported in zip(texts, supported, strict=True)]
    for own in sorted((own for own, is_shown in zip(texts, shown, strict=True) if is_shown), key=len, reverse=True):
        rest = rest.replace(own, "\n", 1)
    return [
        is_shown or (bool(own) and not is_supported and own in rest)
        for own, is_supported, is_shown in zip(texts, supported, shown, strict=True)
    ]


def _without_markup(text: str) -> str:
    """The words of Markdown text with single spaces, without bold, escapes and the bars between cells."""
    return " ".join(text.replace("**", "").replace("\\", "").replace("|", " ").split())


def _cited(labelled: LabelledQuestion, citation: Citation, generation: Generation) -> CitedQuote:
    names = generation.document(citation.document_id).names
    gold = labelled.is_gold(names, citation.page)
    return CitedQuote(citation.document, citation.page, citation.quote, gold, citation.id)


def _is_verbatim(citation: Citation, generation: Generation) -> bool:
    page = generation.page(citation.document_id, citation.page)
    return page.text[citation.start : citation.end] == citation.quote
