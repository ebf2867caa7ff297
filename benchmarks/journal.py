"""Journal: a file of JSON lines that a long measurement appends to, so that it goes on where it was interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]


class Journal:
    """An append-only file of JSON objects, one in a line. A line that a crash has cut short counts as not there."""

    def __init__(self, path: Path) -> None:
        """``path`` may not exist yet, nor its folder."""
        self.path = path

    def rows(self) -> list[Row]:
        """The objects, in the order in which they were appended."""
        lines = self.path.read_text(encoding="utf-8").split("\n") if self.path.is_file() else []
        return [row for line in lines if (row := _parsed(line)) is not None]

    def append(self, row: Mapping[str, Any]) -> None:
        """Appends an object."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                file.write(b"" if file.read(1) == b"\n" else b"\n")
            file.write(json.dumps(row).encode() + b"\n")

    def clear(self) -> None:
        """Begins anew."""
        self.path.unlink(missing_ok=True)


def _parsed(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
