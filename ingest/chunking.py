"""Chunking: pages to passages small enough for the encoder, each with its span and headings.

The only home of langchain_text_splitters. The splitter finds the places to cut; offsets are counted here, because its
``add_start_index`` searches for the text and finds the wrong place where text repeats
(https://github.com/langchain-ai/langchain/issues/21475).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ingest.lead_ins import LeadIns
from rag.domain.values import Chunk, Page, Span
from rag.text.sentences import line_spans
from rag.text.structure.lists import marker_length

# Paragraph, sentence, line, word, letter: the first that gives pieces within the limit.
_SEPARATORS: Final = [r"\n\n+", r"(?<=[.!?])\s+", r"(?<=[。！？])", r"\n", r"\s", ""]
# A section is cut into pieces of equal size, not full ones and a rest; with this slack they end at a sentence.
_BALANCE_SLACK: Final = 1.15
# Replaces a space at which must not be cut. A Unicode noncharacter: no text has it.
_NO_CUT: Final = "\ufdd0"

_LONGEST_HEADING: Final = 500

TokenCounter = Callable[[str], int]


@dataclass(frozen=True)
class Chunker:
    """Chunker by headings, then recursively by separators. Equal chunkers give equal chunks.

    Attributes:
        max_tokens: most tokens of a chunk's text.
        min_tokens: a piece with fewer is joined with its neighbour on the page, where both fit into one.
    """

    max_tokens: int = 200
    min_tokens: int = 40
    version: int = 4

    @property
    def identity(self) -> dict[str, int | str]:
        """Identity for the manifest; with another one all files are read again."""
        return {
            "name": "headings-recursive",
            "version": self.version,
            "max_tokens": self.max_tokens,
            "min_tokens": self.min_tokens,
        }

    def chunks(self, pages: Sequence[Page], count_tokens: TokenCounter) -> Iterator[Chunk]:
        """Splits pages into chunks, in reading order.

        A chunk is a span of one page, without white space at its ends; all text of the pages' bodies is in exactly
        one chunk. Tables are split between rows, and no item of a list is split from its number. What leads in to a
        chunk is told by :class:`ingest.lead_ins.LeadIns`.

        Args:
            pages: of one document, in order.
            count_tokens: of the encoder. It is called with single words, and must be additive over them, as WordPiece
                is.
        """
        count = _by_words(count_tokens)
        outline, lead_ins = _Outline(), LeadIns()
        for page in pages:
            lead_ins.turn_to(page)
            pieces = list(self._pieces(page, outline, count))
            for piece in self._joined(page, pieces, count):
                span = Span(page.number, piece.start, piece.end)
                text = page.text[piece.start : piece.end]
                yield Chunk(span, text, piece.headings, lead_ins.of(piece.start))

    def _pieces(self, page: Page, outline: _Outline, count: TokenCounter) -> Iterator[_Piece]:
        protected = _protect_markers(self._protect_rows(page, count))
        for section in _sections(page, outline):
            start = section.start
            for part in self._split(protected[section.start : section.end], count):
                end = start + len(part)
                text = page.text[start:end]
                if stripped := text.strip():
                    left = start + len(text) - len(text.lstrip())
                    yield _Piece(left, left + len(stripped), section.headings, first=start == section.start)
                start = end

    def _protect_rows(self, page: Page, count: TokenCounter) -> str:
        """The page's text with the spaces in table rows replaced, so that rows are not split."""
        parts, position = [], 0
        for table in page.tables:
            rows = page.text[table.start : table.end].split("\n")
            protected = [_NO_CUT.join(row.split(" ")) if count(row) <= self.max_tokens else row for row in rows]
            parts += [page.text[position : table.start], "\n".join(protected)]
            position = table.end
        return "".join([*parts, page.text[position:]])

    def _split(self, text: str, count: TokenCounter) -> list[str]:
        """Splits a text into parts whose concatenation is ``text``."""
        total = count(text)
        if total <= self.max_tokens:
            return [text]
        from langchain_text_splitters import (
            RecursiveCharacterTextSplitter,
        )  # here: the import takes longer than most runs

        size = math.ceil(total / math.ceil(total / self.max_tokens) * _BALANCE_SLACK)
        splitter = RecursiveCharacterTextSplitter(
            separators=_SEPARATORS,
            is_separator_regex=True,
            keep_separator="end",
            strip_whitespace=False,
            chunk_size=min(size, self.max_tokens),
            chunk_overlap=0,
            # White space must not have length 0: the splitter would repeat it in the next part.
            length_function=lambda text: count(text) or bool(text),
        )
        return splitter.split_text(text)

    def _joined(self, page: Page, pieces: Sequence[_Piece], count: TokenCounter) -> Iterator[_Piece]:
        """Joins pieces with less than min_tokens with their neighbours."""
        current: _Piece | None = None
        for piece in pieces:
            if current is None:
                current = piece
                continue
            left, right = (count(page.text[p.start : p.end]) for p in (current, piece))
            small = left < self.min_tokens or (right < self.min_tokens and not piece.first)
            if small and left + right <= self.max_tokens:
                current = _Piece(current.start, piece.end, current.headings, first=current.first)
            else:
                yield current
                current = piece
        if current is not None:
            yield current


@dataclass(frozen=True, slots=True)
class _Piece:
    """A span of a page; ``first`` of its section."""

    start: int
    end: int
    headings: tuple[str, ...]
    first: bool


class _Outline:
    """The path of headings at the current position, across page breaks."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, text: str) -> None:
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, text))

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._open)


def _sections(page: Page, outline: _Outline) -> Iterator[_Piece]:
    """Splits the body before each heading that follows text; consecutive headings stay together."""
    start, end, _ = slice(*page.body).indices(len(page.text))
    position = start  # between ``start`` and here are only headings and white space
    for heading in page.headings:
        if start < heading.start < end and page.text[position : heading.start].strip():
            yield _Piece(start, heading.start, outline.path, first=True)
            start = heading.start
        if heading.start >= start:
            position = heading.end
        outline.enter(heading.level, _heading(page.text[heading.start : heading.end]))
    yield _Piece(start, max(start, end), outline.path, first=True)


def _protect_markers(text: str) -> str:
    """The text with the white space behind the markers of list items replaced: "8." is no end of a sentence."""
    parts, position = [], 0
    for start, end in line_spans(text, 0, len(text)):
        if length := marker_length(text[start:end]):
            # A marker in a line of its own belongs to the next line.
            stop = _end_of_blanks(text, start + length)
            marker = text[start:stop].rstrip()
            parts += [text[position : start + len(marker)], _NO_CUT * (stop - start - len(marker))]
            position = stop
    return "".join([*parts, text[position:]])


def _end_of_blanks(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _by_words(count_tokens: TokenCounter) -> TokenCounter:
    """Token counter word by word, with a cache: the splitter counts the same words many times."""
    cached = lru_cache(maxsize=100_000)(count_tokens)
    return lambda text: sum(map(cached, text.replace(_NO_CUT, " ").split()))


def _heading(text: str) -> str:
    """A heading in one line, cut to a maximum length, because every chunk under it repeats it."""
    return " ".join(text.split())[:_LONGEST_HEADING]
