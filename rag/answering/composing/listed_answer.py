"""Answer to a yes/no question by the list that a thing is in: "Can I wear a smart watch?", under "Do not wear:".

A reranker sees little of an item in the middle of a list, and a small model takes an item for a permission. The
introduction of the list says what is true of all its items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from rag.answering.claims.language.analysis import analyze
from rag.answering.claims.language.polarity import Polarity, all_meanings, introducing_polarity
from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence, Support
from rag.answering.prompt import NO, YES
from rag.answering.usefulness.opposition import asked_polarity, introductions_of
from rag.text.languages.phrases import conditions_in

# Set, not fitted: of the few yes/no questions that were tried, all that such a list answered were answered rightly.
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
    found = list(_named(question, units))
    if len({named.is_true for named in found}) != 1:
        return None
    item, introduction = (units[place] for place in (found[0].item, found[0].introduction))
    opening = (YES if found[0].is_true else NO)[0]
    said = f"{introduction.text.rstrip(' .?')} {item.text.rstrip(' ;,')}"
    quotes = (*introduction.support().quotes, *item.support().quotes)
    return replace(item.support("lead"), sentence=f"{opening}: {said}", quotes=quotes, verbatim=False)


class _NamedItem(NamedTuple):
    """An item that a question names, by the positions of it and of its introduction, and whether the answer is yes."""

    item: int
    introduction: int
    is_true: bool


def _named(question: str, units: Sequence[Unit]) -> Iterator[_NamedItem]:
    """The items that a question names, of lists whose introductions are among the units: both are quoted."""
    introductions = introductions_of(units)
    asked, denied = _keys(question), asked_polarity(question).denied
    for place, unit in enumerate(units):
        above = introductions.get(unit.block) if unit.block is not None and unit.row is None else None
        own = _keys(unit.text)
        if above is None or not own or len(own) > _MOST_WORDS or not own <= asked:
            continue
        introduction = units[above].text
        around = _keys(" ".join((introduction, *unit.context, unit.evidence.hit.passage.document.title)))
        if conditions_in(unit.text, "English") or len(asked - own - all_meanings(around)) > _MOST_LEFT:
            continue
        verbs = all_meanings(asked - own)
        is_affirmed = _affirms(introducing_polarity(introduction), verbs)
        if is_affirmed is not None:
            yield _NamedItem(place, above, is_affirmed != bool(denied & verbs))


def _affirms(introduced: Polarity, asked: frozenset[str]) -> bool | None:
    """True for an introduction that affirms a word of the question, False for one that denies one; else None."""
    if introduced.restricted:
        return None
    affirms, denies = (bool(all_meanings(keys) & asked) for keys in (introduced.affirmed, introduced.denied))
    return None if affirms == denies else affirms


def _keys(text: str) -> frozenset[str]:
    return frozenset(token.key for token in analyze(text).tokens if token.content)
