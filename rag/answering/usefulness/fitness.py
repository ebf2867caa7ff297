"""Fitness of units: how far each can be about what was asked, by rules, whatever the draft says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.usefulness.boilerplate import is_about_itself, is_boilerplate
from rag.answering.usefulness.coverage import coverage_of_documents
from rag.answering.usefulness.definitions import defines_another
from rag.answering.usefulness.name_conflicts import asked_names, more_specific, names_another
from rag.answering.usefulness.opposition import opposing
from rag.domain.values import Hit
from rag.text.words import words

# What is in another document than the one that the question names.
_ELSEWHERE: Final = 0.7
# The same where another document is named far better: match of its name from which on, and as a share of that.
_BARELY_NAMED: Final = 0.4
_NAMED, _FAR_LESS = 0.5, 0.5
# What is in a document that has none of the question's words, which another one has: it may have others for the same.
_NOT_COVERED: Final = 0.4
# What is outside of the section whose heading the question has.
_OUTSIDE: Final = 0.5
# The definition of another term than those of the question, disclaimers, and what a document says of itself.
_OFF_TOPIC: Final = 0.3


def fitness_of(
    question: str, units: Sequence[Unit], hits: Sequence[Hit], named: Collection[str], outside: Collection[int]
) -> list[float]:
    """Factors of the usefulness of units, 0..1.

    0 for units that say the opposite of what was asked, or speak of another one; less than 1 for those of other
    documents or sections than the question names, of documents that have fewer of its words than another, for
    definitions of other terms, disclaimers, and what a document says of itself.

    Args:
        question: on its own.
        units: of the evidence, in reading order.
        hits: of the search.
        named: ids of the documents that the question names; none where it names none.
        outside: positions of the units outside of the section that the question names.
    """
    contrary = opposing(question, units) | more_specific(question, units)
    asked, asked_words = asked_names(question), frozenset(words(question))
    of_document = _factors_of_documents(question, units, hits, named)
    found = []
    was_off_topic = False
    for place, unit in enumerate(units):
        is_contrary = place in contrary or names_another(unit.text, asked)
        is_off_topic = any(test(unit.text, asked_words) for test in (defines_another, is_boilerplate, is_about_itself))
        # "It does not assume ..." goes on with "This manual is for keepers".
        is_off_topic |= was_off_topic and unit.refers_back
        was_off_topic = is_off_topic
        factor = 0.0 if is_contrary else _OFF_TOPIC if is_off_topic else 1.0
        found.append(factor * of_document[unit.place[0]] * (_OUTSIDE if place in outside else 1.0))
    return found


def _factors_of_documents(
    question: str, units: Sequence[Unit], hits: Sequence[Hit], named: Collection[str]
) -> dict[str, float]:
    """Factors, 0..1, of the units of each document by its id: is it the one that is named, has it the question's words.

    Arguments as those of :func:`fitness_of`.
    """
    covered, barely_named = coverage_of_documents(question, units), _barely_named(hits)
    factors = {
        one: (_ELSEWHERE if named and one not in named else 1.0) * (_BARELY_NAMED if one in barely_named else 1.0)
        for one in covered
    }
    # Where all are other documents than the best named one, none is worse for that.
    most = max(factors.values(), default=1.0)
    return {one: factor / most * (_NOT_COVERED + (1 - _NOT_COVERED) * covered[one]) for one, factor in factors.items()}


def _barely_named(hits: Sequence[Hit]) -> frozenset[str]:
    """The ids of the documents that a question names far less well than another one: "PerksPlus" of three plans."""
    matches: dict[str, float] = {}
    for hit in hits:
        document = hit.passage.document.id
        matches[document] = max(hit.document_match, matches.get(document, 0.0))
    best = max(matches.values(), default=0.0)
    return frozenset(name for name, match in matches.items() if best >= _NAMED and match < _FAR_LESS * best)
