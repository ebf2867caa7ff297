"""Files in the E5S1 format of a tiny E5 with random weights."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

PIECES = {
    "<s>": 0.0,
    "<pad>": 0.0,
    "</s>": 0.0,
    "<unk>": 0.0,
    "▁": -4.0,
    "▁query": -6.0,
    "▁passage": -6.0,
    ":": -5.0,
    **{f"▁{word}": -7.0 for word in ("fog", "horn", "lamp", "Nebel", "霧")},
    **dict.fromkeys(("o", "g", "h", "～", "~"), -9.0),
}
SIZE, LAYERS, HEADS, INNER, POSITIONS = 32, 2, 4, 64, 40
VOCABULARY = len(PIECES) + 3
_Tensors = Mapping[str, npt.NDArray[np.float32]]


def tensors() -> dict[str, npt.NDArray[np.float32]]:
    """Random tensors by their names in the file."""
    random = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {"emb.word": (VOCABULARY, SIZE), "emb.pos": (POSITIONS, SIZE)}
    shapes["emb.type"] = (2, SIZE)
    shapes |= {f"emb.ln.{part}": (SIZE,) for part in "wb"}
    matrices = {"q": (SIZE, SIZE), "k": (SIZE, SIZE), "v": (SIZE, SIZE), "ao": (SIZE, SIZE)}
    matrices |= {"fi": (INNER, SIZE), "fo": (SIZE, INNER)}
    for layer in range(LAYERS):
        for name, shape in matrices.items():
            shapes |= {f"l{layer}.{name}.w": shape, f"l{layer}.{name}.b": shape[:1]}
        shapes |= {f"l{layer}.{name}.{part}": (SIZE,) for name in ("aln", "oln") for part in "wb"}
    return {name: random.normal(float("ln.w" in name), 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def is_packed(name: str, values: npt.NDArray[np.float32]) -> bool:
    """True for the tensors that have 4-bit weights."""
    return name == "emb.word" or (values.ndim == 2 and name.startswith("l"))


def packed(values: npt.NDArray[np.float32]) -> tuple[bytes, npt.NDArray[np.float32]]:
    """A matrix in Q4_0, as bytes and as the numbers that these stand for; by the definition of llama.cpp."""
    data, exact = b"", []
    for block in values.reshape(-1, 32):
        most = block[np.abs(block).argmax()]
        scale = np.float16(most / -8)
        levels = np.clip(np.floor(block / np.float32(scale) + 8.5), 0, 15).astype(np.uint8)
        data += scale.tobytes() + (levels[:16] | levels[16:] << 4).tobytes()
        exact.append((levels.astype(np.float32) - 8) * np.float32(scale))
    return data, np.array(exact, dtype=np.float32).reshape(values.shape)


def tiny_e5(path: Path, *, magic: bytes = b"E5S1", block: int = 32, vocabulary: int = VOCABULARY) -> _Tensors:
    """Writes a file, and returns the tensors that it holds."""
    texts = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, texts)]).astype("<u4")
    head = magic + struct.pack("<I7ifi", 1, SIZE, LAYERS, HEADS, INNER, vocabulary, POSITIONS, 2, 1e-12, block)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(ends[-1])) + ends.tobytes()
    head += np.array(list(PIECES.values()), "<f4").tobytes() + b"".join(texts)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xFF21, 1, 0x41)
    found, bodies = {}, {}
    for name, values in tensors().items():
        bodies[name], found[name] = packed(values) if is_packed(name, values) else (values.tobytes(), values)
    place = len(head) + 4 + sum(2 + len(name) + 21 for name in bodies)
    head += struct.pack("<i", len(bodies))
    for name, body in bodies.items():
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", int(is_packed(name, found[name])), found[name].size, place, len(body))
        place += len(body)
    path.write_bytes(head + b"".join(bodies.values()))
    return found
