"""Pagination of documents without pages: blocks of text to pages of bounded length.

Pure. The readers of Markdown, HTML, Word and plain text yield the blocks.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ingest.readers.limits import ReadingLimits
from ingest.readers.source import (
    CROSSED_OUT,
    LONGEST_CAPTION,
    MOST_CAPTIONS,
    Remark,
    RemarkKind,
    blank_pages,
    check_page,
    check_pages,
    check_size,
)
from rag.domain.values import Heading, Page

# About five printed pages: a citation names a page, and a person then looks through all of it.
LONGEST_PAGE: Final = 20_000
_A4: Final = (595.0, 842.0)
# Letters that a combining stroke crosses out, as programs without formatting do.
_STRUCK: Final = re.compile("(?:[^\n\u0336]\u0336{1,4})+ ?")
_CUTS: Final = (re.compile(r"\n+"), re.compile(r"(?<=[.!?。])\s*"), re.compile(r"\s+"))


@dataclass(frozen=True)
class Block:
    """A block of text: a paragraph, a heading, a list, a table or a piece of code.

    Attributes:
        text: clean; lines separated by newlines.
        level: of a heading, 1 for the largest; None for other blocks.
        new_page: whether a new page begins with it.
        left_out: text that was left out of it or at its place, as details of ``hidden`` remarks; a block may consist of
            such text alone.
        figures: captions of the pictures in it or at its place, whose contents are not in the text; empty for those
            without one.
    """

    text: str
    level: int | None = None
    new_page: bool = False
    left_out: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """Text of a table: a line for each row, cells separated by bars, empty rows and columns left out.

    A row of one cell below others ends with a bar: it belongs to the table, as a group heading does.
    """
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    used = sorted({column for row in cells for column, cell in enumerate(row) if cell})
    # One row may have one cell, and another ten thousand: rows are not padded to the same length.
    lines = [[row[column] for column in used[: bisect_left(used, len(row))]] for row in cells]
    texts = [" | ".join(line).rstrip(" |") for line in lines if any(line)]
    first = next((number for number, text in enumerate(texts) if " | " in text), len(texts))
    below = (text if " | " in text or number < first else f"{text} |" for number, text in enumerate(texts))
    return "\n".join(below)


def pages_of(blocks: Iterable[Block], limits: ReadingLimits) -> tuple[Page, ...]:
    """As :func:`paginated`, without the remarks."""
    return paginated(blocks, limits)[0]


def paginated(blocks: Iterable[Block], limits: ReadingLimits) -> tuple[tuple[Page, ...], tuple[Remark, ...]]:
    """Paginates blocks: a page begins where a block asks for it, and where a page would get too long.

    Returns:
        The pages; and remarks on those without text, on text that was left out, and on figures.

    Raises:
        FileFault: ``too_large``.
    """
    characters = 0
    pages: list[Page] = []
    left_out: list[dict[tuple[RemarkKind, str], None]] = []
    for content in _pages(_counted(blocks, limits)):
        for part in _short(content):
            page = _page(len(pages) + 1, [block for block in part if block.text])
            pages.append(page)
            left_out.append(dict.fromkeys(_told(part)))
            characters += len(page.text)
            check_size(characters, limits)
            check_page(page.number, len(page.text), limits)
            check_pages(len(pages), limits)
    while pages and not pages[-1].text:
        pages.pop()
    remarks: dict[Remark, None] = {}
    captions = 0
    for number, details in enumerate(left_out, start=1):
        for kind, detail in details:
            captions += kind == "figure"
            told = kind != "figure" or captions <= MOST_CAPTIONS
            remarks[Remark(min(number, len(pages)), kind, detail if told else "")] = None
    return tuple(pages), (*blank_pages(pages), *remarks) if pages else ()


def _told(blocks: Sequence[Block]) -> Iterator[tuple[RemarkKind, str]]:
    """Kind and detail of the remarks on blocks."""
    for block in blocks:
        yield from (("hidden", detail) for detail in block.left_out)
    for block in blocks:
        yield from (("figure", caption[:LONGEST_CAPTION]) for caption in block.figures)


def _counted(blocks: Iterable[Block], limits: ReadingLimits) -> Iterator[Block]:
    """The blocks without letters that a stroke crosses out, in Unicode's form NFC, as questions are.

    Programs of macOS write NFD.
    """
    characters = 0
    for block in blocks:
        characters += len(block.text)
        check_size(characters, limits)
        if "\u0336" in block.text:
            block = replace(block, text=_STRUCK.sub("", block.text), left_out=(*block.left_out, CROSSED_OUT))
        composed = unicodedata.is_normalized("NFC", block.text)
        yield block if composed else replace(block, text=unicodedata.normalize("NFC", block.text))


def _pages(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    page: list[Block] = []
    for block in blocks:
        if block.new_page:
            yield page
            page = []
        if block.text.strip() or block.left_out or block.figures:
            text = block.text.strip("\n").rstrip()
            page.append(block if text == block.text else replace(block, text=text))
    yield page


def _short(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Splits a page into parts of at most LONGEST_PAGE, before a heading if one is near, else between blocks."""
    part: list[Block] = []
    length = 0
    for block in (piece for long in blocks for piece in _pieces(long)):
        if part and length + len(block.text) > LONGEST_PAGE:
            cut = _last_heading(part, length)
            yield part[:cut]
            part = part[cut:]
            length = sum(map(_length, part))
        part.append(block)
        length += _length(block)
    yield part


def _length(block: Block) -> int:
    """Characters that a block takes on a page, with the blank line after it."""
    return len(block.text) + 2


def _last_heading(part: Sequence[Block], length: int) -> int:
    """Position to cut at: before the last heading of the second half, with those directly above it; else the end."""
    for cut in range(len(part) - 1, 0, -1):
        length -= _length(part[cut])
        if length < LONGEST_PAGE / 2:
            break
        if part[cut].level is not None and part[cut - 1].level is None:
            return cut
    return len(part)


def _pieces(block: Block) -> Iterator[Block]:
    """Splits a block that is too long between lines, sentences or words, or at the limit."""
    text = block.text
    while len(text) > LONGEST_PAGE:
        half = LONGEST_PAGE // 2
        ends = ([match.end() for match in cut.finditer(text, half, LONGEST_PAGE)] for cut in _CUTS)
        end = next((found[-1] for found in ends if found), LONGEST_PAGE)
        yield replace(block, text=text[:end].rstrip(), level=None)
        block = replace(block, left_out=(), figures=())
        text = text[end:].strip("\n")
    yield replace(block, text=text, level=block.level if text is block.text else None)


def _page(number: int, blocks: Sequence[Block]) -> Page:
    texts: list[str] = []
    headings = []
    start = 0
    for block in blocks:
        texts.append(block.text)
        if block.level is not None:
            headings.append(Heading(start, start + len(block.text), block.level))
        start += len(block.text) + 2
    return Page(number, "\n\n".join(texts), *_A4, headings=tuple(headings))
