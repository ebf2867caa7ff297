"""Condensed evidence: the units of the passages that an answer most likely needs, as the model reads them.

Extractive compression of what retrieval found (RECOMP, Xu et al., 2023): a model on an ordinary processor reads some
30 to 60 tokens in a second, and most sentences of a passage have nothing to do with the question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final

from rag.answering.composing.arrangement import WHOLE_LISTS
from rag.answering.evidence.selection import heading_line
from rag.answering.evidence.units import Unit
from rag.answering.usefulness.opposition import introductions_of
from rag.domain.values import Form

CountTokens = Callable[[str], int]
# What belongs together under one heading of one document.
_Section = tuple[str, tuple[str, ...]]
# Tokens for what separates two units.
_SEPARATOR: Final = 1


def condensed(
    units: Sequence[Unit], usefulness: Sequence[float], form: Form, tokens: int, count_tokens: CountTokens
) -> list[str]:
    """The most useful units that fit, in reading order: one text for those that follow each other under one heading.

    A list that is asked for comes whole if there is room, and an item or a sentence with what it refers to.

    Args:
        units: in reading order, the documents by their best passage.
        usefulness: the probability, 0..1, that each belongs to the answer; one of 0 is left out.
        form: of the answer.
        tokens: most of all texts together, with their headings.
        count_tokens: of the model that reads them.
    """
    packed = _Packed(units, form, tokens, count_tokens)
    costs = packed.costs
    by_use = sorted(range(len(units)), key=lambda place: (-usefulness[place] / math.sqrt(costs[place]), place))
    for place in by_use:
        if usefulness[place] > 0:
            packed.add(place)
    return list(packed.texts())


class _Packed:
    """The units that are chosen so far, within a number of tokens."""

    def __init__(self, units: Sequence[Unit], form: Form, tokens: int, count_tokens: CountTokens) -> None:
        self._units = units
        self._form = form
        self._count = count_tokens
        self._left = tokens
        self._introductions = introductions_of(units)
        self._chosen: set[int] = set()
        self._sections: set[_Section] = set()

    @cached_property
    def costs(self) -> list[int]:
        """Tokens of each unit."""
        return [self._count(_written(unit)) + _SEPARATOR for unit in self._units]

    def add(self, place: int) -> None:
        """Chooses a unit with what belongs to it, if there is room for that."""
        if place in self._chosen:
            return
        for group in self._groups(place):
            sections = {_section(self._units[other]): other for other in group}
            new = {section: other for section, other in sections.items() if section not in self._sections}
            heads = sum(self._count(heading_line(self._units[other].evidence.hit.passage)) for other in new.values())
            cost = heads + sum(self.costs[other] for other in group)
            if cost <= self._left:
                self._left -= cost
                self._chosen |= group
                self._sections |= new.keys()
                return

    def _groups(self, place: int) -> Iterator[set[int]]:
        """What a unit is chosen with, at best and at least, less what is chosen already."""
        unit = self._units[place]
        least = {place}
        if unit.block in self._introductions:
            least.add(self._introductions[unit.block])
        before = self._units[place - 1] if place else None
        if before and unit.refers_back and before.place[0] == unit.place[0]:
            least.add(place - 1)
        if unit.block is not None and self._form in WHOLE_LISTS:
            block = {other for other, one in enumerate(self._units) if one.block == unit.block}
            yield (block | least) - self._chosen
        yield least - self._chosen

    def texts(self) -> Iterator[str]:
        """The chosen units as they are written, under the headings of their passages."""
        text, before = "", -1
        for place in sorted(self._chosen):
            unit = self._units[place]
            if before >= 0 and _section(unit) == _section(self._units[before]):
                is_prose = before == place - 1 and unit.kind == self._units[before].kind == "sentence"
                text += f"{' ' if is_prose else chr(10)}{_written(unit)}"
            else:
                if text:
                    yield text
                text = heading_line(unit.evidence.hit.passage) + _written(unit)
            before = place
        if text:
            yield text


def _section(unit: Unit) -> _Section:
    return unit.place[0], unit.headings[-1:]


def _written(unit: Unit) -> str:
    """A unit as its page has it, with its mark in a list; a row, and what a page break tears, in one line."""
    return unit.text if unit.row or unit.rest else unit.evidence.page.text[unit.span.start : unit.span.end]
