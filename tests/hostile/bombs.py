"""All bombs: hostile files, generated deterministically."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.hostile import drawings, structures, writings
from tests.hostile.parts import BOMBS, Bomb

__all__ = ["BOMBS", "Bomb", "drawings", "structures", "write", "writings"]


def write(folder: Path, chosen: Iterable[Bomb]) -> list[Path]:
    """Writes these files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for bomb in chosen:
        path = folder / bomb.name
        path.write_bytes(bomb.make())
        paths.append(path)
    return paths
