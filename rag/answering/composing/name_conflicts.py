"""Name conflicts: text about another member of a family of names than the one that was asked for.

"Bittern 9" and "Bittern 6", or "Northwind Health Plus" and "Northwind Standard", are described in almost one wording.
A sentence that names only the other one answers another question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

# A capitalised word, and the capitalised word or the number that tells it from its relatives.
_MEMBER: Final = re.compile(r"\b([A-Z][a-zà-ÿ]{2,}+)[ \-‑](?=([A-Z][\w]*+|\d[\w.]*+))")


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


def _members(text: str) -> Iterator[tuple[str, str]]:
    for match in _MEMBER.finditer(text):
        yield match[1].casefold(), match[2].casefold().rstrip(".")
