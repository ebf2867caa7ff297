"""Page labels: the numbers that are printed on the pages, declared by the file or found in running headers and footers.

Pure. A printed number stands alone near an edge of the page, or at an end of a running line, and rises by one from page
to page. Front matter may have Roman numerals, and numbering may begin again.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import Final, NamedTuple

from ingest.pdf.lines import PageLines
from ingest.pdf.running_headers import EdgeLine, edge_lines
from rag.domain.stored import LONGEST_LABEL
from rag.text.characters import clean

# Share of the pages on which a printed number is found, in runs of at least so many of them.
_SHARE: Final = 0.6
_LEAST_RUN: Final = 3
# A number is within so many points of its median distance from the edge, or of the outermost line of its page.
_DRIFT: Final = 12.0
_LEVEL: Final = 3.0
# Least letters, and words, of a running line that ends or begins with a number; "Step 3" may count other things.
_LEAST_LETTERS: Final = 4
_LEAST_WORDS: Final = 2
# Characters of a line that are looked at, at each of its ends.
_LONGEST_END: Final = 120
_ROMAN_VALUES: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_ROMAN_SIGNS: Final = (
    (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip

_WORD: Final = r"(?i:page|seite|p\.|pg\.?|página|pagina|side|sida)"
_OF: Final = r"(?:\s?(?:/|(?i:of|von|de|di|av)\b)\s?\d{1,5})?"
# A number as it stands alone: with marks around it, the word "page" before it, or the number of pages after it.
_ALONE: Final = re.compile(
    rf"\W{{0,4}}(?:{_WORD}\s?)?(?P<number>\d{{1,5}}|[ivxlc]{{1,12}}|[IVXLC]{{1,12}}){_OF}\W{{0,4}}"
)
# A number within a chapter or an appendix: 3-12, A-4.
_IN_A_PART: Final = re.compile(r"(?P<part>(?:[A-Z]{1,2}|\d{1,2})[-–])(?P<number>\d{1,3})")
_AT_START: Final = re.compile(rf"\W{{0,4}}{_WORD}\s?(?P<number>\d{{1,5}}){_OF}(?!\w)")
_AT_END: Final = re.compile(rf"(?<!\w){_WORD}\s?(?P<number>\d{{1,5}}){_OF}\W{{0,4}}$")
# A number beside other text, with no gap between them.
_BESIDE: Final = re.compile(r"(?P<first>\d{1,5}) (?P<after>.+)|(?P<before>.+) (?P<last>\d{1,5})")
_SEPARATOR: Final = re.compile(r" [-–—|│¦•·/] ")


class _Numbering(NamedTuple):
    """A numbering of pages: style, and the difference between a printed number and the 0-based place of its page.

    The style is ``arabic``, ``roman``, ``Roman``, or the name of a part with its hyphen.
    """

    style: str
    offset: int

    def label(self, place: int) -> str:
        """The number that is printed on the page."""
        value = place + self.offset
        if self.style == "arabic":
            return str(value)
        if self.style.lower() != "roman":
            return f"{self.style}{value}"
        return _roman(value) if self.style == "roman" else _roman(value).upper()


class _Printed(NamedTuple):
    """A number at an edge of a page.

    Attributes:
        distance: from the edge, in points.
        outermost: True if nothing else is between it and the edge.
        beside: the text before or after it, if no gap is between them.
    """

    edge: str
    distance: float
    outermost: bool
    beside: str | None


_Found = Mapping[_Numbering, Sequence[tuple[int, _Printed]]]


def as_label(text: str) -> str | None:
    """A label without invisible characters and needless white space; None where nothing is left, or too much."""
    label = " ".join(clean(text).split())
    return label if 0 < len(label) <= LONGEST_LABEL else None


def declared_labels(labels: Sequence[str | None]) -> list[str | None]:
    """The labels that a file declares, all None where they say nothing.

    That is where they are the numbers that pages are counted by, or the same on all of several pages.
    """
    return [None] * len(labels) if len(labels) > 1 and len(set(labels)) == 1 else _unless_counted(labels)


def printed_labels(pages: Sequence[PageLines]) -> list[str | None]:
    """The number that is printed on each page, from the lines of all.

    A page without one between two that have one is numbered like them. None for other pages, for all where most pages
    have none, and where each number is that by which pages are counted.
    """
    numberings = _numberings(_consistent(_found(pages)), len(pages))
    _fill_gaps(numberings)
    return _unless_counted([held.label(place) if held else None for place, held in enumerate(numberings)])


def _unless_counted(labels: Sequence[str | None]) -> list[str | None]:
    counted = all(label in (None, str(number)) for number, label in enumerate(labels, start=1))
    return [None] * len(labels) if counted else list(labels)


def _found(pages: Sequence[PageLines]) -> _Found:
    """Every number at an edge, by the numbering that it would belong to."""
    found: dict[_Numbering, list[tuple[int, _Printed]]] = defaultdict(list)
    beside: Counter[str] = Counter()
    for place, page in enumerate(pages):
        texts = set()
        for edge in ("head", "foot"):
            lines = edge_lines(place, page, bottom=edge == "foot")
            for line in lines:
                outermost = line.distance - lines[0].distance <= _LEVEL
                for style, value, text in _numbers(line):
                    printed = _Printed(edge, line.distance, outermost, text)
                    found[_Numbering(style, value - place)].append((place, printed))
                    texts.add(text)
        beside.update(text for text in texts if text)
    return {
        numbering: [(place, one) for place, one in places if one.beside is None or beside[one.beside] >= _LEAST_RUN]
        for numbering, places in found.items()
    }


def _numbers(line: EdgeLine) -> Iterator[tuple[str, int, str | None]]:
    """Style and value of the numbers at the ends of a line, with the text beside them."""
    cells = line.line.cells
    seen: set[tuple[str, str | None]] = set()
    for text, first in ((cells[0].text[:_LONGEST_END], True), (cells[-1].text[-_LONGEST_END:], False)):
        part = _SEPARATOR.split(text)[0 if first else -1]
        if match := _ALONE.fullmatch(part) or (_AT_START.match(text) if first else _AT_END.search(text)):
            seen.add((match["number"], None))
        elif match := _IN_A_PART.fullmatch(part):
            yield match["part"], int(match["number"]), None
    whole = line.line.text if len(cells) == 1 and not line.large else ""
    if match := _BESIDE.fullmatch(whole):
        text = match["after"] or match["before"]
        if len(text.split()) >= _LEAST_WORDS and sum(map(str.isalpha, text)) >= _LEAST_LETTERS:
            seen.add((match["first"] or match["last"], text.casefold()))
    for number, beside in seen:
        if number.isdecimal():
            yield "arabic", int(number), beside
        elif value := _roman_value(number.lower()):
            yield "roman" if number.islower() else "Roman", value, beside


def _consistent(found: _Found) -> dict[_Numbering, set[int]]:
    """The pages of each numbering, at least two, where the number is outermost or at about the same height on all."""
    pages: dict[_Numbering, set[int]] = defaultdict(set)
    for numbering, places in found.items():
        for edge in ("head", "foot"):
            here = [(place, one) for place, one in places if one.edge == edge]
            if len(here) > 1:
                usual = median(one.distance for _, one in here)
                pages[numbering] |= {
                    place for place, one in here if one.outermost or abs(one.distance - usual) <= _DRIFT
                }
    return pages


def _numberings(pages: Mapping[_Numbering, Iterable[int]], count: int) -> list[_Numbering | None]:
    """The numbering of each page whose number was found: of several, the one with the most pages."""
    best: list[_Numbering | None] = [None] * count
    sizes = {numbering: len(set(places)) for numbering, places in pages.items()}
    # Of equals, the one by which pages are counted: "page 3 of 12" is what a reader sees first.
    for numbering in sorted(sizes, key=lambda one: (sizes[one], one == _Numbering("arabic", 1), one.offset)):
        for place in pages[numbering]:
            best[place] = numbering
    found = [(place, held) for place, held in enumerate(best) if held]
    long = 0
    for _, run in groupby(found, key=lambda item: item[1]):
        places = [place for place, _ in run]
        long += len(places) if len(places) >= _LEAST_RUN else 0
        if len(places) == 1:
            best[places[0]] = None
    return best if long >= _SHARE * count and long else [None] * count


def _fill_gaps(numberings: list[_Numbering | None]) -> None:
    """Numbers pages between two of one numbering, and a first page before the one with the number 2."""
    known = [(place, held) for place, held in enumerate(numberings) if held]
    for (before, held), (after, following) in pairwise(known):
        if held == following:
            numberings[before:after] = [held] * (after - before)
    for place, held in known:
        if place and numberings[place - 1] is None and place + held.offset == 2:
            numberings[place - 1] = held


def _roman(value: int) -> str:
    text = ""
    for size, sign in _ROMAN_SIGNS:
        text += sign * (value // size)
        value %= size
    return text


def _roman_value(text: str) -> int | None:
    """Value of a Roman numeral in lower case; None for letters that are none."""
    values = [_ROMAN_VALUES.get(sign, 0) for sign in text]
    value = sum(-one if one < after else one for one, after in pairwise([*values, 0]))
    return value if _roman(value) == text else None
