"""Size limits for reading a file; apart from the readers, so that they can be passed on without importing those."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadingLimits:
    """Size limits for one file; a larger file is refused as ``too_large``."""

    pages: int = 5_000
    characters_per_page: int = 200_000
    characters: int = 20_000_000
