"""Optional content ("layers") that is switched off, and text that is covered: words that the drawn page does not show.

Whether a layer is on depends on the file's configuration, on membership and visibility expressions, and on layers
around it. The renderer knows; so words in layers are looked for in the rendering.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.bindings import prototype
from ingest.pdf.unseen.drawings import Drawings, is_image, is_opaque, undrawn
from ingest.pdf.unseen.visibility import has_ink, without_contrast

_Floats: TypeAlias = NDArray[np.float64]
_Mask: TypeAlias = NDArray[np.bool_]

# Most groups of objects that are looked at one by one; further ones are looked at together.
_MOST_GROUPS: Final = 12
# Most marks of an object, and covers of a page, that are looked at.
_MOST_MARKS: Final = 16
_MOST_COVERS: Final = 500
_NAME_BYTES: Final = 256
# Position of objects that were not looked at.
_LAST: Final = 1 << 40

_ADDRESS = ctypes.c_void_p
_count_marks = prototype(pdfium.FPDFPageObj_CountMarks, ctypes.c_int, _ADDRESS)
_get_mark = prototype(pdfium.FPDFPageObj_GetMark, _ADDRESS, _ADDRESS, ctypes.c_ulong)
_get_name = prototype(pdfium.FPDFPageObjMark_GetName, ctypes.c_int, _ADDRESS, _ADDRESS, ctypes.c_ulong, _ADDRESS)
_OPTIONAL_CONTENT: Final = "OC\0".encode("utf-16-le")
_NAME, _LENGTH = ctypes.create_string_buffer(8), ctypes.c_ulong()
_NAME_AT, _LENGTH_AT = ctypes.addressof(_NAME), ctypes.addressof(_LENGTH)


def words_in_layers(page: pypdfium2.PdfPage, objects: Sequence[int], boxes: _Floats, drawings: Drawings) -> _Mask:
    """Mask of the words in layers that are off. *Shape:* ``(words,)``.

    Args:
        page: the page of the words.
        objects: the address of each word's text object.
        boxes: of each word on the page as displayed, in points, origin top left. *Shape:* ``(words, 4)``.
        drawings: of the page.
    """
    form_of = drawings.forms
    layer_of = {address: _layer(address) for address in dict.fromkeys(objects)}
    # A form object may be in a layer as a whole, which its marks do not show.
    keys = [(form_of.get(address), layer_of[address]) for address in objects]
    return _undrawn_words(page, objects, keys, boxes)


def covered_words(
    page: pypdfium2.PdfPage, objects: Sequence[int], extents: _Floats, boxes: _Floats, drawings: Drawings
) -> _Mask:
    """Mask of the words that an area or image hides which is drawn over them, as redaction and correction do.

    An image of print may lie over its own text, which OCR has put there: words of which it shows something are kept.

    Args:
        page: the page of the words.
        objects: the address of each word's text object.
        extents: left, bottom, right, top of each word in PDF coordinates. *Shape:* ``(words, 4)``.
        boxes: the same on the page as displayed, in points, origin top left.
        drawings: of the page.
    """
    none = np.zeros(len(objects), np.bool_)
    if not len(drawings.covers):
        return none
    order = drawings.order
    positions = np.array([order.get(address, _LAST) for address in objects], np.float64)
    x, y = (extents[:, 0] + extents[:, 2]) / 2, (extents[:, 1] + extents[:, 3]) / 2
    left, bottom, right, top, position = (side[:, np.newaxis] for side in drawings.covers[-_MOST_COVERS:].T)
    covered = (positions < position) & (left <= x) & (x <= right) & (bottom <= y) & (y <= top)
    paths = drawings.cover_paths[-_MOST_COVERS:]
    over = np.flatnonzero(covered.any(axis=1)).tolist()
    images = [cover for cover in over if is_image(paths[cover])]
    opaque = [cover for cover in over if is_opaque(paths[cover])]
    under: _Mask = covered[opaque].any(axis=0)
    # Text without ink under an image is that of OCR.
    pictured = np.flatnonzero(covered[images].any(axis=0) & ~under)
    pictured = pictured[[has_ink(objects[word]) for word in pictured.tolist()]] if len(pictured) else pictured
    pictured = pictured[without_contrast(page, boxes[pictured])] if len(pictured) else pictured
    under[pictured] = True
    return undrawn_among(page, objects, boxes, under)


def words_under_annotations(
    page: pypdfium2.PdfPage, objects: Sequence[int], boxes: _Floats, areas: Sequence[Sequence[float]]
) -> _Mask:
    """Mask of the words that an annotation hides which lies over them, such as a filled square or text box.

    Args:
        page: the page of the words.
        objects: the address of each word's text object.
        boxes: of the words, on the page as displayed, in points, origin top left.
        areas: boxes of the annotations, alike.
    """
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    under = np.zeros(len(objects), np.bool_)
    for left, top, right, bottom in areas[:_MOST_COVERS]:
        under |= (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
    return undrawn_among(page, objects, boxes, under, annotated=True)


def undrawn_among(
    page: pypdfium2.PdfPage, objects: Sequence[int], boxes: _Floats, suspected: _Mask, *, annotated: bool = False
) -> _Mask:
    """Mask of the suspected words that a rendering does not show."""
    suspects = np.flatnonzero(suspected)
    hidden = np.zeros(len(objects), np.bool_)
    if len(suspects):
        members = list(dict.fromkeys(objects[word] for word in suspects.tolist()))
        (hidden[suspects],) = undrawn(page, [members], [boxes[suspects]], annotated=annotated)
    return hidden


def _undrawn_words(
    page: pypdfium2.PdfPage, objects: Sequence[int], keys: Sequence[tuple[int | None, str | None]], boxes: _Floats
) -> _Mask:
    """Mask of the words whose group, by form and layer, is not drawn where they are."""
    hidden = np.zeros(len(objects), np.bool_)
    groups: dict[object, list[int]] = {}
    for word, key in enumerate(keys):
        if key != (None, None):
            place: object = key if key in groups or len(groups) < _MOST_GROUPS else "further"
            groups.setdefault(place, []).append(word)
    if not groups:
        return hidden
    members = [list(dict.fromkeys(objects[word] for word in words)) for words in groups.values()]
    for words, mask in zip(
        groups.values(), undrawn(page, members, [boxes[words] for words in groups.values()]), strict=True
    ):
        hidden[words] = mask
    return hidden


def _layer(address: int) -> str | None:
    """Name of the outermost layer of an object; empty for one without a name, None outside of all layers."""
    for position in range(min(_count_marks(address), _MOST_MARKS)):
        mark = _get_mark(address, position)
        # In UTF-16 with a null character at the end; longer names are not written.
        _get_name(mark, _NAME_AT, len(_NAME), _LENGTH_AT)
        if _LENGTH.value == len(_OPTIONAL_CONTENT) and _NAME.raw[: len(_OPTIONAL_CONTENT)] == _OPTIONAL_CONTENT:
            return _layer_name(mark)
    return None


def _layer_name(mark: int) -> str:
    handle = ctypes.cast(mark, pdfium.FPDF_PAGEOBJECTMARK)
    buffer, size = (ctypes.c_ushort * (_NAME_BYTES // 2))(), ctypes.c_ulong()
    found = pdfium.FPDFPageObjMark_GetParamStringValue(handle, b"Name", buffer, _NAME_BYTES, size)
    return bytes(buffer)[: size.value].decode("utf-16-le", "replace") if found else ""
