"""Two documents that say different things: found where nobody could doubt it, and said with a quote of each.

Nothing is concluded from what documents mean. They disagree where two of them say the same words around another number
or date, and both answer the question as well as the other. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rag.answering.grounding import Evidence, Quote, Support, stretches
from rag.domain.values import Span, in_context
from rag.text.normalization import Figure, figures, said
from rag.text.sentences import NOT

# Of the words around the figure: how many both say, and which share of what either says.
_FEWEST_SHARED: Final = 3
_SAME: Final = 0.7
# Of the question's words, how many each passage must have.
_ASKED: Final = 0.5
# The reranker's probability from which a passage is about the question.
_RELEVANT: Final = 0.5

_SIGN: Final = re.compile(r"[$€£]\s?$")
_PER_CENT: Final = re.compile(r"\s?%")
_WORD: Final = re.compile(r"\s[^\W\d_]+")
_LONGEST_UNIT: Final = 2


def find_conflict(question: str, support: Sequence[Support], evidence: Sequence[Evidence]) -> Support | None:
    """That another document gives another figure than the first supported sentence that has one; None if none does.

    Args:
        question: as it was put to the model.
        support: of the sentences of the answer.
        evidence: what was read, best first.
    """
    asked = frozenset(said(question))
    known = {figure.value for figure in figures(question)}
    for item in support:
        answered = {figure.value for figure in figures(item.sentence)} - known
        if item.supported and len(answered) == 1 and (ours := _source(item.quotes[0], *answered)):
            for other in evidence:
                if _is_as_good(asked, ours.evidence, other) and (theirs := _contradiction(ours, other, *answered)):
                    return _stated(ours, theirs, *answered)
    return None


def _source(quote: Quote, answered: str) -> Quote | None:
    """The shortest stretch of a quote that has the figure."""
    spans = [quote.span, *(span for span in stretches(quote.evidence) if _is_within(span, quote.span))]
    quotes = [Quote(quote.evidence, span, 1.0) for span in spans]
    having = [part for part in quotes if answered in _values(part)]
    return min(having, key=lambda part: len(part.text), default=None)


def _is_within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _is_as_good(asked: frozenset[str], ours: Evidence, other: Evidence) -> bool:
    """Whether the question may as well be about the other document: it names ours no better."""
    one, two = _context(ours), _context(other)
    return (
        other.hit.passage.document.id != ours.hit.passage.document.id
        and asked & one <= two
        and len(asked & two) >= _ASKED * len(asked)
        and other.hit.document_match >= ours.hit.document_match
        and (other.hit.relevance is None or other.hit.relevance >= _RELEVANT)
    )


def _context(evidence: Evidence) -> frozenset[str]:
    passage = evidence.hit.passage
    document = passage.document
    return frozenset(said(f"{document.name} {document.title} {in_context(passage.chunk.headings, passage.chunk.text)}"))


def _contradiction(ours: Quote, other: Evidence, answered: str) -> Quote | None:
    """The stretch of another passage that says the same but for the figure."""
    quotes = (Quote(other, span, 1.0) for span in stretches(other))
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
    same = len(shared) >= _FEWEST_SHARED and len(shared) >= _SAME * len(one | two)
    return same and (NOT in one) == (NOT in two)


def _values(quote: Quote) -> list[str]:
    return [figure.value for figure in figures(quote.text)]


def _around(text: str) -> frozenset[str]:
    return frozenset(said("".join(_without(text, figures(text)))))


def _without(text: str, found: Iterator[Figure]) -> Iterator[str]:
    start = 0
    for figure in found:
        yield text[start : figure.start]
        start = figure.end
    yield text[start:]


def _stated(ours: Quote, theirs: Quote, answered: str) -> Support:
    position = _values(ours).index(answered)
    one, two = ours.evidence.hit.passage.document, theirs.evidence.hit.passage.document
    names = (one.title, two.title) if one.title != two.title else (one.name, two.name)
    first, second = (
        f"{name} says {_said_there(quote, position)}" for name, quote in zip(names, (ours, theirs), strict=True)
    )
    return Support(f"The documents disagree: {first}; {second}.", (ours, theirs), score=1.0, agrees=True)


def _said_there(quote: Quote, position: int) -> str:
    """The figure as it is written there, with its sign, and with its unit: up to two words before a stop word."""
    text, figure = quote.text, list(figures(quote.text))[position]
    sign = _SIGN.search(text[: figure.start])
    end = figure.end
    if per_cent := _PER_CENT.match(text, end):
        end = per_cent.end()
    for _ in range(_LONGEST_UNIT):
        word = _WORD.match(text, end)
        if not word or not said(word[0]):
            break
        end = word.end()
    return " ".join(f"{sign[0] if sign else ''}{text[figure.start : end]}".split())
