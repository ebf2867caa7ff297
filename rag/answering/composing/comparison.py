"""Sides of a comparison: the units of the evidence that are about each, and the labels that tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.grounding import Support
from rag.domain.values import Question
from rag.text.words import words

_SIDES: Final = 2


def sides_of(searches: Sequence[Question], units: Sequence[Unit], ids: Mapping[str, str]) -> list[frozenset[int]]:
    """The positions of the units of each side; none where the sides cannot be told apart.

    A side that is searched for in documents of its own has their units; else those with a word, in the unit or its
    heading, that only this side is called by.

    Args:
        searches: for the sides, and for the whole question after them.
        units: of the evidence.
        ids: the id of each document by its names.
    """
    sides = searches[:-1]
    if len(sides) != _SIDES:
        return []
    documents = [frozenset(ids[name] for name in side.documents) for side in sides]
    if all(documents) and not documents[0] & documents[1]:
        found = [frozenset(place for place, unit in enumerate(units) if unit.place[0] in own) for own in documents]
    else:
        one, other = (frozenset(words(side.text)) for side in sides)
        own = [frozenset(words(" ".join([*unit.headings[-1:], unit.text]))) for unit in units]
        found = [frozenset(place for place, has in enumerate(own) if has & only) for only in (one - other, other - one)]
    return found if all(found) else []


def labels_of(question: str, units: Sequence[Unit]) -> list[str]:
    """A label for each unit that tells to which side it belongs; empty where all would have the same.

    It is the title of the document, or its name where another one has the same title. Within one document it is the
    innermost of the headings that share most words with the question; empty where none does.
    """
    documents = {one.id: one for one in (unit.evidence.hit.passage.document for unit in units)}
    titles = Counter(one.title for one in documents.values())
    names = {id_: one.title if one.title and titles[one.title] == 1 else one.name for id_, one in documents.items()}
    asked = frozenset(words(question))
    labels = [names[unit.place[0]] if len(names) > 1 else _heading_of(asked, unit) for unit in units]
    return labels if len(set(labels)) > 1 else [""] * len(units)


def labelled(shown: Sequence[Support], label: str) -> list[Support]:
    """Sentences of which the first begins with a label; rows have none."""
    first, *others = shown
    if first.kind == "row" or not label:
        return list(shown)
    return [replace(first, sentence=f"{label}: {first.sentence}", kind="lead"), *others]


def _heading_of(asked: frozenset[str], unit: Unit) -> str:
    shared = {heading: len(asked.intersection(words(heading))) for heading in unit.headings}
    best = max(reversed(list(shared)), key=shared.__getitem__, default="")
    return best if shared.get(best) else ""
