"""Name conflicts: text about another member of a family of names than the one that was asked for.

"Bittern 9" and "Bittern 6", or "Northwind Health Plus" and "Northwind Standard", are described in almost one wording.
A sentence that names only the other one answers another question.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rag.answering.evidence.units import Unit
from rag.text.words import words

# A capitalised word, and the capitalised word or the number that tells it from its relatives.
_MEMBER: Final = re.compile(r"\b([A-Z][a-zà-ÿ]{2,}+)[ \-‑](?=([A-Z][\w]*+|\d[\w.]*+))")

_LONGEST_LABEL: Final = 5


def asked_names(question: str) -> Mapping[str, frozenset[str]]:
    """The family names of a question, each with the members that are asked for: "Bittern" with "6" and "9"."""
    found: dict[str, set[str]] = {}
    for family, member in _members(question):
        found.setdefault(family, set()).add(member)
    return {family: frozenset(members) for family, members in found.items()}


def names_another(text: str, asked: Mapping[str, frozenset[str]]) -> bool:
    """True if a text names members of a family that is asked for, and only others than those."""
    for family in asked:
        members = {member for name, member in _members(text) if name == family}
        if members and not members & asked[family]:
            return True
    return False


def more_specific(question: str, units: Sequence[Unit]) -> set[int]:
    """The positions of items and rows of something more specific than what is asked for and another item is of.

    Of "Archive: ..." and "Deep Archive: ..." in one document, the second is no answer to a question about Archive.
    """
    asked = frozenset(words(question))
    labels: dict[str, dict[int, frozenset[str]]] = defaultdict(dict)
    for place, unit in enumerate(units):
        if unit.block is not None and (label := frozenset(words(_label(unit)))):
            # A list may go on after a page break as another one.
            labels[unit.place[0]][place] = label
    found = set()
    for block in labels.values():
        asked_for = {label for label in block.values() if label <= asked}
        found |= {
            place
            for place, label in block.items()
            if label not in asked_for and any(other < label for other in asked_for)
        }
    return found


def _label(unit: Unit) -> str:
    """The name at the beginning of an item or a row; empty where there is none."""
    if unit.row is not None:
        return unit.row.cells[0] if unit.row.cells else ""
    name, colon, _ = unit.text.partition(":")
    return name if colon and len(name.split()) <= _LONGEST_LABEL else ""


def _members(text: str) -> Iterator[tuple[str, str]]:
    for match in _MEMBER.finditer(text):
        yield match[1].casefold(), match[2].casefold().rstrip(".")
