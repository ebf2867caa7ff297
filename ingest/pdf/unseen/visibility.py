"""Hidden-text detection: words without ink, in the colour of the paper, or too small to read.

Such words are a way of prompt injection: software reads them, and a person does not. Text without ink over an image is
kept: it is the text layer of a scan. Letters that only clip are seen where a shading is drawn through them.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from itertools import compress, repeat
from math import ceil
from typing import Any, Final, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.bindings import prototype

_Floats: TypeAlias = NDArray[np.float64]
_Mask: TypeAlias = NDArray[np.bool_]

# In points: smaller text is not meant to be read.
_TOO_SMALL: Final = 1.5
# Light ink may be on a dark background, which a rendering of the page shows. Values of 255.
_LIGHT: Final = 225
_OPAQUE: Final = 16
_CONTRAST: Final = 16
_MOST_PIXELS: Final = 4_000_000
# Shares of a word's box that are left out at each side, so that borders and rules beside it do not count as ink.
_MARGIN_X, _MARGIN_Y = 0.1, 0.25
# Greatest depth of nested form objects in which images are found.
_DEPTH: Final = 8

_get_mode = prototype(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)
_get_fill = prototype(pdfium.FPDFPageObj_GetFillColor, ctypes.c_int, ctypes.c_void_p, *[ctypes.c_void_p] * 4)
_CLIP: Final = pdfium.FPDF_TEXTRENDERMODE_CLIP
_WITHOUT_INK: Final = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, _CLIP)
_FILLED: Final = (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP)


def hidden_words(
    page: pypdfium2.PdfPage, objects: Sequence[int], extents: _Floats, boxes: _Floats, sizes: Sequence[float]
) -> _Mask:
    """Mask of the invisible words of a page. *Shape:* ``(words,)``.

    Args:
        page: the page of the words.
        objects: the address of each word's text object.
        extents: left, bottom, right, top of each word in PDF coordinates. *Shape:* ``(words, 4)``.
        boxes: the same on the page as displayed, in points, origin top left.
        sizes: font sizes in points.
    """
    without_ink, light = _inks(list(dict.fromkeys(objects)))
    hidden = np.zeros(len(objects), np.bool_)
    if min(sizes) < _TOO_SMALL:
        hidden = (np.array(sizes) < _TOO_SMALL) & (boxes[:, 3] - boxes[:, 1] < 2 * _TOO_SMALL)
    shaded = np.zeros(len(objects), np.bool_)
    if without_ink:
        bare = _is_among(objects, without_ink) & ~_over(page, extents, pdfium.FPDF_PAGEOBJ_IMAGE)
        if clips := {address for address in without_ink if _get_mode(address) == _CLIP}:
            shaded = bare & _is_among(objects, clips) & _over(page, extents, pdfium.FPDF_PAGEOBJ_SHADING)
        hidden |= bare & ~shaded
    if light or shaded.any():
        suspects = np.flatnonzero((_is_among(objects, light) | shaded) & ~hidden)
        hidden[suspects] = without_contrast(page, boxes[suspects])
    return hidden


def _inks(objects: Sequence[int]) -> tuple[set[int], set[int]]:
    """The text objects without ink, and those whose ink may have too little contrast to the paper."""
    modes = list(map(_get_mode, objects))
    reds, alphas = _fills(objects)
    odd = (
        {address for address, mode in zip(objects, modes, strict=True) if mode not in _FILLED} if any(modes) else set()
    )
    without_ink = (
        {address for address, mode in zip(objects, modes, strict=True) if mode in _WITHOUT_INK} if odd else odd
    )
    pale = filter(_is_pale, compress(objects, ((reds >= _LIGHT) | (alphas <= _OPAQUE)).tolist()))
    return without_ink, {*odd, *pale} - without_ink


def _is_pale(address: int) -> bool:
    channels = np.zeros(4, np.uint32)
    _get_fill(address, *range(channels.ctypes.data, channels.ctypes.data + 16, 4))
    return bool(channels[:3].min() >= _LIGHT or channels[3] <= _OPAQUE)


def _fills(objects: Sequence[int]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Red and alpha channels of the fill colours of text objects, 0..255; a low red value rules out white."""
    count = len(objects)
    channels = np.zeros((2, count + 1), np.uint32)
    channels[1] = 255
    red, alpha = channels.ctypes.data, channels.ctypes.data + channels.strides[0]
    unwanted = repeat(red + 4 * count)
    reds, alphas = range(red, red + 4 * count, 4), range(alpha, alpha + 4 * count, 4)
    deque(map(_get_fill, objects, reds, unwanted, unwanted, alphas), maxlen=0)
    return channels[0, :count], channels[1, :count]


def _is_among(objects: Sequence[int], chosen: set[int]) -> _Mask:
    return np.fromiter((address in chosen for address in objects), np.bool_, len(objects))


def _over(page: pypdfium2.PdfPage, extents: _Floats, kind: int) -> _Mask:
    """Mask of the extents whose middle is in an object of a kind, such as an image. *Shape:* ``(extents,)``."""
    x, y = (extents[:, 0] + extents[:, 2]) / 2, (extents[:, 1] + extents[:, 3]) / 2
    over = np.zeros(len(extents), np.bool_)
    for number in range(pdfium.FPDFPage_CountObjects(page)):
        drawn = pdfium.FPDFPage_GetObject(page, number)
        if _holds(drawn, kind):
            sides = [ctypes.c_float() for _ in range(4)]
            if pdfium.FPDFPageObj_GetBounds(drawn, *sides):
                left, bottom, right, top = (side.value for side in sides)
                over |= (left <= x) & (x <= right) & (bottom <= y) & (y <= top)
    return over


def _holds(drawn: Any, kind: int, depth: int = 0) -> bool:  # noqa: ANN401 - a pointer of ctypes
    own = pdfium.FPDFPageObj_GetType(drawn)
    if own != pdfium.FPDF_PAGEOBJ_FORM or depth == _DEPTH:
        return bool(own == kind)
    parts = range(pdfium.FPDFFormObj_CountObjects(drawn))
    return any(_holds(pdfium.FPDFFormObj_GetObject(drawn, number), kind, depth + 1) for number in parts)


def has_ink(text_object: int) -> bool:
    """True if the letters of a text object are filled or outlined."""
    return _get_mode(text_object) not in _WITHOUT_INK


def without_contrast(page: pypdfium2.PdfPage, boxes: _Floats) -> _Mask:
    """Mask of the boxes without visible contrast in a rendering of the page. *Shape:* ``(boxes,)``."""
    width, height = page.get_size()
    scale = min(1.0, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
    with closing(page.render(scale=scale, grayscale=True)) as bitmap:
        picture = bitmap.to_numpy()
        return np.array([_is_even(picture, *box) for box in (boxes * scale).tolist()], np.bool_)


def _is_even(picture: NDArray[np.uint8], left: float, top: float, right: float, bottom: float) -> bool:
    across, down = _MARGIN_X * (right - left), _MARGIN_Y * (bottom - top)
    rows = slice(max(int(top + down), 0), max(ceil(bottom - down), 1))
    columns = slice(max(int(left + across), 0), max(ceil(right - across), 1))
    inside = picture[rows, columns]
    return inside.size == 0 or int(inside.max()) - int(inside.min()) < _CONTRAST
