"""Opposite polarity: units that affirm what a question asks to be denied, or that their list denies.

"What does the plan not cover?" is not answered by what it covers, nor "What does the plan cover?" by an item under "The
plan does not cover:". An item says neither by itself; its introduction or its heading does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.language.analysis import AnalyzedText, analyze
from rag.answering.claims.language.polarity import (
    Polarity,
    all_meanings,
    introducing_polarity,
    is_denied,
    meanings,
    polarity,
)
from rag.answering.claims.language.tokens import NOT
from rag.answering.evidence.units import Unit

# "Why does it not start?" is answered by what makes it start.
_OF_CAUSES: Final = frozenset("why how when if".split())
_FRAGMENTS: Final = frozenset(("item", "step", "row", "line"))
# "These include but are not limited to:" affirms nothing.
_LISTING: Final = re.compile(r",? ?\b(?:include|includes|including)\b[^.:]{0,60}:$", re.IGNORECASE)
# What a sentence says of the list below it, "You will need the following items", and units in front of that in which it
# may stand: a sentence may be between.
_FOLLOWING: Final = re.compile(
    r"\b(?:the|these) following\b|\b(?:as follows|listed below|set out below)\b", re.IGNORECASE
)
_FOLLOWING_WITHIN: Final = 2
# Words between a negation and the verb that it denies: "not usually cover".
_FARTHEST: Final = 3


@dataclass(frozen=True, slots=True)
class AskedPolarity:
    """Polarity of a question: the words that it asks to be denied, and the others.

    Attributes:
        denied: keys of the verbs that it denies: of "not cover", and of "excluded"; none for most questions.
        affirmed: keys of its other content words.
    """

    denied: frozenset[str]
    affirmed: frozenset[str]


def asked_polarity(question: str) -> AskedPolarity:
    """The polarity of a question; one for the causes of something that does not happen denies nothing."""
    text = analyze(question)
    if any(token.lower in _OF_CAUSES for token in text.tokens):
        return AskedPolarity(frozenset(), frozenset())
    found = polarity(text, range(len(text.tokens)))
    denied = frozenset(_denied_verbs(text))
    affirmed = all_meanings(found.affirmed - found.denied)
    return AskedPolarity(denied, affirmed - denied)


def opposing(question: str, units: Sequence[Unit]) -> set[int]:
    """The positions of the units that say the opposite of what a question asks for.

    Args:
        question: on its own.
        units: of the evidence, in reading order.
    """
    asked = asked_polarity(question)
    if not asked.denied and not asked.affirmed:
        return set()
    introductions = introduction_of_each(units)
    return {
        place for place, unit in enumerate(units) if _opposes(asked, unit, introducing_polarity(introductions[place]))
    }


def introductions_of(units: Sequence[Unit]) -> dict[int, int]:
    """By the number of each list or table, the position of the sentence or line that introduces it.

    It ends with a colon, right in front of it; or it speaks of "the following", with at most one sentence between.
    """
    found: dict[int, int] = {}
    seen: set[int] = set()
    for place, unit in enumerate(units):
        if unit.block is None or unit.block in seen:
            continue
        seen.add(unit.block)
        for before in range(place - 1, max(-1, place - 1 - _FOLLOWING_WITHIN), -1):
            other = units[before]
            if other.block is not None or other.place[0] != unit.place[0]:
                break
            is_next = before == place - 1 and other.text.endswith(":")
            if is_next or (other.headings == unit.headings and _speaks_of_list(other)):
                found[unit.block] = before
                break
    return found


def _speaks_of_list(unit: Unit) -> bool:
    return unit.kind == "sentence" and _FOLLOWING.search(unit.text) is not None


def denying_introductions(units: Sequence[Unit]) -> dict[int, str]:
    """The introduction or heading of each item, row and line that has one which denies what it says, by position."""
    introductions = introduction_of_each(units)
    return {
        place: text
        for place, text in introductions.items()
        if units[place].kind in _FRAGMENTS and introducing_polarity(text).negative
    }


def introduction_of_each(units: Sequence[Unit]) -> dict[int, str]:
    """By position, the introduction of each unit's list, or what leads in to its passage; else its heading."""
    introducing = {block: _introduction(units, place) for block, place in introductions_of(units).items()}
    found = {}
    for place, unit in enumerate(units):
        introduction = introducing.get(unit.block) if unit.block is not None else None
        if introduction is None and unit.block is not None and unit.row is None:
            introduction = unit.evidence.hit.passage.chunk.lead_in or None
        found[place] = unit.heading if introduction is None else introduction
    return found


def _introduction(units: Sequence[Unit], place: int) -> str:
    """An introduction without its "including:", after the sentence that a "these" in it refers to."""
    text = _LISTING.sub("", units[place].text)
    before = units[place - 1] if place else None
    refers = before is not None and before.place[0] == units[place].place[0] and units[place].refers_back
    return f"{before.text} {text}" if before and refers else text


def _opposes(asked: AskedPolarity, unit: Unit, introduced: Polarity) -> bool:
    text = analyze(_LISTING.sub("", unit.text))
    own = polarity(text, range(len(text.tokens)))
    if own.negations:
        return False
    if not asked.denied:
        return (
            unit.kind in _FRAGMENTS and introduced.negative and bool(all_meanings(introduced.denied) & asked.affirmed)
        )
    if introduced.negations:
        return False
    return bool(asked.denied & all_meanings(own.affirmed | introduced.affirmed))


def _denied_verbs(text: AnalyzedText) -> Iterator[str]:
    """The keys of the verbs after a negation, and of what words such as "excluded" deny."""
    for index, token in enumerate(text.tokens):
        if token.key == NOT:
            after = range(index + 1, min(index + 1 + _FARTHEST, len(text.tokens)))
            verb = next((place for place in after if text.tokens[place].content and is_denied(text, place)), None)
            if verb is not None:
                yield from meanings(text.tokens[verb].key)
        elif token.content:
            denied = polarity(text, [index]).denied
            # Those that are denied themselves follow a negation.
            yield from denied if token.key not in denied else ()
