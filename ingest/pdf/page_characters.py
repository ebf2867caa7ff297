"""Characters of a page in pdfium: text, boxes, fonts and sizes, read in batches.

pdfium is called several thousand times for a page, so the calls are made with prepared prototypes and buffers.
"""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, Final, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.bindings import prototype
from ingest.pdf.fonts.font_codes import has_codes, with_letters
from ingest.pdf.fonts.glyph_order import letters_of_glyphs, may_be_glyph_numbers
from ingest.pdf.fonts.symbol_codes import with_symbols
from ingest.pdf.right_to_left.letter_order import glyphs_in_order, letters_in_order

_Floats: TypeAlias = NDArray[np.float64]

SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BOLD: Final = 600
# A ligature is a little narrower or wider than its letters.
_LIGATURE_SLACK: Final = 0.12
_HIGHEST_CODE: Final = 0x10FFFF
# Least height to which a line of text rises or falls, as a share of its length, if it is slanted.
_SLANT: Final = 0.1

_ADDRESS, _INDEX = ctypes.c_void_p, ctypes.c_int
_get_unicode = prototype(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _ADDRESS, _INDEX)
_get_loose_box = prototype(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS)
_get_ink_box = prototype(pdfium.FPDFText_GetCharBox, ctypes.c_int, _ADDRESS, _INDEX, *[_ADDRESS] * 4)
_get_origin = prototype(pdfium.FPDFText_GetCharOrigin, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS, _ADDRESS)
_get_object = prototype(pdfium.FPDFText_GetTextObject, _ADDRESS, _ADDRESS, _INDEX)
_get_font = prototype(pdfium.FPDFTextObj_GetFont, _ADDRESS, _ADDRESS)
_get_glyph_width = prototype(
    pdfium.FPDFFont_GetGlyphWidth, ctypes.c_int, _ADDRESS, ctypes.c_uint, ctypes.c_float, _ADDRESS
)
_get_size = prototype(pdfium.FPDFText_GetFontSize, ctypes.c_double, _ADDRESS, _INDEX)
_get_matrix = prototype(pdfium.FPDFText_GetMatrix, ctypes.c_int, _ADDRESS, _INDEX, _ADDRESS)


def _glyph_width(font: int, letter: str) -> float:
    """The width of a letter in a font of size 1; 0 where the font does not have it."""
    width = ctypes.c_float()
    _get_glyph_width(font, ord(letter), 1.0, ctypes.addressof(width))
    return width.value


class PageCharacters:
    """The characters of a page.

    Attributes:
        text: has each at its pdfium index.
        of_glyphs: whether letters were found for glyph numbers.
    """

    def __init__(self, textpage: pypdfium2.PdfTextPage) -> None:
        self._textpage = textpage
        self._handle = ctypes.cast(textpage.raw, ctypes.c_void_p).value
        self.of_glyphs = False
        text = self._in_order(self._of_glyphs(self._text(textpage.count_chars())))
        self.text = with_symbols(with_letters(text, self._ligatures(text)) if has_codes(text) else text)

    def _text(self, count: int) -> str:
        units = np.empty(count + 1, np.uint16)
        pointer = ctypes.cast(units.ctypes.data, ctypes.POINTER(ctypes.c_ushort))
        written = pdfium.FPDFText_GetText(self._textpage, 0, count, pointer)
        text = units[:count].tobytes().decode("utf-16-le", "surrogatepass")
        if written == count + 1 and len(text) == count and not SURROGATE.search(text):
            return text
        # GetText left characters out, or needed surrogate pairs: indexes after those would be wrong.
        codes = np.fromiter(map(_get_unicode, repeat(self._handle), range(count)), np.uint32, count)
        return np.where(codes <= _HIGHEST_CODE, codes, 0).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def _of_glyphs(self, text: str) -> str:
        """The text with the letters of fonts that give the numbers of their glyphs instead."""
        if not may_be_glyph_numbers(text):
            return text
        fonts: dict[int, list[int]] = {}
        objects = self.objects(range(len(text)))
        # Spaces and line ends that pdfium puts in belong to no object.
        font_of = {address: _get_font(address) for address in set(objects) if address}
        for index, address in enumerate(objects):
            if address:
                fonts.setdefault(font_of[address], []).append(index)
        characters = list(text)
        for indexes in fonts.values():
            letters = letters_of_glyphs("".join(text[index] for index in indexes))
            self.of_glyphs |= letters is not None
            for index, letter in zip(indexes, letters or (), strict=False):
                characters[index] = letter
        return "".join(characters)

    def _ligatures(self, text: str) -> Callable[[int, str], bool]:
        """A function that tells by its width whether the glyph at an index may be a ligature of some letters.

        It may be one of letters that its font does not have; but not at the code of a line end.
        """

        def fits(index: int, letters: str) -> bool:
            font = _get_font(self.objects([index])[0])
            widths = [_glyph_width(font, letter) for letter in letters]
            if not all(widths):
                return text[index] != "\r"
            box, size = self.boxes([index])[0], self.sizes([index])[0]
            return bool(abs(box[2] - box[0] - size * sum(widths)) <= _LIGATURE_SLACK * size * sum(widths))

        return fits

    def _in_order(self, text: str) -> str:
        """The text with the letters of words in order that run from right to left.

        pdfium turns words round, and the letters of a ligature with them.
        """
        order = letters_in_order(text, self.boxes)
        if order is not None:
            text = "".join(map(text.__getitem__, order))
        if order is None:
            return glyphs_in_order(text, self.boxes)
        return glyphs_in_order(text, lambda places: self.boxes([order[place] for place in places]))

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

    def bottoms(self, indexes: Sequence[int]) -> _Floats:
        """The lowest ink of characters, in PDF coordinates."""
        sides = np.zeros((4, len(indexes) + 1), np.float64)
        left, right, bottom, top = (
            range(row, row + 8 * len(indexes), 8)
            for row in range(sides.ctypes.data, sides.ctypes.data + sides.nbytes, sides.strides[0])
        )
        deque(map(_get_ink_box, repeat(self._handle), indexes, left, right, bottom, top), maxlen=0)
        return sides[2, :-1]

    def is_upright(self, index: int) -> bool:
        """True if a character is neither rotated nor slanted, but for an oblique font."""
        matrix = np.array([[1, 0, 0, 1, 0, 0]], np.float32)
        self._fill(_get_matrix, [index], matrix)
        return bool(matrix[0, 1] == 0 and matrix[0, 0] > 0)

    def baselines(self, indexes: Sequence[int]) -> tuple[_Floats, _Floats]:
        """Font sizes of characters in points, and heights of their baselines in the direction of the first one."""
        places = np.zeros((len(indexes), 2), np.float64)
        for index, place in zip(
            indexes, range(places.ctypes.data, places.ctypes.data + places.nbytes, 16), strict=False
        ):
            _get_origin(self._handle, index, place, place + 8)
        matrix = np.array([[1, 0, 0, 1, 0, 0]], np.float32)
        self._fill(_get_matrix, indexes[:1], matrix)
        up = matrix[0, 2:4].astype(np.float64)
        return self.sizes(indexes), places @ (up / (float(np.hypot(*up)) or 1.0))

    def objects(self, indexes: Sequence[int]) -> list[int]:
        """Addresses of the text objects that the characters belong to."""
        return list(map(_get_object, repeat(self._handle), indexes))

    def styles(
        self, objects: Sequence[int], indexes: Sequence[int], heights: _Floats
    ) -> tuple[list[float], list[bool], set[int]]:
        """Font sizes of words to half a point, whether they are bold, and the text objects that are slanted.

        All are equal within a text object, which is most often a line or a word.
        """
        first = dict(zip(reversed(objects), reversed(indexes), strict=True))
        found, matrices = self._sizes(list(first.values()))
        size = dict(zip(first, (found * 2).round() / 2, strict=True))
        slant = np.abs(matrices[:, :2]).min(axis=1) > _SLANT * np.abs(matrices[:, :2]).max(axis=1)
        slanted = (
            {address for address, mark in zip(first, slant.tolist(), strict=True) if mark} if slant.any() else set()
        )
        fonts = dict(zip(first, map(_get_font, first), strict=True))
        one_of = {font: text_object for text_object, font in fonts.items()}
        bold = {font: self._is_bold(first[text_object]) for font, text_object in one_of.items()}
        sizes = np.array([size[text_object] for text_object in objects])
        sizes = np.where(sizes > 0, sizes, (heights * 2).round() / 2)
        return sizes.tolist(), [bold[fonts[text_object]] for text_object in objects], slanted

    def sizes(self, indexes: Sequence[int]) -> _Floats:
        """Font sizes in points as displayed: the nominal size times the scale of the text matrix."""
        return self._sizes(indexes)[0]

    def _sizes(self, indexes: Sequence[int]) -> tuple[_Floats, NDArray[np.float32]]:
        """Font sizes, and the text matrices. *Shape:* ``(characters, 6)``."""
        nominal = np.fromiter(map(_get_size, repeat(self._handle), indexes), np.float64, len(indexes))
        matrices = np.tile(np.array([1, 0, 0, 1, 0, 0], np.float32), (len(indexes), 1))
        self._fill(_get_matrix, indexes, matrices)
        return nominal * np.hypot(matrices[:, 2], matrices[:, 3]), matrices

    def _fill(self, get: Callable[..., Any], indexes: Sequence[int], rows: NDArray[np.float32]) -> None:
        """Calls a pdfium getter for each character, with its row of the array as the output buffer."""
        if not len(indexes):
            return
        start = rows.ctypes.data
        places = range(start, start + rows.nbytes, rows.strides[0])
        deque(map(get, repeat(self._handle), indexes, places), maxlen=0)

    def _is_bold(self, index: int) -> bool:
        return pdfium.FPDFText_GetFontWeight(self._textpage, index) >= _BOLD or self._is_named_bold(index)

    def _is_named_bold(self, index: int) -> bool:
        name = ctypes.create_string_buffer(128)
        length = pdfium.FPDFText_GetFontInfo(self._textpage, index, name, len(name), ctypes.c_int())
        return 0 < length <= len(name) and b"bold" in name.value.lower()
