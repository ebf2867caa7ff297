"""The characters of a page as pdfium gives them, to words and lines.

pdfium gives characters one by one, with their boxes, in the order in which the file draws them. It is called several
thousand times for a page, so the calls are made in batches, with prototypes and buffers that are ready.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise, repeat
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from rag.characters import is_visible
from rag.domain import Box
from rag.page_lines import Line, PageLines, Piece

_Floats: TypeAlias = NDArray[np.float64]

# A hyphen at the end of a line comes as one of these; the word goes on in the next line.
_LINE_HYPHENS: Final = "\x02\ufffe\u00ad"
_LINE_ENDS: Final = frozenset("\n" + _LINE_HYPHENS)
_TOKEN: Final = re.compile(rf"[^\s{_LINE_HYPHENS}]+|[\n{_LINE_HYPHENS}]")
_DIGITS: Final = r"\d²³¹⁰⁴-⁹"
# A digit after three letters or more. After one or two it is an exponent, as in m².
_MARK: Final = re.compile(rf"(?<=[^\s{_DIGITS}{_LINE_HYPHENS}]{{3}})[{_DIGITS}]")
_MARK_RAISED: Final = 0.2
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LIGATURES: Final = {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
}  # fmt: skip
_BOLD: Final = 600
_HIGHEST_CODE: Final = 0x10FFFF
# PageToDevice speaks whole numbers: ask it for thousandths of a point.
_DEVICE_SCALE: Final = 1000
# Two letters of one line may differ by so much in height, in points, before each letter of a word is asked.
_EVEN: Final = 0.01


def _prototype(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:  # noqa: ANN401 - types of ctypes
    """A function of pdfium that is called with the GIL held: to give it up would take longer than the call."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


_ADDRESS, _INDEX = ctypes.c_void_p, ctypes.c_int
_get_unicode = _prototype(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _ADDRESS, _INDEX)
_get_loose_box = _prototype(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS)
_get_ink_box = _prototype(pdfium.FPDFText_GetCharBox, ctypes.c_int, _ADDRESS, _INDEX, *[_ADDRESS] * 4)
_get_object = _prototype(pdfium.FPDFText_GetTextObject, _ADDRESS, _ADDRESS, _INDEX)
_get_font = _prototype(pdfium.FPDFTextObj_GetFont, _ADDRESS, _ADDRESS)
_get_size = _prototype(pdfium.FPDFText_GetFontSize, ctypes.c_double, _ADDRESS, _INDEX)
_get_matrix = _prototype(pdfium.FPDFText_GetMatrix, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS)


def read_lines(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> PageLines:
    """The size of a page as displayed, and its lines, in the order of the file."""
    size = page.get_size()
    characters = _Characters(textpage)
    words, ends = _words(characters)
    if not words:
        return size, []
    extents = _extents(characters, words)
    heights = (extents[:, 3] - extents[:, 1]).tolist()
    styles = [characters.style(word.first) for word in words]
    pieces = [
        Piece(word.text, Box(*box), round((style.size or height) * 2) / 2, style.bold)
        for word, box, style, height in zip(words, _displayed(page, extents), styles, heights, strict=True)
    ]
    lines = []
    for start, (end, hyphenated) in zip([0, *(end for end, _ in ends)], ends, strict=False):
        # What was cropped away is not on the page that a person sees.
        if inside := [piece for piece in pieces[start:end] if _is_inside(piece.box, *size)]:
            lines.append(Line(inside, hyphenated))
    return size, lines


def _is_inside(box: Box, width: float, height: float) -> bool:
    return 0 <= box.x0 + box.x1 <= 2 * width and 0 <= box.y0 + box.y1 <= 2 * height


class _Word(NamedTuple):
    """A word and its first and last character in pdfium."""

    text: str
    first: int
    last: int


class _Style(NamedTuple):
    """How a word is set; ``size`` in points as displayed, 0 where pdfium does not know."""

    size: float
    bold: bool


class _Characters:
    """The characters of a page: ``text`` has one for each of pdfium's, at the same index."""

    def __init__(self, textpage: pypdfium2.PdfTextPage) -> None:
        self._textpage = textpage
        self._handle = ctypes.cast(textpage.raw, ctypes.c_void_p).value
        self._styles: dict[int | None, _Style] = {}
        self._bold: dict[int | None, bool] = {}
        self.text = self._text(textpage.count_chars())

    def _text(self, count: int) -> str:
        units = np.empty(count + 1, np.uint16)
        pointer = ctypes.cast(units.ctypes.data, ctypes.POINTER(ctypes.c_ushort))
        written = pdfium.FPDFText_GetText(self._textpage, 0, count, pointer)
        text = units[:count].tobytes().decode("utf-16-le", "surrogatepass")
        if written == count + 1 and len(text) == count and not _SURROGATE.search(text):
            return text
        # It leaves characters out, or needs two units for some: no index would be right after them.
        codes = np.fromiter(map(_get_unicode, repeat(self._handle), range(count)), np.uint32, count)
        return np.where(codes <= _HIGHEST_CODE, codes, 0).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def boxes(self, indexes: Sequence[int]) -> _Floats:
        """Left, top, right, bottom of each, in PDF coordinates; the same height for all letters of a font."""
        sides = np.full((len(indexes), 4), np.nan, np.float32)
        start = sides.ctypes.data
        places = range(start, start + sides.nbytes, sides.strides[0])
        deque(map(_get_loose_box, repeat(self._handle), indexes, places), maxlen=0)
        return sides.astype(np.float64)

    def bottom(self, index: int) -> float:
        """The lowest ink of a character, in PDF coordinates."""
        sides = (ctypes.c_double * 4)()
        _get_ink_box(self._handle, index, *(ctypes.addressof(sides) + 8 * side for side in range(4)))
        return float(sides[2])

    def style(self, index: int) -> _Style:
        """Equal for all characters of one text object, which is most often a line or a word."""
        text_object = _get_object(self._handle, index)
        style = self._styles.get(text_object)
        if style is None or text_object is None:
            style = self._styles[text_object] = _Style(self.size(index), self._is_bold(text_object, index))
        return style

    def size(self, index: int) -> float:
        """In points as displayed: the nominal size times the scale of the text matrix."""
        size = float(_get_size(self._handle, index))
        matrix = (ctypes.c_float * 6)()
        if _get_matrix(self._handle, index, ctypes.addressof(matrix)):
            size *= math.hypot(matrix[2], matrix[3])
        return size

    def _is_bold(self, text_object: int | None, index: int) -> bool:
        font = _get_font(text_object) if text_object else None
        bold = self._bold.get(font)
        if bold is None or font is None:
            weight = pdfium.FPDFText_GetFontWeight(self._textpage, index)
            bold = self._bold[font] = weight >= _BOLD or self._is_named_bold(index)
        return bold

    def _is_named_bold(self, index: int) -> bool:
        name = ctypes.create_string_buffer(128)
        length = pdfium.FPDFText_GetFontInfo(self._textpage, index, name, len(name), ctypes.c_int())
        return 0 < length <= len(name) and b"bold" in name.value.lower()


def _words(characters: _Characters) -> tuple[list[_Word], list[tuple[int, bool]]]:
    """The words; and for each line the number of words up to its end, and whether it ends with a hyphen."""
    text = characters.text
    parts = pairwise([0, *_marks(characters), len(text)])
    tokens = list(chain.from_iterable(_TOKEN.finditer(text, start, end) for start, end in parts))
    words: list[_Word] = []
    ends = [(0, False)]
    for token, cleaned in zip(tokens, _cleaned([token[0] for token in tokens]), strict=True):
        if cleaned in _LINE_ENDS:
            # After a hyphen pdfium goes straight on with the next line.
            if len(words) > ends[-1][0]:
                ends.append((len(words), cleaned != "\n"))
        elif cleaned:
            words.append(_Word(cleaned, token.start(), token.end() - 1))
    if len(words) > ends[-1][0]:
        ends.append((len(words), False))
    return words, ends[1:]


def _marks(characters: _Characters) -> Iterator[int]:
    """Where a raised digit follows a word, which belongs to neither the word nor its full stop."""
    for match in _MARK.finditer(characters.text):
        index = match.start()
        raised = characters.bottom(index) - characters.bottom(index - 1)
        if raised > _MARK_RAISED * characters.size(index):
            yield index


def _cleaned(tokens: Sequence[str]) -> list[str]:
    """Without controls and invisible characters, with ligatures spelt out; empty where nothing is left."""
    if not tokens:
        return []
    joined = " ".join(tokens)
    if _SURROGATE.search(joined):
        joined = joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return joined.translate(_CLEAN).split(" ")


class _Clean(dict[int, str]):
    """For ``str.translate``; learns each character when it first meets it."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if is_visible(character) or character in _LINE_ENDS else ""
        return self[code]


_CLEAN: Final = _Clean(_LIGATURES)


def _extents(characters: _Characters, words: Sequence[_Word]) -> _Floats:
    """Left, bottom, right, top around each word, in PDF coordinates."""
    sides = characters.boxes([*(word.first for word in words), *(word.last for word in words)])
    first, last = sides[: len(words)], sides[len(words) :]
    extents = np.column_stack(
        [first[:, 0], np.minimum(first[:, 3], last[:, 3]), last[:, 2], np.maximum(first[:, 1], last[:, 1])]
    )
    # Where they run from left to right at one height, the letters between them lie between them.
    even = (np.abs(first[:, [1, 3]] - last[:, [1, 3]]) < _EVEN).all(axis=1) & (first[:, 0] <= last[:, 0])
    for position in np.flatnonzero(~even).tolist():
        _, start, end = words[position]
        box = characters.boxes(range(start, end + 1))
        box = box[~np.isnan(box).any(axis=1)]
        extents[position] = [*box[:, [0, 3]].min(axis=0), *box[:, [2, 1]].max(axis=0)] if len(box) else [0.0] * 4
    return extents


def _displayed(page: pypdfium2.PdfPage, extents: _Floats) -> list[list[float]]:
    """From PDF coordinates to the page as displayed: cropped, rotated, origin top left."""
    left, bottom, right, top = page.get_bbox()
    origin, at_right, at_top = (_to_device(page, *corner) for corner in ((left, bottom), (right, bottom), (left, top)))
    # A page that is cropped to nothing has no extent.
    along_x, along_y = (at_right - origin) / ((right - left) or 1.0), (at_top - origin) / ((top - bottom) or 1.0)
    corners = [
        origin + np.outer(x - left, along_x) + np.outer(y - bottom, along_y)
        for x, y in ((extents[:, 0], extents[:, 1]), (extents[:, 2], extents[:, 3]))
    ]
    boxes = np.hstack([np.minimum(*corners), np.maximum(*corners)])
    return boxes.round(2).tolist()  # type: ignore[no-any-return]


def _to_device(page: pypdfium2.PdfPage, x: float, y: float) -> _Floats:
    width, height = (round(side * _DEVICE_SCALE) for side in page.get_size())
    device_x, device_y = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, device_x, device_y)
    return np.array([device_x.value, device_y.value]) / _DEVICE_SCALE
