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
        """The page, with boxes rounded to a hundredth of a point; fields that are not stored have their defaults."""
        headings = tuple(Heading(*heading) for heading in json.loads(self.headings))
        words = unpack_words(self.words)
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


def unpack_words(data: bytes) -> tuple[Word, ...]:
    """Inverse of :func:`pack_words`; boxes are rounded to a hundredth of a point."""
    raw = zlib.decompress(data)
    offsets = _values("i", raw[: len(raw) // 3])
    sides = [round(side, 2) for side in _values("f", raw[len(raw) // 3 :])]
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
