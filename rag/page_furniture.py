"""Running headers and footers: the lines at the edges of pages that come again and again.

Pure. A running line has the same text on many pages, but for the page's number, at about the same height, and nothing
but other running lines between itself and the edge of the page.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

from rag.page_lines import Line, PageLines, cells_of

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


class Furniture(NamedTuple):
    """Positions of a page's running lines. ``kept`` are those that no page before has shown: they are text, too."""

    head: Sequence[int] = ()
    foot: Sequence[int] = ()
    kept: frozenset[int] = frozenset()


class _Place(NamedTuple):
    """A line at an edge: its page, its position on it, how far from the edge, in points, and whether it is larger."""

    page: int
    position: int
    distance: float
    line: Line
    large: bool

    @property
    def keys(self) -> list[str]:
        """What it has in common with the same line on other pages: all of its text, or what stands left or right."""
        cells = cells_of(self.line)
        parts = [cell.text for cell in cells if sum(map(str.isalpha, cell.text)) >= _LEAST_LETTERS]
        return [_key(text) for text in (self.line.text, *(parts if len(cells) > 1 else ()))]


def find_furniture(pages: Sequence[PageLines]) -> list[Furniture]:
    """The running lines of each page."""
    if len(pages) < _LEAST_PAGES:
        return [Furniture()] * len(pages)
    heads = [_edge(number, page, bottom=False) for number, page in enumerate(pages)]
    feet = [_edge(number, page, bottom=True) for number, page in enumerate(pages)]
    running_heads, running_feet = _running(heads), _running(feet)
    shown: set[str] = set()
    return [
        _furniture(_at_edge(head, running_heads), _at_edge(foot, running_feet), len(lines), shown)
        for head, foot, (_, lines) in zip(heads, feet, pages, strict=True)
    ]


def _furniture(head: Sequence[_Place], foot: Sequence[_Place], count: int, shown: set[str]) -> Furniture:
    places = {place.position: place for place in (*head, *foot)}
    if len(places) == count:
        # Nothing else is on the page: it would not be found at all.
        places = {position: place for position, place in places.items() if _PAGE_NUMBER.fullmatch(place.line.text)}
    kept = set()
    for position, place in places.items():
        key = _key(place.line.text)
        if key not in shown and not _PAGE_NUMBER.fullmatch(place.line.text):
            kept.add(position)
        shown.add(key)
    heads = [place.position for place in head if place.position in places]
    feet = [place.position for place in reversed(foot) if place.position in places and place.position not in heads]
    return Furniture(heads, feet, frozenset(kept))


def _edge(number: int, page: PageLines, *, bottom: bool) -> list[_Place]:
    """The lines near an edge of a page, from the edge inwards."""
    (_, height), lines = page
    boxes = [line.box for line in lines]
    distances = [height - box.y1 if bottom else box.y0 for box in boxes]
    near = sorted((distance, position) for position, distance in enumerate(distances) if distance <= _EDGE * height)
    usual = median([line.size for line in lines]) if near else 0.0
    return [
        _Place(number, position, distance, lines[position], lines[position].size > _LARGE * usual)
        for distance, position in near[:_MOST_LINES]
    ]


def _key(text: str) -> str:
    """A text without what may differ from page to page."""
    return "#" if _ROMAN.fullmatch(text) else _DIGITS.sub("#", text.casefold())


def _running(edges: Sequence[Sequence[_Place]]) -> dict[str, float]:
    """The keys of running lines, with their usual distance from the edge."""
    found: dict[str, list[_Place]] = defaultdict(list)
    for places in edges:
        for place in places:
            for key in dict.fromkeys(place.keys):
                found[key].append(place)
    running = {}
    for key, places in found.items():
        usual = median(place.distance for place in places)
        level = [place for place in places if abs(place.distance - usual) <= _DRIFT]
        on = len({place.page for place in level})
        if on >= max(_LEAST_PAGES, _SHARE * len(edges)) and (key == "#" or _is_regular(level)):
            running[key] = usual
    return running


def _is_regular(places: Sequence[_Place]) -> bool:
    """Whether the numbers in a line are always the same, or count the pages; titles may count, too, but are large."""
    numbers = [(place, list(map(int, _DIGITS.findall(place.line.text)))) for place in places]
    for column in range(min(len(found) for _, found in numbers)):
        same = Counter(found[column] for _, found in numbers).most_common(1)[0][1]
        counting = Counter(found[column] - place.page for place, found in numbers if not place.large)
        best = counting.most_common(1)[0][1] if counting else 0
        if max(same, best) < _REGULAR * len(places):
            return False
    return True


def _at_edge(edge: Sequence[_Place], running: Mapping[str, float]) -> list[_Place]:
    """The running lines, and what stands at their height: up to the first row that has none."""
    found: list[_Place] = []
    for row in _rows(edge):
        if not any(
            abs(place.distance - running.get(key, float("inf"))) <= _DRIFT for place in row for key in place.keys
        ):
            break
        found += row
    return found


def _rows(edge: Sequence[_Place]) -> Iterator[list[_Place]]:
    row: list[_Place] = []
    for place in edge:
        if row and place.distance - row[0].distance > _LEVEL:
            yield row
            row = []
        row.append(place)
    if row:
        yield row
