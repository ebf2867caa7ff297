"""Composition of a whole answer: the units that the draft points to, completed by lists and by relevance.

What is shown is the documents' own wording. Only the direct answer in front may be the model's, where it is verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rag.answering.composing.pointers import Pointer
from rag.answering.evidence.units import Unit
from rag.answering.grounding import SUPPORTED, Support
from rag.domain.values import Form, Length

# Words that an answer of a form is filled up to, where the draft points to less; at most a half more is shown.
_WORDS: Final[dict[Form, int]] = {
    "how_to": 70,
    "list": 40,
    "explain": 80,
    "about": 90,
    "comparison": 100,
    "parts": 80,
    "table": 40,
    "overview": 100,
    "keyword": 40,
}
_DEFAULT_WORDS: Final = 80
_FACTOR: Final[dict[Length, float]] = {"short": 0.4, "normal": 1.0, "full": 2.0}
_EXCESS: Final = 1.5
# A unit is added only if its relevance is within so many logits of the best one's.
_NEAR_BEST: Final = 4.0
_MOST_ITEMS: Final = 30
# "It ...", "These ...": a sentence that cannot be understood without the one before it.
_ANAPHOR: Final = re.compile(
    r"(?:It|Its|They|Their|This|These|That|Those|He|She|His|Her|Such|Both|Here|There|However|Therefore|Otherwise|Also|"
    r"In addition|Additionally|Then|If so|In this case|But|And|Or|So)\b"
)


@dataclass(frozen=True, slots=True)
class Composition:
    """The material of an answer.

    Attributes:
        form: of the answer.
        pointers: the statements of the draft, in order.
        units: of the evidence, in reading order.
        relevance: a logit for each unit.
        length: that was asked for.
    """

    form: Form
    pointers: Sequence[Pointer]
    units: Sequence[Unit]
    relevance: Sequence[float]
    length: Length = "normal"

    @property
    def words(self) -> int:
        """Words that the answer is filled up to."""
        return round(_WORDS.get(self.form, _DEFAULT_WORDS) * _FACTOR[self.length])


def compose(material: Composition, lead: Support | None = None) -> list[Support]:
    """The sentences of an answer in the order in which they are shown, each with its support.

    Args:
        material: of the answer.
        lead: the verified direct answer, in the model's words; None where the answer begins with a unit.
    """
    pointed = _pointed(material)
    chosen = _with_lists(material, pointed)
    chosen = _filled(material, chosen)
    chosen |= _antecedents(material, chosen)
    supports = [material.units[position].support() for position in _in_order(material, chosen, pointed)]
    return _led(supports, lead)


def _pointed(material: Composition) -> list[int]:
    """The positions of the units that the supported statements of the draft point to, in the draft's order."""
    return list(
        dict.fromkeys(
            position
            for pointer in material.pointers
            if pointer.share >= SUPPORTED
            for position in pointer.units
            if material.units[position].kind == "line" or material.units[position].is_statement
        )
    )


def _with_lists(material: Composition, pointed: Sequence[int]) -> set[int]:
    """The pointed units, and the whole of each list that is asked for or that two of them are from."""
    chosen = set(pointed)
    blocks = [material.units[position].block for position in pointed]
    for block in {block for block in blocks if block is not None}:
        if material.form in ("how_to", "list") or blocks.count(block) > 1:
            chosen |= set(_block(material, block)[:_MOST_ITEMS])
    return chosen


def _block(material: Composition, block: int) -> list[int]:
    """The positions of a list's items, with the sentence that introduces it."""
    items = [position for position, unit in enumerate(material.units) if unit.block == block]
    above = items[0] - 1
    if above >= 0 and material.units[above].kind != "line" and material.units[above].text.endswith(":"):
        return [above, *items]
    return items


def _filled(material: Composition, chosen: set[int]) -> set[int]:
    """With the most relevant further units, up to the words of the form."""
    chosen = set(chosen)
    count = sum(_length(material, position) for position in chosen)
    best = max(material.relevance, default=0.0)
    for position in sorted(range(len(material.units)), key=lambda place: -material.relevance[place]):
        if count >= material.words or material.relevance[position] < best - _NEAR_BEST:
            break
        unit, length = material.units[position], _length(material, position)
        if position in chosen or not unit.is_statement or count + length > _EXCESS * material.words:
            continue
        chosen.add(position)
        count += length
    return chosen


def _antecedents(material: Composition, chosen: Iterable[int]) -> set[int]:
    """The sentences in front of those that begin with "It" or "These", where they are not chosen themselves."""
    found = set()
    for position in chosen:
        unit, before = material.units[position], position - 1
        if before >= 0 and unit.kind == "sentence" and _ANAPHOR.match(unit.text):
            other = material.units[before]
            if other.is_statement and other.kind == "sentence" and other.place[0] == unit.place[0]:
                found.add(before)
    return found


def _length(material: Composition, position: int) -> int:
    return len(material.units[position].text.split())


def _in_order(material: Composition, chosen: Iterable[int], pointed: Sequence[int]) -> list[int]:
    """The positions in reading order; the documents in the order in which the draft points to them."""
    documents = [material.units[position].place[0] for position in pointed]
    rank = {document: place for place, document in reversed(list(enumerate(documents)))}
    return sorted(chosen, key=lambda position: (rank.get(material.units[position].place[0], len(rank)), position))


def _led(supports: list[Support], lead: Support | None) -> list[Support]:
    """The supports with a lead in front: the one given, or the first sentence."""
    if lead:
        return [replace(lead, kind="lead"), *(one for one in supports if one.sentence != lead.sentence)]
    if supports and supports[0].kind == "detail":
        return [replace(supports[0], kind="lead"), *supports[1:]]
    return supports
