"""Drawn objects of a page: which words a rendering shows, and the rules and areas that are drawn over words.

Objects are switched off and on again, and two renderings are compared: what does not change the picture is not seen.
So layers, clips, colours and covers need not be understood. Renderings are made only where something is suspected.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from math import ceil
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.bindings import prototype

_Floats: TypeAlias = NDArray[np.float64]
_Mask: TypeAlias = NDArray[np.bool_]

# Most objects of a page that are looked at, and most points of their paths; a map has tens of thousands.
_MOST_OBJECTS: Final = 20_000
_MOST_POINTS: Final = 20_000
_POINTS_OF_A_PATH: Final = 400
# Greatest depth of nested form objects.
_DEPTH: Final = 8
# In points: rules are not higher.
_THIN: Final = 4.0
# In points: the smallest area that is looked at as a cover.
_LEAST_COVER: Final = 4.0
# Most pixels of a rendering, and the least difference of a pixel, of 255.
_MOST_PIXELS: Final = 4_000_000
_DIFFERENCE: Final = 8
_OPAQUE: Final = 250

_ADDRESS, _INT = ctypes.c_void_p, ctypes.c_int
_get_object = prototype(pdfium.FPDFPage_GetObject, _ADDRESS, _ADDRESS, _INT)
_get_part = prototype(pdfium.FPDFFormObj_GetObject, _ADDRESS, _ADDRESS, ctypes.c_ulong)
_count_parts = prototype(pdfium.FPDFFormObj_CountObjects, _INT, _ADDRESS)
_get_type = prototype(pdfium.FPDFPageObj_GetType, _INT, _ADDRESS)
_get_bounds = prototype(pdfium.FPDFPageObj_GetBounds, _INT, _ADDRESS, *[_ADDRESS] * 4)
_get_matrix = prototype(pdfium.FPDFPageObj_GetMatrix, _INT, _ADDRESS, _ADDRESS)
_get_fill = prototype(pdfium.FPDFPageObj_GetFillColor, _INT, _ADDRESS, *[_ADDRESS] * 4)
_get_draw_mode = prototype(pdfium.FPDFPath_GetDrawMode, _INT, _ADDRESS, _ADDRESS, _ADDRESS)
_get_stroke = prototype(pdfium.FPDFPageObj_GetStrokeColor, _INT, _ADDRESS, *[_ADDRESS] * 4)
_get_stroke_width = prototype(pdfium.FPDFPageObj_GetStrokeWidth, _INT, _ADDRESS, _ADDRESS)
_count_points = prototype(pdfium.FPDFPath_CountSegments, _INT, _ADDRESS)
_get_point_of = prototype(pdfium.FPDFPath_GetPathSegment, _ADDRESS, _ADDRESS, _INT)
_get_point = prototype(pdfium.FPDFPathSegment_GetPoint, _INT, _ADDRESS, _ADDRESS, _ADDRESS)
_get_point_type = prototype(pdfium.FPDFPathSegment_GetType, _INT, _ADDRESS)
_set_active = prototype(pdfium.FPDFPageObj_SetIsActive, _INT, _ADDRESS, _INT)

_Extent: TypeAlias = tuple[float, float, float, float]
_Matrix: TypeAlias = tuple[float, float, float, float, float, float]
_IDENTITY: Final[_Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class _Objects(NamedTuple):
    """Objects that follow each other in drawing order, from a position on, with their kinds; of a form, or None."""

    position: int
    addresses: Sequence[int]
    kinds: Sequence[int]
    form: int | None

    def texts(self) -> Iterator[tuple[int, int]]:
        """Address and position of each text object."""
        for offset, (address, kind) in enumerate(zip(self.addresses, self.kinds, strict=True)):
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                yield address, self.position + offset


@dataclass(frozen=True)
class Drawings:
    """Drawings of a page: its paths and areas, beside the text.

    Attributes:
        rules: extents of thin paths and images, along the x or the y axis, in PDF coordinates. *Shape:* ``(rules, 4)``.
        rule_paths: the path or image object of each.
        covers: areas and images that are drawn after text: extent in PDF coordinates, and position in drawing order.
            *Shape:* ``(covers, 5)``.
        cover_paths: the path or image object of each.
        images: extents of the images, in PDF coordinates.
        paths: number of path objects.
        objects: all that were looked at.
    """

    rules: _Floats
    rule_paths: Sequence[int]
    covers: _Floats
    cover_paths: Sequence[int]
    images: Sequence[_Extent]
    paths: int
    objects: Sequence[_Objects]

    @property
    def order(self) -> dict[int, int]:
        """Position in drawing order of each text object."""
        return dict(text for objects in self.objects for text in objects.texts())

    @property
    def forms(self) -> dict[int, int]:
        """The outermost form object that each text object is in."""
        return {
            text: objects.form for objects in self.objects if objects.form is not None for text, _ in objects.texts()
        }


def read_drawings(page: pypdfium2.PdfPage) -> Drawings:
    """The drawings of a page, forms included, of at most twenty thousand objects."""
    return _DrawingReader(page).drawings()


class _DrawingReader:
    """Walks over the objects of a page, in drawing order."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self._left = _MOST_OBJECTS
        self._points = _MOST_POINTS
        self._position = 0
        self._has_text = False
        self._rules: list[_Extent] = []
        self._rule_paths: list[int] = []
        self._covers: list[tuple[float, ...]] = []
        self._cover_paths: list[int] = []
        self._images: list[_Extent] = []
        self._paths = 0
        self._objects: list[_Objects] = []
        self._sides = (ctypes.c_float * 4)()
        self._places = [ctypes.addressof(self._sides) + 4 * side for side in range(4)]

    def drawings(self) -> Drawings:
        handle = ctypes.cast(self._page.raw, ctypes.c_void_p).value
        count = min(pdfium.FPDFPage_CountObjects(self._page), self._left)
        self._read(list(map(_get_object, repeat(handle), range(count))), _IDENTITY, 0, None)
        rules = np.array(self._rules, np.float64).reshape(-1, 4)
        covers = np.array(self._covers, np.float64).reshape(-1, 5)
        return Drawings(rules, self._rule_paths, covers, self._cover_paths, self._images, self._paths, self._objects)

    def _read(self, objects: Sequence[int], matrix: _Matrix, depth: int, form: int | None) -> None:
        self._left -= len(objects)
        kinds = list(map(_get_type, objects))
        start = self._position
        self._objects.append(_Objects(start, objects, kinds, form))
        self._position += len(objects)
        first_text = kinds.index(pdfium.FPDF_PAGEOBJ_TEXT) if pdfium.FPDF_PAGEOBJ_TEXT in kinds else len(kinds)
        for offset, kind in enumerate(kinds):
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                continue
            self._has_text = self._has_text or offset > first_text
            address = objects[offset]
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                self._paths += 1
                self._read_path(address, start + offset, matrix)
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                self._read_image(address, start + offset, matrix)
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEPTH:
                count = max(min(_count_parts(address), self._left), 0)
                parts = list(map(_get_part, repeat(address), range(count)))
                inner = _times(self._matrix(address), matrix)
                self._read(parts, inner, depth + 1, address if form is None else form)
        self._has_text = self._has_text or first_text < len(kinds)

    def _bounds(self, address: int, matrix: _Matrix) -> _Extent | None:
        if not _get_bounds(address, *self._places):
            return None
        left, bottom, right, top = self._sides
        if matrix is _IDENTITY:
            return left, bottom, right, top
        return _around([_moved(x, y, matrix) for x in (left, right) for y in (bottom, top)])

    def _matrix(self, address: int) -> _Matrix:
        values = (ctypes.c_float * 6)(*_IDENTITY)
        _get_matrix(address, ctypes.addressof(values))
        a, b, c, d, e, f = values
        return a, b, c, d, e, f

    def _read_image(self, address: int, position: int, matrix: _Matrix) -> None:
        extent = self._bounds(address, matrix)
        if extent is not None:
            self._images.append(extent)
            if not self._add_rule(address, extent):
                self._add_cover(address, position, extent)

    def _add_rule(self, address: int, extent: _Extent) -> bool:
        """Adds what is thin; returns whether it is."""
        left, bottom, right, top = extent
        if min(right - left, top - bottom) > _THIN:
            return False
        self._rules.append(extent)
        self._rule_paths.append(address)
        return True

    def _add_cover(self, address: int, position: int, extent: _Extent) -> None:
        left, bottom, right, top = extent
        if self._has_text and right - left >= _LEAST_COVER and top - bottom >= _LEAST_COVER:
            self._covers.append((*extent, position))
            self._cover_paths.append(address)

    def _read_path(self, address: int, position: int, matrix: _Matrix) -> None:
        extent = self._bounds(address, matrix)
        if extent is None or self._add_rule(address, extent):
            return
        points = _count_points(address)
        if points <= 5 and not (points == 4 and _begins(address, 2)):
            # One rectangle, or less.
            self._add_cover(address, position, extent)
        elif points <= min(_POINTS_OF_A_PATH, self._points):
            self._points -= points
            for part in _parts(address, points, matrix):
                if not self._add_rule(address, part):
                    self._add_cover(address, position, part)


def _begins(path: int, position: int) -> bool:
    """True if a subpath begins at a point."""
    return bool(_get_point_type(_get_point_of(path, position)) == pdfium.FPDF_SEGMENT_MOVETO)


def is_image(address: int) -> bool:
    """True if an object is an image."""
    return bool(_get_type(address) == pdfium.FPDF_PAGEOBJ_IMAGE)


def is_opaque(path: int) -> bool:
    """True if a path is filled, or drawn with a thick line, and not transparent."""
    mode, stroke, width = ctypes.c_int(), ctypes.c_int(), ctypes.c_float()
    _get_draw_mode(path, ctypes.addressof(mode), ctypes.addressof(stroke))
    if mode.value == pdfium.FPDF_FILLMODE_NONE:
        _get_stroke_width(path, ctypes.addressof(width))
        if not stroke.value or width.value < _LEAST_COVER:
            return False
    channels = (ctypes.c_uint * 4)(0, 0, 0, 255)
    get = _get_stroke if mode.value == pdfium.FPDF_FILLMODE_NONE else _get_fill
    get(path, *(ctypes.addressof(channels) + 4 * place for place in range(4)))
    return bool(channels[3] >= _OPAQUE)


def _parts(address: int, points: int, matrix: _Matrix) -> Iterator[_Extent]:
    """Extents of the subpaths of a path that have two points or more."""
    x, y = ctypes.c_float(), ctypes.c_float()
    at_x, at_y = ctypes.addressof(x), ctypes.addressof(y)
    part: list[tuple[float, float]] = []
    for position in range(points):
        segment = _get_point_of(address, position)
        if _begins(address, position):
            if len(part) > 1:
                yield _around(part)
            part = []
        if _get_point(segment, at_x, at_y):
            part.append(_moved(x.value, y.value, matrix))
    if len(part) > 1:
        yield _around(part)


def _around(points: Sequence[tuple[float, float]]) -> _Extent:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _moved(x: float, y: float, matrix: _Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    (x, y), (u, v), (s, t) = (
        (p * then[0] + q * then[2], p * then[1] + q * then[3]) for p, q in ((a, b), (c, d), (e, f))
    )
    return x, y, u, v, s + then[4], t + then[5]


def remove_object(page: pypdfium2.PdfPage, address: int) -> bool:
    """Takes an object from an open page, not from its file; it is then the caller's. False for a part of a form."""
    return bool(pdfium.FPDFPage_RemoveObject(page, ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)))


def undrawn(
    page: pypdfium2.PdfPage, groups: Sequence[Sequence[int]], boxes: Sequence[_Floats], *, annotated: bool = False
) -> list[_Mask]:
    """For each group of objects, mask of its boxes in which a rendering is the same without the group.

    Args:
        page: the page of the objects.
        groups: addresses of page objects.
        boxes: for each group, on the page as displayed, in points, origin top left. *Shape:* ``(boxes, 4)``.
        annotated: whether annotations are drawn over the page.
    """
    width, height = page.get_size()
    scale = min(2.0, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
    whole = _picture(page, scale, annotated=annotated)
    masks = []
    for objects, places in zip(groups, boxes, strict=True):
        changed = np.abs(whole - _picture(page, scale, objects, annotated=annotated)) > _DIFFERENCE
        masks.append(np.array([not _inside(changed, box * scale).any() for box in places], np.bool_))
    return masks


def _picture(
    page: pypdfium2.PdfPage, scale: float, without: Sequence[int] = (), *, annotated: bool = False
) -> NDArray[np.int16]:
    """Grey rendering of a page without some of its objects. *Shape:* ``(height, width)``."""
    for address in without:
        _set_active(address, 0)
    try:
        with closing(page.render(scale=scale, grayscale=True, draw_annots=annotated, may_draw_forms=False)) as bitmap:
            picture: NDArray[np.int16] = bitmap.to_numpy().reshape(bitmap.height, bitmap.width).astype(np.int16)
            return picture
    finally:
        for address in without:
            _set_active(address, 1)


def _inside(picture: NDArray[Any], box: _Floats) -> NDArray[Any]:
    left, top, right, bottom = box.tolist()
    return picture[max(int(top), 0) : max(ceil(bottom), 1), max(int(left), 0) : max(ceil(right), 1)]
