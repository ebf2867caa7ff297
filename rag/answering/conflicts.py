"""Conflict detection: two documents that give different figures in answer to the same question.

A conflict is reported only where it is certain, with a quote of each document. Meaning is not compared: two documents
disagree where they have the same words around another number or date, and both fit the question equally well. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rag.answering.grounding import Evidence, Quote, Support, quotable_spans
from rag.domain.values import Span, in_context
from rag.text.languages.stemming import NOT
from rag.text.languages.table import in_language
from rag.text.normalization import Figure, figures, normalized_words

# Words around the figure: at least so many are in both texts, and this share of the words of either (Jaccard).
_FEWEST_SHARED: Final = 3
_LEAST_SIMILARITY: Final = 0.7
# Least share of the question's words in each passage.
_LEAST_COVERAGE: Final = 0.5
# The reranker's probability from which a passage is about the question.
_RELEVANT: Final = 0.5

_SIGN: Final = re.compile(r"[$€£]\s?$")
_PER_CENT: Final = re.compile(r"\s?%")
_WORD: Final = re.compile(r"\s[^\W\d_]+")
_LONGEST_UNIT: Final = 2
_SAYS: Final = "{document} says {figure}"
_DISAGREE: Final = "The documents disagree: {first}; {second}."


def find_conflict(
    question: str, support: Sequence[Support], evidence: Sequence[Evidence], language: str | None = None
) -> Support | None:
    """A sentence on the first document that contradicts a figure of the answer; None where none does.

    Args:
        question: as it was put to the model.
        support: of the sentences of the answer.
        evidence: the passages that were read, best first.
        language: in which it is said; English where None is given.
    """
    asked = frozenset(normalized_words(question))
    known = {figure.value for figure in figures(question)}
    for item in support:
        answered = {figure.value for figure in figures(item.sentence)} - known
        if item.supported and len(answered) == 1 and (ours := _source(item.quotes[0], *answered)):
            for other in evidence:
                if _is_as_good(asked, ours.evidence, other) and (theirs := _contradiction(ours, other, *answered)):
                    return _conflict_sentence(ours, theirs, *answered, language=language)
    return None


def _source(quote: Quote, answered: str) -> Quote | None:
    """The shortest span within a quote that has the figure."""
    spans = [quote.span, *(span for span in quotable_spans(quote.evidence) if _is_within(span, quote.span))]
    quotes = [Quote(quote.evidence, span, 1.0) for span in spans]
    having = [part for part in quotes if answered in _values(part)]
    return min(having, key=lambda part: len(part.text), default=None)


def _is_within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _is_as_good(asked: frozenset[str], ours: Evidence, other: Evidence) -> bool:
    """True where the question fits the other document as well as ours."""
    one, two = _context(ours), _context(other)
    return (
        other.hit.passage.document.id != ours.hit.passage.document.id
        and asked & one <= two
        and len(asked & two) >= _LEAST_COVERAGE * len(asked)
        and other.hit.document_match >= ours.hit.document_match
        and (other.hit.relevance is None or other.hit.relevance >= _RELEVANT)
    )


def _context(evidence: Evidence) -> frozenset[str]:
    passage = evidence.hit.passage
    document = passage.document
    return frozenset(
        normalized_words(f"{document.name} {document.title} {in_context(passage.chunk.context, passage.chunk.text)}")
    )


def _contradiction(ours: Quote, other: Evidence, answered: str) -> Quote | None:
    """The first span of another passage with the same words around another figure."""
    quotes = (Quote(other, span, 1.0) for span in quotable_spans(other))
    return next((quote for quote in quotes if _contradicts(ours, quote, answered)), None)


def _contradicts(ours: Quote, theirs: Quote, answered: str) -> bool:
    values = list(zip(_values(ours), _values(theirs), strict=False))
    differing = [(one, two) for one, two in values if one != two]
    if len(_values(ours)) != len(_values(theirs)) or [one for one, _ in differing] != [answered]:
        return False
    # A number is no date.
    if len(answered.split()) != len(differing[0][1].split()):
        return False
    one, two = _around(ours.text), _around(theirs.text)
    shared = one & two
    similar = len(shared) >= _FEWEST_SHARED and len(shared) >= _LEAST_SIMILARITY * len(one | two)
    return similar and (NOT in one) == (NOT in two)


def _values(quote: Quote) -> list[str]:
    return [figure.value for figure in figures(quote.text)]


def _around(text: str) -> frozenset[str]:
    return frozenset(normalized_words("".join(_without(text, figures(text)))))


def _without(text: str, found: Iterator[Figure]) -> Iterator[str]:
    start = 0
    for figure in found:
        yield text[start : figure.start]
        start = figure.end
    yield text[start:]


def _conflict_sentence(ours: Quote, theirs: Quote, answered: str, *, language: str | None) -> Support:
    position = _values(ours).index(answered)
    one, two = ours.evidence.hit.passage.document, theirs.evidence.hit.passage.document
    names = (one.title, two.title) if one.title != two.title else (one.name, two.name)
    says, disagree = in_language(_SAYS, language), in_language(_DISAGREE, language)
    first, second = (
        says.format(document=name, figure=_figure_with_unit(quote, position))
        for name, quote in zip(names, (ours, theirs), strict=True)
    )
    return Support(disagree.format(first=first, second=second), (ours, theirs), score=1.0, agrees=True)


def _figure_with_unit(quote: Quote, position: int) -> str:
    """The figure as the quote writes it, with its currency sign and its unit: up to two words before a stop word."""
    text, figure = quote.text, list(figures(quote.text))[position]
    sign = _SIGN.search(text[: figure.start])
    end = figure.end
    if per_cent := _PER_CENT.match(text, end):
        end = per_cent.end()
    for _ in range(_LONGEST_UNIT):
        word = _WORD.match(text, end)
        if not word or not normalized_words(word[0]):
            break
        end = word.end()
    return " ".join(f"{sign[0] if sign else ''}{text[figure.start : end]}".split())
