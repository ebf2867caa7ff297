"""Antonyms: comparatives, directions and other opposites, as :data:`.lexicon.ANTONYMS` has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from rag.answering.claims.language.lexicon import ANTONYMS, EXACT
from rag.answering.claims.language.tokens import root, stem


def form(word: str) -> str:
    """The form of a word in which it has opposites: its stem, or itself where only this form has."""
    found = stem(word)
    return word.casefold() if word.casefold() in EXACT or found in EXACT else found


def _table(of: Callable[[str], str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pair in ANTONYMS:
        one, other = map(of, pair.split(":"))
        found[one].add(other)
        found[other].add(one)
    return {word: frozenset(others - {word}) for word, others in found.items()}


_BY_FORM: Final = _table(form)
_BY_ROOT: Final = _table(root)


def opposites_of(word: str) -> frozenset[str]:
    """The forms of a word's opposites; empty where it has none."""
    return _BY_FORM.get(form(word), frozenset())


def opposite_roots(key: str) -> frozenset[str]:
    """The roots of the opposites of a root."""
    return _BY_ROOT.get(key, frozenset())
