"""List parsing by rules: the items of bulleted, numbered and lettered lists in a page's text, with their spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(r"[^\n]+")
# "- ", "• ", "1. ", "(2) ", "a) ", "Step 3: ". One to three digits: "2024. " is a year at the end of a sentence.
_MARKER: Final = re.compile(
    r"[ \t]*+(?:"
    r"(?P<bullet>[•●▪◦‣∙·■□➢➤✓✔❖*–—-]|\$\\rightarrow\$)[ \t]++"
    r"|\(?+(?P<number>\d{1,3})[.)][ \t]++"
    r"|(?:Step|STEP)[ \t](?P<step>\d{1,2})[:.)]?[ \t]*+"
    r"|\(?+(?P<letter>[a-z])[.)][ \t]++"
    r")(?=\S)"
)
# A line that is shorter than this share of the longest line around it was not broken because it was full.
_FULL: Final = 0.72
_FEWEST_ITEMS: Final = 2
# Lines that are looked at for the longest one.
_AROUND: Final = 40


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list.

    Attributes:
        start, end: offsets of its text, marker included, blanks around it excluded.
        body: offset at which the text after the marker begins.
        ordinal: of a numbered or lettered item, from 1; None for a bullet.
    """

    start: int
    end: int
    body: int
    ordinal: int | None


@dataclass(frozen=True, slots=True)
class TextList:
    """A list in a text: two or more items in order, of the same kind of marker.

    Attributes:
        intro: start and end of the line or sentence right above that introduces it; None where there is none.
    """

    items: tuple[ListItem, ...]
    intro: tuple[int, int] | None

    @property
    def start(self) -> int:
        """Offset of the first item."""
        return self.items[0].start

    @property
    def end(self) -> int:
        """Offset of the end of the last item."""
        return self.items[-1].end

    @property
    def is_numbered(self) -> bool:
        """True if its items have numbers or letters."""
        return self.items[0].ordinal is not None


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    marker: re.Match[str] | None


def find_lists(text: str, *, fewest: int = _FEWEST_ITEMS) -> list[TextList]:
    """The lists of a text, in order; nested ones are flattened into the list around them.

    Args:
        text: of a page.
        fewest: items that make a list; 1 also finds the single item with which a list ends on the next page.
    """
    lines = [
        _Line(match.start(), match.end(), _MARKER.match(text, match.start(), match.end()))
        for match in _LINE.finditer(text)
    ]
    lists: list[TextList] = []
    run: list[tuple[_Line, ListItem]] = []
    for position, line in enumerate(lines):
        if line.marker is None:
            continue
        item = _item(text, lines, position)
        if run and not _continues(text, run[-1][1], item, run[0][0].marker, line.marker):
            lists += _list_of(text, run, fewest)
            run = []
        run.append((line, item))
    lists += _list_of(text, run, fewest)
    return lists


def _list_of(text: str, run: Sequence[tuple[_Line, ListItem]], fewest: int) -> Iterator[TextList]:
    if len(run) >= fewest:
        items = tuple(item for _, item in run)
        yield TextList(items, _intro(text, items[0].start))


def _item(text: str, lines: Sequence[_Line], position: int) -> ListItem:
    """The item that begins in a line: with the lines that follow because the one before was full."""
    first = lines[position]
    assert first.marker is not None  # noqa: S101 - the caller checked
    last = position
    around = lines[max(0, position - _AROUND) : position + _AROUND]
    width = max(line.end - line.start for line in around)
    while last + 1 < len(lines):
        line, following = lines[last], lines[last + 1]
        gap = text[line.end : following.start]
        if following.marker or "\n\n" in gap or not _is_continued(text, line, following, width):
            break
        last += 1
    ordinal = _ordinal(first.marker)
    return ListItem(first.start, len(text[: lines[last].end].rstrip()), first.marker.end(), ordinal)


def _is_continued(text: str, line: _Line, following: _Line, width: int) -> bool:
    """True if a line goes on in the following one."""
    if text[following.start : following.end].lstrip()[:1].islower():
        return True
    is_full = line.end - line.start >= _FULL * width
    return is_full and not (text[: line.end].endswith((".", ":", ";")) and line.end - line.start < 0.9 * width)


def _continues(
    text: str, before: ListItem, item: ListItem, first: re.Match[str] | None, marker: re.Match[str] | None
) -> bool:
    """True if an item belongs to the list of the item before it."""
    gap = text[before.end : item.start]
    if first is None or marker is None or gap.count("\n\n") > 1 or len(gap.strip()) > 0:
        # Text between two numbered items belongs to the first of them: "OR", a note, a picture's caption.
        return before.ordinal is not None and item.ordinal == before.ordinal + 1 and len(gap) < 1_200
    if item.ordinal is None:
        return True
    return before.ordinal is None or item.ordinal in (before.ordinal + 1, 1) or first.lastgroup != marker.lastgroup


def _ordinal(marker: re.Match[str]) -> int | None:
    if number := marker["number"] or marker["step"]:
        return int(number)
    return ord(marker["letter"]) - ord("a") + 1 if marker["letter"] else None


def _intro(text: str, start: int) -> tuple[int, int] | None:
    """The last line or sentence above a list, if it ends in a colon or stands right above."""
    above = text[max(0, start - 600) : start]
    offset = start - len(above)
    stripped = above.rstrip()
    if not stripped or above[len(stripped) :].count("\n") > 2:
        return None
    cut = max(stripped[:-1].rfind(". "), stripped[:-1].rfind(".\n"), stripped.rfind("\n\n"))
    begin = cut + 1 if cut >= 0 else 0
    begin += len(stripped[begin:]) - len(stripped[begin:].lstrip())
    if stripped.endswith((":", "…")) or "\n\n" not in above[len(stripped) :]:
        return offset + begin, offset + len(stripped)
    return None
