"""Questions about tables, by rules for English: their terms, and the form of what they ask for.

Nothing here knows the table; which terms are keys is decided against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from rag.answering.tables import vocabulary
from rag.answering.tables.dates.periods import Periods
from rag.answering.tables.terms import Term, stem, terms_of, with_words

MOST_ASKED: Final = 60
_LONGEST: Final = 4_000

_TYPES: Final = (
    ("how long", r"how\s+long|(?:for\s+)?how\s+many\s+(?:days|weeks|months|years|hours|minutes)"),
    ("how often", r"how\s+often"),
    ("how heavy", r"how\s+heavy|weighs?\b|how\s+much\s+does\s[^?]{1,60}\sweigh"),
    ("how far", r"how\s+far"),
    ("how big", r"how\s+(?:big|large|wide|deep)"),
    ("how high", r"how\s+(?:high|tall)"),
    ("how old", r"how\s+old"),
    ("how loud", r"how\s+loud"),
    ("how hot", r"how\s+(?:hot|cold|warm)"),
    ("how fast", r"how\s+fast"),
    ("how many", r"how\s+many|number\s+of"),
    ("how much", r"how\s+much|what\s+(?:do|does|did|will|would)\s[^?]{1,80}\s(?:cost|pay)|price\s+of|cost\s+of"),
    ("when", r"(?:by|since|until|till|from)?\s?when\b|what\s+(?:date|day|year|time)"),
    ("who", r"who(?:m|se)?\b|which\s+person"),
    ("where", r"where\b"),
)
_TYPE_PATTERNS: Final = tuple((name, re.compile(rf"\b(?:{pattern})", re.IGNORECASE)) for name, pattern in _TYPES)
_WHICH: Final = re.compile(r"\b(?:which|what)\s+((?:[^\W\d_]{1,30}\s+){0,3})", re.IGNORECASE)
_EACH: Final = re.compile(
    r"\b(?:for each|for every|for all|each of|every one|all (?:the|rows|figures|values|five|four|three|of)|all$|list|"
    r"table|break(?:down|\s?up)? of|every)\b",
    re.IGNORECASE,
)
_BY: Final = re.compile(r"\b(?:by|per|for each|for every)\s+([^\W\d_]{1,40})", re.IGNORECASE)
_JOINED: Final = re.compile(r",|\band\b|\bor\b|\bvs\b|\bversus\b|\bthan\b|\bcompare|\bboth\b|:", re.IGNORECASE)
_OF: Final = frozenset(["of", "from", "of the", "from the", "of a", "of an"])
_LONGEST_WORD: Final = 60
_MOST_BEFORE: Final = 2
_QUOTED: Final = re.compile(r"[“\"'‘]([^“”\"'‘’\n]{1,80})[”\"'’](?!\w)")


class AskedTerm(NamedTuple):
    """A content word of a question.

    Attributes:
        required: a name, a number or a qualifier, which what is found must have.
        scaffold: one that a table need not have.
    """

    term: Term
    required: bool
    scaffold: bool

    @property
    def stem(self) -> str:
        """Its comparable form."""
        return self.term.stem

    @property
    def is_name(self) -> bool:
        """True for a capitalized word."""
        return self.required and self.term.text[0].isupper() and not self.term.is_code

    @property
    def weight(self) -> float:
        """Weight of its match."""
        return 2.0 if self.required else 0.3 if self.scaffold else 1.0


@dataclass(frozen=True)
class TableQuestion:
    """A question as one about tables.

    Attributes:
        text: with words for signs, and quarters as Q1 to Q4.
        terms: its content words, in order.
        periods: that it names.
    """

    text: str
    terms: tuple[AskedTerm, ...]
    periods: Periods

    @classmethod
    def of(cls, question: str) -> TableQuestion:
        """Reads a question; its first 4,000 characters and 60 content words."""
        text = with_words(question[:_LONGEST])
        return cls(text, tuple(_asked(text))[:MOST_ASKED], Periods.of(text))

    def are_neighbours(self, left: int, right: int) -> bool:
        """True if no word, or only one such as "of the", stands between two of its terms, ``left`` before ``right``."""
        between = self.text[self.terms[left].term.end : self.terms[right].term.start]
        return left < right and (between.strip() in _OF or not any(map(str.isalnum, between)))

    def are_adjacent(self, left: int, right: int) -> bool:
        """True if nothing but spaces stands between two of its terms, ``left`` before ``right``."""
        return left < right and not self.text[self.terms[left].term.end : self.terms[right].term.start].strip()

    def word_before(self, number: int) -> str:
        """The word right in front of one of its terms, in lower case, but for articles; "" where there is none."""
        before = self.text[: self.terms[number].term.start][-_LONGEST_WORD:].casefold().split()
        words = [word for word in before[-_MOST_BEFORE:] if word not in ("the", "a", "an")]
        return words[-1] if words else ""

    @cached_property
    def type(self) -> str | None:
        """Type of value asked for, as a key of :data:`rag.answering.tables.vocabulary.HEADS_OF`."""
        found = [(match.start(), name) for name, pattern in _TYPE_PATTERNS if (match := pattern.search(self.text))]
        return min(found)[1] if found else None

    @property
    def asks_property(self) -> bool:
        """True if it asks for one property of a thing, such as its weight or its price."""
        prices = vocabulary.PRICES if self.type == "how much" else frozenset()
        return self.type in vocabulary.PROPERTIES or any(asked.stem in prices for asked in self.terms)

    @cached_property
    def direction(self) -> int:
        """1 if the highest is asked for, -1 if the lowest, 0 otherwise."""
        for asked in self.terms:
            if asked.stem in vocabulary.HIGHEST and not self._is_latest(asked):
                return 1
            if asked.stem in vocabulary.LOWEST:
                return -1
        return 0

    @cached_property
    def asks_latest(self) -> bool:
        """True if the latest period is asked for."""
        return any(asked.stem in vocabulary.LATEST and self._is_latest(asked) for asked in self.terms)

    def _is_latest(self, asked: AskedTerm) -> bool:
        following = self.text[asked.term.end : asked.term.end + 30].casefold().split()[:2]
        period = asked.stem in vocabulary.LATEST and any(word.strip("?.,") in _PERIOD_NOUNS for word in following)
        return period or asked.stem == "recent" or (asked.term.text.casefold() == "most" and "recent" in following)

    @cached_property
    def noun(self) -> tuple[str, ...]:
        """The stems right after "which" or "what"."""
        found = _WHICH.search(self.text)
        return tuple(term.stem for term in terms_of(found[1]) if term.stem) if found else ()

    @property
    def lists(self) -> bool:
        """True if all rows, or the values of all rows, may be asked for."""
        return bool(_EACH.search(self.text))

    @cached_property
    def distributes_over(self) -> frozenset[str]:
        """The stems after "by" or "per": of which each may be asked for."""
        return frozenset(filter(None, (stem(match[1]) for match in _BY.finditer(self.text))))

    @property
    def joins(self) -> bool:
        """True if it names several things."""
        return bool(_JOINED.search(self.text))

    @cached_property
    def whole_row(self) -> bool:
        """True if all that is known of a thing is asked for."""
        return any(asked.stem in vocabulary.WHOLE_ROW for asked in self.terms)


_PERIOD_NOUNS: Final = frozenset(
    "quarter quarters period year years month months fiscal reporting balance 10-q report".split()
)


def _asked(text: str) -> Iterator[AskedTerm]:
    quoted = [match.span(1) for match in _QUOTED.finditer(text)]
    before = ""
    for number, term in enumerate(terms_of(text)):
        if term.stem:
            named = number > 0 and term.text[0].isupper() and term.stem not in vocabulary.SCAFFOLD
            inside = any(start <= term.start < end for start, end in quoted)
            measured = before == "per" or (before == "in" and term.stem in vocabulary.UNITS)
            required = term.is_code or named or inside or measured or term.stem in vocabulary.QUALIFIERS
            yield AskedTerm(term, required, term.stem in vocabulary.SCAFFOLD and not (inside or term.is_code))
        before = term.text.casefold()
