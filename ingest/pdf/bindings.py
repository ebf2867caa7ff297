"""ctypes prototypes for pdfium functions that are called thousands of times for a page."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any


def prototype(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:  # noqa: ANN401 - types of ctypes
    """A prototype of a pdfium function that keeps the GIL: releasing it would take longer than the call."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result, *arguments)(address)
