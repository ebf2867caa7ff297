"""Proper names by rules for English: capitalised words within a text, with the nouns that belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.query.english.cues import ASKING, AUXILIARY
from rag.query.english.nouns import DETERMINERS, PREPOSITIONS
from rag.text.words import STOPWORDS

_TOKEN: Final = re.compile(r"[^\s,;:?!()\"“”]+")
_CAPITAL: Final = re.compile(r"[^\W\d_a-zß-öø-ÿ]")
_NUMBER: Final = re.compile(r"\d[\w.-]*$")
_NO_NAME: Final = frozenset(
    "i i'm i've i'd i'll ok please hi hello hey thanks list name give tell show explain describe compare summarise "
    "summarize make create write find define state provide according under since after before during although "
    "while".split()
)
_QUESTION_WORD: Final = re.compile(rf"(?:{ASKING}|{AUXILIARY})(?:'\w+)?$")
_MOST_NOUNS_AFTER: Final = 3
# Verbs of questions that may come after a name: "What does the Tarn lease say?".
_VERBS: Final = frozenset(
    "say state cover offer provide have cost pay mean work mention require include contain do make give get need use "
    "take differ compare apply start begin end tell allow happen come go sell buy carry run last look know think want "
    "see find own keep become handle deal define describe explain list show suggest recommend prove measure "
    "report".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name in a text.

    Attributes:
        start, end: offsets of the capitalised words alone, and of the numbers after them.
        phrase: the name with its article and the nouns after it, "the Tarn lease"; without an article the name alone.
            Without a possessive "'s".
        phrase_end: offset at which the phrase ends.
    """

    start: int
    end: int
    phrase: str
    phrase_end: int


def find_names(text: str) -> list[Name]:
    """The proper names of a text, in order.

    The first word of a sentence counts where it has more capitals or digits within it, or where another name follows.
    """
    return list(_found(text))


# The parts of one question are read several times.
@lru_cache(maxsize=32)
def _found(text: str) -> tuple[Name, ...]:
    tokens = [(match.group().rstrip(".'"), match.start()) for match in _TOKEN.finditer(text)]
    return tuple(_names(text, tokens))


def _names(text: str, tokens: list[tuple[str, int]]) -> Iterator[Name]:
    position = 0
    while position < len(tokens):
        first = position
        while position < len(tokens) and _belongs(text, tokens, position, first):
            position += 1
        if position == first:
            position += 1
            continue
        if position - first == 1 and _opens_sentence(text, tokens, first) and not _is_striking(tokens[first][0]):
            continue
        yield _name(text, tokens, first, position)


def _belongs(text: str, tokens: list[tuple[str, int]], position: int, first: int) -> bool:
    """True if a token continues the name that begins at ``first``, or begins one."""
    word = tokens[position][0]
    if position > first:
        if not _is_joined(text, tokens, position):
            return False
        if _NUMBER.match(word):
            return True
    lower = word.lower()
    is_word = lower in _NO_NAME or lower in STOPWORDS or lower in DETERMINERS or _QUESTION_WORD.match(lower)
    return bool(_CAPITAL.match(word)) and (not is_word or (len(word) > 1 and word.isupper() and lower not in _NO_NAME))


def _is_joined(text: str, tokens: list[tuple[str, int]], position: int) -> bool:
    """True if only a space stands between a token and the one before it."""
    before, start = tokens[position - 1]
    return text[start + len(before) : tokens[position][1]] == " "


def _opens_sentence(text: str, tokens: list[tuple[str, int]], position: int) -> bool:
    return position == 0 or text[: tokens[position][1]].rstrip(" \"'“(")[-1:] in (".", "!", "?", ":")


def _is_striking(word: str) -> bool:
    """True if a word is a name even at the beginning of a sentence: "IBM", "PerksPlus", "M3"."""
    return any(character.isupper() or character.isdigit() for character in word[1:])


def _name(text: str, tokens: list[tuple[str, int]], first: int, end: int) -> Name:
    start = tokens[first][1]
    last = end
    begin = start
    if (
        first
        and tokens[first - 1][0].lower() in ("the", "a", "an", "our", "my", "this")
        and _is_joined(text, tokens, first)
    ):
        begin = tokens[first - 1][1]
        while last < len(tokens) and last - end < _MOST_NOUNS_AFTER and _is_noun_after(text, tokens, last):
            last += 1
    word, at = tokens[end - 1]
    last_word, last_at = tokens[last - 1]
    phrase_end = last_at + len(last_word)
    phrase = text[begin:phrase_end]
    return Name(start, at + len(word), phrase.removesuffix("'s").removesuffix("'"), phrase_end)


def _is_noun_after(text: str, tokens: list[tuple[str, int]], position: int) -> bool:
    """True if a token may be a noun that goes with the name before it: "lease" in "the Tarn lease"."""
    word = tokens[position][0]
    is_other = (
        word in _VERBS or word in PREPOSITIONS or word in STOPWORDS or word in DETERMINERS or _QUESTION_WORD.match(word)
    )
    is_word = word.isalpha() and word.islower() and not word.endswith("ed")
    return _is_joined(text, tokens, position) and is_word and not is_other
