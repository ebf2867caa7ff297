"""Where sentences are in a text, and which words they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_END: Final = re.compile(r"[.!?][\"'”’)\]]*(?=\s|$)|\n\n+")
# A full stop after one of these, or after an initial, ends no sentence.
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|ca|No|Nos|Fig|Dr|Mr|Mrs|Ms|St|Inc|Ltd|Co|Corp|Art|Sec|p|pp|[A-Z])\.$"
)
_WORD: Final = re.compile(r"(?:(?<![\w.,)\]])[-−])?\d(?:[\d.,:/]*\d)?|[^\W\d_]+(?:['’][^\W\d_]+)?")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
NUMBER_WORDS: Final = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | dict(
    zip(
        "thirty forty fifty sixty seventy eighty ninety hundred".split(),
        "30 40 50 60 70 80 90 100".split(),
        strict=True,
    )
)
NOT: Final = "not"
NEGATIONS: Final = frozenset("no not never none nor neither nothing nobody without cannot".split())
STOPWORDS: Final = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how if in into is it its may might "
    "must of on or our shall should so such than that the their them then there these they this those to under up was "
    "we were what when where which who whom why will with would you your yes".split()
)


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, in order, without the white space around them.

    A blank line ends a sentence too; a single line break does not, for in a PDF it only means that the line was full.
    """
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if match.group()[0] == "." and _ABBREVIATION.search(text[max(start, end - 12) : end]):
            continue
        yield from _stripped(text, start, end)
        start = end
    yield from _stripped(text, start, len(text))


def line_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each line of ``text[start:end]`` that is not blank."""
    for match in re.compile(r"[^\n]+").finditer(text, start, end):
        yield from _stripped(text, match.start(), match.end())


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        left = start + len(piece) - len(piece.lstrip())
        yield left, left + len(stripped)


def words(text: str) -> list[str]:
    """The words of a text in a form that can be compared: stems in lower case, without stop words.

    Numbers are in digits, and every negation is ``not``.
    """
    return [stem for word in _WORD.findall(text) if (stem := _stem(word))]


def is_number(word: str) -> bool:
    """Whether one of :func:`words` is a number."""
    return word[0].isdigit() or word[0] == "-"


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """A rough stem: enough that singular and plural, or "cover" and "covered", are the same; empty for a stop word."""
    if word[0].isdigit() or word[0] in "-−":
        # The commas of thousands only: 1,5 is not 15.
        return _THOUSANDS.sub("", word.replace("−", "-"))
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if word in STOPWORDS:
        return ""
    if word in NEGATIONS or word.endswith("n't"):
        return NOT
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    # "replace", "replaced" and "replacing" are now "replace", "replac" and "replac".
    return word.removesuffix("e") if len(word) > 4 else word
