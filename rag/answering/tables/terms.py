"""Terms of tables and questions: words, codes and numbers in comparable form.

Codes are kept whole between punctuation ("Q3", "4S", "gpt2"), so that a model and its variant differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from rag.answering.tables.vocabulary import ENDINGS, SAME
from rag.text.dates import with_quarters
from rag.text.words import light_stem

MOST_TERMS: Final = 2_000
_WORD: Final = re.compile(r"(?<![^\W_])\d{1,18}(?:[.,]\d{1,18}){1,6}(?![^\W_])|[^\W_]{1,60}(?:['’]s\b)?")
_SIGNS: Final = (
    ("€", " euro "),
    ("$", " dollar "),
    ("£", " pound "),
    ("%", " percent "),
    ("°C", " celsius "),
    ("#", " number "),
)
_SHORTEST: Final = 4
# Words that are no plurals.
_KEPT: Final = frozenset(["news"])


class Term(NamedTuple):
    """A word of a text.

    Attributes:
        stem: its comparable form; "" for a word without content.
        text: as it is written.
        start, end: offsets in the text that was split, in which signs were replaced by words.
    """

    stem: str
    text: str
    start: int
    end: int

    @property
    def is_code(self) -> bool:
        """True if it has a digit."""
        return any(character.isdigit() for character in self.text)


def terms_of(text: str) -> Iterator[Term]:
    """The words of a text, in order, those without content too; at most :data:`MOST_TERMS`."""
    for _, match in zip(range(MOST_TERMS), _WORD.finditer(text), strict=False):
        yield Term(stem(match[0]), match[0], match.start(), match.end())


def with_words(text: str) -> str:
    """The text with words for signs, and quarters as Q1 to Q4."""
    for sign, word in _SIGNS:
        text = text.replace(sign, word)
    return with_quarters(text)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The comparable form of a word; "" for a stop word."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if word in _KEPT:
        return word
    if word.isalpha() or (word[0].isdigit() and not any(map(str.isalpha, word))):
        found = light_stem(word)
        return SAME.get(found, found)
    return word


def stems_of(text: str) -> list[str]:
    """The content words of a cell, in order."""
    return [term.stem for term in terms_of(with_words(text)) if term.stem]


def joined_stems(text: str) -> Iterator[str]:
    """Words that a line break may have torn in two: each pair of neighbours as one word."""
    words = [term.text for term in terms_of(text) if term.text.isalpha()]
    for left, right in pairwise(words[:100]):
        if right[0].islower():
            yield stem(left + right)


def are_forms(one: str, other: str) -> bool:
    """True if two stems are forms of one word, such as "storag" and "stor"."""
    if one == other:
        return True
    if not (one.isalpha() and other.isalpha()) or min(len(one), len(other)) < _SHORTEST:
        return False
    common = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        common += 1
    return common >= _SHORTEST and one[common:] in ENDINGS and other[common:] in ENDINGS
