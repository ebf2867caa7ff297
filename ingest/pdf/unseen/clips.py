"""Clipped text: words that lie outside of the area within which their text object is drawn."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.bindings import prototype

_Floats: TypeAlias = NDArray[np.float64]
_Mask: TypeAlias = NDArray[np.bool_]

# Most paths of a clip, and points of one, that are looked at.
_MOST_PATHS: Final = 8
_MOST_POINTS: Final = 100
_INFINITY: Final = float("inf")

_ADDRESS, _INT = ctypes.c_void_p, ctypes.c_int
_get_clip = prototype(pdfium.FPDFPageObj_GetClipPath, _ADDRESS, _ADDRESS)
_count_paths = prototype(pdfium.FPDFClipPath_CountPaths, _INT, _ADDRESS)
_count_points = prototype(pdfium.FPDFClipPath_CountPathSegments, _INT, _ADDRESS, _INT)
_get_segment = prototype(pdfium.FPDFClipPath_GetPathSegment, _ADDRESS, _ADDRESS, _INT, _INT)
_get_point = prototype(pdfium.FPDFPathSegment_GetPoint, _INT, _ADDRESS, _ADDRESS, _ADDRESS)
_X, _Y = ctypes.c_float(), ctypes.c_float()
_X_AT, _Y_AT = ctypes.addressof(_X), ctypes.addressof(_Y)


def clipped_words(objects: Sequence[int], extents: _Floats) -> _Mask:
    """Mask of the words that are wholly outside of the bounds of their clip. *Shape:* ``(words,)``.

    Args:
        objects: the address of each word's text object, none of a form.
        extents: left, bottom, right, top of each word in PDF coordinates. *Shape:* ``(words, 4)``.
    """
    bounds = {address: _bounds(address) for address in dict.fromkeys(objects)}
    if not any(bounds.values()):
        return np.zeros(len(objects), np.bool_)
    everywhere = (-_INFINITY, -_INFINITY, _INFINITY, _INFINITY)
    clips = np.array([bounds[address] or everywhere for address in objects], np.float64).reshape(-1, 4)
    before: _Mask = np.any(extents[:, 2:] <= clips[:, :2], axis=1)
    after: _Mask = np.any(extents[:, :2] >= clips[:, 2:], axis=1)
    return before | after


def _bounds(address: int) -> tuple[float, float, float, float] | None:
    """Left, bottom, right and top of the area in which an object is drawn; None where nothing clips it."""
    clip = _get_clip(address)
    count = _count_paths(clip) if clip else 0
    if count <= 0:
        return None
    left, bottom, right, top = -_INFINITY, -_INFINITY, _INFINITY, _INFINITY
    for path in range(min(count, _MOST_PATHS)):
        points = _count_points(clip, path)
        if not 0 < points <= _MOST_POINTS:
            continue
        xs, ys = [], []
        for position in range(points):
            if _get_point(_get_segment(clip, path, position), _X_AT, _Y_AT):
                xs.append(_X.value)
                ys.append(_Y.value)
        if xs:
            left, right = max(left, min(xs)), min(right, max(xs))
            bottom, top = max(bottom, min(ys)), min(top, max(ys))
    return left, bottom, right, top
