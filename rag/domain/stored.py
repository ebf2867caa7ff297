"""Stored form of documents: page records with packed words, from the reader process to the docstore.

No libraries: the process that reads an untrusted file imports this, and its memory is capped.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rag.domain.values import Box, Chunk, Heading, Page, Word

_WORD_BYTES: Final = 24  # two int32 and four float32
# Upper limit of a page's width and height, in points: 350 metres.
LARGEST_SIDE: Final = 1e6
# A page may have so many words more than characters: stored words may be empty.
_SPARE_WORDS: Final = 1024
# Upper limits of a page's label and a document's author, in characters.
LONGEST_LABEL: Final = 20
LONGEST_AUTHOR: Final = 200


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page as the docstore stores it.

    Attributes:
        words: offsets and boxes of its words, packed by :func:`pack_words`.
        headings: a JSON list of ``[start, end, level]``.
        label: the number that is printed on the page; None where that is unknown.
    """

    number: int
    text: str
    width: float
    height: float
    words: bytes
    headings: str
    label: str | None = None

    @classmethod
    def of(cls, page: Page) -> PageRecord:
        """The record of a page."""
        headings = json.dumps([list(heading) for heading in page.headings])
        return cls(page.number, page.text, page.width, page.height, pack_words(page.words), headings, page.label)

    def page(self) -> Page:
        """The page, with boxes rounded to a hundredth of a point; fields that are not stored have their defaults.

        Raises:
            ValueError: a field is of another type or out of its range, as in a damaged docstore.
        """
        typed = (
            (self.number, int), (self.text, str), (self.width, float), (self.height, float), (self.words, bytes),
            (self.headings, str), (self.label or "", str),
        )  # fmt: skip
        if not all(isinstance(value, kind) for value, kind in typed):
            raise ValueError("a field of a page is of another type")
        if not (0 <= self.width <= LARGEST_SIDE and 0 <= self.height <= LARGEST_SIDE):
            raise ValueError("the size of a page is out of its range")
        headings = _headings(self.headings, len(self.text))
        words = unpack_words(self.words, len(self.text))
        return Page(self.number, self.text, self.width, self.height, words, headings, label=self.label)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """Pages, chunks and properties of a document.

    Attributes:
        title: None where the file has none; its name is then used.
        author: None where the file names none.
        created: date of the file's properties, "2024-05-31"; None where there is none.
    """

    title: str | None
    pages: Sequence[PageRecord]
    chunks: Sequence[Chunk]
    author: str | None = None
    created: str | None = None


def pack_words(words: Iterable[Word]) -> bytes:
    """Packs words: offsets as pairs of int32, then boxes as quadruples of float32, little-endian, zlib-compressed."""
    words = list(words)
    offsets = array("i", [offset for word in words for offset in (word.start, word.end)])
    boxes = array("f", [side for word in words for side in word.box])
    return zlib.compress(_bytes(offsets) + _bytes(boxes), level=1)


def unpack_words(data: bytes, characters: int) -> tuple[Word, ...]:
    """Inverse of :func:`pack_words`; boxes are rounded to a hundredth of a point.

    Args:
        data: the packed words; any bytes are allowed, and no more is decompressed than the words of a text can take.
        characters: length of the page's text.

    Raises:
        ValueError: it is no output of :func:`pack_words`, or a word is not within the text.
    """
    opened = zlib.decompressobj()
    try:
        raw = opened.decompress(data, (characters + _SPARE_WORDS) * _WORD_BYTES)
    except zlib.error as error:
        raise ValueError(f"the words of a page cannot be read: {error}") from error
    if not opened.eof or len(raw) % _WORD_BYTES:
        raise ValueError("the words of a page are cut, or more than its text can have")
    offsets = _values("i", raw[: len(raw) // 3])
    sides = [round(side, 2) for side in _values("f", raw[len(raw) // 3 :])]
    if not all(map(math.isfinite, sides)):
        raise ValueError("the box of a word is not finite")
    if not all(0 <= start <= end <= characters for start, end in zip(offsets[::2], offsets[1::2], strict=True)):
        raise ValueError("a word is not within the text of its page")
    return tuple(
        Word(int(offsets[2 * n]), int(offsets[2 * n + 1]), Box(*sides[4 * n : 4 * n + 4]))
        for n in range(len(raw) // _WORD_BYTES)
    )


def are_packed_words(data: bytes, text: str) -> bool:
    """True if ``data`` is valid output of :func:`pack_words`: non-empty words within ``text``, with finite boxes.

    Safe for data from a compromised process: decompresses at most what the words of such a text can take.
    """
    opened = zlib.decompressobj()
    try:
        raw = opened.decompress(data, (len(text) + 1) * _WORD_BYTES)
    except zlib.error:
        return False
    if not opened.eof or opened.unused_data or len(raw) % _WORD_BYTES:
        return False
    offsets = _values("i", raw[: len(raw) // 3])
    if not all(map(math.isfinite, _values("f", raw[len(raw) // 3 :]))):
        return False
    return all(0 <= start < end <= len(text) for start, end in zip(offsets[::2], offsets[1::2], strict=True))


def _headings(data: str, characters: int) -> tuple[Heading, ...]:
    """The headings of a page from their JSON; ValueError where they are none, or not within the text."""
    rows = json.loads(data)
    if not isinstance(rows, list) or not all(_is_heading(row, characters) for row in rows):
        raise ValueError("the headings of a page are none")
    return tuple(Heading(*row) for row in rows)


def _is_heading(row: object, characters: int) -> bool:
    return isinstance(row, list) and [type(value) for value in row] == [int] * 3 and 0 <= row[0] <= row[1] <= characters


def _bytes(values: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _values(code: Literal["i", "f"], data: bytes) -> Sequence[float]:
    values: array[float] = array(code)
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
