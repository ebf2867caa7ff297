"""Sides of a comparison: the units about each, those that compare them, and labels that tell the sides apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.grounding import Support
from rag.domain.values import Hit, Question, in_context
from rag.text.words import words

_SIDES: Final = 2
# Sentences of a passage that name both sides, from which on it compares them.
_FEWEST_COMPARING: Final = 2
# Factor of the usefulness of units beside passages that compare the two sides.
_BESIDE: Final = 0.5


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
        own = [frozenset(words(" ".join([*unit.context[-1:], unit.text]))) for unit in units]
        found = [frozenset(place for place, has in enumerate(own) if has & only) for only in _only(sides)]
    return found if all(found) else []


def names_both(searches: Sequence[Question], hit: Hit) -> bool:
    """True for a passage with a word of each side, in its text or its headings, that only this side is called by.

    Args:
        searches: for the sides, and for the whole question after them; else no passage names both.
        hit: the passage.
    """
    has = frozenset(words(in_context(hit.passage.chunk.context, hit.passage.chunk.text)))
    return len(searches) == _SIDES + 1 and all(has & only for only in _only(searches[:-1]))


def comparing_units(searches: Sequence[Question], units: Sequence[Unit]) -> frozenset[int]:
    """The positions of the units of passages that compare the two sides: in which several sentences name both.

    A side is named by the rarest of the words that only it is called by: "Plus" of "Health Plus", not "health".
    """
    own = [frozenset(words(unit.text)) for unit in units]
    counts = Counter(word for has in own for word in has)
    only = _only(searches[:-1]) if len(searches) == _SIDES + 1 else ()
    names = {min(side & counts.keys(), key=lambda word: (counts[word], word), default="") for side in only}
    both = Counter(
        unit.evidence.hit.passage.row
        for unit, has in zip(units, own, strict=True)
        if unit.kind == "sentence" and names and names <= has
    )
    rows = {row for row, count in both.items() if count >= _FEWEST_COMPARING}
    return frozenset(place for place, unit in enumerate(units) if unit.evidence.hit.passage.row in rows)


def balanced(usefulness: Sequence[float], sides: Sequence[Collection[int]], comparing: Collection[int]) -> list[float]:
    """The usefulness of units with that of each side scaled so that their most useful ones are equal.

    A draft says more of one side than of the other. Where there are units that compare the sides, these are scaled in
    their place, and the others count for less.
    """
    found = [use * _BESIDE if comparing and place not in comparing else use for place, use in enumerate(usefulness)]
    most = max(usefulness, default=0.0)
    for group in [comparing] if comparing else sides:
        best = max((found[place] for place in group), default=0.0)
        for place in group if best else ():
            found[place] *= most / best
    return found


def _only(sides: Sequence[Question]) -> tuple[frozenset[str], frozenset[str]]:
    """The words that only the one side is called by, and those that only the other is."""
    one, other = (frozenset(words(side.text)) for side in sides)
    return one - other, other - one


def labels_of(question: str, units: Sequence[Unit]) -> list[str]:
    """A label for each unit that tells to which side it belongs; empty where all would have the same.

    It is the title of the document, or its name where another one has the same title. Within one document it is the
    innermost of the headings that share most words with the question; empty where none does.
    """
    documents = {one.id: one for one in (unit.evidence.hit.passage.document for unit in units)}
    # The first of these that no other document has.
    called = {id_: (one.title, _bare(one.name), one.name) for id_, one in documents.items()}
    counts = Counter(name for names in called.values() for name in set(names))
    names = {id_: next((one for one in own if one and counts[one] == 1), own[-1]) for id_, own in called.items()}
    asked = frozenset(words(question))
    labels = [names[unit.place[0]] if len(names) > 1 else _heading_of(asked, unit) for unit in units]
    return labels if len(set(labels)) > 1 else [""] * len(units)


def labelled(shown: Sequence[Support], label: str) -> list[Support]:
    """Sentences of which the first begins with a label; rows have none."""
    first, *others = shown
    if first.kind == "row" or not label:
        return list(shown)
    return [replace(first, sentence=f"{label}: {first.sentence}", kind="lead"), *others]


def _bare(name: str) -> str:
    """The name of a file for people: without its folders and its ending, the words apart."""
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", " ")


def _heading_of(asked: frozenset[str], unit: Unit) -> str:
    shared = {heading: len(asked.intersection(words(heading))) for heading in unit.headings}
    best = max(reversed(list(shared)), key=shared.__getitem__, default="")
    return best if shared.get(best) else ""
