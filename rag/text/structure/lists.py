"""List parsing by rules: the items of bulleted, numbered and lettered lists in a page's text, with their spans."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from rag.text.sentences import line_spans

# "- ", "• ", "1. ", "(2) ", "a) ", "(iv) ", "Step 3: ". One to three digits: "2024. " is a year at a sentence's end.
_MARKER: Final = re.compile(
    r"(?:(?P<bullet>[•●○◦▪▫■□◆◇▸►▶➢➤→➔⁃‣∙·✓✔✗❖☐☑*–—-]|\$\\rightarrow\$)"
    r"|\((?P<inside>\d{1,3}|[A-Za-z]|[ivx]{2,5})\)|(?P<plain>\d{1,3}|[A-Za-z]|[ivx]{2,5})(?P<close>[.)])"
    r"|(?:Step|STEP)[ \t](?P<step>\d{1,2})(?:[ \t]*+[:.)–—-])?+)"
    r"(?:[ \t]++(?=\S)|\Z)"
)
# Bullets that are nothing else: a dash in a line of its own is an empty cell of a table.
_BULLETS_ONLY: Final = frozenset("•●○◦▪▫■□◆◇▸►▶➢➤‣∙❖☐☑")
_DASHES: Final = frozenset("–—-⁃")
_ROMAN: Final = re.compile(r"(x{0,3}+)(ix|iv|vi{0,3}|i{1,3}|)")
_ROMAN_UNITS: Final = {"": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
# A line that is shorter than this share of the longest line around it was not broken because it was full.
_FULL: Final = 0.72
_FULL_AT_STOP: Final = 0.9
# Lines of a paragraph that tell how wide it is.
_FEWEST_LINES: Final = 3
# Words with which no item ends: "- Foundation and" goes on in the next line, whatever that begins with.
_OPEN_ENDS: Final = frozenset(
    "an and as at by for from in into of on or per the to with or & "
    "auf bei das dem den der die ein eine für mit oder und von zu zum zur "
    "au aux avec de des du et la le les ou par pour un une "
    "con del el en los las para por".split()
)
_FEWEST_ITEMS: Final = 2
# Lines of a block; the longest line is that of a block and its neighbours.
_AROUND: Final = 40
# Characters between two numbered items: a note, "OR", a picture's caption.
_LONGEST_BETWEEN: Final = 1_200
# A list on a page may begin with a later item, but hardly with this one: "(871)" is an amount.
_LARGEST_FIRST: Final = 99
_LONGEST_INTRO: Final = 600
_BLANK_LINES_BETWEEN: Final = 4
# Markers that may be an initial, or the "v. " between two parties: a single one makes no list.
_AMBIGUOUS: Final = frozenset(("A.", "a.", "i."))
_MOST_WRAPPED: Final = 3


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list.

    Attributes:
        start, end: offsets of its text, marker included, blanks around it excluded.
        body: offset at which the text after the marker begins.
        ordinal: of a numbered or lettered item, from 1; None for a bullet.
        style: form of the marker, equal for the items of one level: "•", "1.", "(a)", "step".
        level: 0 for the items of the list itself, 1 for those of a list in one of its items, and so on.
    """

    start: int
    end: int
    body: int
    ordinal: int | None
    style: str = "•"
    level: int = 0


@dataclass(frozen=True, slots=True)
class TextList:
    """A list in a text: its items in order, nested ones among them.

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

    def goes_on_in(self, other: TextList) -> bool:
        """True if a list on the next page has the next number of some level, or the same bullets."""
        last = {item.style: item.ordinal for item in self.items}
        # Its first item may be nested in one of this list, and the next one of this list may follow.
        outer = next(item for item in other.items if item.level == 0)
        return any(
            first.style in last and (first.ordinal or 0) == (last[first.style] or -1) + 1
            for first in (other.items[0], outer)
        )


class _Mark(NamedTuple):
    """One reading of a marker: "i)" is the first roman number, or the ninth letter."""

    style: str
    ordinal: int | None


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    marker: re.Match[str] | None

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass
class _Run:
    """A list as it is read.

    Attributes:
        parts: its items, and the lists within them with the level of these.
        levels: marker of the last item of each level that is open, the outermost first.
        first, end: ordinal of the first item, and offset of the end of the last one.
    """

    first: int | None
    parts: list[ListItem | tuple[_Run, int]] = field(default_factory=list)
    levels: list[_Mark] = field(default_factory=list)
    end: int = 0
    wrapped: int = 0

    def next_in_order(self, marks: Sequence[_Mark], gap: str) -> tuple[_Mark, int] | None:
        """The reading of a marker with the next number of a level, or with its bullet, and that level."""
        found = self._next(marks, 1)
        return found if found and (_is_near(gap) or (found[0].ordinal and len(gap) < _LONGEST_BETWEEN)) else None

    def near(self, marks: Sequence[_Mark], gap: str, *, is_announced: bool = False) -> tuple[_Mark, int] | None:
        """The reading of a marker right below with which it is nested, or the next but one, and its level.

        Level -1 is that of a list around all items, which began on the page before.

        Args:
            marks: the readings, the likeliest first.
            gap: text between the last item and the marker.
            is_announced: whether the last item ends with a colon: a first number after it is that of a list within it,
                though a list around it has numbers of the same form.
        """
        if not _is_near(gap):
            return None
        first = next((mark for mark in marks if mark.ordinal == 1), None) if is_announced else None
        # A marker that was not recognised leaves a gap of one.
        return (first, len(self.levels)) if first else self._nested(marks) or self._next(marks, 2)

    def _next(self, marks: Sequence[_Mark], step: int) -> tuple[_Mark, int] | None:
        for level in reversed(range(len(self.levels))):
            for mark in marks:
                before = self.levels[level]
                if mark.style == before.style and (mark.ordinal or 0) == (before.ordinal or -step) + step:
                    return mark, level
        return None

    def _nested(self, marks: Sequence[_Mark]) -> tuple[_Mark, int] | None:
        known = {before.style for before in self.levels}
        new = [mark for mark in marks if mark.style not in known]
        if inner := next((mark for mark in new if mark.ordinal in (None, 1)), None):
            return inner, len(self.levels)
        return (new[0], -1) if new and self.first != 1 and self.wrapped < _MOST_WRAPPED else None

    def add(self, item: ListItem, mark: _Mark, level: int) -> None:
        """Adds an item at a level of :meth:`next_in_order` or :meth:`near`."""
        if level < 0:
            self.parts = [(_Run(self.first, self.parts), 1)]
            self.wrapped += 1
            level = 0
        self.parts.append(ListItem(item.start, item.end, item.body, mark.ordinal, mark.style, level))
        self.levels[level:] = [mark]
        self.end = item.end

    def items(self, level: int = 0) -> list[ListItem]:
        """The items in order, with those of the lists within."""
        found: list[ListItem] = []
        for part in self.parts:
            if isinstance(part, ListItem):
                found.append(replace(part, level=part.level + level) if level else part)
            else:
                found += part[0].items(level + part[1])
        return found


def marker_length(line: str) -> int:
    """Length of the marker with which a line begins, and of the blanks after it; 0 for a line without one."""
    found = _MARKER.match(line)
    return found.end() if found else 0


def find_lists(text: str, *, fewest: int = _FEWEST_ITEMS, apart: Sequence[tuple[int, int]] = ()) -> list[TextList]:
    """The lists of a text, in order; nested ones are flattened into the list around them.

    Args:
        text: of a page.
        fewest: items that make a list; 1 also finds the single item with which a list ends on the next page.
        apart: spans that belong to no item, such as headings; they do not overlap.
    """
    lines = [_Line(start, end, _MARKER.match(text, start, end)) for start, end in line_spans(text, 0, len(text))]
    free = _free(lines, sorted(apart))
    widths = _widths(lines)
    runs: list[_Run] = []
    for position, line in enumerate(lines):
        marks = _marks(line.marker) if line.marker and free[position] else []
        if not marks or not (last := _last_line(text, lines, free, position, widths)):
            continue
        assert line.marker is not None  # noqa: S101 - it has readings
        body = line.marker.end() if line.marker.end() < line.end else lines[position + 1].start
        _add(text, runs, ListItem(line.start, last.end, body, None), marks)
    found = [tuple(run.items()) for run in runs]
    return [
        TextList(items, _intro(text, items[0].start))
        for items in found
        if len(items) >= max(fewest, _FEWEST_ITEMS if items[0].style in _AMBIGUOUS else 1)
    ]


def _add(text: str, runs: list[_Run], item: ListItem, marks: Sequence[_Mark]) -> None:
    """Adds an item to the last list, or to the one before it, in which the last one is nested; or begins another."""
    before = runs[:-3:-1]
    gaps = [text[run.end : min(item.start, run.end + _LONGEST_BETWEEN)] for run in before]
    for run, gap in zip(before, gaps, strict=True):
        if found := run.next_in_order(marks, gap):
            if run is not runs[-1]:
                run.parts.append((runs.pop(), len(run.levels)))
            run.add(item, *found)
            return
    is_announced = bool(before) and text.endswith(":", 0, before[0].end)
    if before and (found := before[0].near(marks, gaps[0], is_announced=is_announced)):
        before[0].add(item, *found)
        return
    mark = marks[0]
    if mark.ordinal is None or mark.ordinal <= _LARGEST_FIRST:
        runs.append(_Run(mark.ordinal))
        runs[-1].add(item, mark, 0)


def _is_near(gap: str) -> bool:
    """True where nothing but a blank line is between two items."""
    return not gap.strip() and gap.count("\n") < _BLANK_LINES_BETWEEN


def _marks(marker: re.Match[str]) -> list[_Mark]:
    """The readings of a marker, the likeliest first; none for what is no marker, such as the "p. " of "p. 12"."""
    if bullet := marker["bullet"]:
        return [_Mark("-" if bullet in _DASHES else bullet, None)]
    if step := marker["step"]:
        return [_Mark("step", int(step))]
    name = marker["inside"] or marker["plain"]
    form = "({})" if marker["inside"] else f"{{}}{marker['close']}"
    is_before_digit = marker.string[marker.end() : marker.end() + 1].isdigit()
    if name.isdigit():
        return [_Mark(form.format("1"), int(name))]
    if marker["close"] == "." and is_before_digit:
        return []
    if name.isupper():
        return [_Mark(form.format("A"), ord(name) - ord("A") + 1)]
    roman = _ROMAN.fullmatch(name)
    readings = [_Mark(form.format("i"), 10 * len(roman[1]) + _ROMAN_UNITS[roman[2]])] if roman else []
    return [*readings, *([_Mark(form.format("a"), ord(name) - ord("a") + 1)] if len(name) == 1 else [])]


def _free(lines: Sequence[_Line], apart: Sequence[tuple[int, int]]) -> list[bool]:
    """For each line, whether it is outside of the spans ``apart``, which are in order."""
    starts = [start for start, _ in apart]
    before = [bisect_left(starts, line.end) - 1 for line in lines]
    return [place < 0 or apart[place][1] <= line.start for place, line in zip(before, lines, strict=True)]


def _widths(lines: Sequence[_Line]) -> list[int]:
    """For each block of lines, the longest line of it and its neighbours."""
    longest = [max(line.length for line in lines[first : first + _AROUND]) for first in range(0, len(lines), _AROUND)]
    return [max(longest[max(0, block - 1) : block + 2]) for block in range(len(longest))]


def _last_line(
    text: str, lines: Sequence[_Line], free: Sequence[bool], position: int, widths: Sequence[int]
) -> _Line | None:
    """The last line of the item that begins in a line: a line goes on because it was full.

    None for a marker in a line of its own without a text below it.
    """
    last = position
    marker, width = lines[position].marker, widths[position // _AROUND]
    width = min(width, _width_of_paragraph(text, lines, position) or width)
    is_alone = marker is not None and marker.end() == lines[position].end
    while last + 1 < len(lines):
        line, following = lines[last], lines[last + 1]
        if following.marker or not free[last + 1] or _is_apart(text, line, following):
            break
        if not (is_alone and last == position) and not _is_continued(text, line, following, width):
            break
        last += 1
    if is_alone and (last == position or not _stands_alone(marker)):
        return None
    return lines[last]


def _width_of_paragraph(text: str, lines: Sequence[_Line], position: int) -> int | None:
    """The longest line of the paragraph that is an item by itself, between blank lines.

    A page may have wider lines than the column that it is set in. None for a paragraph of several items, or of so few
    lines that their lengths tell nothing.
    """
    if position and not _is_apart(text, lines[position - 1], lines[position]):
        return None
    last = position
    while last + 1 < len(lines) and not _is_apart(text, lines[last], lines[last + 1]):
        last += 1
        if lines[last].marker:
            return None
    paragraph = lines[position : last + 1]
    return max(line.length for line in paragraph) if len(paragraph) >= _FEWEST_LINES else None


def _is_apart(text: str, line: _Line, following: _Line) -> bool:
    """True if a blank line is between two lines."""
    return text.count("\n", line.end, following.start) > 1


def _stands_alone(marker: re.Match[str] | None) -> bool:
    """True for a marker that may stand in a line of its own."""
    return marker is not None and (marker["bullet"] is None or marker["bullet"] in _BULLETS_ONLY)


def _is_continued(text: str, line: _Line, following: _Line, width: int) -> bool:
    """True if a line goes on in the following one."""
    if text[following.start].islower() or _is_open(text[line.start : line.end]):
        return True
    is_stopped = text.endswith((".", ":", ";"), line.start, line.end)
    return line.length >= (_FULL_AT_STOP if is_stopped else _FULL) * width


def _is_open(line: str) -> bool:
    """True if a line ends with a word that joins it to what follows; "the goods; and" ends an item of a contract."""
    before, _, last = line.rstrip().rpartition(" ")
    return last in _OPEN_ENDS and not before.endswith((";", ","))


def _intro(text: str, start: int) -> tuple[int, int] | None:
    """The last line or sentence above a list, if it ends in a colon or stands right above."""
    above = text[max(0, start - _LONGEST_INTRO) : start]
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
