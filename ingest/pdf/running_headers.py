"""Running headers and footers: lines that repeat at the edges of pages.

Pure. A running line has the same text on many pages, except for the page number, at about the same height, and only
other running lines between itself and the edge of the page.
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

# Margin with running lines, as a share of the page's height.
_EDGE: Final = 0.15
# Most running lines at an edge.
_MOST_LINES: Final = 6
# Share of the pages with the line: left and right pages may differ, and chapters begin without one.
_SHARE: Final = 0.3
_LEAST_PAGES: Final = 3
# Largest distance of a running line from its median height, in points.
_DRIFT: Final = 12.0
# Share of the pages on which a number of a running line counts the pages, or is the same.
_REGULAR: Final = 0.8
_LEVEL: Final = 3.0
_LEAST_LETTERS: Final = 4
# A line with more than this times the median font size of its page is a title, not a running line.
_LARGE: Final = 1.12
_DIGITS: Final = re.compile(r"\d+")
_ROMAN: Final = re.compile(r"[ivxlc]{1,7}", re.IGNORECASE)
_PAGE_NUMBER: Final = re.compile(
    r"\W*(?:(?:page|seite|p\.)\s*)?(?:\d+|[ivxlc]{1,7})(?:\s*(?:/|of|von)\s*\d+)?\W*", re.IGNORECASE
)


class RunningHeaders(NamedTuple):
    """Positions of a page's running lines. Those in ``kept`` are on their first page: they stay in the text."""

    head: Sequence[int] = ()
    foot: Sequence[int] = ()
    kept: frozenset[int] = frozenset()


class EdgeLine(NamedTuple):
    """A line at an edge: page, position on it, distance from the edge in points, and whether it is a title by size."""

    page: int
    position: int
    distance: float
    line: Line
    large: bool

    @property
    def parts(self) -> list[str]:
        """The whole text, then the texts at the left, in the middle and at the right."""
        cells = self.line.cells
        texts = [cell.text for cell in cells if sum(map(str.isalpha, cell.text)) >= _LEAST_LETTERS]
        return [self.line.text, *(texts if len(cells) > 1 else ())]

    @property
    def counted(self) -> str | None:
        """The text with numbers masked, for one may be the page number; None for a line without numbers."""
        text = self.line.text.casefold()
        masked = "#" if _ROMAN.fullmatch(text) else _DIGITS.sub("#", text)
        # Titles may be numbered consecutively too.
        return masked if "#" in masked and (masked == "#" or not self.large) else None


@dataclass(frozen=True)
class _Running:
    """Running lines of one edge: texts with their median distance from it, and masked lines with page numbers."""

    texts: Mapping[str, float]
    counted: frozenset[str]

    @classmethod
    def of(cls, edges: Sequence[Sequence[EdgeLine]]) -> _Running:
        least = max(_LEAST_PAGES, _SHARE * len(edges))
        by_text: dict[str, list[EdgeLine]] = defaultdict(list)
        by_count: dict[str, list[EdgeLine]] = defaultdict(list)
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

    def has(self, place: EdgeLine) -> bool:
        """True if a line is a running line. Lines with page numbers may be at any height."""
        nowhere = float("inf")
        return place.counted in self.counted or any(
            abs(place.distance - self.texts.get(text, nowhere)) <= _DRIFT for text in place.parts
        )


def find_running_headers(pages: Sequence[PageLines]) -> list[RunningHeaders]:
    """The running lines of each page."""
    if len(pages) < _LEAST_PAGES:
        return [RunningHeaders()] * len(pages)
    heads = [edge_lines(number, page, bottom=False) for number, page in enumerate(pages)]
    feet = [edge_lines(number, page, bottom=True) for number, page in enumerate(pages)]
    running_heads, running_feet = _Running.of(heads), _Running.of(feet)
    shown: set[str] = set()
    return [
        _running_headers(_at_edge(head, running_heads), _at_edge(foot, running_feet), lines, shown)
        for head, foot, (_, lines) in zip(heads, feet, pages, strict=True)
    ]


def _running_headers(
    head: Sequence[EdgeLine], foot: Sequence[EdgeLine], lines: Sequence[Line], shown: set[str]
) -> RunningHeaders:
    places = {place.position: place for place in (*head, *foot)}
    if len(places) == len(lines):
        # The page has no other text: without these lines it could not be found.
        places = {position: place for position, place in places.items() if _PAGE_NUMBER.fullmatch(place.line.text)}
    others = [line.text for position, line in enumerate(lines) if position not in places] if places else []
    kept = frozenset(position for position, place in places.items() if _is_new(place, others, shown))
    heads = [place.position for place in head if place.position in places]
    feet = [place.position for place in reversed(foot) if place.position in places and place.position not in heads]
    return RunningHeaders(heads, feet, kept)


def _is_new(place: EdgeLine, others: Sequence[str], shown: set[str]) -> bool:
    """True if a running line has text that is neither on an earlier page nor elsewhere on this one, as its title."""
    if _PAGE_NUMBER.fullmatch(place.line.text):
        return False
    whole, *parts = place.parts
    keys = {part: _DIGITS.sub("#", part.casefold()) for part in parts or [whole]}
    new = [part for part, key in keys.items() if key not in shown]
    shown.update(keys.values())
    return any(not any(other.endswith(part) for other in others) for part in new)


def edge_lines(number: int, page: PageLines, *, bottom: bool) -> list[EdgeLine]:
    """The lines near an edge of a page, at least the outermost one, from the edge inwards."""
    (_, height), lines = page
    if not lines:
        return []
    boxes = [line.box for line in lines]
    distances = sorted((height - box.y1 if bottom else box.y0, position) for position, box in enumerate(boxes))
    usual = median([line.size for line in lines])
    return [
        EdgeLine(number, position, distance, lines[position], lines[position].size > _LARGE * usual)
        for distance, position in distances[:_MOST_LINES]
        if distance <= max(_EDGE * height, distances[0][0])
    ]


def _count_pages(places: Sequence[EdgeLine]) -> bool:
    """True if one number of a line counts the pages, and the others are constant."""
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


def _at_edge(edge: Sequence[EdgeLine], running: _Running) -> list[EdgeLine]:
    """The running lines with all others of their rows, up to the first row without one."""
    return [place for row in takewhile(lambda row: any(map(running.has, row)), _rows(edge)) for place in row]


def _rows(edge: Sequence[EdgeLine]) -> Iterator[list[EdgeLine]]:
    row: list[EdgeLine] = []
    for place in edge:
        if row and place.distance - row[0].distance > _LEVEL:
            yield row
            row = []
        row.append(place)
    if row:
        yield row
