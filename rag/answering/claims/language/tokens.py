"""Tokenization for claim verification: words with their function words, numbers, dates and codes, with offsets.

:func:`rag.text.words.words` drops what a comparison of overlap does not need: "may", "only if", "more than". Here they
are kept, and numbers have values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from rag.answering.claims.language.lexicon import (
    DERIVATIONS,
    DESIGNATED,
    FUNCTION_WORDS,
    IRREGULAR,
    MULTIPLIERS,
    NEGATIONS,
    UNITS,
)
from rag.text.dates import DATE, MONTH_NAMES, normalized_date
from rag.text.words import NUMBER_WORDS, STOPWORDS

Kind: TypeAlias = Literal["word", "number", "date", "code", "sign"]

# The key of every negation; keys of words are in lower case.
NOT: Final = "NOT"

# "TR-40", "E17", "SB-25-03", "4S"; bounded, so that a long run of letters is not read again and again.
_CODE: Final = r"[A-Z][A-Za-z]{0,11}[-/]?\d[\dA-Za-z]{0,12}(?:[-/.]\d[\dA-Za-z]{0,12}){0,4}|\d{1,4}[A-Z]{1,2}(?!\w)"
_NUMBER: Final = (
    # Not within a word, but after a currency: "RMB500".
    r"(?:(?<![^\W\d_])|(?<=RMB)|(?<=USD)|(?<=EUR)|(?<=GBP)|(?<=CHF))"
    r"(?:(?<![\w.,)\]])[-−])?(?:\d{1,3}(?:[\u00a0\u2009\u202f'’]\d{3}(?!\d))+(?:[.,]\d+)?|\d(?:[\d.,:/]*\d)?)"
    r"(?:(?:st|nd|rd|th)\b)?"
)
_TOKEN: Final = re.compile(
    rf"(?P<sign>US\$|[$€£%°]|(?:RMB|USD|EUR|GBP|CHF)(?=\d))|(?P<code>(?<![\w.])(?:{_CODE}))|(?P<number>{_NUMBER})"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)"
)
_DIGITS_THEN_LETTERS: Final = re.compile(r"(\d+)([A-Z]+)")
_NOT_DIGITS: Final = re.compile(r"(?:st|nd|rd|th)$|[\u00a0\u2009\u202f'’]|(?<=\d),(?=\d{3}(?!\d))")
_MONTH_AFTER: Final = frozenset("in of by until since from to and between last next early late mid through".split())
# They end in "s" in the singular.
_NO_PLURAL: Final = frozenset("news gas bus lens plus series species means".split())
# "Nobody under 16 may drive": no date.
_MAY: Final = re.compile(r"\bmay\b")
_VOWEL: Final = re.compile(r"[aeiouy]")
_TENS: Final = frozenset(str(ten) for ten in range(20, 100, 10))
_UNITS_OF_TEN: Final = frozenset(str(unit) for unit in range(1, 10))
_SHORT: Final = 4
_LEAST_STEM: Final = 3
# Fewest letters before an ending: "pay" of "payment", "year" of "yearly".
_LEAST_ROOT: Final = {"ment": 3, "able": 3, "ly": 4}
_LONG_ROOT: Final = 5
_UNIT_LETTERS: Final = frozenset("VWA")


@dataclass(frozen=True, slots=True)
class TextToken:
    """A word, number, code or sign of a text.

    Attributes:
        start: offset of its first character; ``end`` is that after its last. The parts of a date have the same.
        key: comparable form: the root of a word, the value of a number, :data:`NOT` for a negation.
        lower: in lower case, as word lists have it.
        content: true for what a text is about: no function word, negation or sign, and not "one", a pronoun too.
    """

    text: str
    start: int
    end: int
    key: str
    kind: Kind
    lower: str = field(init=False)
    content: bool = field(init=False)

    def __post_init__(self) -> None:
        lower = self.text.casefold().replace("’", "'")
        if self.kind == "word":
            content = self.key != NOT and lower not in STOPWORDS and lower not in FUNCTION_WORDS
        else:
            content = self.kind != "sign" and lower != "one"
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "content", content)

    @property
    def numeric(self) -> bool:
        """True for a number or a part of a date."""
        return self.kind in ("number", "date")

    @property
    def capital(self) -> bool:
        """True where it is written with a capital letter."""
        return self.text[0].isupper()


def tokenize(text: str) -> tuple[TextToken, ...]:
    """The tokens of a text, in order; linear in its length."""
    return tuple(_with_whole_numbers(_with_letters(_with_months(_raw_tokens(text)), text), text))


@lru_cache(maxsize=50_000)
def root(word: str) -> str:
    """The root of a word: "replaces", "replaced", "replacing" and "replacement" have the same.

    Rougher than :func:`rag.text.words.light_stem`, which tells "operate" and "operation" apart. Words are compared with
    the few of a quote, not with all words of a corpus, so that a false equality is rare.
    """
    word = word.casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
    if word in NEGATIONS or word.endswith("n't"):
        return NOT
    if word in STOPWORDS or word in FUNCTION_WORDS:
        return word
    return _without_last(_without_derivation(_without_inflection(IRREGULAR.get(word, word))))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its inflection only: "monthly" is not "month"."""
    word = word.casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
    return _without_last(_without_inflection(IRREGULAR.get(word, word)))


def number_value(text: str) -> str:
    """Comparable value of a number: "1,500" is "1500" and "2.50" is "2.5"; a time or a ratio stays as it is."""
    digits = _NOT_DIGITS.sub("", text.replace("−", "-"))
    try:
        return f"{float(digits):.12g}"
    except ValueError:
        return digits


def _raw_tokens(text: str) -> Iterator[TextToken]:
    start = 0
    for date in DATE.finditer(text):
        if _MAY.search(date[0]):
            continue
        yield from _tokens_between(text, start, date.start())
        parts = normalized_date(date).split()
        for part in parts:
            yield TextToken(date[0], date.start(), date.end(), part, "date")
        start = date.end()
    yield from _tokens_between(text, start, len(text))


def _tokens_between(text: str, start: int, end: int) -> Iterator[TextToken]:
    for match in _TOKEN.finditer(text, start, end):
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        found = match[0]
        parts = _DIGITS_THEN_LETTERS.fullmatch(found) if kind == "code" else None
        if parts and (parts[2] in _UNIT_LETTERS or (len(parts[2]) > 1 and parts[2].casefold() in UNITS)):
            middle = match.start() + len(parts[1])
            yield TextToken(parts[1], match.start(), middle, number_value(parts[1]), "number")
            yield TextToken(parts[2], middle, match.end(), root(parts[2]), "word")
        elif kind == "word" and found.casefold() in NUMBER_WORDS:
            yield TextToken(found, match.start(), match.end(), NUMBER_WORDS[found.casefold()], "number")
        else:
            yield TextToken(found, match.start(), match.end(), _key(found, kind), kind)


def _key(text: str, kind: Kind) -> str:
    if kind == "word":
        return root(text)
    return number_value(text) if kind == "number" else text.casefold().replace("/", "-")


def _with_months(tokens: Iterable[TextToken]) -> Iterator[TextToken]:
    """With the names of months as parts of dates; "May" only where a preposition before it says so."""
    before = ""
    for token in tokens:
        name = token.lower
        if token.kind == "word" and token.capital and name in MONTH_NAMES and (name != "may" or before in _MONTH_AFTER):
            token = replace(token, key=f"month{name}", kind="date")
        before = name
        yield token


def _with_letters(tokens: Iterable[TextToken], text: str) -> Iterator[TextToken]:
    """With the letter of "Party A" or "grade C" as a code of its own, not as an article."""
    before: TextToken | None = None
    for token in tokens:
        if (
            before
            and token.kind == "word"
            and len(token.text) == 1
            and token.capital
            and before.kind == "word"
            and text[before.end : token.start] == " "
            and (before.lower in DESIGNATED or (before.capital and before.content))
        ):
            token = replace(token, key=f"{before.key} {token.lower}", kind="code")
        before = token
        yield token


def _with_whole_numbers(tokens: Iterable[TextToken], text: str) -> Iterator[TextToken]:
    """With "thirty-two", "two hundred" and "2 million" as one number each."""
    held: TextToken | None = None
    sign = False
    for token in tokens:
        joined = _joined(held, token, text, sign=sign) if held else None
        if joined:
            held = joined
            continue
        if held:
            sign = held.kind == "sign"
            yield held
        held = token
    if held:
        yield held


def _joined(left: TextToken, right: TextToken, text: str, *, sign: bool) -> TextToken | None:
    """One number for two tokens, where they are one; ``sign`` tells that a currency sign is before the first."""
    if left.kind != "number" or text[left.end : right.start] not in (" ", "-", "", "\u00a0", "\n"):
        return None
    name = right.lower
    if left.text.isalpha() and left.key in _TENS and right.text.isalpha() and right.key in _UNITS_OF_TEN:
        value = str(int(left.key) + int(right.key))
    elif name in MULTIPLIERS and (len(name) > 2 or sign):
        try:
            value = f"{float(left.key) * MULTIPLIERS[name]:.12g}"
        except ValueError:
            return None
    else:
        return None
    return TextToken(text[left.start : right.end], left.start, right.end, value, "number")


def _without_inflection(word: str) -> str:
    if word in _NO_PLURAL:
        return word
    if word.endswith(("ies", "ied")) and len(word) > _SHORT:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) >= _SHORT:
        return word[:-1]
    for ending in ("ing", "ed"):
        cut = word.removesuffix(ending)
        if cut != word and len(cut) >= _LEAST_STEM and _VOWEL.search(cut) and not word.endswith("eed"):
            return cut
    return word


def _without_derivation(word: str) -> str:
    """Without two endings at most: "deliveries" is a "delivery", which is of "deliver"."""
    for _ in range(2):
        for ending in DERIVATIONS:
            if word.endswith(ending) and len(word) - len(ending) >= _LEAST_ROOT.get(ending, _LONG_ROOT):
                word = word.removesuffix(ending)
                break
    return word


def _without_last(word: str) -> str:
    """Without what differs by inflection only: the last "e", and the second of two equal letters."""
    if len(word) >= _SHORT and word.endswith("e"):
        word = word[:-1]
    return word[:-1] if len(word) >= _SHORT and word[-1] == word[-2] else word
