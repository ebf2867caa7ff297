"""Item of a list, or line of several, that a question names, in place of a value from another one of them.

"How close can I park to a fire hydrant?" is answered by the one of twenty items that has the hydrant. A small model
that reads "Within 50 feet of ..." twenty times takes any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, NamedTuple

from rag.answering.claims.language.analysis import analyze
from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import Evidence, Support
from rag.answering.usefulness.opposition import introductions_of
from rag.text.words import words

_LONGEST_INTRODUCTION: Final = 25


class NamedItem(NamedTuple):
    """An item that a question names.

    Attributes:
        support: the item behind its introduction, where the evidence has that.
        text: of the item alone.
    """

    support: Support
    text: str


def named_item(question: str, value: Support, evidence: Sequence[Evidence]) -> NamedItem | None:
    """The item or line that a question names, in place of a value; None where the value is from it, or from no list.

    It has all the words of the question that the value's item has, and more of them than any other item.

    Args:
        question: on its own.
        value: the support of the value.
        evidence: the passages that were read.
    """
    units = units_of(evidence)
    own = _place_of(value, units)
    if own is None:
        return None
    asked = _keys(question)
    named = {place: _keys(units[place].text) & asked for place in _list_around(units, own)}
    better = [place for place in named if named[own] < named[place]]
    most = max((len(named[place]) for place in better), default=0)
    best = [place for place in better if len(named[place]) == most]
    return NamedItem(introduced(units, best[0]), units[best[0]].text) if len(best) == 1 else None


def introduced(units: Sequence[Unit], place: int) -> Support:
    """A unit as a sentence of an answer: an item behind the short introduction of its list, where there is one."""
    item, block = units[place], units[place].block
    introductions = introductions_of(units)
    if block is None or item.row or block not in introductions:
        return item.support("lead")
    introduction = units[introductions[block]]
    if not introduction.text.endswith(":") or len(introduction.text.split()) > _LONGEST_INTRODUCTION:
        return item.support("lead")
    quotes = (*introduction.support().quotes, *item.support().quotes)
    said = f"{introduction.text} {item.text.rstrip(' ;,')}"
    return replace(item.support("lead"), sentence=said, quotes=quotes, verbatim=False)


def _list_around(units: Sequence[Unit], place: int) -> Sequence[int]:
    """The positions of the items of a unit's list, or of the lines around it; none for a sentence or a table's row."""
    unit = units[place]
    if unit.row:
        return ()
    if unit.block is not None:
        return [other for other, one in enumerate(units) if one.block == unit.block]
    if unit.kind != "line":
        return ()
    around = groupby(range(len(units)), key=lambda one: (units[one].kind, units[one].evidence.hit.passage.document.id))
    return next(lines for lines in (list(group) for _, group in around) if place in lines)


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
