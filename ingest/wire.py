"""What goes between the job and its reading processes: frames of JSON and bytes. Nothing that could be code.

A process that read a hostile file may have been taken over by it, so everything that comes from one is checked.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from ingest.reading import Reading
from rag.domain import Chunk, Span
from rag.errors import FileFault
from rag.records import DocumentRecord, PageRecord, are_packed_words

_HEAD: Final = struct.Struct("<Ic")
# A page of text in JSON, or the chunks of a file.
LARGEST_FRAME: Final = 64 << 20
_LARGEST_PICTURE: Final = 200_000
_PICTURES: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff")

PROGRESS: Final = b"p"
_PAGE: Final = b"g"
_WORDS: Final = b"w"
_CHUNKS: Final = b"c"
_PICTURE: Final = b"t"
_RESULT: Final = b"r"
_FAULT: Final = b"f"

# What taking apart a value of an unexpected shape raises.
_WRONG: Final = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, struct.error)

Frame = tuple[bytes, bytes]


class Nonsense(Exception):
    """What came is not what a reading process says."""


def pack(kind: bytes, data: bytes) -> bytes:
    """A frame."""
    return _HEAD.pack(len(data), kind) + data


def unpack_head(head: bytes) -> tuple[int, bytes]:
    """Length and kind of the frame that begins with these five bytes; Nonsense for a frame that is too long."""
    length, kind = _HEAD.unpack(head)
    if length > LARGEST_FRAME:
        raise Nonsense(f"a frame of {length} bytes")
    return length, kind


HEAD_BYTES: Final = _HEAD.size


def send_reading(reading: Reading, out: BinaryIO, *, worn: bool) -> None:
    """Says what a file gave; ``worn`` if this process should be replaced."""
    for page in reading.record.pages:
        out.write(pack(_PAGE, _json([page.number, page.text, page.width, page.height, json.loads(page.headings)])))
        out.write(pack(_WORDS, page.words))
    chunks = [
        [*chunk.span, chunk.headings, text.removesuffix(chunk.text)]
        for chunk, text in zip(reading.record.chunks, reading.texts, strict=True)
    ]
    out.write(pack(_CHUNKS, _json(chunks)))
    for number, picture in reading.thumbnails.items():
        out.write(pack(_PICTURE, struct.pack("<I", number) + picture))
    facts = {
        "title": reading.record.title,
        "pages_with_text": reading.pages_with_text,
        "characters": reading.characters,
        "indexed_characters": reading.indexed_characters,
        "remarks": reading.remarks,
        "reason": reading.reason,
        "seconds": reading.seconds,
        "worn": worn,
    }
    out.write(pack(_RESULT, _json(facts)))


def send_fault(fault: FileFault, out: BinaryIO, *, worn: bool) -> None:
    """Says why a file gave nothing."""
    out.write(pack(_FAULT, _json({"status": fault.status, "reason": fault.reason, "worn": worn})))


def receive(frames: Iterator[Frame], statuses: frozenset[str]) -> tuple[Reading | FileFault, bool]:
    """What a reading process says about one file, and whether the process is worn.

    Args:
        frames: as they come, without those of progress.
        statuses: that a fault may have.

    Raises:
        Nonsense: it is not what a reading process says.
    """
    try:
        return _receive(frames, statuses)
    except _WRONG as error:
        raise Nonsense(f"{type(error).__name__}: {error}") from error


def _receive(frames: Iterator[Frame], statuses: frozenset[str]) -> tuple[Reading | FileFault, bool]:
    pages: list[PageRecord] = []
    chunks: list[tuple[Chunk, str]] = []
    pictures: dict[int, bytes] = {}
    for kind, data in frames:
        if kind == _PAGE:
            pages.append(_page(json.loads(data), _expect(frames, _WORDS), len(pages) + 1))
        elif kind == _CHUNKS:
            chunks = [_chunk(row, pages) for row in json.loads(data)]
        elif kind == _PICTURE:
            _check(len(data) < _LARGEST_PICTURE and data[4:].startswith(_PICTURES) and len(pictures) < 8)
            pictures[struct.unpack("<I", data[:4])[0]] = data[4:]
        elif kind == _RESULT:
            facts = json.loads(data)
            return _reading(facts, pages, chunks, pictures), bool(facts["worn"])
        elif kind == _FAULT:
            facts = json.loads(data)
            _check(facts["status"] in statuses)
            return FileFault(facts["status"], _line(facts["reason"])), bool(facts["worn"])
        else:
            raise Nonsense(f"a frame of kind {kind!r}")
    raise Nonsense("it ended in the middle")


def _expect(frames: Iterator[Frame], kind: bytes) -> bytes:
    found, data = next(frames, (b"", b""))
    _check(found == kind)
    return data


def _page(fields: list[Any], words: bytes, expected: int) -> PageRecord:
    number, text, width, height, headings = fields
    _check(isinstance(text, str) and 0 < float(width) < 1e6 and 0 < float(height) < 1e6)
    outline = [[*_stretch(start, end, text), _whole(level, 1, 1000)] for start, end, level in headings]
    _check(are_packed_words(words, text))
    text.encode()  # lone surrogates could not be stored
    return PageRecord(_whole(number, expected, expected), text, float(width), float(height), words, json.dumps(outline))


def _chunk(row: list[Any], pages: list[PageRecord]) -> tuple[Chunk, str]:
    page, start, end, headings, context = row
    text = pages[_whole(page, 1, len(pages)) - 1].text
    start, end = _stretch(start, end, text)
    chunk = Chunk(Span(page, start, end), text[start:end], tuple(_line(heading) for heading in headings))
    context.encode()
    return chunk, context + chunk.text


def _reading(
    facts: dict[str, Any], pages: list[PageRecord], chunks: list[tuple[Chunk, str]], pictures: dict[int, bytes]
) -> Reading:
    title, reason = facts["title"], facts["reason"]
    _check(chunks)
    characters = _whole(facts["characters"], 0, sum(len(page.text) for page in pages))
    seconds = {_line(stage): float(seconds) for stage, seconds in facts["seconds"].items()}
    _check(all(0 <= value < 1e6 for value in seconds.values()))
    return Reading(
        record=DocumentRecord(_line(title) if title else None, pages, [chunk for chunk, _ in chunks]),
        texts=[text for _, text in chunks],
        pages_with_text=_whole(facts["pages_with_text"], 0, len(pages)),
        characters=characters,
        indexed_characters=_whole(facts["indexed_characters"], 0, characters),
        remarks={_line(kind): _line(numbers) for kind, numbers in facts["remarks"].items()},
        reason=_line(reason) if reason else None,
        thumbnails=pictures,
        seconds=seconds,
    )


def _line(text: str) -> str:
    text.encode()
    return " ".join(text.split())


def _stretch(start: object, end: object, text: str) -> tuple[int, int]:
    """A stretch of a text, of one character or more."""
    checked = _whole(start, 0, len(text))
    return checked, _whole(end, checked + 1, len(text))


def _whole(value: object, least: int, most: int) -> int:
    """A whole number within its range; true and 1.0 are none."""
    if type(value) is not int or not least <= value <= most:
        raise Nonsense("a number out of its range")
    return value


def _check(right: object) -> None:
    if not right:
        raise Nonsense("a value out of its range")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
