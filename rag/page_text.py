"""Lines of words to the text of a page: paragraphs, headings, and words that a line break had cut in two.

Pure: it knows sizes and places, not where they came from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from rag.domain import Box, Heading, Page, Word

# A gap of more than this times the usual distance of two lines begins a new paragraph.
_PARAGRAPH_GAP: Final = 1.3
_HEADING_SIZE: Final = 1.12
_HEADING_LENGTH: Final = 120
_LETTERS: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class Piece(NamedTuple):
    """A word, or the part of a hyphenated one that stands in this line; ``size`` of its letters in points."""

    text: str
    box: Box
    size: float
    bold: bool


@dataclass(slots=True)
class Line:
    """A line of a page; ``hyphenated`` if its last word goes on in the next one."""

    pieces: list[Piece] = field(default_factory=list)
    hyphenated: bool = False

    @property
    def text(self) -> str:
        """Its words, with single spaces."""
        return " ".join(piece.text for piece in self.pieces)

    @property
    def size(self) -> float:
        """Of most of its letters, in points."""
        return _letters_by_size(self.pieces).most_common(1)[0][0]

    @property
    def bold(self) -> bool:
        """Whether all of it is."""
        return all(piece.bold for piece in self.pieces)

    @property
    def top(self) -> float:
        """Its upper edge, in points from the top."""
        return min(piece.box.y0 for piece in self.pieces)


PageLines: TypeAlias = tuple[tuple[float, float], Sequence[Line]]


def compose_pages(pages: Sequence[PageLines]) -> tuple[Page, ...]:
    """The pages of a document, in order, from their sizes in points and their lines.

    The whole document is needed: what a heading is, and how a word is spelt, shows only there.
    """
    style = _HeadingStyle.of([lines for _, lines in pages])
    vocabulary = _vocabulary(pages)
    for _, lines in pages:
        _restore_hyphens(lines, vocabulary)
    return tuple(_compose(number, size, lines, style) for number, (size, lines) in enumerate(pages, start=1))


def _vocabulary(pages: Sequence[PageLines]) -> frozenset[str]:
    """Every word that no line break cut."""
    words: set[str] = set()
    for _, lines in pages:
        for position, line in enumerate(lines):
            first = int(position > 0 and lines[position - 1].hyphenated)
            whole = line.pieces[first : len(line.pieces) - line.hyphenated]
            words.update(match.casefold() for piece in whole for match in _LETTERS.findall(piece.text))
    return frozenset(words)


def _restore_hyphens(lines: Sequence[Line], vocabulary: frozenset[str]) -> None:
    """Gives the hyphen at a line's end back to words that are spelt with one, such as cutting-edge."""
    for above, below in pairwise(lines):
        if not above.hyphenated:
            continue
        left, right = above.pieces[-1], below.pieces[0]
        if _is_compound(_edge(left.text, -1), _edge(right.text, 0), vocabulary):
            above.pieces[-1] = left._replace(text=left.text + "-")


def _edge(text: str, position: int) -> str:
    found = _LETTERS.findall(text)
    return found[position].casefold() if found else ""


def _is_compound(left: str, right: str, vocabulary: frozenset[str]) -> bool:
    """Whether the document writes it with a hyphen elsewhere; or never as one word, and both halves are words."""
    if f"{left}-{right}" in vocabulary:
        return True
    return left + right not in vocabulary and {left, right} <= vocabulary


def _letters_by_size(pieces: Sequence[Piece]) -> Counter[float]:
    counts: Counter[float] = Counter()
    for piece in pieces:
        counts[piece.size] += len(piece.text)
    return counts


@dataclass(frozen=True)
class _HeadingStyle:
    """How this document sets its headings: what is larger than its body text, or bold and alone."""

    body: float
    sizes: tuple[float, ...]

    @classmethod
    def of(cls, pages: Sequence[Sequence[Line]]) -> _HeadingStyle:
        letters: Counter[float] = Counter()
        for lines in pages:
            for line in lines:
                letters.update(_letters_by_size(line.pieces))
        body = letters.most_common(1)[0][0] if letters else 0.0
        return cls(body, tuple(sorted((size for size in letters if size >= body * _HEADING_SIZE), reverse=True)))

    def level(self, line: Line, *, alone: bool) -> int | None:
        """1 for the largest size in the document; None for a line that is no heading."""
        text = line.text
        if len(text) > _HEADING_LENGTH or not any(character.isalpha() for character in text):
            return None
        if line.size in self.sizes:
            return self.sizes.index(line.size) + 1
        if alone and line.bold and line.size >= self.body and text[-1] not in ".,;:" and not text[0].islower():
            return len(self.sizes) + 1
        return None


def _compose(number: int, size: tuple[float, float], lines: Sequence[Line], style: _HeadingStyle) -> Page:
    page = _PageText()
    breaks = _paragraph_breaks(lines)
    for position, line in enumerate(lines):
        level = style.level(line, alone=_is_alone(breaks, position))
        page.add(line, paragraph=breaks[position], level=level)
    return Page(number, page.text, *size, words=tuple(page.words), headings=tuple(page.headings))


def _is_alone(breaks: Sequence[bool], position: int) -> bool:
    return breaks[position] and (position + 1 == len(breaks) or breaks[position + 1])


def _paragraph_breaks(lines: Sequence[Line]) -> list[bool]:
    """For each line, whether a paragraph begins with it."""
    steps = [below.top - above.top for above, below in pairwise(lines)]
    usual = median([step for step in steps if step > 1.0] or [0.0])
    breaks = [True] * len(lines)
    for position, step in enumerate(steps, start=1):
        above, below = lines[position - 1], lines[position]
        moved_up = step < -1.0  # another column, or a part of the page drawn later
        if moved_up:
            breaks[position] = above.text[-1] in ".!?:"
        else:
            breaks[position] = step > usual * _PARAGRAPH_GAP or above.size != below.size
    return breaks


class _PageText:
    """Grows a page's text line by line, and keeps where each word and heading stands in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._joined = False  # the line before ended within a word
        self.words: list[Word] = []
        self.headings: list[Heading] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, line: Line, *, paragraph: bool, level: int | None) -> None:
        self._separate(paragraph=paragraph)
        start = self._length
        for position, piece in enumerate(line.pieces):
            if position:
                self._append(" ")
            self.words.append(Word(self._length, self._length + len(piece.text), piece.box))
            self._append(piece.text)
        self._joined = line.hyphenated
        if level is not None:
            self._add_heading(Heading(start, self._length, level), continued=not paragraph)

    def _separate(self, *, paragraph: bool) -> None:
        if self._length and not self._joined:
            self._append("\n\n" if paragraph else "\n")

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _add_heading(self, heading: Heading, *, continued: bool) -> None:
        """A title over two lines is one heading."""
        last = self.headings[-1] if self.headings else None
        if last and continued and last.level == heading.level and heading.start - last.end <= 1:
            self.headings[-1] = last._replace(end=heading.end)
        else:
            self.headings.append(heading)
