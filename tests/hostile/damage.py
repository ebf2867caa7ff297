"""Damage to the bytes of a file, at random: noise, lost, doubled and moved parts, other numbers and other keywords."""

from __future__ import annotations

import random
import re
from typing import Final

_RATIOS: Final = (0.001, 0.005, 0.02)
_NUMBERS: Final = (b"0", b"-1", b"65536", b"2147483647", b"-2147483648", b"4294967296", b"99999999999999999999", b"1e9")
_KEYWORDS: Final = re.compile(
    rb"/(?:Type|Page|Pages|Kids|Count|Parent|Contents|Resources|Font|Length|Filter|FlateDecode|ASCII85Decode|MediaBox"
    rb"|Width|Height|BitsPerComponent|ColorSpace|Root|Size|Subtype|Encoding|Widths|XObject)\b|\b(?:obj|endobj|stream"
    rb"|endstream|xref|trailer|startxref|R|null|true|BT|ET|Tj|Tf|Tm|Td|cm|q|Q|re|Do)\b"
)
_NUMBER: Final = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?")


def _flipped(data: bytearray, rng: random.Random) -> None:
    for _ in range(max(1, int(len(data) * rng.choice(_RATIOS)))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _noisy(data: bytearray, rng: random.Random) -> None:
    for _ in range(max(1, int(len(data) * rng.choice(_RATIOS)))):
        data[rng.randrange(len(data))] = rng.randrange(256)


def _stretch(data: bytearray, rng: random.Random) -> slice:
    start = rng.randrange(len(data))
    return slice(start, start + rng.randrange(1, max(2, len(data) // 8)))


def _deleted(data: bytearray, rng: random.Random) -> None:
    del data[_stretch(data, rng)]


def _doubled(data: bytearray, rng: random.Random) -> None:
    stretch = _stretch(data, rng)
    data[stretch.start : stretch.start] = data[stretch] * rng.choice((1, 1, 3))


def _swapped(data: bytearray, rng: random.Random) -> None:
    one, other = _stretch(data, rng), rng.randrange(len(data))
    piece = data[one]
    del data[one]
    data[other:other] = piece


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(1, len(data)) :]


def _renumbered(data: bytearray, rng: random.Random) -> None:
    for match in sorted(_some(list(_NUMBER.finditer(data)), rng), key=lambda found: -found.start()):
        data[match.start() : match.end()] = rng.choice(_NUMBERS)


def _reworded(data: bytearray, rng: random.Random) -> None:
    found = list(_KEYWORDS.finditer(bytes(data)))
    for match in sorted(_some(found, rng), key=lambda found: -found.start()):
        data[match.start() : match.end()] = rng.choice(found)[0]


def _some(found: list[re.Match[bytes]], rng: random.Random) -> list[re.Match[bytes]]:
    return rng.sample(found, min(len(found), rng.randrange(1, 12)))


# Numbers and words of the format lead further than noise, which a parser refuses at once: each is here twice.
DAMAGES: Final = (_flipped, _noisy, _deleted, _doubled, _swapped, _cut, _renumbered, _reworded, _renumbered, _reworded)
