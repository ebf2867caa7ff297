"""Sides of a comparison: the units of the evidence that are about each, and the labels that tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.grounding import Support
from rag.domain.values import Document, Question
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


def labels_of(units: Sequence[Unit]) -> dict[str, str]:
    """The title of each document by its id, or its name where another has the same title; empty for one document."""
    documents = {one.id: one for one in (unit.evidence.hit.passage.document for unit in units)}
    titles = Counter(one.title for one in documents.values())
    labels = {id_: one.title if one.title and titles[one.title] == 1 else one.name for id_, one in documents.items()}
    return labels if len(labels) > 1 else {}


def labelled(shown: Sequence[Support], before: Sequence[Support], labels: Mapping[str, str]) -> Iterable[Support]:
    """Sentences of a document; the first of them after another document begins with the document's label."""
    first, *others = shown
    document = _document(first)
    if first.kind == "row" or (before and _document(before[-1]).id == document.id):
        return shown
    return [replace(first, sentence=f"{labels[document.id]}: {first.sentence}", kind="lead"), *others]


def _document(support: Support) -> Document:
    return support.quotes[0].evidence.hit.passage.document
