"""Composition of a fact or a yes/no answer: one whole sentence around the value that the model found.

The sentence is the model's where it can be verified word by word, else the document's own sentence with the value in
it, else the value alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from rag.answering.claims.check import check_claim
from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.quantities import quantities
from rag.answering.composing.arrangement import stands_alone
from rag.answering.composing.named_item import introduced
from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence, Quote, Support, ground, language_of_evidence
from rag.answering.usefulness.opposition import denying_introductions
from rag.domain.values import in_context
from rag.text.languages.phrases import conditions_in
from rag.text.languages.table import in_language
from rag.text.normalization import normalized_words
from rag.text.words import words

# Words of a sentence that answers a question about a fact.
_LONGEST: Final = 45
_MOST_ITEMS: Final = 20
# Characters between a sentence and the list that it announces: headers and footers of pages, no sections.
_LONGEST_GAP: Final = 300
# Least share of the words of the sentence that its quotes have.
_LEAST_SHARE: Final = 0.8
# A rule that holds on a condition: a bare yes or no would drop it.
_CONDITION: Final = re.compile(
    r"\b(?:only|unless|except|provided|if|until|whichever|without (?:the |a |an )?(?:written|prior)|subject to|"
    r"as long as)\b",
    re.IGNORECASE,
)
# What a sentence that answers yes or no begins with, in English; a colon follows.
YES_NO_OPENINGS: Final = ("Yes", "No", "Yes, on a condition")
_CHOICE: Final = re.compile(r"\b(?:or|which|whether|than|versus|vs)\b", re.IGNORECASE)
# A number by itself: no part of "26AS".
_NUMBER: Final = re.compile(r"(?<!\w)\d[\d.,:/]*+(?!\w)")
_YES_NO: Final = re.compile(r"(?:yes|no)\b[.,!:;\s]*", re.IGNORECASE)


def sentence_of_value(
    question: str, value: Sequence[Support], evidence: Sequence[Evidence], written: str | None
) -> Support | None:
    """The sentence that states a value; None where the value is a sentence itself, or there is no better one.

    Args:
        question: as it was put to the model.
        value: support of the value's sentences; the first is the value.
        evidence: the passages that were read.
        written: the model's sentence; None where it wrote none.
    """
    first = value[0]
    language = language_of_evidence(evidence)
    value_words = _words(first.sentence, language)
    own = next(
        (
            unit
            for unit in _units_of(first.quotes)
            if unit.is_statement and value_words <= _words(unit.text, language) and len(unit.text.split()) <= _LONGEST
        ),
        None,
    )
    support = _verified(question, written, evidence) if written else None
    if support and value_words <= _words(support.sentence, language):
        is_partial = (
            own is not None
            and stands_alone(own)
            and _drops_condition(support.sentence, own.text, own.evidence.language)
        )
        if not is_partial:
            return support
    if own is None:
        return None
    units = units_of([own.evidence])
    return introduced(units, next(place for place, unit in enumerate(units) if unit.place == own.place))


def repeats_question(value: str, question: str) -> bool:
    """True for a value of words that are all in the question, unless this offers it: "red or blue?"."""
    own = frozenset(words(value))
    has_news = not own <= frozenset(words(question)) or _NUMBER.search(value) is not None
    return bool(own) and not has_news and _CHOICE.search(question) is None


def _drops_condition(sentence: str, source: str, language: str | None) -> bool:
    """True if a document's sentence has a condition, and the one that was written of it has none of its words."""
    said, conditions = sentence.casefold(), _conditions(source, language)
    return bool(conditions) and not any(condition in said for condition in conditions)


def _conditions(text: str, language: str | None) -> list[str]:
    """The words of a sentence that make it hold on a condition only, in lower case."""
    if language in (None, "English"):
        return [match[0].casefold() for match in _CONDITION.finditer(text)]
    return conditions_in(text, language)


def sentence_of_yes_or_no(
    answer: str, units: Sequence[Unit], relevance: Sequence[float], language: str | None = None
) -> Support | None:
    """The answer "Yes" or "No" with its reason: the most relevant sentence of the evidence, which has its condition.

    None where no sentence of the evidence states anything about it.

    Args:
        answer: "Yes" or "No".
        units: of the evidence, in reading order.
        relevance: of each of them.
        language: of the question, in which the answer begins.
    """
    is_yes = answer.casefold() == "yes"
    introductions = denying_introductions(units)
    stating = [
        (score, place)
        for place, score in enumerate(relevance)
        if (units[place].is_statement or units[place].is_telling_line) and not (is_yes and place in introductions)
    ]
    if not stating:
        return None
    _, place = max(stating, key=lambda pair: pair[0])
    unit, introduction = units[place], introductions.get(place, "")
    reason = f"{introduction.rstrip(' .?')} {unit.text}" if introduction else unit.text
    is_conditional = is_yes and bool(_conditions(unit.text, unit.evidence.language))
    opening = in_language("Yes, on a condition" if is_conditional else answer, language)
    return replace(unit.support("lead"), sentence=f"{opening}: {reason}", verbatim=False)


def announced_list(lead: Support, evidence: Sequence[Evidence]) -> list[Support]:
    """The items of the list that a sentence announces, by a colon or by their number; none where it announces none."""
    # "4 hours" counts no items.
    numbers = {one.value for one in quantities(analyze(lead.sentence)) if not one.unit}
    if not (lead.verbatim and lead.quotes and (numbers or lead.sentence.endswith(":"))):
        return []
    units, quote = units_of(evidence), lead.quotes[0]
    place = (quote.evidence.hit.passage.document.id, quote.span)
    block = next(
        (after.block for unit, after in pairwise(units) if unit.place == place and _is_below(unit, after)), None
    )
    items = [unit for unit in units if block is not None and unit.block == block]
    announced = lead.sentence.endswith(":") or str(len(items)) in numbers
    return [unit.support() for unit in items] if announced and len(items) <= _MOST_ITEMS else []


def _is_below(unit: Unit, after: Unit) -> bool:
    """True if a unit begins where another ends: close to it on its page, or on top of the next page."""
    page, length = unit.span.page, len(unit.evidence.page.text)
    if after.span.page == page:
        return after.span.start - unit.span.end <= _LONGEST_GAP
    return after.span.page == page + 1 and length - unit.span.end + after.span.start <= _LONGEST_GAP


def _verified(question: str, written: str, evidence: Sequence[Evidence]) -> Support | None:
    """The support of a sentence that the model wrote, if it is one, and every word of it is borne out by its quotes."""
    supports = ground(question, written, evidence)
    if len(supports) != 1:
        return None
    (support,) = supports
    short = 3 < len(support.sentence.split()) <= _LONGEST and not _YES_NO.match(support.sentence)
    if not (short and support.supported and support.score >= _LEAST_SHARE):
        return None
    return replace(support, kind="lead") if is_borne_out(support) else None


def is_borne_out(support: Support) -> bool:
    """True if the rules of the claim check find no fault with a sentence, given its quotes and their headings."""
    quotes = [quote.text for quote in support.quotes]
    context = "\n".join(_context(quote) for quote in support.quotes)
    return not check_claim(support.sentence, quotes, context).problems


def _context(quote: Quote) -> str:
    passage = quote.evidence.hit.passage
    return in_context((passage.document.title, *passage.chunk.context), "")


def _units_of(quotes: Sequence[Quote]) -> list[Unit]:
    """The units that the best quote touches, in reading order."""
    if not quotes:
        return []
    best = quotes[0]
    return [
        unit
        for unit in units_of([best.evidence])
        if unit.span.start < best.span.end and best.span.start < unit.span.end
    ]


def _words(text: str, language: str | None) -> frozenset[str]:
    return frozenset(normalized_words(text, language))
