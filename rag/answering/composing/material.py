"""Material of a whole answer: the units of the evidence, how useful each is, and which of them can be shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.grounding import SUPPORTED, Support
from rag.answering.usefulness.model import UnitFeatures
from rag.answering.usefulness.pointers import Pointer
from rag.answering.usefulness.targets import Served
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
# Of a row, where a table was asked for: a row by itself says little to the reranker.
_LEAST_TABLE: Final = 0.03
_QUESTIONS: Final = re.compile(
    r"\b(?:questions|checklist)\b|\bwhat (?:should|can|could|do|shall) (?:I|we) ask\b", re.IGNORECASE
)
# Items of a list that is shown from its beginning.
MOST_ITEMS: Final = 40


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
        comparing: positions of the units of passages that compare the two sides.
        lead: position of the unit that the answer begins with; None where that is not settled yet.
        served: the units that answer the parts of the question, or the sides of a comparison.
        table: rows that a rule found for the question, which are shown in place of units.
        features: of each unit, which its usefulness was estimated from; none where it was not.
        fitness: the factor, 0..1, that each estimate was multiplied by; none where there is none.
        announced: number of the list whose introduction has the words of the question; it is shown whole.
    """

    question: str
    form: Form
    pointers: Sequence[Pointer]
    units: Sequence[Unit]
    usefulness: Sequence[float]
    length: Length = "normal"
    sides: Sequence[Collection[int]] = ()
    comparing: Collection[int] = ()
    lead: int | None = None
    served: Served = field(default_factory=Served)
    table: Sequence[Support] = ()
    features: Sequence[UnitFeatures] = ()
    fitness: Sequence[float] = ()
    announced: int | None = None

    @cached_property
    def asked_table(self) -> int | None:
        """The block of the table to show where one was asked for: the one with the most useful row; else None."""
        rows = [place for place, unit in enumerate(self.units) if unit.kind == "row"] if self.form == "table" else []
        best = max(rows, key=self.usefulness.__getitem__, default=None)
        return None if best is None or self.usefulness[best] < _LEAST_TABLE else self.units[best].block

    @cached_property
    def _asks_for_questions(self) -> bool:
        """True for "What questions should I ask?", which a list of questions answers."""
        return _QUESTIONS.search(self.question) is not None

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
        """True for a useful unit that can be shown by itself; of a table that was asked for, for its rows."""
        if not self.usefulness[place]:
            return False
        if (table := self.asked_table) is not None:
            return self.units[place].block == table
        if self.depends(place) and not self.has_antecedent(place):
            return False
        unit = self.units[place]
        is_asked_for = self._asks_for_questions and unit.kind in ("item", "step")
        return unit.is_statement or unit.is_telling_line or is_asked_for

    def depends(self, place: int) -> bool:
        """True for a sentence that cannot be understood without the one before it; an overview has none such."""
        return self.form != "overview" and self.units[place].kind == "sentence" and self.units[place].refers_back

    def has_antecedent(self, place: int) -> bool:
        """True where the unit before one that refers back, "This is ...", is a sentence that can be shown with it."""
        unit, other = self.units[place], self.units[max(0, place - 1)]
        return place > 0 and other.is_statement and other.kind == "sentence" and other.place[0] == unit.place[0]

    def length_of(self, places: Iterable[int]) -> int:
        """Words of some units."""
        return sum(len(self.units[place].text.split()) for place in places)

    def block(self, place: int) -> list[int]:
        """The positions of the list or table that a unit is in; of a long one its first items, unless it is later.

        The unit alone where it is in none.
        """
        block = self.units[place].block
        whole = [other for other, unit in enumerate(self.units) if unit.block == block] if block is not None else []
        shown = whole[:MOST_ITEMS]
        return shown if place in shown else [place]
