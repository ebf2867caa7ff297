"""Heading parsing: the kind, number and title of "CHAPTER THREE", "3.1 Fees", "IV. Results" or "30 Chapter 5. Use"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from rag.text.words import NUMBER_WORDS

# Names for one kind of section, of which a question and a heading may use different ones.
_KINDS: Final = {
    "chapter": "chapter", "section": "section", "part": "part", "clause": "section", "article": "section",
    "paragraph": "section", "appendix": "appendix", "annex": "appendix", "annexe": "appendix", "schedule": "schedule",
    "exhibit": "exhibit", "unit": "unit", "lesson": "unit", "module": "unit", "book": "book", "volume": "book",
}  # fmt: skip
KIND: Final = rf"(?:{'|'.join(_KINDS)})"
_WORDS: Final = "|".join(word for word, number in NUMBER_WORDS.items() if 0 < int(number) <= 20)
_ROMAN: Final = r"[ivxlc]{1,8}"
_IS_ROMAN: Final = re.compile(_ROMAN)
NUMBER: Final = rf"(?:\d{{1,4}}(?:\.\d{{1,4}}){{0,5}}|{_WORDS}|{_ROMAN}|[a-z])"
# The dots and the page number of a line of a table of contents.
_LEADERS: Final = re.compile(r"(?<![ .·…_])[ .·…_]{4,}\d{0,4}$")
_PAGE_BEFORE: Final = re.compile(rf"\d{{1,4}} (?={KIND} )", re.IGNORECASE)
_PAGE_AFTER: Final = re.compile(r"(?<=\D) \d{1,4}$")
_NAMED: Final = re.compile(
    rf"(?P<kind>{KIND})\b[ .:]*+(?P<number>{NUMBER})(?![\w])[ .:)–—-]*+(?P<title>.*)", re.IGNORECASE
)
_NUMBERED: Final = re.compile(
    rf"(?P<number>\d{{1,4}}(?:\.\d{{1,4}}){{0,5}})(?![\w,%])[.:)]?(?: |$)[ –—-]*+(?P<title>.*)"
    rf"|\(?(?P<letter>{_ROMAN}|[a-z])[.)](?: |$)(?P<title_of_letter>.*)|(?P<alone>{_WORDS}|{_ROMAN}|§ ?\d{{1,4}})$",
    re.IGNORECASE,
)
_ASKED: Final = re.compile(rf"(?P<kind>{KIND}) (?:number |no\.? )?(?P<number>{NUMBER})", re.IGNORECASE)
_FAR: Final = 10_000
_ROMAN_VALUES: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class SectionNumber:
    """The number of a section as asked for or as in a heading.

    Attributes:
        kind: "chapter", "section" and the like; empty where only a number is given.
        numbers: the number in its possible readings: "3" for "three" and "III", both "1" and "i" for "I".
    """

    kind: str
    numbers: frozenset[str]

    def means(self, heading: SectionNumber) -> bool:
        """True if a heading has the number that is asked for, and no other kind."""
        return not self.numbers.isdisjoint(heading.numbers) and (not heading.kind or heading.kind == self.kind)

    def contains(self, heading: SectionNumber) -> bool:
        """True if a heading is of a section within this one, "3.1" of "3"."""
        return any(inner.startswith(f"{outer}.") for inner in heading.numbers for outer in self.numbers)

    def distance(self, heading: SectionNumber) -> int:
        """Difference of the numbers, of their first parts where they have several; large where they are no numbers."""
        pairs = [(one, other) for one in self._first_parts() for other in heading._first_parts()]
        return min((abs(one - other) for one, other in pairs), default=_FAR)

    def _first_parts(self) -> list[int]:
        parts = (number.partition(".")[0] for number in self.numbers)
        return [int(part) for part in parts if part.isdecimal()]


@dataclass(frozen=True, slots=True)
class ParsedHeading:
    """A heading without page numbers: its number, if it has one, its title, and the text to show."""

    number: SectionNumber | None
    title: str
    text: str


def parse_heading(heading: str) -> ParsedHeading:
    """The parts of a heading, a running head or a line of a table of contents."""
    text = _LEADERS.sub("", " ".join(heading.split())).strip()
    if page := _PAGE_BEFORE.match(text):
        text = text[page.end() :]
    if named := _NAMED.match(text):
        if named["title"]:
            text = _PAGE_AFTER.sub("", text)
        title = text[named.start("title") :].strip()
        return ParsedHeading(_number(named["kind"], named["number"]), title, text)
    if numbered := _NUMBERED.match(text):
        number = numbered["number"] or numbered["letter"] or numbered["alone"].lstrip("§ ")
        title = (numbered["title"] or numbered["title_of_letter"] or "").strip()
        return ParsedHeading(_number("", number), title, text)
    return ParsedHeading(None, text, text)


def asked_number(text: str) -> SectionNumber | None:
    """The section that "chapter three" or "section 2.1" asks for; None for other texts."""
    match = _ASKED.fullmatch(text.strip())
    return _number(match["kind"], match["number"]) if match else None


def _number(kind: str, number: str) -> SectionNumber:
    number = number.lower()
    readings = {NUMBER_WORDS.get(number, number)}
    if _IS_ROMAN.fullmatch(number):
        readings.add(str(_roman(number)))
    return SectionNumber(_KINDS.get(kind.lower(), ""), frozenset(readings))


def _roman(number: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in number]
    return sum(-value if value < max(values[place:]) else value for place, value in enumerate(values))
