"""Answer to a yes/no question by the list that a thing is in: "Can I wear a smart watch?", under "Do not wear:".

A reranker sees little of an item in the middle of a list, and a small model takes an item for a permission. The
introduction of the list says what is true of all its items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.polarity import Polarity, introducing_polarity, meanings
from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence, Quote, Support
from rag.answering.prompt import NO, YES
from rag.answering.usefulness.opposition import asked_polarity, introduction_of_each, introductions_of
from rag.text.languages.phrases import conditions_in

# The share of such answers that are right.
LISTED_CONFIDENCE: Final = 0.9
# Content words of an item that names a thing, rather than telling a case.
_MOST_WORDS: Final = 5
# Content words of a question that neither the item nor its introduction or headings have.
_MOST_LEFT: Final = 1


def listed_answer(question: str, evidence: Sequence[Evidence]) -> Support | None:
    """The answer "Yes" or "No", with the introduction and the item of a list that the question names.

    None where no item is named, where its introduction has no verb of the question, and where lists disagree.

    Args:
        question: on its own, in English.
        evidence: passages in the order of their ranking.
    """
    units = units_of(evidence)
    asked = frozenset(token.key for token in analyze(question).tokens if token.content)
    found = list(_named(question, asked, units))
    if len({is_yes for _, is_yes, _ in found}) != 1:
        return None
    place, is_yes, introduction = found[0]
    opening = (YES if is_yes else NO)[0]
    unit = units[place]
    support = unit.support("lead")
    if (above := introductions_of(units).get(unit.block or 0)) is not None and unit.block is not None:
        quote = Quote(units[above].evidence, units[above].span, 1.0)
        support = replace(support, quotes=(quote, *support.quotes))
    said = f"{introduction.rstrip(' .?')} {unit.text.rstrip(' ;,')}"
    return replace(support, sentence=f"{opening}: {said}", verbatim=False)


def _named(question: str, asked: frozenset[str], units: Sequence[Unit]) -> Iterator[tuple[int, bool, str]]:
    """Position, truth and introduction of each item that the question names."""
    introductions = introduction_of_each(units)
    denied = asked_polarity(question).denied
    for place, unit in enumerate(units):
        introduction = introductions[place]
        if unit.block is None or unit.row or not introduction.rstrip().endswith(":"):
            continue
        own = _keys(unit.text)
        if not own or len(own) > _MOST_WORDS or not own <= asked or conditions_in(unit.text, "English"):
            continue
        around = _keys(introduction) | _keys(" ".join((*unit.context, unit.evidence.hit.passage.document.title)))
        if len(asked - own - _expanded(around)) > _MOST_LEFT:
            continue
        shared = _expanded(asked - own)
        is_true = _truth(introducing_polarity(introduction), shared)
        if is_true is not None:
            yield place, is_true != bool(denied & shared), introduction


def _truth(introduced: Polarity, asked: frozenset[str]) -> bool | None:
    """Whether an introduction affirms a word of the question, or denies it; None where it has none, or both."""
    if introduced.restricted:
        return None
    affirms, denies = (bool(_expanded(keys) & asked) for keys in (introduced.affirmed, introduced.denied))
    return None if affirms == denies else affirms


def _keys(text: str) -> frozenset[str]:
    return frozenset(token.key for token in analyze(text).tokens if token.content)


def _expanded(keys: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*map(meanings, keys))
