"""Nugget recall: the share of the facts of a complete answer that an answer holds.

A nugget is one fact, given by the wordings in which it may be written. Voorhees: Overview of the TREC 2003 Question
Answering Track (2003), which tells vital nuggets from those that are only welcome. Wordings are matched by rule, so the
count is the same on every machine, and sees no wording that nobody thought of.

Plain wordings are matched in linear time. A pattern is the author's own regular expression: like code, it is trusted,
and one that is slow makes the evaluation slow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

from rag.errors import QuestionsInvalid

# In front of a wording that is a regular expression.
PATTERN: Final = "re:"

_UNITS: Final = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS: Final = {
    word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_POWERS: Final = {"hundred": 100, "thousand": 1000}
# "hundred hundred ..." grows no further: no number that people write is larger.
_LARGEST_NUMBER: Final = 10**15
_ORDINALS: Final = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth", "6th": "sixth"}
_ARTICLES: Final = frozenset({"the", "an"})
_MINUTES_HOURS_SECONDS: Final = {"m": " minutes", "h": " hours", "s": " seconds"}

_CITATION: Final = re.compile(
    r"\[\s*+\d++(?:\s*+[,;–-]\s*+\d++)*+\s*+\]"
    r"|\(\s*+(?:pp?\.|pages?)\s*+\d[^()]{0,40}\)",
    re.IGNORECASE,
)
# Applied in this order to the text as it is written: citations "[1]", "[2, 3]" and "(p. 7)", words that a soft hyphen
# breaks, and characters without width are removed.
_REMOVED: Final = (
    (_CITATION, " "),
    (re.compile("\u00ad\\s*+"), ""),
    (re.compile("[\u200b-\u200d\u2060\ufeff]"), ""),
)
# Then, with compatibility forms composed: apostrophes, the minus of a number, hyphens and dashes, and the article "a";
# "grade A" stays.
_UNIFIED: Final = (
    (re.compile("[\u2018\u2019\u02bc`´]"), "'"),
    (re.compile("(?<![\\w.])[\u2212\u2013\u2014-](?=\\d)"), " minus "),
    (re.compile("[\u2010-\u2015\u2212]"), "-"),
    (re.compile(r"\ba\b(?!\.)"), " "),
)
# Then, in lower case: negations in two words, thousands without a comma, whole numbers without ".0".
_SPELT_OUT: Final = (
    (re.compile(r"\bcan(?:no|')t\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'"), ""),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<=\d)\.0++(?![\d.])"), ""),
    (re.compile(r"per cent"), "percent"),
    (re.compile(r"%"), " percent "),
)
_DEGREES: Final = re.compile(r"°\s*+|\bdegrees?\s++celsius\b")
# Last: a unit apart from its number, "100+" as 100, and no stop that does not belong to a number.
_APART: Final = (
    (re.compile(
        r"(?<=\d)(?=(?:nm|mm|cm|km|kg|kw|kb|mb|gb|tb|ml|hz|db|bar|hours?|days?|months?|w|v|m|c|x|k|g|l)\b)"
    ), " "),
    (re.compile(r"(?<=\d)\+"), " "),
    (re.compile(r"(?<!\d)\.|\.(?!\d)"), " "),
)  # fmt: skip
_TIME: Final = re.compile(r"(?<=\d)[\s-]*+(mins?|hrs?|secs?)\b")
_OTHER: Final = re.compile(r"[^\w.+]|_")
_INFLECTED: Final = re.compile(r"[a-z]{3,}")
_ENDING: Final = "(?:s|es|d|ed|ing)?"


def _checked(wording: str) -> str:
    try:
        _search(wording)
    except QuestionsInvalid as error:
        raise ValueError(str(error)) from error
    return wording


def _matchable(wordings: tuple[str, ...]) -> tuple[str, ...]:
    if all(_search(wording) is None for wording in wordings):
        raise ValueError("no alternative has a word, so the fact can never be found")
    return wordings


@dataclass(frozen=True)
class Nugget:
    """A fact that a complete answer holds.

    Attributes:
        vital: an answer without it is not complete; the others are welcome.
        any: wordings, one of which is enough. A plain one is a run of whole words, compared by
            :func:`comparable`, each of which may have an ending such as -s or -ed. One that begins with ``re:`` is a
            regular expression.
        fact: a label for people, which is not matched.
    """

    vital: bool
    any: Annotated[tuple[Annotated[str, AfterValidator(_checked)], ...], AfterValidator(_matchable)]
    fact: str | None = None

    @property
    def label(self) -> str:
        """The fact, or where it has no label the first plain wording."""
        plain = (wording for wording in self.any if not wording.startswith(PATTERN))
        return self.fact or next(plain, self.any[0])


@dataclass(frozen=True)
class GradedNugget(Nugget):
    """A nugget, and whether an answer holds it."""

    found: bool = field(kw_only=True)


def graded(nuggets: Iterable[Nugget], answer: str) -> tuple[GradedNugget, ...]:
    """Each nugget with whether ``answer`` holds it; an abstention is an empty answer.

    Raises:
        QuestionsInvalid: a pattern cannot be compiled.
    """
    normalised = comparable(answer)
    lower = " ".join(answer.lower().split())
    return tuple(
        GradedNugget(
            nugget.vital,
            nugget.any,
            nugget.fact,
            found=any(_occurs(wording, normalised, lower) for wording in nugget.any),
        )
        for nugget in nuggets
    )


def recall(nuggets: Sequence[GradedNugget]) -> float | None:
    """Share of the nuggets that are found, 0..1; None if there are none."""
    return sum(nugget.found for nugget in nuggets) / len(nuggets) if nuggets else None


def _occurs(wording: str, normalised: str, lower: str) -> bool:
    """Whether a wording occurs; a pattern is also searched in the text as it is written, in lower case."""
    search = _search(wording)
    if search is None or not lower:
        return False
    return bool(search.search(normalised)) or (wording.startswith(PATTERN) and bool(search.search(lower)))


@lru_cache(maxsize=20_000)
def _search(wording: str) -> re.Pattern[str] | None:
    """The expression that finds a wording; None where it has no word.

    Raises:
        QuestionsInvalid: it is a pattern that cannot be compiled.
    """
    if wording.startswith(PATTERN):
        try:
            return re.compile(wording.removeprefix(PATTERN), re.IGNORECASE)
        except (re.error, OverflowError, RecursionError) as error:
            raise QuestionsInvalid(f"the pattern {wording!r} is no regular expression: {error}") from error
    words = [re.escape(word) + (_ENDING if _INFLECTED.fullmatch(word) else "") for word in comparable(wording).split()]
    return re.compile(rf"(?<![\w.]){' '.join(words)}(?!\w|\.\d)") if words else None


def comparable(text: str) -> str:
    """A text in the form in which wordings are compared: lower-case words and numbers, with single spaces.

    Citation marks, punctuation, articles and thousands separators are removed; number words are in digits; "%" is
    "percent", "°" is "degrees", and "can't" is "can not".
    """
    text = unicodedata.normalize("NFKC", _replaced(text, _REMOVED))
    text = _replaced(_replaced(text, _UNIFIED).lower(), _SPELT_OUT)
    text = _DEGREES.sub(lambda match: " degrees " if match[0][0] == "°" else " degrees c ", text)
    text = _replaced(text, _APART)
    text = _TIME.sub(lambda match: _MINUTES_HOURS_SECONDS[match[1][0]], text)
    words = [word for word in _OTHER.sub(" ", text).split() if word not in _ARTICLES]
    return " ".join(_in_digits(words))


def _replaced(text: str, replacements: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in replacements:
        text = pattern.sub(replacement, text)
    return text


def _in_digits(words: Sequence[str]) -> Iterator[str]:
    """The words, with number words in digits ("two hundred and five" as 205) and the first ordinals in letters."""
    place = 0
    while place < len(words):
        value, after = _below_hundred(words, place)
        if after == place:
            yield _ORDINALS.get(words[place], words[place])
            place += 1
            continue
        while after < len(words) and (power := _POWERS.get(words[after])):
            value = min(value * power, _LARGEST_NUMBER)
            after += 1
            start = after + 1 if words[after : after + 1] == ["and"] else after
            rest, end = _below_hundred(words, start)
            if end > start:
                value, after = value + rest, end
        yield str(value)
        place = after


def _below_hundred(words: Sequence[str], place: int) -> tuple[int, int]:
    """The number below a hundred at a place, and the place after it, which is the same if there is no number."""
    word = words[place] if place < len(words) else ""
    if word in _UNITS:
        return _UNITS[word], place + 1
    if word not in _TENS:
        return 0, place
    unit = _UNITS.get(words[place + 1], 0) if place + 1 < len(words) else 0
    return (_TENS[word] + unit, place + 2) if 0 < unit < 10 else (_TENS[word], place + 1)
