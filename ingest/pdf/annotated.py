"""Form values, text boxes and notes among the lines of a page.

A value stands on the line of its label, at its place in the line; a text box below what is above it; the notes of
reviewers come last and say that they are notes. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ingest.pdf.lines import Line, Piece
from rag.domain.values import Box
from rag.pdf.annotations import NOT_TICKED, TICKED, Annotation
from rag.text.characters import clean

_USUAL_SIZE: Final = 10.0
# In font sizes: height of a line and width of a letter; most lines of a field are this far apart.
_LINE: Final = 1.25
_LETTER: Final = 0.5
# Most lines near the height of a field that are looked at.
_MOST_NEAR: Final = 40
# Most words that a note quotes.
_MOST_MARKED: Final = 12
# Most lines that are added at their places; further ones are added at the end.
_MOST_PLACED: Final = 1_000


# A number or date as a program stores it, and the longest that is shown of it.
_STORED: Final = re.compile(r"[-+]?\d{1,20}(?:[.,]\d{1,20})?")
_LONGEST_SHOWN: Final = 40


def with_annotations(lines: Sequence[Line], annotations: Sequence[Annotation], *, drawn: bool = True) -> Sequence[Line]:
    """The lines of a page with the text of its annotations, in the order of the page.

    Args:
        lines: in drawing order; not changed.
        annotations: of the page.
        drawn: false where the lines are those of OCR, which has seen all but the notes.
    """
    shown = [one for one in annotations if drawn and one.kind in ("value", "tick", "text")]
    notes = [one for one in annotations if one.kind == "note"]
    if not shown and not notes:
        return lines
    size = _usual_size(lines)
    page = _Page(lines, size)
    ticked = any(one.kind == "tick" and one.text for one in shown)
    # Text boxes first: one may be the label of a field.
    for one in sorted(shown, key=lambda one: (one.kind != "text", one.box.y0, one.box.x0)):
        if one.kind != "tick":
            page.add(one.box, one.text, in_line=one.kind == "value")
        elif ticked:
            page.add(one.box, TICKED if one.text else NOT_TICKED, in_line=True)
    said = " ".join(line.text for line in page.lines) if notes else ""
    return [*page.lines, *(line for note in notes for line in _note(note, page, said, size))]


def _usual_size(lines: Sequence[Line]) -> float:
    """Font size of most letters, in points."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters.update(line.letters)
    return letters.most_common(1)[0][0] if letters else _USUAL_SIZE


def _note(note: Annotation, page: _Page, said: str, size: float) -> Iterator[Line]:
    """A note in lines, with the words that it marks; none if it only repeats them."""
    words = _words(note.text)
    if not words or " ".join(words) in said:
        return
    author, marked = " ".join(_words(note.author)), page.marked(note.quads)
    head = f"Note by {author}" if author else "Note"
    head += f' on "{" ".join(marked)}":' if marked else ":"
    box = _not_empty(note.box)
    yield Line([Piece(word, box, size, bold=False) for word in [*head.split(), *words]], begins=True)


def _words(text: str) -> list[str]:
    return clean(text).split()


def _not_empty(box: Box) -> Box:
    return Box(box.x0, box.y0, max(box.x1, box.x0 + 1.0), max(box.y1, box.y0 + 1.0))


class _Page:
    """Lines of a page, to which text is added."""

    def __init__(self, lines: Sequence[Line], size: float) -> None:
        self._size = size
        # Numbers of lines stay, their positions do not.
        self._by_number = dict(enumerate(lines))
        self._given = len(lines)
        self._numbers = list(self._by_number)
        # Middles of lines from top to bottom, and the number of each.
        order = sorted((_middle(line.box), number) for number, line in self._by_number.items())
        self._middles = [middle for middle, _ in order]
        self._at = [number for _, number in order]

    @property
    def lines(self) -> list[Line]:
        """All lines, in order."""
        return [self._by_number[number] for number in self._numbers]

    def add(self, box: Box, text: str, *, in_line: bool) -> None:
        """Adds a text at its place, unless it stands there already."""
        rows = [words for row in clean(text).split("\n") if (words := row.split())]
        if not rows or self._has(box, " ".join(word for row in rows for word in row)):
            return
        box = _not_empty(box)
        size = min(self._size, max(box.y1 - box.y0, 1.0))
        wrapped = [part for row in rows for part in _wrapped(row, box, size)]
        first, *rest = _placed(wrapped, box, size)
        if in_line and (number := self._label(box)) is not None:
            self._insert(number, first)
            place = self._numbers.index(number) + 1 if rest else 0
        else:
            place, rest = self._below(first), [replace(first, begins=not in_line), *rest]
            if not in_line and place < len(self._numbers):
                after = self._numbers[place]
                self._by_number[after] = replace(self._by_number[after], begins=True)
        for line in reversed(rest):
            self._place(line, place)

    def marked(self, boxes: Sequence[Box]) -> list[str]:
        """The words in boxes, shortened in the middle where they are many."""
        words: list[str] = []
        for box in boxes[:_MOST_NEAR]:
            words += [
                piece.text
                for number in self._near(box)
                for piece in self._by_number[number].pieces
                if box.x0 <= (piece.box.x0 + piece.box.x1) / 2 <= box.x1
                and box.y0 <= (piece.box.y0 + piece.box.y1) / 2 <= box.y1
            ]
        half = _MOST_MARKED // 2
        return words if len(words) <= _MOST_MARKED else [*words[:half], "…", *words[-half:]]

    def _near(self, box: Box) -> list[int]:
        """Numbers of the lines whose middle is within the height of a box, or a little beside it."""
        slack = self._size / 2 if box.y1 - box.y0 < self._size else 0.0
        first = bisect_left(self._middles, box.y0 - slack)
        return self._at[first : min(bisect_right(self._middles, box.y1 + slack), first + _MOST_NEAR)]

    def _has(self, box: Box, text: str) -> bool:
        """True if the page itself has the text where a field has it."""
        inside = [
            piece.text
            for number in self._near(box)
            for piece in self._by_number[number].pieces
            if box.x0 - 1 <= (piece.box.x0 + piece.box.x1) / 2 <= box.x1 + 1
        ]
        return bool(inside) and " ".join(inside) == text

    def _label(self, box: Box) -> int | None:
        """The line that a field is in: of those at its height, that with the nearest words beside it."""
        middle = box.y0 + min(box.y1 - box.y0, 2 * self._size) / 2
        best: tuple[float, int] | None = None
        for number in self._near(box):
            line = self._by_number[number]
            if not line.box.y0 - self._size / 2 <= middle <= line.box.y1 + self._size / 2:
                continue
            gaps = (max(box.x0 - piece.box.x1, piece.box.x0 - box.x1, 0.0) for piece in line.pieces)
            gap = min(gaps)
            if best is None or gap < best[0]:
                best = gap, number
        return best[1] if best else None

    def _insert(self, number: int, line: Line) -> None:
        before = self._by_number[number]
        left = line.box.x0
        cut = next((place for place, piece in enumerate(before.pieces) if piece.box.x0 > left), len(before.pieces))
        size = before.size
        pieces = [piece._replace(size=size) for piece in line.pieces]
        self._by_number[number] = Line(
            [*before.pieces[:cut], *pieces, *before.pieces[cut:]], before.hyphenated and cut < len(before.pieces)
        )

    def _below(self, line: Line) -> int:
        """The place after the last line that is above one."""
        if len(self._by_number) - self._given >= _MOST_PLACED:
            return len(self._numbers)
        return 1 + max(
            (place for place, number in enumerate(self._numbers) if self._is_above(number, line)), default=-1
        )

    def _place(self, line: Line, place: int) -> None:
        number = len(self._by_number)
        self._numbers.insert(place, number)
        self._by_number[number] = line
        position = bisect_left(self._middles, _middle(line.box))
        self._middles.insert(position, _middle(line.box))
        self._at.insert(position, number)

    def _is_above(self, number: int, line: Line) -> bool:
        box = self._by_number[number].box
        return box.y1 <= line.box.y0 + self._size / 2 and box.x0 < line.box.x1


def _middle(box: Box) -> float:
    return (box.y0 + box.y1) / 2


def _wrapped(words: Sequence[str], box: Box, size: float) -> Iterator[list[str]]:
    """Breaks a row of words where it is wider than the box; into one line where the box has only one."""
    most = (box.x1 - box.x0) / (_LETTER * size) if box.y1 - box.y0 >= 2 * _LINE * size else float("inf")
    row: list[str] = []
    length = 0
    for word in words:
        if row and length + len(word) > most:
            yield row
            row, length = [], 0
        row.append(word)
        length += len(word) + 1
    yield row


def _placed(rows: Sequence[Sequence[str]], box: Box, size: float) -> list[Line]:
    """Lines in a box from its top, with the words at about their places."""
    height = min(_LINE * size, (box.y1 - box.y0) / len(rows))
    lines = []
    for number, words in enumerate(rows):
        top = box.y0 + number * height if len(rows) > 1 else box.y0
        bottom = top + height if len(rows) > 1 else box.y1
        letter = min(_LETTER * size, (box.x1 - box.x0) / max(sum(map(len, words)) + len(words) - 1, 1))
        left, pieces = box.x0, []
        for word in words:
            pieces.append(Piece(word, Box(left, top, left + letter * len(word), bottom), size, bold=False))
            left += letter * (len(word) + 1)
        lines.append(Line(pieces))
    return lines


def as_shown(value: str, look: str) -> str:
    """A number or date as a form shows it: it may store "20260514" for "14 May 2026", or "1234.5" for "1,234.50 €".

    Args:
        value: that is stored.
        look: text of the field's appearance, which may be that of another value, or have each digit in a cell.
    """
    if not _STORED.fullmatch(value) or not look or len(look) > _LONGEST_SHOWN or "".join(look.split()) == value:
        return value
    stored, shown = (Counter(digit for digit in text if "1" <= digit <= "9") for text in (value, look))
    return " ".join(look.split()) if stored <= shown or shown <= stored else value
