"""Wire protocol of the reader processes: contents arrive as sent, and all else is a ProtocolError and nothing worse."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers.limits import ReadingLimits
from ingest.reading import Reading
from ingest.sandbox import protocol
from ingest.sandbox.protocol import Frame, ProtocolError, receive, send_fault, send_reading, unpack_head
from rag.domain.file_status import FAILED
from rag.domain.stored import DocumentRecord, PageRecord
from rag.domain.values import Box, Chunk, Heading, Page, Span, Word
from rag.errors import FileFault
from rag.text.characters import clean

PNG = b"\x89PNG\r\n\x1a\n"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
lines = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(lambda text: " ".join(clean(text).split()))
points = st.floats(-3000, 3000, width=32)
boxes = st.builds(Box, points, points, points, points)


@st.composite
def pages(draw: st.DrawFn, number: int) -> Page:
    text = draw(texts.filter(bool))
    spans = list(pairwise(draw(st.lists(st.integers(0, len(text)), unique=True, max_size=6).map(sorted))))
    words = [Word(start, end, draw(boxes)) for start, end in spans]
    headings = [Heading(start, end, draw(st.integers(1, 6))) for start, end in spans[:2]]
    size = draw(st.floats(1, 5000)), draw(st.floats(1, 5000))
    return Page(number, text, *size, words, headings, label=draw(lines) or None)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    made = [draw(pages(number)) for number in range(1, draw(st.integers(1, 3)) + 1)]
    spans = [
        Span(page.number, start, min(start + 17, len(page.text)))
        for page in made
        for start in range(0, len(page.text), 17)
    ]
    chunks = [
        Chunk(span, made[span.page - 1].text[span.start : span.end], tuple(draw(st.lists(lines, max_size=2))))
        for span in spans
    ]
    characters = draw(st.integers(0, sum(len(page.text) for page in made)))
    return Reading(
        record=DocumentRecord(
            draw(lines) or None,
            [PageRecord.of(page) for page in made],
            chunks,
            draw(lines) or None,
            draw(st.none() | st.dates().map(date.isoformat)),
        ),
        texts=[draw(texts) + chunk.text for chunk in chunks],
        pages_with_text=draw(st.integers(0, len(made))),
        characters=characters,
        indexed_characters=draw(st.integers(0, characters)),
        remarks=draw(st.dictionaries(lines, lines, max_size=2)),
        reason=draw(lines) or None,
        thumbnails=draw(st.dictionaries(st.integers(1, len(made)), st.binary().map(PNG.__add__), max_size=3)),
        seconds=draw(st.dictionaries(lines, st.floats(0, 1e5, exclude_max=True), max_size=2)),
    )


def frames(data: bytes) -> Iterator[Frame]:
    """Decodes frames as the job does; ends where the data does."""
    stream = io.BytesIO(data)
    while len(head := stream.read(protocol.HEAD_BYTES)) == protocol.HEAD_BYTES:
        length, kind = unpack_head(head, LIMITS)
        yield kind, stream.read(length)


def encoded(reading: Reading, *, recycle: bool = False) -> bytes:
    out = io.BytesIO()
    send_reading(reading, out, recycle=recycle)
    return out.getvalue()


def example() -> Reading:
    words, headings = [Word(0, 5, Box(1, 2, 3, 4))], [Heading(0, 5, 1)]
    page = Page(1, "Hours\nIt opens at 8.", 595.0, 842.0, words, headings, label="iv")
    chunk = Chunk(Span(1, 6, 20), page.text[6:20], ("Hours",))
    return Reading(
        record=DocumentRecord("Rules", [PageRecord.of(page)], [chunk], "Ada Byron", "2024-05-31"),
        texts=["Hours\nIt opens at 8."],
        pages_with_text=1,
        characters=15,
        indexed_characters=11,
        remarks={"ocr": "1"},
        thumbnails={1: PNG},
        seconds={"read": 0.5},
    )


LIMITS = ReadingLimits()
LARGEST = protocol._LARGEST_FRAME
EXAMPLE = list(frames(encoded(example())))
PAGE: list[Any] = json.loads(dict(EXAMPLE)[b"g"])
CHUNKS: list[list[Any]] = json.loads(dict(EXAMPLE)[b"c"])
RESULT: dict[str, Any] = json.loads(dict(EXAMPLE)[b"r"])


class TestRoundTrip:
    @settings(max_examples=30)
    @given(readings(), st.booleans())
    def test_reading(self, reading: Reading, recycle: bool) -> None:
        assert receive(frames(encoded(reading, recycle=recycle)), FAILED, LIMITS) == (reading, recycle)

    @pytest.mark.parametrize("recycle", [True, False])
    def test_fault(self, recycle: bool) -> None:
        out = io.BytesIO()
        send_fault(FileFault("encrypted", "it needs a password"), out, recycle=recycle)
        fault, received_recycle = receive(frames(out.getvalue()), FAILED, LIMITS)
        assert isinstance(fault, FileFault)
        assert (fault.status, fault.reason, received_recycle) == ("encrypted", "it needs a password", recycle)

    def test_a_context_is_what_comes_before_the_text(self) -> None:
        """Texts are sent without the chunk's own text, which the page has."""
        reading = example()
        assert b"It opens" not in dict(EXAMPLE)[b"c"]
        received, _ = receive(iter(EXAMPLE), FAILED, LIMITS)
        assert isinstance(received, Reading)
        assert received.texts == reading.texts

    def test_words_that_are_sent_in_two_lines_are_kept_in_one(self) -> None:
        out = io.BytesIO()
        send_fault(FileFault("malformed", "first\nsecond\x1b"), out, recycle=False)
        fault, _ = receive(frames(out.getvalue()), FAILED, LIMITS)
        assert isinstance(fault, FileFault)
        assert "\n" not in fault.reason


def replaced(kind: bytes, value: object) -> list[Frame]:
    """The example with another frame of this kind."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return [(known, data if known == kind else held) for known, held in EXAMPLE]


def row(base: list[Any], place: int, value: object) -> list[Any]:
    return [*base[:place], value, *base[place + 1 :]]


def page_with(place: int, value: object) -> list[Frame]:
    return replaced(b"g", row(PAGE, place, value))


def chunk_with(place: int, value: object) -> list[Frame]:
    return replaced(b"c", [row(CHUNKS[0], place, value)])


def result_with(name: str, value: object) -> list[Frame]:
    return replaced(b"r", {**RESULT, name: value})


INFINITE, NAN = float("inf"), float("nan")


class TestRefused:
    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param([], id="nothing"),
            pytest.param(EXAMPLE[:-1], id="no end"),
            pytest.param(EXAMPLE[2:], id="no pages"),
            pytest.param(EXAMPLE[:2] + EXAMPLE[3:], id="no chunks"),
            pytest.param([EXAMPLE[0], *EXAMPLE[2:]], id="no words"),
            pytest.param(EXAMPLE[1:], id="words without a page"),
            pytest.param([EXAMPLE[1], EXAMPLE[0], *EXAMPLE[2:]], id="words before their page"),
            pytest.param([*EXAMPLE[:2], *EXAMPLE], id="a page twice"),
            pytest.param([*EXAMPLE[2:3], *EXAMPLE], id="chunks before pages"),
            pytest.param([*((b"t", struct.pack("<I", n) + PNG) for n in range(9)), *EXAMPLE], id="too many pictures"),
            pytest.param([(b"?", b"")], id="unknown kind"),
            pytest.param(replaced(b"g", b"{"), id="no JSON"),
            pytest.param(replaced(b"g", b"\xff"), id="no text"),
            pytest.param(replaced(b"g", b"[" * 100_000), id="deep"),
            pytest.param(replaced(b"g", {}), id="page is an object"),
            pytest.param(replaced(b"g", None), id="page is null"),
            pytest.param(page_with(0, 2), id="page of another number"),
            pytest.param(page_with(0, True), id="page number is true"),
            pytest.param(page_with(0, 1.0), id="page number is a fraction"),
            pytest.param(page_with(1, None), id="text is null"),
            pytest.param(page_with(1, "short"), id="text is too short for its words"),
            pytest.param(page_with(1, "\ud800" + PAGE[1]), id="text with half a character"),
            pytest.param(page_with(2, 0), id="no width"),
            pytest.param(page_with(2, INFINITE), id="infinite width"),
            pytest.param(page_with(3, NAN), id="height is not a number"),
            pytest.param(page_with(3, 10**400), id="height is huge"),
            pytest.param(page_with(4, {}), id="headings are an object"),
            pytest.param(page_with(4, ""), id="headings are text"),
            pytest.param(page_with(4, [[0, 5]]), id="heading without level"),
            pytest.param(page_with(4, [[0, 99, 1]]), id="heading beyond the text"),
            pytest.param(page_with(4, [[0.5, 5, 1]]), id="heading at a fraction"),
            pytest.param(page_with(4, [[0, 5, INFINITE]]), id="heading of infinite level"),
            pytest.param(replaced(b"g", PAGE[:-1]), id="no label"),
            pytest.param(page_with(5, ""), id="empty label"),
            pytest.param(page_with(5, 4), id="label is a number"),
            pytest.param(page_with(5, ["iv"]), id="label is a list"),
            pytest.param(page_with(5, "x" * 21), id="label is too long"),
            pytest.param(page_with(5, "i\x1b[31mv"), id="label with a control character"),
            pytest.param(page_with(5, "i\nv"), id="label of two lines"),
            pytest.param(page_with(5, "\ud800"), id="label of half a character"),
            pytest.param(replaced(b"w", b"garbage"), id="words are garbage"),
            pytest.param(replaced(b"c", []), id="no chunk"),
            pytest.param(replaced(b"c", {"a": 1}), id="chunks are an object"),
            pytest.param(replaced(b"c", 7), id="chunks are a number"),
            pytest.param(chunk_with(0, 0), id="chunk on page 0"),
            pytest.param(chunk_with(0, 2), id="chunk on a page that is not there"),
            pytest.param(chunk_with(0, -1), id="chunk on page -1"),
            pytest.param(chunk_with(0, True), id="chunk on page true"),
            pytest.param(chunk_with(1, -1), id="chunk before the text"),
            pytest.param(chunk_with(1, 6.0), id="chunk at a fraction"),
            pytest.param(chunk_with(1, 20), id="empty chunk"),
            pytest.param(chunk_with(2, 21), id="chunk beyond the text"),
            pytest.param(chunk_with(3, [1]), id="heading is a number"),
            pytest.param(chunk_with(4, None), id="no lead-in"),
            pytest.param(chunk_with(4, ["a"]), id="lead-in is a list"),
            pytest.param(chunk_with(5, None), id="no context"),
            pytest.param(chunk_with(5, "\ud800"), id="context with half a character"),
            pytest.param(replaced(b"t", b""), id="picture without number"),
            pytest.param(replaced(b"t", struct.pack("<I", 1) + b"<svg>"), id="picture of another type"),
            pytest.param(replaced(b"t", struct.pack("<I", 1) + PNG + bytes(200_000)), id="picture is too large"),
            pytest.param(replaced(b"r", []), id="facts are a list"),
            pytest.param(replaced(b"r", {}), id="no facts"),
            pytest.param(result_with("title", ["a"]), id="title is a list"),
            pytest.param(result_with("title", 1), id="title is a number"),
            pytest.param(result_with("author", ""), id="empty author"),
            pytest.param(result_with("author", 1), id="author is a number"),
            pytest.param(result_with("author", "x" * 201), id="author is too long"),
            pytest.param(result_with("author", "Ada\x00"), id="author with a control character"),
            pytest.param(result_with("author", "Ada\nByron"), id="author in two lines"),
            pytest.param(result_with("created", ""), id="empty date"),
            pytest.param(result_with("created", 20240531), id="date is a number"),
            pytest.param(result_with("created", "20240531"), id="date of another form"),
            pytest.param(result_with("created", "2024-02-30"), id="no such day"),
            pytest.param(result_with("created", "2024-05-31T12:00"), id="date with a time"),
            pytest.param(result_with("reason", {"a": 1}), id="reason is an object"),
            pytest.param(result_with("remarks", []), id="remarks are a list"),
            pytest.param(result_with("remarks", {"ocr": 3}), id="remark is a number"),
            pytest.param(result_with("seconds", {"read": NAN}), id="seconds are not a number"),
            pytest.param(result_with("seconds", {"read": INFINITE}), id="infinite seconds"),
            pytest.param(result_with("seconds", {"read": -1}), id="negative seconds"),
            pytest.param(result_with("seconds", 3), id="seconds are a number"),
            pytest.param(result_with("pages_with_text", INFINITE), id="infinite pages"),
            pytest.param(result_with("pages_with_text", NAN), id="pages are not a number"),
            pytest.param(result_with("pages_with_text", 2), id="more pages with text than pages"),
            pytest.param(result_with("pages_with_text", "1"), id="pages are text"),
            pytest.param(result_with("characters", 10**4000), id="huge number of characters"),
            pytest.param(result_with("characters", -1), id="negative characters"),
            pytest.param(result_with("indexed_characters", 16), id="more in chunks than on pages"),
            pytest.param([(b"f", b"[]")], id="fault is a list"),
            pytest.param(
                [(b"f", json.dumps({"status": "ok", "reason": "", "worn": False}).encode())],
                id="fault with a status of success",
            ),
            pytest.param([(b"f", json.dumps({"status": [], "reason": "", "worn": False}).encode())], id="odd status"),
            pytest.param(
                [(b"f", json.dumps({"status": "crashed", "reason": 5, "worn": False}).encode())], id="odd reason"
            ),
        ],
    )
    def test_is_refused(self, sent: list[Frame]) -> None:
        with pytest.raises(ProtocolError):
            receive(iter(sent), FAILED, LIMITS)

    def test_a_frame_that_is_too_long_is_not_waited_for(self) -> None:
        assert unpack_head(struct.pack("<Ic", LARGEST, b"g"), LIMITS) == (LARGEST, b"g")
        with pytest.raises(ProtocolError, match=f"{LARGEST + 1} bytes"):
            unpack_head(struct.pack("<Ic", LARGEST + 1, b"g"), LIMITS)


def assert_sound(reading: Reading | FileFault) -> None:
    """What was accepted can be stored and reported."""
    if isinstance(reading, FileFault):
        assert reading.status in FAILED
        return
    texts = {record.number: record.text for record in reading.record.pages}
    for record in reading.record.pages:
        page = record.page()
        page.text.encode()
        assert page.label is None or 0 < len(page.label.encode()) <= 80
        json.dumps([page.words, page.headings], allow_nan=False)
        assert all(0 <= heading.start < heading.end <= len(page.text) for heading in page.headings)
    for chunk, text in zip(reading.record.chunks, reading.texts, strict=True):
        assert texts[chunk.span.page][chunk.span.start : chunk.span.end] == chunk.text
        text.encode()
    for fact, longest in ((reading.record.author, 200), (reading.record.created, 10)):
        assert fact is None or (0 < len(fact) <= longest and fact.encode())
    facts = replace(reading, record=DocumentRecord(reading.record.title, [], []), thumbnails={})
    json.dumps([facts.pages_with_text, facts.characters, facts.remarks, facts.reason, facts.seconds], allow_nan=False)


def receive_or_refuse(sent: Iterator[Frame]) -> None:
    try:
        outcome, _ = receive(sent, FAILED, LIMITS)
    except ProtocolError:
        return
    assert_sound(outcome)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-5, 30)
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["\ud800", "crashed", "status"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class TestFuzz:
    @given(st.binary(max_size=200))
    def test_random_bytes(self, data: bytes) -> None:
        receive_or_refuse(frames(data))

    @given(
        st.lists(st.tuples(st.sampled_from([b"g", b"w", b"c", b"t", b"r", b"f"]), st.binary(max_size=30)), max_size=6)
    )
    def test_random_frames(self, sent: list[Frame]) -> None:
        receive_or_refuse(iter(sent))

    @settings(max_examples=30)
    @given(readings(), st.data())
    def test_cut_or_changed(self, reading: Reading, data: st.DataObject) -> None:
        sent = bytearray(encoded(reading))
        for place in data.draw(st.lists(st.integers(0, len(sent) - 1), max_size=3)):
            sent[place] = data.draw(st.integers(0, 255))
        receive_or_refuse(frames(bytes(sent[: data.draw(st.integers(0, len(sent)))])))

    @given(st.permutations(EXAMPLE), st.integers(0, 5))
    def test_in_another_order(self, sent: list[Frame], count: int) -> None:
        receive_or_refuse(iter([*sent, *sent[:count]]))

    @given(st.data())
    def test_other_values_in_place(self, data: st.DataObject) -> None:
        kind, base = data.draw(st.sampled_from([(b"g", PAGE), (b"c", CHUNKS[0]), (b"r", RESULT)]))
        place = data.draw(st.sampled_from(range(len(base)) if isinstance(base, list) else sorted(base)))
        value = data.draw(json_values)
        changed = row(base, place, value) if isinstance(base, list) else {**base, place: value}
        receive_or_refuse(iter(replaced(kind, [changed] if kind == b"c" else changed)))

    @given(st.sampled_from([b"g", b"c", b"r", b"f"]), json_values)
    def test_other_values(self, kind: bytes, value: object) -> None:
        receive_or_refuse(iter(replaced(kind, value) if kind != b"f" else [(kind, json.dumps(value).encode())]))


class TestFramesOfAWholeMessage:
    def test_are_those_that_were_sent(self) -> None:
        sent = [(b"p", b""), (b"r", b"{}"), (b"t", bytes(1000))]
        assert list(protocol.frames_in(b"".join(protocol.pack(*frame) for frame in sent), LIMITS)) == sent

    @pytest.mark.parametrize("left", [3, 7])
    def test_are_not_cut_off(self, left: int) -> None:
        with pytest.raises(ProtocolError, match="within a frame"):
            list(protocol.frames_in(protocol.pack(b"r", b"{}" * 3)[:left], LIMITS))
