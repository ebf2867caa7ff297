"""Composition of a whole answer from the units of the evidence, by the probability that each belongs to it.

What is shown is the documents' own wording: nothing in it needs to be believed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Final

from rag.answering.composing.comparison import labelled, labels_of
from rag.answering.composing.novelty import Novelty
from rag.answering.composing.pointers import Pointer
from rag.answering.composing.table_view import rows_as_support
from rag.answering.composing.usefulness import UnitFeatures
from rag.answering.evidence.units import Unit
from rag.answering.grounding import SUPPORTED, Support
from rag.domain.values import Form, Length

# Words that an answer of a form is filled up to.
_WORDS: Final[dict[Form, int]] = {
    "how_to": 75,
    "list": 60,
    "explain": 70,
    "about": 75,
    "comparison": 90,
    "parts": 70,
    "table": 60,
    "overview": 90,
    "keyword": 45,
}
_DEFAULT_WORDS: Final = 75
_FACTOR: Final[dict[Length, float]] = {"short": 0.4, "normal": 1.0, "full": 2.0}
# Where a list, or a sentence that the draft points to, may exceed them.
_EXCESS: Final = 1.4
# Words that a list may have where the question asks for all of it.
_LIST_WORDS: Final = 250
# Least probability of a unit that the draft points to, and of any other.
_LEAST_POINTED: Final = 0.1
_LEAST_USEFUL: Final = 0.12
# Of a row, where a table was asked for: a row by itself says little to the reranker.
_LEAST_TABLE: Final = 0.03
# Least share of a unit that the draft points to that is not said yet.
_LEAST_NEW: Final = 0.3
# Long units hold more facts, but cost more words: they are ranked by probability per word to this power.
_LENGTH_POWER: Final = 0.5
_MOST_ITEMS: Final = 40
_FEWEST_ITEMS: Final = 2
_FEWEST_SENTENCES: Final = 4
# Forms of which a list is shown whole as soon as one of its items is shown.
_WHOLE_LISTS: Final[frozenset[Form]] = frozenset({"how_to", "list", "table"})
_WHOLE_TABLES: Final[frozenset[Form]] = frozenset({"list", "table"})
# Forms that begin with the unit that answers best, rather than with the first one in the document.
_DIRECT: Final[frozenset[Form]] = frozenset({"explain", "about", "parts", "keyword"})
# "It ...", "These ...": a sentence that cannot be understood without the one before it.
_ANAPHOR: Final = re.compile(
    r"(?:It|Its|They|Their|This|These|That|Those|He|She|His|Her|Such|Both|Here|There|However|Therefore|Otherwise|Also|"
    r"In addition|Additionally|Then|If so|In this case|But|And|Or|So|Thus|Finally|For instance|For example)\b"
)


@dataclass(frozen=True)
class Composition:
    """The material of an answer.

    Attributes:
        question: as it was put to the model.
        form: of the answer.
        pointers: the statements of the draft, in order.
        units: of the evidence, in reading order.
        usefulness: the probability, 0..1, that each unit belongs to the answer.
        length: that was asked for.
        sides: positions of the units of each side of a comparison; they take turns.
        lead: position of the unit that the answer begins with; None where that is not settled yet.
        served: positions of the units that answer the parts of the question, or the sides of a comparison.
        table: rows that a rule found for the question, which are shown in place of units.
        features: of each unit, which its usefulness was estimated from; none where it was not.
    """

    question: str
    form: Form
    pointers: Sequence[Pointer]
    units: Sequence[Unit]
    usefulness: Sequence[float]
    length: Length = "normal"
    sides: Sequence[Collection[int]] = ()
    lead: int | None = None
    served: Sequence[int] = ()
    table: Sequence[Support] = ()
    features: Sequence[UnitFeatures] = ()

    @cached_property
    def asked_table(self) -> int | None:
        """The block of the table to show where one was asked for: the one with the most useful row; else None."""
        rows = [place for place, unit in enumerate(self.units) if unit.kind == "row"] if self.form == "table" else []
        best = max(rows, key=self.usefulness.__getitem__, default=None)
        return None if best is None or self.usefulness[best] < _LEAST_TABLE else self.units[best].block

    @cached_property
    def has_sentences(self) -> bool:
        """True where there are enough sentences for an overview, in which items and rows are out of place."""
        return sum(unit.kind == "sentence" and unit.is_statement for unit in self.units) >= _FEWEST_SENTENCES

    @property
    def words(self) -> int:
        """Words that the answer is filled up to."""
        return round(_WORDS.get(self.form, _DEFAULT_WORDS) * _FACTOR[self.length])

    @property
    def pointed(self) -> list[int]:
        """The positions of the units that the supported statements of the draft point to, the most useful first."""
        found = {place for pointer in self.pointers if pointer.share >= SUPPORTED for place in pointer.units}
        return sorted(filter(self.is_shown, found), key=lambda place: (-self.usefulness[place], place))

    def is_shown(self, place: int) -> bool:
        """True for a unit that can be shown by itself; where a table was asked for and there is one, for its rows."""
        if (table := self.asked_table) is not None:
            return self.units[place].block == table
        if self.form == "overview" and self.has_sentences:
            return self.units[place].kind == "sentence" and self.units[place].is_statement
        return self.units[place].kind == "line" or self.units[place].is_statement

    def length_of(self, places: Iterable[int]) -> int:
        """Words of some units."""
        return sum(len(self.units[place].text.split()) for place in places)

    def block(self, place: int) -> list[int]:
        """The positions of the list or table that a unit is in; of a long one its first items, unless it is later.

        The unit alone where it is in none.
        """
        block = self.units[place].block
        whole = [other for other, unit in enumerate(self.units) if unit.block == block] if block is not None else []
        shown = whole[:_MOST_ITEMS]
        return shown if place in shown else [place]


def compose(material: Composition) -> list[Support]:
    """The sentences of an answer in the order in which they are shown, each with its support; empty for no unit."""
    if material.table:
        return list(material.table)
    chosen = _Selection(material)
    if material.lead is not None:
        chosen.add(material.lead)
    for place in filter(material.is_shown, material.served):
        chosen.add(place)
    # The sides of a comparison take turns.
    for place in () if material.sides else material.pointed:
        is_new = not chosen.places or chosen.novelty(place) >= _LEAST_NEW
        if material.usefulness[place] >= _LEAST_POINTED and is_new:
            chosen.add(place)
    while not chosen.is_full and (best := _best(material, chosen)) is not None:
        chosen.add(best)
    places = chosen.places | _antecedents(material, chosen.places) | _introductions(material, chosen.places)
    return _supports(material, _in_order(material, places))


def has_lead(form: Form) -> bool:
    """True for a form whose answers begin with the unit that answers best."""
    return form in _DIRECT


def lead_of(material: Composition) -> int | None:
    """The position of the unit that an answer can begin with, whatever else it will have; None for none."""
    places = [
        place
        for place, unit in enumerate(material.units)
        if material.is_shown(place) and _stands_alone(unit) and material.usefulness[place] >= _LEAST_USEFUL
    ]
    if not has_lead(material.form) or material.table or not places:
        return None
    return max(places, key=material.usefulness.__getitem__)


def note_on_lists(material: Composition, shown: Sequence[Support]) -> str | None:
    """A sentence for people that says that a list is not all there, or may not be; None where it is.

    Args:
        material: of the answer.
        shown: its sentences.
    """
    if material.form not in _WHOLE_LISTS or material.table:
        return None
    places = {(quote.evidence.hit.passage.document.id, quote.span) for item in shown for quote in item.quotes}
    sizes = Counter(unit.block for unit in material.units if unit.block is not None)
    counts = Counter(unit.block for unit in material.units if unit.block is not None and unit.place in places)
    for block, count in counts.items():
        if _FEWEST_ITEMS <= count < sizes[block]:
            first = next(unit for unit in material.units if unit.block == block)
            what = "table" if first.row else "list"
            things = "rows" if first.row else "items"
            return f"The {what} on page {first.span.page} has {sizes[block]} {things}; {count} of them are shown."
    has_whole = any(count == sizes[block] and count >= _FEWEST_ITEMS for block, count in counts.items())
    return None if has_whole or material.form != "list" else "The documents may name more."


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
        if material.form not in _WHOLE_LISTS or len(group) < _FEWEST_ITEMS:
            return False
        listed = any(material.units[place].block is not None for place in self.places)
        return not listed and 2 * self._mean_use(group) >= self._mean_use(self.places)

    def _mean_use(self, places: Collection[int]) -> float:
        return sum(self._material.usefulness[place] for place in places) / max(1, len(places))

    def _group(self, place: int) -> list[int]:
        unit, form = self._material.units[place], self._material.form
        if unit.row:
            # A row answers by itself, but for a question that asks for a table or a list.
            is_whole = form in _WHOLE_TABLES
        else:
            is_whole = form in _WHOLE_LISTS or (self._pointed_in_block[unit.block] > 1 and form != "comparison")
        return self._material.block(place) if unit.block is not None and is_whole else [place]


def _best(material: Composition, chosen: _Selection) -> int | None:
    """The unit that adds most per word to those that are chosen; None where none of those left adds enough."""

    def gain(place: int) -> float:
        return material.usefulness[place] * (chosen.novelty(place) if chosen.places else 1.0)

    def use(place: int) -> float:
        return gain(place) / math.pow(max(1, material.length_of([place])), _LENGTH_POWER)

    for left in (chosen.next_turn(), chosen.left):
        useful = [place for place in left if gain(place) >= _LEAST_USEFUL or not chosen.places]
        if useful:
            return max(useful, key=lambda place: (use(place), -place))
    return None


def _antecedents(material: Composition, chosen: Iterable[int]) -> set[int]:
    """The sentences in front of those that begin with "It" or "These", where they are not chosen themselves."""
    found = set()
    for place in chosen:
        unit, other = material.units[place], material.units[max(0, place - 1)]
        depends = place and unit.kind == "sentence" and _ANAPHOR.match(unit.text)
        if depends and other.is_statement and other.kind == "sentence" and other.place[0] == unit.place[0]:
            found.add(place - 1)
    return found


def _introductions(material: Composition, chosen: Collection[int]) -> set[int]:
    """The sentences that end with a colon in front of the lists of which two items are chosen."""
    counts = Counter(material.units[place].block for place in chosen)
    firsts: dict[int, int] = {}
    for place, unit in enumerate(material.units):
        if unit.block is not None and counts[unit.block] > 1:
            firsts.setdefault(unit.block, place)
    return {
        first - 1
        for first in firsts.values()
        if first and material.units[first - 1].kind != "line" and material.units[first - 1].text.endswith(":")
    }


def _in_order(material: Composition, places: Iterable[int]) -> list[int]:
    """The positions in reading order, the documents by their most useful unit; the direct answer first of all."""
    places = sorted(places)
    best: dict[str, float] = {}
    for place in places:
        document = material.units[place].place[0]
        best[document] = max(best.get(document, 0.0), material.usefulness[place])
    ordered = sorted(places, key=lambda place: (-best[material.units[place].place[0]], place))
    lead = material.lead
    if lead is None:
        lead = max(ordered, key=lambda place: material.usefulness[place], default=None)
    if lead is not None and has_lead(material.form) and _stands_alone(material.units[lead]):
        return [lead, *(place for place in ordered if place != lead)]
    return ordered


def _stands_alone(unit: Unit) -> bool:
    return unit.kind == "sentence" and not _ANAPHOR.match(unit.text)


def _supports(material: Composition, places: Sequence[int]) -> list[Support]:
    """The units as sentences; rows of one table follow its head. In a comparison each document's are labelled."""
    units = [material.units[place] for place in places]
    labels = labels_of(units) if material.form == "comparison" else {}
    supports: list[Support] = []
    for _, group in groupby(units, key=lambda unit: (unit.block, unit.kind) if unit.kind == "row" else unit.place):
        members = list(group)
        shown = rows_as_support(material.question, members) if members[0].row else [_support(members[0])]
        supports += labelled(shown, supports, labels) if labels else shown
    if supports and supports[0].kind == "detail":
        supports[0] = replace(supports[0], kind="lead")
    return supports


def _support(unit: Unit) -> Support:
    """A unit as a sentence; the introduction of a list leads it, so that its steps are numbered from 1."""
    return unit.support("lead" if unit.kind == "sentence" and unit.text.endswith(":") else None)
