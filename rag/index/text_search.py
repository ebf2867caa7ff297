"""Search of files for the text of a document, to prove that it is gone: pieces of it, byte by byte, in linear time.

The hash of every window of a file is compared with those of the pieces (Karp and Rabin), a block of the file at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from rag.index.durable_files import blocks

_Bytes = npt.NDArray[np.uint8]
_Hashes = npt.NDArray[np.uint64]

# Length of a piece, in bytes. Shorter ones occur by chance.
PIECE: Final = 24
# Pieces with fewer different bytes are rules, leaders or blanks.
_FEWEST_DIFFERENT: Final = 8
_BASE: Final = 0x9E3779B97F4A7C15
# Bits of a hash that are looked up in a table before the whole hash is.
_TABLE_BITS: Final = 22


class TextSearch:
    """Pieces of texts, as a file would have them: in UTF-8, or in JSON."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Takes the pieces of every line that has some; a shorter line is searched for with its neighbours only."""
        self._pieces = {piece for text in texts for form in _forms(text) for piece in _cut(form)}
        self._index()

    def __len__(self) -> int:
        return len(self._pieces)

    def leave_out(self, texts: Iterable[str]) -> None:
        """Drops the pieces that other texts have, too."""
        for text in texts:
            for form in _forms(text):
                self._pieces.difference_update(self._found(form))
        self._index()

    def is_in(self, path: Path) -> bool:
        """True if a file has one of the pieces; OSError where it cannot be read."""
        if not self._pieces:
            return False
        before = b""
        for block in blocks(path):
            data = before + block
            if next(self._found(data), None) is not None:
                return True
            before = data[1 - PIECE :]
        return False

    def is_in_bytes(self, data: bytes) -> bool:
        """True if the bytes have one of the pieces."""
        return next(self._found(data), None) is not None

    def _index(self) -> None:
        joined = np.frombuffer(b"".join(self._pieces), np.uint8)
        self._hashes = np.unique(_hashes(joined)[::PIECE]) if self._pieces else np.empty(0, np.uint64)
        self._table = np.zeros(1 << _TABLE_BITS, np.bool_)
        self._table[self._hashes >> np.uint64(64 - _TABLE_BITS)] = True

    def _found(self, data: bytes) -> Iterator[bytes]:
        """The pieces in ``data``; some may be given several times."""
        if len(data) < PIECE:
            return
        hashes = _hashes(np.frombuffer(data, np.uint8))
        (likely,) = np.nonzero(self._table[hashes >> np.uint64(64 - _TABLE_BITS)])
        for place in likely[np.isin(hashes[likely], self._hashes)].tolist():
            piece = data[place : place + PIECE]
            if piece in self._pieces:
                yield piece


def _hashes(data: _Bytes) -> _Hashes:
    """The hash of each window of PIECE bytes, modulo 2 ** 64."""
    one = (data.astype(np.uint64) + np.uint64(1)) * np.uint64(_BASE | 1)
    two = _joined(one, one, 1)
    four = _joined(two, two, 2)
    eight = _joined(four, four, 4)
    sixteen = _joined(eight, eight, 8)
    return _joined(sixteen, eight, 16)


def _joined(left: _Hashes, right: _Hashes, length: int) -> _Hashes:
    """Hashes of windows of ``left``, which are so many bytes long, followed by windows of ``right``."""
    factor = np.uint64(pow(_BASE, length, 1 << 64))
    right = right[length:]
    return (left[: len(right)] ^ (left[: len(right)] >> np.uint64(29))) * factor + right


def _forms(text: str) -> set[bytes]:
    return {
        text.encode("utf-8", "replace"),
        json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
        json.dumps(text)[1:-1].encode(),
    }


def _cut(form: bytes) -> Iterator[bytes]:
    for line in form.replace(rb"\n", b"\n").split(b"\n"):
        for start in range(0, len(line) - PIECE + 1, PIECE):
            piece = line[start : start + PIECE]
            if len(set(piece)) >= _FEWEST_DIFFERENT:
                yield piece
