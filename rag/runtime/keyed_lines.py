"""File of JSON objects, one on each line (https://jsonlines.org), with one line for each id. For several processes."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.runtime.files import write_atomically


@dataclass(frozen=True)
class KeyedLines:
    """Lines of a file, each an object with an ``id``. Changes are atomic, and made one after the other.

    Attributes:
        path: of the file, which need not be there yet; only its owner may read it.
        most_bytes: of the file.
    """

    path: Path
    most_bytes: int = 16_000_000

    def put(self, line: Mapping[str, Any]) -> None:
        """Adds a line; one of the same id goes.

        Raises:
            OSError: the disk refused, or the file would become larger than ``most_bytes``; it is as it was.
        """
        with self._locked():
            kept = [other for other in self._lines() if _id_of(other) != line["id"]]
            self._write([*kept, json.dumps(line, ensure_ascii=False).encode("utf-8", "replace")])

    def drop(self, is_unwanted: Callable[[bytes], bool]) -> int:
        """Removes lines, and the file with the last one; returns how many. Raises OSError."""
        if not self.path.is_file():
            return 0
        with self._locked():
            lines = self._lines()
            kept = [line for line in lines if not is_unwanted(line)]
            if not kept:
                self.path.unlink()
            elif len(kept) < len(lines):
                self._write(kept)
        return len(lines) - len(kept)

    def _lines(self) -> list[bytes]:
        try:
            return [line for line in self.path.read_bytes().split(b"\n") if line.strip()]
        except FileNotFoundError:
            return []

    def _write(self, lines: list[bytes]) -> None:
        data = b"".join(line + b"\n" for line in lines)
        if len(data) > self.most_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        write_atomically(self.path, data, mode=0o600)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Holds a lock that other processes wait for; not on the file itself, which is replaced."""
        lock = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _id_of(line: bytes) -> object:
    try:
        row = json.loads(line)
    except ValueError:  # a person has edited it
        return None
    return row.get("id") if isinstance(row, dict) else None
