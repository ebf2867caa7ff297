"""Wire protocol between the ingest job and its reader processes: length-prefixed frames of JSON or bytes, never code.

A process that reads a hostile file may be taken over by it, so everything that it sends is checked.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Container, Iterator
from datetime import date
from typing import Any, BinaryIO, Final

from ingest.readers.limits import ReadingLimits
from ingest.reading import Reading
from rag.domain.attached_file import (
    ATTACHED_TO,
    LARGEST_ALL_ATTACHED,
    LARGEST_ATTACHED,
    LONGEST_ATTACHED_NAME,
    MOST_ATTACHED,
    AttachedFile,
)
from rag.domain.stored import (
    LARGEST_SIDE,
    LONGEST_AUTHOR,
    LONGEST_LABEL,
    DocumentRecord,
    PageRecord,
    are_packed_words,
)
from rag.domain.values import Chunk, Span
from rag.errors import FileFault
from rag.text.characters import clean

_HEAD: Final = struct.Struct("<Ic")
# Enough for a page of text in JSON. JSON may take twenty times its size in memory.
_LARGEST_FRAME: Final = 4 << 20
_BYTES_PER_CHARACTER: Final = 8
# Chunks are sent in frames of about this size.
_FULL_FRAME: Final = 1 << 20
_LARGEST_PICTURE: Final = 200_000
_MOST_PICTURES: Final = 8
_LONGEST_LINE: Final = 1000
# Lists of page ranges: about six characters for each range.
_LONGEST_LIST: Final = 100_000
_MOST_REMARKS: Final = 100
# Magic numbers of PNG and JPEG.
_PICTURES: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff")

# Kinds of frames.
PROGRESS: Final = b"p"
_PAGE: Final = b"g"
_WORDS: Final = b"w"
_CHUNKS: Final = b"c"
_PICTURE: Final = b"t"
_ATTACHED: Final = b"a"
_ATTACHED_BYTES: Final = b"b"
_RESULT: Final = b"r"
_FAULT: Final = b"f"

Frame = tuple[bytes, bytes]
Outcome = tuple[Reading | FileFault, bool]


class ProtocolError(Exception):
    """A reader process has sent something that breaks the protocol."""


def pack(kind: bytes, data: bytes) -> bytes:
    """Encodes a frame: length, kind, data."""
    return _HEAD.pack(len(data), kind) + data


def unpack_head(head: bytes, limits: ReadingLimits) -> tuple[int, bytes]:
    """Length and kind of the frame that begins with these :data:`HEAD_BYTES` bytes; ProtocolError if it is too long."""
    length, kind = _HEAD.unpack(head)
    if length > max(_LARGEST_FRAME, _BYTES_PER_CHARACTER * limits.characters_per_page):
        raise ProtocolError(f"a frame of {length} bytes")
    return length, kind


HEAD_BYTES: Final = _HEAD.size


def frames_in(data: bytes, limits: ReadingLimits) -> Iterator[Frame]:
    """The frames of a message that is there as a whole; ProtocolError where one is cut off or too long."""
    place = 0
    while place < len(data):
        head = data[place : place + HEAD_BYTES]
        if len(head) < HEAD_BYTES:
            raise ProtocolError("the message ends within a frame")
        length, kind = unpack_head(head, limits)
        place += HEAD_BYTES + length
        if place > len(data):
            raise ProtocolError("the message ends within a frame")
        yield kind, data[place - length : place]


def send_reading(reading: Reading, out: BinaryIO, *, recycle: bool) -> None:
    """Sends the contents of a file; ``recycle`` asks the job to replace this process."""
    for page in reading.record.pages:
        fields = [page.number, page.text, page.width, page.height, json.loads(page.headings), page.label]
        out.write(pack(_PAGE, _json(fields)))
        out.write(pack(_WORDS, page.words))
    for rows in _chunk_frames(reading):
        out.write(pack(_CHUNKS, b"[" + b",".join(rows) + b"]"))
    for number, picture in reading.thumbnails.items():
        out.write(pack(_PICTURE, struct.pack("<I", number) + picture))
    for file in reading.attached:
        size = None if file.data is None else len(file.data)
        out.write(pack(_ATTACHED, _json([file.name, size, file.fault, file.reason])))
        for start in range(0, size or 0, _FULL_FRAME):
            out.write(pack(_ATTACHED_BYTES, (file.data or b"")[start : start + _FULL_FRAME]))
    facts = {
        "title": reading.record.title,
        "author": reading.record.author,
        "created": reading.record.created,
        "pages_with_text": reading.pages_with_text,
        "characters": reading.characters,
        "indexed_characters": reading.indexed_characters,
        "remarks": reading.remarks,
        "reason": reading.reason,
        "seconds": reading.seconds,
        "worn": recycle,
    }
    out.write(pack(_RESULT, _json(facts)))


def _chunk_frames(reading: Reading) -> Iterator[list[bytes]]:
    """The chunks, by frame: span, headings, lead-in, and the context that is embedded before the text."""
    rows: list[bytes] = []
    size = 0
    for chunk, text in zip(reading.record.chunks, reading.texts, strict=True):
        rows.append(_json([*chunk.span, chunk.headings, chunk.lead_in, text.removesuffix(chunk.text)]))
        size += len(rows[-1])
        if size > _FULL_FRAME:
            yield rows
            rows, size = [], 0
    yield rows


def send_fault(fault: FileFault, out: BinaryIO, *, recycle: bool) -> None:
    """Sends why a file could not be read."""
    out.write(pack(_FAULT, _json({"status": fault.status, "reason": fault.reason, "worn": recycle})))


def receive(frames: Iterator[Frame], statuses: frozenset[str], limits: ReadingLimits) -> Outcome:
    """Decodes and checks the contents of one file, or its fault; and whether to recycle the process.

    Args:
        frames: of the process, without those of progress.
        statuses: that a fault may have.
        limits: those of the process.

    Raises:
        ProtocolError: the frames break the protocol, or a value is out of its range.
    """
    try:
        return _Receipt(limits).of(frames, statuses)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, struct.error, RecursionError) as error:
        raise ProtocolError(f"{type(error).__name__}: {error}") from error


class _Receipt:
    """The part of a file that has been received. It never takes much more memory than a file within the limits."""

    def __init__(self, limits: ReadingLimits) -> None:
        self._limits = limits
        # Characters of page text; more than the limit, for tables get bars, and a ligature becomes several letters.
        self._characters_left = 2 * limits.characters + _FULL_FRAME
        self._unchunked = 0
        self._bytes_left = 3 * _BYTES_PER_CHARACTER * limits.characters + 16 * _FULL_FRAME
        self._pages: list[PageRecord] = []
        self._chunks: list[tuple[Chunk, str]] = []
        self._pictures: dict[int, bytes] = {}
        self._attached: dict[str, AttachedFile] = {}
        self._attached_left = LARGEST_ALL_ATTACHED

    def of(self, frames: Iterator[Frame], statuses: frozenset[str]) -> Outcome:
        for kind, data in frames:
            self._bytes_left -= len(data)
            _check(self._bytes_left >= 0)
            if kind == _PAGE:
                self._page(json.loads(data), _expect(frames, _WORDS))
            elif kind == _CHUNKS:
                self._chunks += map(self._chunk, json.loads(data))
            elif kind == _PICTURE:
                self._picture(data)
            elif kind == _ATTACHED:
                self._attach(json.loads(data), frames, statuses)
            elif kind == _RESULT:
                facts = json.loads(data)
                return self._reading(facts), bool(facts["worn"])
            elif kind == _FAULT:
                facts = json.loads(data)
                _check(facts["status"] in statuses)
                return FileFault(facts["status"], _line(facts["reason"])), bool(facts["worn"])
            else:
                raise ProtocolError(f"a frame of kind {kind!r}")
        raise ProtocolError("the frames end before the result")

    def _page(self, fields: list[Any], words: bytes) -> None:
        number, text, width, height, headings, label = fields
        _check(type(number) is int and number == len(self._pages) + 1 <= self._limits.pages and isinstance(text, str))
        width, height = float(width), float(height)
        _check(0 < width < LARGEST_SIDE and 0 < height < LARGEST_SIDE)
        _check(isinstance(headings, list))
        for start, end, level in headings:
            _check(all(type(value) is int for value in (start, end, level)))
            _check(0 <= start < end <= len(text) and 0 < level < 1000)
        _check(are_packed_words(words, text))
        _check(label is None or label == _line(label, LONGEST_LABEL) != "")
        text.encode()  # lone surrogates could not be stored
        self._characters_left -= len(text)
        self._unchunked += len(text)
        self._bytes_left -= len(words)
        _check(self._characters_left >= 0)
        self._pages.append(PageRecord(number, text, width, height, words, json.dumps(headings), label))

    def _chunk(self, row: list[Any]) -> tuple[Chunk, str]:
        number, start, end, headings, lead_in, context = row
        _check(all(type(value) is int for value in (number, start, end)) and number > 0 and isinstance(context, str))
        text = self._pages[number - 1].text
        _check(0 <= start < end <= len(text))
        # Chunks do not overlap: otherwise few bytes could make many long chunks.
        self._unchunked -= end - start
        _check(self._unchunked >= 0)
        context.encode()
        span, above = Span(number, start, end), tuple(_line(heading) for heading in headings)
        chunk = Chunk(span, text[start:end], above, _line(lead_in) or "")
        return chunk, context + chunk.text

    def _picture(self, data: bytes) -> None:
        _check(len(data) < _LARGEST_PICTURE and data[4:].startswith(_PICTURES) and len(self._pictures) < _MOST_PICTURES)
        (number,) = struct.unpack("<I", data[:4])
        _check(0 < number <= len(self._pages))
        self._pictures[number] = data[4:]

    def _attach(self, fields: list[Any], frames: Iterator[Frame], statuses: Container[str]) -> None:
        name, size, fault, reason = fields
        _check(name == _line(name, LONGEST_ATTACHED_NAME) != "" and ATTACHED_TO.strip() not in name)
        _check(name not in self._attached and len(self._attached) <= MOST_ATTACHED)
        _check(fault is None or (size is None and fault in statuses))
        data = None if size is None else self._attached_bytes(size, frames)
        self._attached[name] = AttachedFile(name, data, fault, _line(reason))

    def _attached_bytes(self, size: int, frames: Iterator[Frame]) -> bytes:
        _check(type(size) is int and 0 < size <= min(LARGEST_ATTACHED, self._attached_left))
        self._attached_left -= size
        data = bytearray()
        while len(data) < size:
            block = _expect(frames, _ATTACHED_BYTES)
            _check(0 < len(block) <= size - len(data))
            data += block
        return bytes(data)

    def _reading(self, facts: dict[str, Any]) -> Reading:
        title, author, created, reason = facts["title"], facts["author"], facts["created"], facts["reason"]
        _check(author is None or author == _line(author, LONGEST_AUTHOR) != "")
        _check(created is None or created == date.fromisoformat(created).isoformat())
        seconds, remarks = facts["seconds"], facts["remarks"]
        _check(isinstance(seconds, dict) and isinstance(remarks, dict))
        characters = _count(facts["characters"], sum(len(page.text) for page in self._pages))
        _check(self._chunks and len(remarks) <= _MOST_REMARKS and len(seconds) <= _MOST_REMARKS)
        title, chunks = _line(title) if title else None, [chunk for chunk, _ in self._chunks]
        return Reading(
            record=DocumentRecord(title, self._pages, chunks, author, created),
            texts=[text for _, text in self._chunks],
            pages_with_text=_count(facts["pages_with_text"], len(self._pages)),
            characters=characters,
            indexed_characters=_count(facts["indexed_characters"], characters),
            remarks={_line(kind): _line(numbers, _LONGEST_LIST) for kind, numbers in remarks.items()},
            reason=_line(reason, _LONGEST_LIST) if reason else None,
            thumbnails=self._pictures,
            seconds={_line(stage): _duration(value) for stage, value in seconds.items()},
            attached=tuple(self._attached.values()),
        )


def _expect(frames: Iterator[Frame], kind: bytes) -> bytes:
    found, data = next(frames, (b"", b""))
    _check(found == kind)
    return data


def _count(value: object, most: int) -> int:
    _check(type(value) is int and 0 <= value <= most)
    return value  # type: ignore[return-value]


def _duration(value: float) -> float:
    _check(0 <= value < _LONGEST_LIST)
    return float(value)


def _line(text: str, longest: int = _LONGEST_LINE) -> str:
    """The text in one line, without control characters."""
    _check(isinstance(text, str))
    return " ".join(clean(text[: 2 * longest]).split())[:longest]


def _check(condition: object) -> None:
    if not condition:
        raise ProtocolError("a value out of its range")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
