"""Pending vectors: those of a provisional generation as they are computed, so that a run that was killed is resumed.

A file of records of one size: SHA-256 of the text, its vector in float32, CRC-32 of both. It is neither synced nor
complete: a record that is not whole is computed again. The name of the file is a digest of the encoder's identity.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final
from zlib import crc32

import numpy as np

from rag.index import durable_files
from rag.index.layout import IndexLayout
from rag.models.embedding.interfaces import FloatVector

_DIGEST: Final = 32
_CRC: Final = 4


class PendingVectors:
    """Vectors by text. Thread-safe."""

    def __init__(self, layout: IndexLayout, encoder: Mapping[str, Any]) -> None:
        """Opens the vectors of an earlier run, if there are any; those of another encoder are removed.

        Args:
            layout: of the index, which the caller has locked for writing.
            encoder: its identity, with the dimension.

        Raises:
            OSError: the disk refused.
        """
        self._size = record_size(encoder)
        self._vector_bytes = self._size - _DIGEST - _CRC
        layout.pending.mkdir(exist_ok=True)
        path = pending_file(layout, encoder)
        for other in layout.pending.iterdir():
            if other != path:
                durable_files.move_away(other, layout)
        self._lock = Lock()
        self._file = path.open("a+b")
        self._places = self._intact()

    def __len__(self) -> int:
        return len(self._places)

    def get(self, text: str) -> FloatVector | None:
        """The vector of a text. *Shape:* ``(dimension,)``."""
        with self._lock:
            place = self._places.get(_digest(text))
            if place is None:
                return None
            self._file.seek(place * self._size + _DIGEST)
            return np.frombuffer(self._file.read(self._vector_bytes), dtype="<f4")

    def put(self, text: str, vector: FloatVector) -> None:
        """Keeps the vector of a text; OSError where the disk refuses."""
        body = _digest(text) + vector.astype("<f4").tobytes()
        with self._lock:
            self._places[body[:_DIGEST]] = self._count
            self._count += 1
            self._file.write(body + crc32(body).to_bytes(_CRC, "little"))
            self._file.flush()  # for other processes, which count them

    def close(self) -> None:
        """Closes the file; no method may be called afterwards."""
        self._file.close()

    def _intact(self) -> dict[bytes, int]:
        """The place of each text among the records, up to the first that is not as it was written."""
        places: dict[bytes, int] = {}
        self._count = 0
        self._file.seek(0)
        while len(record := self._file.read(self._size)) == self._size:
            if crc32(record[:-_CRC]).to_bytes(_CRC, "little") != record[-_CRC:]:
                break
            places[record[:_DIGEST]] = self._count
            self._count += 1
        self._file.truncate(self._count * self._size)
        return places


def pending_file(layout: IndexLayout, encoder: Mapping[str, Any]) -> Path:
    """The file of an encoder's pending vectors, which need not be there."""
    identity = json.dumps(dict(encoder), sort_keys=True).encode()
    return layout.pending / hashlib.sha256(identity).hexdigest()[:32]


def record_size(encoder: Mapping[str, Any]) -> int:
    """Bytes of each record."""
    return _DIGEST + 4 * int(encoder["dimension"]) + _CRC


def count_pending(layout: IndexLayout, encoder: Mapping[str, Any]) -> int:
    """Number of vectors computed so far, for a reader; 0 where none are pending."""
    try:
        return pending_file(layout, encoder).stat().st_size // record_size(encoder)
    except OSError:
        return 0


def remove_pending(layout: IndexLayout) -> None:
    """Removes all pending vectors, when they are not needed any more; OSError where the disk refuses."""
    if layout.pending.is_dir():
        durable_files.move_away(layout.pending, layout)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
