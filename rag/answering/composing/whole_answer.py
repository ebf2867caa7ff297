"""Composition of a whole answer from the units of the evidence, by the probability that each belongs to it.

What is shown is the documents' own wording: nothing in it needs to be believed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.composing.arrangement import (
    FEWEST_ITEMS,
    WHOLE_LISTS,
    arranged,
    has_lead,
    section_of,
    sentences_of,
    stands_alone,
)
from rag.answering.composing.comparison import balanced
from rag.answering.composing.material import Composition
from rag.answering.composing.novelty import Novelty
from rag.answering.evidence.units import Unit
from rag.answering.grounding import Support
from rag.answering.usefulness.announced import enumerates
from rag.answering.usefulness.opposition import introductions_of
from rag.answering.usefulness.pointers import followed_list
from rag.domain.values import Form
from rag.text.sentences import SENTENCE_END

# How far a list, or a long sentence, may exceed the words of the form.
_EXCESS: Final = 1.4
# Forms whose answers have at least one sentence, several items or a row.
_IN_SENTENCES: Final[frozenset[Form]] = frozenset({"explain", "about", "how_to", "comparison", "parts"})
# Words that a list may have where the question asks for all of it.
_LIST_WORDS: Final = 250
# Least probability of a unit, and its least share of that of the most useful one which is shown: beside a list that was
# asked for, or the steps of a procedure, little else belongs to the answer.
_LEAST_USEFUL: Final = 0.12
_LEAST_OF_BEST: Final = 0.35
_LEAST_BESIDE_LIST: Final = 0.4
# The same, on average, of the items of a list that is shown whole because one of them answers a part of the question.
_LEAST_LISTED: Final = 0.1
# Words of a direct answer: a clause of a contract is none, and leaves no room for others.
_LONGEST_LEAD: Final = 60
# Share of the probability of a direct answer from which on a sentence of its paragraph comes before it, and units that
# are taken for a paragraph.
_AS_USEFUL: Final = 0.5
_PARAGRAPH: Final = 4
_BLANK_LINE: Final = "\n\n"
# Share of the probability of a sentence that enumerates from which on another unit belongs to the list, too.
_BESIDE_LIST: Final = 0.5
# Least share of a unit of an overview that is not said yet.
_LEAST_NEW: Final = 0.3
# Long units hold more facts, but cost more words: they are ranked by probability per word to this power. In an overview
# their length is part of their usefulness.
_LENGTH_POWER: Final = 0.5
_LENGTH_POWER_OF_OVERVIEW: Final = 0.25


def compose(material: Composition) -> list[Support]:
    """The sentences of an answer in the order in which they are shown, each with its support; empty for no unit."""
    if material.table:
        return list(material.table)
    material = _balanced(material)
    return sentences_of(material, arranged(material, _chosen(material)))


def is_answer(form: Form, shown: Sequence[Support]) -> bool:
    """True where sentences answer a question of a form: an item of an agenda, by itself, explains nothing.

    Args:
        form: of the answer.
        shown: its sentences.
    """
    if form not in _IN_SENTENCES:
        return bool(shown)
    items = sum(item.kind in ("item", "step") for item in shown)
    # A row has its heads with its values: "Bittern 6: Range 4.0".
    tells = any(SENTENCE_END.search(item.sentence) or ":" in item.sentence or item.kind == "row" for item in shown)
    return tells or items >= FEWEST_ITEMS


def _balanced(material: Composition) -> Composition:
    """The same; of a comparison with as much use of each side."""
    if material.form != "comparison":
        return material
    useful = balanced(material.usefulness, material.sides, material.comparing)
    return replace(material, usefulness=useful, sides=() if material.comparing else material.sides)


def _chosen(material: Composition) -> Collection[int]:
    """The positions of the units that an answer is composed of."""
    chosen = _Selection(material)
    if material.lead is not None:
        chosen.add(material.lead)
    for place in filter(material.is_shown, material.served.places):
        chosen.add(place)
    # The units of an overview are weighed by their places alone: what its draft points to tells more.
    for place in material.pointed if material.form == "overview" else ():
        if not chosen.places or chosen.novelty(place) >= _LEAST_NEW:
            chosen.add(place)
    # The sides of a comparison take turns. Elsewhere the most useful unit comes in, however long it is.
    most = max(chosen.left, key=lambda place: (material.usefulness[place], -place), default=None)
    if most is not None and material.usefulness[most] >= _LEAST_USEFUL and not material.sides and not chosen.is_full:
        chosen.add(most)
    if most is not None and material.form == "list" and _is_the_list(material, most):
        return chosen.places
    while not chosen.is_full and (best := _best(material, chosen)) is not None:
        chosen.add(best)
    return chosen.places


def possible_leads(material: Composition) -> list[int]:
    """The positions of the units that an answer can begin with, whatever else it has; none where it has no lead.

    What is from another document than the named one, or defines another term, is none while there are others.
    """
    if not has_lead(material.form) or material.table:
        return []
    places = [
        place
        for place, unit in enumerate(material.units)
        if material.is_shown(place)
        and stands_alone(unit)
        and material.usefulness[place] >= _LEAST_USEFUL
        and material.length_of([place]) <= _LONGEST_LEAD
    ]
    fitness = {place: material.fitness[place] if material.fitness else 1.0 for place in places}
    most = max(fitness.values(), default=1.0)
    return [place for place in places if fitness[place] == most]


def beginning_of_list(material: Composition) -> int | None:
    """The position of the introduction, or else of the first item, of the list that a draft follows from its beginning.

    None where it follows none, or where that is not shown whole.
    """
    block = followed_list(material.pointers, material.units) if material.form in WHOLE_LISTS else None
    if block is None or material.table:
        return None
    first = next(place for place, unit in enumerate(material.units) if unit.block == block)
    return introductions_of(material.units).get(block, first)


def announcing_lead(material: Composition) -> int | None:
    """The position of the introduction of the announced list, with which an answer begins; None where there is none."""
    if material.announced is None or material.table or material.form == "parts" or not has_lead(material.form):
        return None
    return introductions_of(material.units).get(material.announced)


def opening_of(material: Composition, lead: int, leads: Collection[int]) -> int:
    """The position of the unit that an answer begins with: the first useful one of the paragraph of its direct answer.

    "The weeks can be split into three parts" follows "Each parent has 20 weeks of leave".

    Args:
        material: of the answer.
        lead: position of the direct answer.
        leads: positions of the units that it can begin with.
    """
    least = _AS_USEFUL * material.usefulness[lead]
    opening = lead
    for one in range(lead - 1, max(-1, lead - 1 - _PARAGRAPH), -1):
        if not _goes_on(material.units[one], material.units[one + 1]):
            break
        opening = one if one in leads and material.usefulness[one] >= least else opening
    return opening


def _goes_on(unit: Unit, following: Unit) -> bool:
    """True for two units of one section with no blank line between them, unless a page ends there."""
    if section_of(unit) != section_of(following):
        return False
    between = unit.evidence.page.text[unit.span.end : following.span.start]
    return unit.span.page != following.span.page or _BLANK_LINE not in between


class _Selection:
    """The units that are chosen so far, within the words of the form."""

    def __init__(self, material: Composition) -> None:
        self._material = material
        is_comparison = material.form == "comparison"
        groups = [unit.place[0] if is_comparison else None for unit in material.units]
        self._novelty = Novelty([unit.text for unit in material.units], groups)
        self._left = set(filter(material.is_shown, range(len(material.units))))
        self._side = 0
        self._pointed_in_block = Counter(material.units[place].block for place in material.pointed)
        self.places: set[int] = set()
        self._words = 0
        self._most_words = _EXCESS * material.words

    @property
    def is_full(self) -> bool:
        """True where the answer has the words of its form."""
        return self._words >= self._material.words

    def next_turn(self) -> Collection[int]:
        """The positions of the units that can be chosen yet; of a comparison, those of the side whose turn is next."""
        sides = self._material.sides
        for _ in sides:
            self._side = (self._side + 1) % (len(sides) + 1)
            # What is of neither side may compare both.
            own = sides[self._side] if self._side < len(sides) else self._left.difference(*sides)
            if found := self._left.intersection(own):
                return found
        return self._left

    @property
    def left(self) -> Collection[int]:
        """The positions of the units that can be chosen yet."""
        return self._left

    def novelty(self, place: int) -> float:
        """The share of a unit that the chosen ones do not say, 0..1."""
        return self._novelty.of(place)

    def add(self, place: int) -> None:
        """Chooses a unit if there is room for it: with its whole list if there is room for that."""
        self._left.discard(place)
        if place in self.places:
            return
        for group in ([other for other in self._group(place) if other not in self.places], [place]):
            count = self._material.length_of(group)
            most = self._words + _LIST_WORDS if self._is_asked_for(group) else self._most_words
            if not self.places or self._words + count <= most:
                self.places |= set(group)
                self._left -= set(group)
                self._novelty.say(group)
                self._words += count
                return

    def _is_asked_for(self, group: Sequence[int]) -> bool:
        """True for the first list, where all of it is asked for: as useful as what it follows, or half of that."""
        material = self._material
        if material.form not in WHOLE_LISTS or len(group) < FEWEST_ITEMS:
            return False
        listed = any(material.units[place].block is not None for place in self.places)
        return not listed and 2 * self._mean_use(group) >= self._mean_use(self.places)

    def _mean_use(self, places: Collection[int]) -> float:
        return sum(self._material.usefulness[place] for place in places) / max(1, len(places))

    def _group(self, place: int) -> list[int]:
        unit, form = self._material.units[place], self._material.form
        if form == "overview":
            return [place]
        if unit.row:
            # A row answers by itself, but where a table is asked for, or a list that all rows are useful in.
            is_list = form == "list" and 2 * self._mean_use(self._material.block(place)) >= self._mean_use([place])
            is_whole = form == "table" or is_list
        else:
            # An agenda is not as useful as the item that names the person asked for.
            is_useful = self._mean_use(self._material.block(place)) >= _LEAST_LISTED
            is_served = place in self._material.served.places and form == "parts" and is_useful
            is_pointed = self._pointed_in_block[unit.block] > 1 and form != "comparison"
            is_announced = unit.block is not None and unit.block == self._material.announced
            is_whole = form in WHOLE_LISTS or is_served or is_pointed or is_announced
        return self._material.block(place) if unit.block is not None and is_whole else [place]


def _is_the_list(material: Composition, place: int) -> bool:
    """True for a sentence that enumerates what was asked for: no other unit is half as useful."""
    useful = material.usefulness
    others = [useful[other] for other in range(len(useful)) if other != place and material.is_shown(other)]
    return enumerates(material.units[place].text) and max(others, default=0.0) < _BESIDE_LIST * useful[place]


def _best(material: Composition, chosen: _Selection) -> int | None:
    """The unit that adds most per word to those that are chosen; None where none of those left adds enough."""

    def gain(place: int) -> float:
        return material.usefulness[place] * (chosen.novelty(place) if chosen.places else 1.0)

    power = _LENGTH_POWER_OF_OVERVIEW if material.form == "overview" else _LENGTH_POWER

    def use(place: int) -> float:
        return gain(place) / math.pow(max(1, material.length_of([place])), power)

    share = _LEAST_BESIDE_LIST if material.form in WHOLE_LISTS else _LEAST_OF_BEST
    least = max([_LEAST_USEFUL, *(share * material.usefulness[place] for place in chosen.places)])
    for left in (chosen.next_turn(), chosen.left):
        useful = [place for place in left if gain(place) >= least or not chosen.places]
        if useful:
            return max(useful, key=lambda place: (use(place), -place))
    return None
