"""How much of a file is read. Apart from the readers, because those who only hand it on need no library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadingLimits:
    """How much of one file is read at most; a file with more is refused as ``too_large``."""

    pages: int = 5_000
    characters_per_page: int = 200_000
    characters: int = 20_000_000
