"""Overview of a document or a section: the opening of each of its sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.usefulness.boilerplate import is_boilerplate
from rag.domain.values import Passage

# Usefulness of a sentence in an overview: the first one of a section, and any other.
_OPENING, _FURTHER = 0.5, 0.2
# What somebody tells of himself.
_PERSONAL: Final = re.compile(r"\b(?:I|me|my)\b")
_MOST_OPENINGS: Final = 40


def opening_passages(passages: Sequence[Passage]) -> list[Passage]:
    """The first passage of each section, spread evenly, then the others."""
    first = {passage.chunk.headings: passage.row for passage in reversed(passages)}
    opening = [passage for passage in passages if first[passage.chunk.headings] == passage.row]
    step = len(opening) / min(len(opening), _MOST_OPENINGS) if opening else 1.0
    chosen = [opening[int(n * step)] for n in range(min(len(opening), _MOST_OPENINGS))]
    rows = {passage.row for passage in chosen}
    return [*chosen, *(passage for passage in passages if passage.row not in rows)]


def opening_usefulness(units: Sequence[Unit]) -> Iterator[float]:
    """The usefulness of units in an overview: high for the first statement under each heading.

    None for disclaimers, and for what somebody tells of himself, as the chair does in a letter, unless most units do.
    """
    personal = [_PERSONAL.search(unit.text) is not None for unit in units]
    is_letter = 2 * sum(personal) > len(units)
    seen: set[tuple[str, ...]] = set()
    for unit, tells_of_himself in zip(units, personal, strict=True):
        if is_boilerplate(unit.text, ()) or (tells_of_himself and not is_letter):
            yield 0.0
            continue
        is_first = unit.is_statement and unit.kind == "sentence" and unit.headings not in seen
        if is_first:
            seen.add(unit.headings)
        yield _OPENING if is_first else _FURTHER
