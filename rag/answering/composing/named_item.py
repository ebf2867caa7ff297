"""Item of a list that a question names, in place of a value from another item of the same list.

"How close can I park to a fire hydrant?" is answered by the one of twenty items that has the hydrant. A small model
that reads "Within 50 feet of ..." twenty times takes any of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.answering.claims.language.analysis import analyze
from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence, Support
from rag.answering.usefulness.opposition import introductions_of
from rag.text.words import words


class NamedItem(NamedTuple):
    """An item that a question names.

    Attributes:
        support: the item behind its introduction, where the evidence has that.
        text: of the item alone.
    """

    support: Support
    text: str


def named_item(question: str, value: Support, evidence: Sequence[Evidence]) -> NamedItem | None:
    """The item that a question names, in place of a value; None where the value is from it, or from no list.

    It has all the words of the question that the value's item has, and one more that no other item has.

    Args:
        question: on its own.
        value: the support of the value.
        evidence: the passages that were read.
    """
    units = units_of(evidence)
    own = _place_of(value, units)
    if own is None or (block := units[own].block) is None or units[own].row:
        return None
    items = [place for place, unit in enumerate(units) if unit.block == block]
    asked = _keys(question)
    named = {place: _keys(units[place].text) & asked for place in items}
    counts = Counter(key for keys in named.values() for key in keys)
    better = [
        place
        for place in items
        if named[own] < named[place] and any(counts[key] == 1 for key in named[place] - named[own])
    ]
    return NamedItem(_with_introduction(units, better[0]), units[better[0]].text) if len(better) == 1 else None


def _with_introduction(units: Sequence[Unit], place: int) -> Support:
    item, block = units[place], units[place].block
    introductions = introductions_of(units)
    if block not in introductions:
        return item.support("lead")
    introduction = units[introductions[block]]
    quotes = (*introduction.support().quotes, *item.support().quotes)
    said = f"{introduction.text.rstrip(' .')} {item.text.rstrip(' ;,')}"
    return replace(item.support("lead"), sentence=said, quotes=quotes, verbatim=False)


def _place_of(value: Support, units: Sequence[Unit]) -> int | None:
    """The position of the unit that has the value, of those in its quotes; None where several have it."""
    own = frozenset(words(value.sentence))
    found = {
        place
        for quote in value.quotes
        for place, unit in enumerate(units)
        if unit.place[0] == quote.evidence.hit.passage.document.id
        and unit.span.page == quote.span.page
        and unit.span.start < quote.span.end
        and quote.span.start < unit.span.end
        and own.issubset(words(unit.text))
    }
    return found.pop() if len(found) == 1 else None


def _keys(text: str) -> frozenset[str]:
    return frozenset(token.key for token in analyze(text).tokens if token.content)
