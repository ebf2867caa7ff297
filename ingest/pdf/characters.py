"""Extraction of words and lines from the characters of a page in pdfium.

pdfium returns characters one by one, with their boxes, in the drawing order of the file. It is called several thousand
times for a page, so the calls are made in batches, with prepared prototypes and buffers.
"""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, repeat
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.bindings import prototype
from ingest.pdf.lines import Line, PageLines, Piece
from ingest.pdf.visibility import hidden_words
from rag.domain.values import Box
from rag.text.characters import is_visible

_Floats: TypeAlias = NDArray[np.float64]
_Indexes: TypeAlias = NDArray[np.int64]

# pdfium returns a hyphen at the end of a line as one of these; the word continues in the next line.
_LINE_HYPHENS: Final = "\x02\ufffe\u00ad"
_DIGITS: Final = r"\d²³¹⁰⁴-⁹"
# A footnote mark: a digit after three letters or more. After one or two it is an exponent, as in m².
_MARK: Final = re.compile(rf"(?<=[^\s{_DIGITS}{_LINE_HYPHENS}]{{3}})[{_DIGITS}]")
_MARK_RAISED: Final = 0.2
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LIGATURES: Final = {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
}  # fmt: skip
# Classes of characters by code; all beyond the last are parts of words.
_LAST_KIND: Final = 0xFFFF
_WORD, _SPACE, _NEWLINE, _HYPHEN = range(4)
_KINDS: Final = np.array([_SPACE if chr(code).isspace() else _WORD for code in range(_LAST_KIND + 1)], np.uint8)
_KINDS[ord("\n")] = _NEWLINE
_KINDS[[ord(character) for character in _LINE_HYPHENS]] = _HYPHEN
_BOLD: Final = 600
_HIGHEST_CODE: Final = 0x10FFFF
# PageToDevice returns integers: it is called with a device of a thousand units per point.
_DEVICE_SCALE: Final = 1000
# If the first and last letter of a word differ more in height, in points, the boxes of all its letters are read.
_EVEN: Final = 0.01


_ADDRESS, _INDEX = ctypes.c_void_p, ctypes.c_int
_get_unicode = prototype(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _ADDRESS, _INDEX)
_get_loose_box = prototype(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS)
_get_ink_box = prototype(pdfium.FPDFText_GetCharBox, ctypes.c_int, _ADDRESS, _INDEX, *[_ADDRESS] * 4)
_get_object = prototype(pdfium.FPDFText_GetTextObject, _ADDRESS, _ADDRESS, _INDEX)
_get_font = prototype(pdfium.FPDFTextObj_GetFont, _ADDRESS, _ADDRESS)
_get_size = prototype(pdfium.FPDFText_GetFontSize, ctypes.c_double, _ADDRESS, _INDEX)
_get_matrix = prototype(pdfium.FPDFText_GetMatrix, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS)


def read_lines(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> tuple[PageLines, int]:
    """The size of a page as displayed with its lines, in drawing order; and the number of hidden words on it."""
    size = page.get_size()
    characters = _Characters(textpage)
    words = _Words.of(characters)
    if not words.texts:
        return (size, []), 0
    extents = _extents(characters, words)
    boxes = _displayed(page, extents)
    objects = characters.objects(words.firsts.tolist())
    sizes, bold = characters.styles(objects, words.firsts.tolist(), extents[:, 3] - extents[:, 1])
    hidden = hidden_words(page, objects, extents, boxes, sizes)
    # Thousands are made: the constructor of a named tuple would take longer than the rest.
    place = map(tuple.__new__, repeat(Box), boxes.tolist())
    pieces = list(map(tuple.__new__, repeat(Piece), zip(words.texts, place, sizes, bold, strict=True)))
    # Words outside the crop box are not on the page as displayed.
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((middles >= 0) & (middles <= size)).all(axis=1)
    visible = (inside & ~hidden).tolist()
    starts = [0, *(end for end, _ in words.line_ends)]
    lines = [
        Line(list(compress(pieces[start:end], visible[start:end])), hyphenated)
        for start, (end, hyphenated) in zip(starts, words.line_ends, strict=False)
    ]
    return (size, [line for line in lines if line.pieces]), int((inside & hidden).sum())


class _Characters:
    """The characters of a page: ``text`` has each at its pdfium index."""

    def __init__(self, textpage: pypdfium2.PdfTextPage) -> None:
        self._textpage = textpage
        self._handle = ctypes.cast(textpage.raw, ctypes.c_void_p).value
        self.text = self._text(textpage.count_chars())

    def _text(self, count: int) -> str:
        units = np.empty(count + 1, np.uint16)
        pointer = ctypes.cast(units.ctypes.data, ctypes.POINTER(ctypes.c_ushort))
        written = pdfium.FPDFText_GetText(self._textpage, 0, count, pointer)
        text = units[:count].tobytes().decode("utf-16-le", "surrogatepass")
        if written == count + 1 and len(text) == count and not _SURROGATE.search(text):
            return text
        # GetText left characters out, or needed surrogate pairs: indexes after those would be wrong.
        codes = np.fromiter(map(_get_unicode, repeat(self._handle), range(count)), np.uint32, count)
        return np.where(codes <= _HIGHEST_CODE, codes, 0).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def boxes(self, indexes: Sequence[int]) -> _Floats:
        """Loose boxes (left, top, right, bottom) in PDF coordinates; of equal height for all letters of a font."""
        sides = np.full((len(indexes), 4), np.nan, np.float32)
        self._fill(_get_loose_box, indexes, sides)
        return sides.astype(np.float64)

    def bottom(self, index: int) -> float:
        """The lowest ink of a character, in PDF coordinates."""
        sides = (ctypes.c_double * 4)()
        _get_ink_box(self._handle, index, *(ctypes.addressof(sides) + 8 * side for side in range(4)))
        return float(sides[2])

    def objects(self, indexes: Sequence[int]) -> list[int]:
        """Addresses of the text objects that the characters belong to."""
        return list(map(_get_object, repeat(self._handle), indexes))

    def styles(
        self, objects: Sequence[int], indexes: Sequence[int], heights: _Floats
    ) -> tuple[list[float], list[bool]]:
        """Font sizes of words to half a point, and whether they are bold, by their text objects and first characters.

        Both are equal within a text object, which is most often a line or a word.
        """
        first = dict(zip(reversed(objects), reversed(indexes), strict=True))
        size = dict(zip(first, (self.sizes(list(first.values())) * 2).round() / 2, strict=True))
        fonts = dict(zip(first, map(_get_font, first), strict=True))
        one_of = {font: text_object for text_object, font in fonts.items()}
        bold = {font: self._is_bold(first[text_object]) for font, text_object in one_of.items()}
        sizes = np.array([size[text_object] for text_object in objects])
        sizes = np.where(sizes > 0, sizes, (heights * 2).round() / 2)
        return sizes.tolist(), [bold[fonts[text_object]] for text_object in objects]

    def sizes(self, indexes: Sequence[int]) -> _Floats:
        """Font sizes in points as displayed: the nominal size times the scale of the text matrix."""
        nominal = np.fromiter(map(_get_size, repeat(self._handle), indexes), np.float64, len(indexes))
        matrices = np.tile(np.array([1, 0, 0, 1, 0, 0], np.float32), (len(indexes), 1))
        self._fill(_get_matrix, indexes, matrices)
        return nominal * np.hypot(matrices[:, 2], matrices[:, 3])

    def _fill(self, get: Callable[..., Any], indexes: Sequence[int], rows: NDArray[np.float32]) -> None:
        """Calls a pdfium getter for each character, with its row of the array as the output buffer."""
        start = rows.ctypes.data
        places = range(start, start + rows.nbytes, rows.strides[0])
        deque(map(get, repeat(self._handle), indexes, places), maxlen=0)

    def _is_bold(self, index: int) -> bool:
        return pdfium.FPDFText_GetFontWeight(self._textpage, index) >= _BOLD or self._is_named_bold(index)

    def _is_named_bold(self, index: int) -> bool:
        name = ctypes.create_string_buffer(128)
        length = pdfium.FPDFText_GetFontInfo(self._textpage, index, name, len(name), ctypes.c_int())
        return 0 < length <= len(name) and b"bold" in name.value.lower()


class _Words(NamedTuple):
    """The words of a page with the indexes of their first and last characters, and the ends of lines.

    ``line_ends`` has for each line the number of words up to its end, and whether it ends with a hyphen.
    """

    texts: list[str]
    firsts: _Indexes
    lasts: _Indexes
    line_ends: list[tuple[int, bool]]

    @classmethod
    def of(cls, characters: _Characters) -> _Words:
        text = characters.text
        kinds = _KINDS[np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"), _LAST_KIND)]
        edges = np.flatnonzero(np.diff(np.pad(kinds == _WORD, 1).astype(np.int8)))
        marks = list(_marks(characters))
        firsts, ends = (
            np.sort(np.append(edges[::2], marks)).astype(int),
            np.sort(np.append(edges[1::2], marks)).astype(int),
        )
        texts = _cleaned([text[first:end] for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)])
        if not all(texts):
            kept = np.array([bool(text) for text in texts])
            texts, firsts, ends = list(filter(None, texts)), firsts[kept], ends[kept]
        # After a hyphen pdfium has no newline.
        stops = np.flatnonzero(kinds >= _NEWLINE)
        counts, first_stops = np.unique(np.searchsorted(firsts, stops), return_index=True)
        hyphens = kinds[stops[first_stops]] == _HYPHEN
        line_ends = [pair for pair in zip(counts.tolist(), hyphens.tolist(), strict=True) if pair[0]]
        if not line_ends or line_ends[-1][0] < len(texts):
            line_ends.append((len(texts), False))
        return cls(texts, firsts, ends - 1, line_ends)


def _marks(characters: _Characters) -> Iterator[int]:
    """Indexes of footnote marks: a raised digit after a word, which belongs to neither the word nor its full stop."""
    for match in _MARK.finditer(characters.text):
        index = match.start()
        raised = characters.bottom(index) - characters.bottom(index - 1)
        if raised > _MARK_RAISED * characters.sizes([index])[0]:
            yield index


def _cleaned(tokens: Sequence[str]) -> list[str]:
    """Words without control and invisible characters, ligatures expanded; empty where nothing is left."""
    if not tokens:
        return []
    joined = " ".join(tokens)
    if _SURROGATE.search(joined):
        joined = joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return joined.translate(_CLEAN).split(" ")


class _Clean(dict[int, str]):
    """Table for ``str.translate``, filled on first use of each character."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if is_visible(character) else ""
        return self[code]


_CLEAN: Final = _Clean(_LIGATURES)


def _extents(characters: _Characters, words: _Words) -> _Floats:
    """Boxes (left, bottom, right, top) of words, in PDF coordinates."""
    count = len(words.texts)
    sides = characters.boxes(np.concatenate([words.firsts, words.lasts]).tolist())
    first, last = sides[:count], sides[count:]
    extents = np.column_stack(
        [first[:, 0], np.minimum(first[:, 3], last[:, 3]), last[:, 2], np.maximum(first[:, 1], last[:, 1])]
    )
    # In a word that runs from left to right at one height, the first and last letter give the box of all.
    even = (np.abs(first[:, [1, 3]] - last[:, [1, 3]]) < _EVEN).all(axis=1) & (first[:, 0] <= last[:, 0])
    for position in np.flatnonzero(~even).tolist():
        box = characters.boxes(range(words.firsts[position], words.lasts[position] + 1))
        box = box[~np.isnan(box).any(axis=1)]
        extents[position] = [*box[:, [0, 3]].min(axis=0), *box[:, [2, 1]].max(axis=0)] if len(box) else [0.0] * 4
    return extents


def _displayed(page: pypdfium2.PdfPage, extents: _Floats) -> _Floats:
    """Transforms boxes from PDF coordinates to the page as displayed: cropped, rotated, origin top left."""
    left, bottom, right, top = page.get_bbox()
    origin, at_right, at_top = (_to_device(page, *corner) for corner in ((left, bottom), (right, bottom), (left, top)))
    # A page that is cropped to nothing has no extent.
    along_x, along_y = (at_right - origin) / ((right - left) or 1.0), (at_top - origin) / ((top - bottom) or 1.0)
    corners = [
        origin + np.outer(x - left, along_x) + np.outer(y - bottom, along_y)
        for x, y in ((extents[:, 0], extents[:, 1]), (extents[:, 2], extents[:, 3]))
    ]
    boxes = np.hstack([np.minimum(*corners), np.maximum(*corners)])
    return boxes.round(2)


def _to_device(page: pypdfium2.PdfPage, x: float, y: float) -> _Floats:
    width, height = (round(side * _DEVICE_SCALE) for side in page.get_size())
    device_x, device_y = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, device_x, device_y)
    return np.array([device_x.value, device_y.value]) / _DEVICE_SCALE
