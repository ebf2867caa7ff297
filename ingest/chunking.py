"""Pages to chunks: passages small enough for the encoder, each with its place and its headings.

The only home of langchain_text_splitters. The splitter finds the places to cut; offsets are counted here, because its
own ``add_start_index`` searches for them again and is misled by repeated text
(https://github.com/langchain-ai/langchain/issues/21475).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rag.domain.values import Chunk, Page, Span

# Paragraph, sentence, line, word, letter: the first that gives pieces which fit.
_SEPARATORS: Final = [r"\n\n+", r"(?<=[.!?])\s+", r"\n", r"\s", ""]
# A section that leaves a rest is cut into equal pieces instead; this much slack lets them end at a sentence.
_BALANCE_SLACK: Final = 1.15
# In the place of a space that is no place to cut. No text has it: it is no character.
_NO_CUT: Final = "\ufdd0"

_LONGEST_HEADING: Final = 500

TokenCounter = Callable[[str], int]


@dataclass(frozen=True)
class Chunker:
    """How pages are cut. Two chunkers that are equal cut equally.

    Attributes:
        max_tokens: most tokens of the encoder in a chunk's text.
        min_tokens: a piece with fewer joins its neighbour on the page, where both fit in one.
    """

    max_tokens: int = 200
    min_tokens: int = 40
    version: int = 2

    @property
    def identity(self) -> dict[str, int | str]:
        """What the manifest records; an index made with another identity is made anew."""
        return {
            "name": "headings-recursive",
            "version": self.version,
            "max_tokens": self.max_tokens,
            "min_tokens": self.min_tokens,
        }

    def chunks(self, pages: Sequence[Page], count_tokens: TokenCounter) -> Iterator[Chunk]:
        """Cuts pages into chunks, in reading order.

        A chunk is a stretch of one page, without white space at its ends; all text of the pages' bodies is in exactly
        one chunk. Tables are cut between their rows, and the heads of a table's columns are the last of the headings
        of a chunk that holds rows of it without them.

        Args:
            pages: of one document, in order.
            count_tokens: of the encoder. It is called with single words and is taken to be additive over them, as
                WordPiece is.
        """
        count = _by_words(count_tokens)
        outline = _Outline()
        for page in pages:
            pieces = list(self._pieces(page, outline, count))
            for piece in self._joined(page, pieces, count):
                span = Span(page.number, piece.start, piece.end)
                headings = (*piece.headings, *_column_heads(page, piece.start))
                yield Chunk(span, page.text[piece.start : piece.end], headings)

    def _pieces(self, page: Page, outline: _Outline, count: TokenCounter) -> Iterator[_Piece]:
        uncut = self._with_whole_rows(page, count)
        for section in _sections(page, outline):
            start = section.start
            for part in self._split(uncut[section.start : section.end], count):
                end = start + len(part)
                text = page.text[start:end]
                if stripped := text.strip():
                    left = start + len(text) - len(text.lstrip())
                    yield _Piece(left, left + len(stripped), section.headings, first=start == section.start)
                start = end

    def _with_whole_rows(self, page: Page, count: TokenCounter) -> str:
        """The page's text with a mark for each space in a row of a table: no place to cut."""
        parts, position = [], 0
        for table in page.tables:
            rows = page.text[table.start : table.end].split("\n")
            whole = [_NO_CUT.join(row.split(" ")) if count(row) <= self.max_tokens else row for row in rows]
            parts += [page.text[position : table.start], "\n".join(whole)]
            position = table.end
        return "".join([*parts, page.text[position:]])

    def _split(self, text: str, count: TokenCounter) -> list[str]:
        """Parts whose concatenation is ``text``."""
        total = count(text)
        if total <= self.max_tokens:
            return [text]
        from langchain_text_splitters import RecursiveCharacterTextSplitter  # here: it takes longer than most runs

        size = math.ceil(total / math.ceil(total / self.max_tokens) * _BALANCE_SLACK)
        splitter = RecursiveCharacterTextSplitter(
            separators=_SEPARATORS,
            is_separator_regex=True,
            keep_separator="end",
            strip_whitespace=False,
            chunk_size=min(size, self.max_tokens),
            chunk_overlap=0,
            # White space alone must count: the splitter would carry it over into the next part, and say it twice.
            length_function=lambda text: count(text) or bool(text),
        )
        return splitter.split_text(text)

    def _joined(self, page: Page, pieces: Sequence[_Piece], count: TokenCounter) -> Iterator[_Piece]:
        """Joins pieces that are too small to stand alone with their neighbours."""
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
    """A stretch of a page; ``first`` of its section."""

    start: int
    end: int
    headings: tuple[str, ...]
    first: bool


class _Outline:
    """The headings that the text read so far stands under, over page breaks."""

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
    """The body cut before each heading that has text before it; headings one after the other stay together."""
    start, end, _ = slice(*page.body).indices(len(page.text))
    position = start  # up to here there is nothing but headings and white space since ``start``
    for heading in page.headings:
        if start < heading.start < end and page.text[position : heading.start].strip():
            yield _Piece(start, heading.start, outline.path, first=True)
            start = heading.start
        if heading.start >= start:
            position = heading.end
        outline.enter(heading.level, _heading(page.text[heading.start : heading.end]))
    yield _Piece(start, max(start, end), outline.path, first=True)


def _by_words(count_tokens: TokenCounter) -> TokenCounter:
    """Counts a text word by word, and each word only once: the splitter asks again and again."""
    cached = lru_cache(maxsize=100_000)(count_tokens)
    return lambda text: sum(map(cached, text.replace(_NO_CUT, " ").split()))


def _column_heads(page: Page, start: int) -> tuple[str, ...]:
    """What stands over the columns of the table that a chunk begins in, where it begins after that."""
    for table in page.tables:
        head_start, head_end = table.header
        if head_start < head_end <= start < table.end:
            return (_heading(page.text[head_start:head_end]),)
    return ()


def _heading(text: str) -> str:
    """In one line, and not too long, for every chunk below it has it."""
    return " ".join(text.split())[:_LONGEST_HEADING]
