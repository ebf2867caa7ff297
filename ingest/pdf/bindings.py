"""pdfium's functions as they are called by the thousand."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any


def prototype(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:  # noqa: ANN401 - types of ctypes
    """A function of pdfium that is called with the GIL held: to give it up would take longer than the call."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result, *arguments)(address)
