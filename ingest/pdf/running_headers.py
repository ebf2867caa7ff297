"""Running headers and footers: the lines at the edges of pages that come again and again.

Pure. A running line has the same text on many pages, but for the page's number, at about the same height, and nothing
but other running lines between itself and the edge of the page.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import median
from typing import Final, NamedTuple

from ingest.pdf.lines import Line, PageLines

# Of a page's height: where running lines stand.
_EDGE: Final = 0.15
# How many lines at an edge may be running ones.
_MOST_LINES: Final = 6
# Of the pages: as left and right pages may differ, and chapters begin without one.
_SHARE: Final = 0.3
_LEAST_PAGES: Final = 3
# How far, in points, a running line may stand from its usual height.
_DRIFT: Final = 12.0
# Of the numbers in a running line: how many must be the page's own, or always the same.
_REGULAR: Final = 0.8
_LEVEL: Final = 3.0
_LEAST_LETTERS: Final = 4
# Than most lines of its page: a title, rather than a running line.
_LARGE: Final = 1.12
_DIGITS: Final = re.compile(r"\d+")
_ROMAN: Final = re.compile(r"[ivxlc]{1,7}", re.IGNORECASE)
_PAGE_NUMBER: Final = re.compile(
    r"\W*(?:(?:page|seite|p\.)\s*)?(?:\d+|[ivxlc]{1,7})(?:\s*(?:/|of|von)\s*\d+)?\W*", re.IGNORECASE
)


class RunningHeaders(NamedTuple):
    """Positions of a page's running lines. ``kept`` are those that no page before has shown: they are text, too."""

    head: Sequence[int] = ()
    foot: Sequence[int] = ()
    kept: frozenset[int] = frozenset()


class _EdgeLine(NamedTuple):
    """A line at an edge: its page, its position on it, how far from the edge, in points, and whether it is larger."""

    page: int
    position: int
    distance: float
    line: Line
    large: bool

    @property
    def parts(self) -> list[str]:
        """All of its text, and what stands at its left, in the middle and at its right."""
        cells = self.line.cells
        texts = [cell.text for cell in cells if sum(map(str.isalpha, cell.text)) >= _LEAST_LETTERS]
        return [self.line.text, *(texts if len(cells) > 1 else ())]

    @property
    def counted(self) -> str | None:
        """Its text but for the numbers, of which one may be the page's; None where there is none."""
        text = self.line.text.casefold()
        masked = "#" if _ROMAN.fullmatch(text) else _DIGITS.sub("#", text)
        # Titles may count, too, but are large.
        return masked if "#" in masked and (masked == "#" or not self.large) else None


@dataclass(frozen=True)
class _Running:
    """What runs over the pages at one edge: texts with their usual distance from it, and lines with page numbers."""

    texts: Mapping[str, float]
    counted: frozenset[str]

    @classmethod
    def of(cls, edges: Sequence[Sequence[_EdgeLine]]) -> _Running:
        least = max(_LEAST_PAGES, _SHARE * len(edges))
        by_text: dict[str, list[_EdgeLine]] = defaultdict(list)
        by_count: dict[str, list[_EdgeLine]] = defaultdict(list)
        for place in (place for places in edges for place in places):
            for text in dict.fromkeys(place.parts):
                by_text[text].append(place)
            if place.counted:
                by_count[place.counted].append(place)
        texts = {}
        for text, places in by_text.items():
            usual = median(place.distance for place in places)
            if len({place.page for place in places if abs(place.distance - usual) <= _DRIFT}) >= least:
                texts[text] = usual
        return cls(
            texts, frozenset(key for key, places in by_count.items() if len(places) >= least and _count_pages(places))
        )

    def has(self, place: _EdgeLine) -> bool:
        """Whether a line is one of them. What counts the pages does so at any height."""
        nowhere = float("inf")
        return place.counted in self.counted or any(
            abs(place.distance - self.texts.get(text, nowhere)) <= _DRIFT for text in place.parts
        )


def find_running_headers(pages: Sequence[PageLines]) -> list[RunningHeaders]:
    """The running lines of each page."""
    if len(pages) < _LEAST_PAGES:
        return [RunningHeaders()] * len(pages)
    heads = [_edge(number, page, bottom=False) for number, page in enumerate(pages)]
    feet = [_edge(number, page, bottom=True) for number, page in enumerate(pages)]
    running_heads, running_feet = _Running.of(heads), _Running.of(feet)
    shown: set[str] = set()
    return [
        _running_headers(_at_edge(head, running_heads), _at_edge(foot, running_feet), lines, shown)
        for head, foot, (_, lines) in zip(heads, feet, pages, strict=True)
    ]


def _running_headers(
    head: Sequence[_EdgeLine], foot: Sequence[_EdgeLine], lines: Sequence[Line], shown: set[str]
) -> RunningHeaders:
    places = {place.position: place for place in (*head, *foot)}
    if len(places) == len(lines):
        # Nothing else is on the page: it would not be found at all.
        places = {position: place for position, place in places.items() if _PAGE_NUMBER.fullmatch(place.line.text)}
    others = [line.text for position, line in enumerate(lines) if position not in places] if places else []
    kept = frozenset(position for position, place in places.items() if _is_new(place, others, shown))
    heads = [place.position for place in head if place.position in places]
    feet = [place.position for place in reversed(foot) if place.position in places and place.position not in heads]
    return RunningHeaders(heads, feet, kept)


def _is_new(place: _EdgeLine, others: Sequence[str], shown: set[str]) -> bool:
    """Whether a line says what none has said before, nor the page itself says: many a header repeats its title."""
    if _PAGE_NUMBER.fullmatch(place.line.text):
        return False
    whole, *parts = place.parts
    keys = {part: _DIGITS.sub("#", part.casefold()) for part in parts or [whole]}
    new = [part for part, key in keys.items() if key not in shown]
    shown.update(keys.values())
    return any(not any(other.endswith(part) for other in others) for part in new)


def _edge(number: int, page: PageLines, *, bottom: bool) -> list[_EdgeLine]:
    """The lines near an edge of a page, and the one next to it wherever that is, from the edge inwards."""
    (_, height), lines = page
    if not lines:
        return []
    boxes = [line.box for line in lines]
    distances = sorted((height - box.y1 if bottom else box.y0, position) for position, box in enumerate(boxes))
    usual = median([line.size for line in lines])
    return [
        _EdgeLine(number, position, distance, lines[position], lines[position].size > _LARGE * usual)
        for distance, position in distances[:_MOST_LINES]
        if distance <= max(_EDGE * height, distances[0][0])
    ]


def _count_pages(places: Sequence[_EdgeLine]) -> bool:
    """Whether of the numbers in a line one counts the pages, and the others are always the same."""
    if places[0].counted == "#" and any(_ROMAN.fullmatch(place.line.text) for place in places):
        return True
    numbers = [(place.page, list(map(int, _DIGITS.findall(place.line.text)))) for place in places]
    counting = False
    for column in range(len(numbers[0][1])):
        same = Counter(found[column] for _, found in numbers).most_common(1)[0][1]
        counted = Counter(found[column] - page for page, found in numbers).most_common(1)[0][1]
        if max(same, counted) < _REGULAR * len(places):
            return False
        counting = counting or counted > same
    return counting


def _at_edge(edge: Sequence[_EdgeLine], running: _Running) -> list[_EdgeLine]:
    """The running lines, and what stands at their height: up to the first row that has none."""
    return [place for row in takewhile(lambda row: any(map(running.has, row)), _rows(edge)) for place in row]


def _rows(edge: Sequence[_EdgeLine]) -> Iterator[list[_EdgeLine]]:
    row: list[_EdgeLine] = []
    for place in edge:
        if row and place.distance - row[0].distance > _LEVEL:
            yield row
            row = []
        row.append(place)
    if row:
        yield row
