"""GGUF header reader: bytes and operations that a model needs for each token. Only the header is read.

The format: ggml's docs/gguf.md.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# Formats of struct, by the number of a metadata value's type; 8 is a text, 9 a list.
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT: Final = 8
_LIST: Final = 9
_EMBEDDING: Final = "token_embd.weight"
_HEAD: Final = "output.weight"


@dataclass(frozen=True)
class Tensor:
    """A tensor's number of elements, and the bytes that it takes in the file."""

    elements: int
    bytes: int


@dataclass(frozen=True)
class Gguf:
    """Header of a GGUF file."""

    metadata: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def number(self, key: str) -> int:
        """A number of the model's architecture, such as ``block_count``."""
        return int(self.metadata[f"{self.metadata['general.architecture']}.{key}"])

    @property
    def bytes_per_token(self) -> int:
        """Weights that are read to write a token: all, but one row of an embedding that is not the output head too."""
        return sum(self.tensors[name].bytes for name in self._used())

    @property
    def body_elements(self) -> int:
        """Weights that every token of a prompt is multiplied with: without the embedding and the output head."""
        return sum(each.elements for name, each in self.tensors.items() if name not in (_EMBEDDING, _HEAD))

    @property
    def head_elements(self) -> int:
        """Weights of the output head, which only the last token of a prompt is multiplied with."""
        return self.tensors[_HEAD if _HEAD in self.tensors else _EMBEDDING].elements

    @property
    def cache_bytes_per_token(self) -> int:
        """Keys and values of one token in all layers, in f16."""
        heads = self.number("attention.head_count")
        width = self.number("embedding_length") // heads
        return 2 * 2 * self.number("block_count") * self.number("attention.head_count_kv") * width

    def _used(self) -> list[str]:
        return [name for name in self.tensors if name != _EMBEDDING or _HEAD not in self.tensors]


def read_gguf(path: Path) -> Gguf:
    """Reads a header; ValueError where the file is no GGUF file of version 2 or 3."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(data)
        magic, version, tensors, keys = reader.take("4sIQQ")
        if magic != b"GGUF" or version not in (2, 3):
            raise ValueError(f"{path} is no GGUF file of version 2 or 3")
        metadata = {reader.text(): reader.value(*reader.take("I")) for _ in range(keys)}
        places = []
        for _ in range(tensors):
            name = reader.text()
            (dimensions,) = reader.take("I")
            shape = reader.take(f"{dimensions}Q")
            _, offset = reader.take("IQ")
            elements = 1
            for length in shape:
                elements *= length
            places.append((offset, name, elements))
        return Gguf(metadata, _sized(places, len(data) - reader.aligned(int(metadata.get("general.alignment", 32)))))


def _sized(places: list[tuple[int, str, int]], end: int) -> dict[str, Tensor]:
    """Each tensor reaches to the next one; at most an alignment is padding."""
    places = sorted(places)
    ends = [offset for offset, _, _ in places[1:]] + [end]
    return {name: Tensor(elements, to - start) for (start, name, elements), to in zip(places, ends, strict=True)}


class _Reader:
    """Little-endian values, one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def text(self) -> str:
        (length,) = self.take("Q")
        return bytes(self.take(f"{length}s")[0]).decode(errors="replace")

    def value(self, kind: int) -> Any:  # noqa: ANN401 - as the file has it
        if kind == _TEXT:
            return self.text()
        if kind != _LIST:
            return self.take(_SCALARS[kind])[0]
        inner, length = self.take("IQ")
        if inner in _SCALARS:
            return self.take(f"{length}{_SCALARS[inner]}")
        return [self.value(inner) for _ in range(length)]

    def aligned(self, alignment: int) -> int:
        """Offset of the first tensor."""
        return -(-self._at // alignment) * alignment
