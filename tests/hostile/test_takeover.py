"""Output of a compromised worker: the job rejects it, and ends."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from ingest.readers.limits import ReadingLimits
from ingest.sandbox import protocol
from ingest.sandbox.pool import Timeouts
from rag.domain.file_status import FAILED
from rag.errors import FileFault
from tests.hostile.programme import Watch, readers
from tests.hostile.takeover import ask, lying

SMALL = ReadingLimits(pages=3, characters_per_page=1000, characters=2000)
QUICK = Timeouts(seconds_per_page=5.0, seconds_per_file=10.0, seconds_per_scan=0.2)
PAGE: list[Any] = [1, "Some words.", 600.0, 800.0, [[0, 4, 1]], "i"]
WORDS = zlib.compress(struct.pack("<2i4f", 0, 4, 1.0, 2.0, 3.0, 4.0))
FACTS: dict[str, Any] = {
    "title": "Title",
    "author": None,
    "created": None,
    "pages_with_text": 1,
    "characters": 10,
    "indexed_characters": 10,
    "remarks": {"ocr": "1"},
    "reason": None,
    "seconds": {"read": 0.1},
    "worn": False,
}
PNG = struct.pack("<I", 1) + b"\x89PNG\r\n\x1a\n"
Frames = list[tuple[bytes, bytes]]


def chunk(
    number: Any = 1,
    start: Any = 0,
    end: Any = 11,
    headings: Any = ("Some",),
    lead_in: Any = "",
    context: Any = "Some: ",
) -> list[Any]:
    """A valid chunk of the page with the given changes."""
    return [number, start, end, headings, lead_in, context]


def frames(**said: Any) -> Frames:
    """A valid answer with the given changes."""
    parts = {"page": PAGE, "words": WORDS, "chunks": [chunk()], "picture": PNG, "facts": FACTS, **said}
    kinds = {"page": b"g", "words": b"w", "chunks": b"c", "picture": b"t", "facts": b"r"}
    return [
        (kinds[name], part if isinstance(part, bytes) else json.dumps(part).encode()) for name, part in parts.items()
    ]


def receive(said: Frames, limits: ReadingLimits = SMALL) -> Any:
    return protocol.receive(iter(said), FAILED, limits)[0]


def words(*numbers: float) -> bytes:
    return zlib.compress(struct.pack("<2i4f", *numbers))


def test_the_truth() -> None:
    reading = receive(frames())
    assert reading.record.title == "Title"
    assert reading.texts == ["Some: Some words."]
    assert reading.thumbnails == {1: PNG[4:]}


LIES: dict[str, Frames] = {
    "facts are infinite": frames(facts={**FACTS, "characters": float("inf")}),
    "facts are no numbers": frames(facts={**FACTS, "pages_with_text": float("nan")}),
    "facts are negative": frames(facts={**FACTS, "indexed_characters": -1}),
    "facts are huge": frames(facts={**FACTS, "characters": 10**30}),
    "facts are a list": frames(facts=[1]),
    "remarks are a list": frames(facts={**FACTS, "remarks": [1, 2]}),
    "remarks are numbers": frames(facts={**FACTS, "remarks": {"a": 1}}),
    "many remarks": frames(facts={**FACTS, "remarks": dict.fromkeys(map(str, range(1000)), "1")}),
    "title is a number": frames(facts={**FACTS, "title": 5}),
    "endless seconds": frames(facts={**FACTS, "seconds": {"read": float("inf")}}),
    "no seconds": frames(facts={**FACTS, "seconds": {"read": float("nan")}}),
    "page of no number": frames(page=[1.0, *PAGE[1:]]),
    "page out of order": frames(page=[2, *PAGE[1:]]),
    "page without size": frames(page=[1, "a", 0, 800, [], None]),
    "page of endless size": frames(page=[1, "a", float("inf"), 800, [], None]),
    "half a character": frames(page=b'[1, "Some \\ud800 words.", 600, 800, [], null]'),
    "headings beyond the page": frames(page=[*PAGE[:4], [[0, 99, 1]], None]),
    "headings between letters": frames(page=[*PAGE[:4], [[0.5, 4, 1]], None]),
    "headings of another shape": frames(page=[*PAGE[:4], [[0, 4]], None]),
    "label is a number": frames(page=[*PAGE[:5], 7]),
    "label is empty": frames(page=[*PAGE[:5], ""]),
    "label is long": frames(page=[*PAGE[:5], "x" * 1_000]),
    "label of two lines": frames(page=[*PAGE[:5], "i\nv"]),
    "no label": frames(page=PAGE[:5]),
    "words beyond the page": frames(words=words(0, 99, 1, 2, 3, 4)),
    "words nowhere": frames(words=words(0, 4, float("nan"), 2, 3, 4)),
    "words endlessly far": frames(words=words(0, 4, float("inf"), 2, 3, 4)),
    "words that unpack to much": frames(words=zlib.compress(bytes(50_000_000))),
    "no words": [frames()[0], frames()[2]],
    "chunk of no page": frames(chunks=[chunk(number=2)]),
    "chunk of the last page": frames(chunks=[chunk(number=-1)]),
    "chunk of true": frames(chunks=[chunk(number=True)]),
    "chunk beyond the page": frames(chunks=[chunk(end=12)]),
    "chunk of nothing": frames(chunks=[chunk(start=3, end=3)]),
    "chunk again and again": frames(chunks=[chunk()] * 3),
    "chunk with half a character": frames(chunks=[chunk(context="\ud800")]),
    "headings are numbers": frames(chunks=[chunk(headings=[7])]),
    "lead-in is a number": frames(chunks=[chunk(lead_in=7)]),
    "no lead-in": frames(chunks=[chunk()[:4] + chunk()[5:]]),
    "no chunks": frames(chunks=[]),
    "picture of no page": frames(picture=struct.pack("<I", 7) + PNG[4:]),
    "picture is a page of HTML": frames(picture=struct.pack("<I", 1) + b"<script>"),
    "picture is large": frames(picture=PNG + bytes(200_000)),
    "many pages": [frame for n in range(1, 5) for frame in frames(page=[n, *PAGE[1:]])[:2]],
    "long pages": [frame for n in range(1, 4) for frame in frames(page=[n, "a " * 400_000, 9, 9, [], None])[:2]],
    "no JSON": [(b"r", b"{")],
    "deep JSON": [(b"g", b"[" * 100_000)],
    "long number": [(b"g", b"[" + b"9" * 10_000 + b"]")],
    "no text": [(b"g", b"\xff\xff")],
    "unknown frame": [(b"x", b"")],
    "unknown status": [(b"f", b'{"status": "fine", "reason": "", "worn": false}')],
    "status is a list": [(b"f", b'{"status": [], "reason": "", "worn": false}')],
    "reason is a number": [(b"f", b'{"status": "malformed", "reason": 5, "worn": false}')],
    "it stops": frames()[:3],
    "nothing": [],
}


@pytest.mark.parametrize("lie", LIES)
def test_lie(lie: str) -> None:
    with pytest.raises(protocol.ProtocolError):
        receive(LIES[lie])


def test_what_a_terminal_would_obey_is_taken_out() -> None:
    said = "\x1b[2J\x1b]0;owned\x07 bad\nlines \u202e" + "x" * 99_999
    fault = receive([(b"f", json.dumps({"status": "malformed", "reason": said, "worn": False}).encode())])
    assert fault.reason.isprintable()
    assert len(fault.reason) <= 1000
    reading = receive(frames(facts={**FACTS, "title": said}, chunks=[chunk(headings=[said], lead_in=said)]))
    assert reading.record.title.isprintable()
    assert reading.record.chunks[0].headings[0].isprintable()
    assert reading.record.chunks[0].lead_in.isprintable()


def test_a_frame_that_is_too_long() -> None:
    with pytest.raises(protocol.ProtocolError, match="4294967295 bytes"):
        protocol.unpack_head(b"\xff\xff\xff\xffg", SMALL)


def test_many_chunks_come_in_many_frames(tmp_path: Path) -> None:
    """Each well below what is refused, however many there are and however long their headings."""
    heading = "# " + "Long heading " * 40
    (tmp_path / "a.md").write_text("\n\n".join([heading, *("Many words. " * 50 for _ in range(3_000))]))
    with readers(workers=1) as sandbox:
        (reading,) = ask(sandbox, tmp_path / "a.md")
    assert not isinstance(reading, FileFault)
    assert len(reading.texts) > 1_000


WORDLESS = "say(b'w', zlib.compress(b''))"
LONG_PAGE = f"say(b'g', [n, 'word ' * 30_000, 9, 9, [], None]); {WORDLESS}"
ENDLESS = {
    "progress": ("while True: say(b'p', [1, 5, True])", "crashed"),
    "progress backwards": ("[say(b'p', [n, 5, True]) for n in (2, 1)]", "crashed"),
    "progress beyond the end": ("say(b'p', [7, 5, True])", "crashed"),
    "progress of a million pages": ("say(b'p', [1, 10**6, True])", "crashed"),
    "progress that is none": ("say(b'p', ['a', {}, float('inf')])", "crashed"),
    "silence": ("time.sleep(60)", "timeout"),
    "drops": ("while True: os.write(1, b'\\1'); time.sleep(0.1)", "crashed"),
    "drops of a frame": (
        "os.write(1, b'\\xff\\xff\\0\\0g')\nwhile True: os.write(1, b'x'); time.sleep(.05)",
        "timeout",
    ),
    "a huge frame": ("os.write(1, b'\\xff\\xff\\xff\\xffg')\nwhile True: os.write(1, bytes(1 << 20))", "crashed"),
    "many pages": (f"for n in range(1, 10**9): {LONG_PAGE}", "crashed"),
    "many lists": ("say(b'c', b'[' + b'[],' * 1_300_000 + b'[]]')", "crashed"),
    "many chunks": (f"n = 1; {LONG_PAGE}\nwhile True: say(b'c', [[1, 0, 150_000, [], '']] * 1000)", "crashed"),
    "the end": ("sys.exit(0)", "crashed"),
    "an error": ("sys.stderr.write('\\x1b[2Jred\\n'); sys.exit(7)", "crashed"),
}


@pytest.mark.parametrize("lie", ENDLESS)
def test_endless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lie: str) -> None:
    script, status = ENDLESS[lie]
    lying(monkeypatch, script)
    begin = monotonic()
    with Watch() as watch, readers(workers=1, timeouts=QUICK) as sandbox:
        (outcome,) = ask(sandbox, tmp_path / "a.pdf")
    assert isinstance(outcome, FileFault)
    assert outcome.status in (status, "timeout"), outcome.reason
    assert outcome.reason.isprintable()
    assert monotonic() - begin < 50  # and not the minute that it is silent
    assert watch.grown < 200 << 20


def test_an_answer_before_its_request_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lying(monkeypatch, "TOGETHER = True\nfault('first')\nreading('Forged')\nsys.stdout.buffer.flush()")
    with readers(workers=1, timeouts=QUICK) as sandbox:
        outcomes = ask(sandbox, *(tmp_path / f"{n}.pdf" for n in range(3)))
        assert sandbox.started == 3
    assert [outcome.reason for outcome in outcomes] == ["first"] * 3


def test_a_process_that_never_gets_ready_is_not_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from ingest.sandbox import pool as module
    from rag.errors import IngestFault
    from tests.hostile.programme import descendants

    lying(monkeypatch, "pass")
    monkeypatch.setattr(module, "_START_SECONDS", 0.0)
    before = set(descendants(os.getpid()))
    with readers(workers=1) as sandbox, pytest.raises(IngestFault, match="cannot be started"):
        ask(sandbox, tmp_path / "a.pdf")
    assert set(descendants(os.getpid())) == before


def test_processes_outlive_a_call(tmp_path: Path) -> None:
    """The kernel kills a process with the thread that started it; threads must not end with each call."""
    (tmp_path / "a.txt").write_text("Some words.")
    with readers(workers=1) as sandbox:
        for _ in range(4):
            (outcome,) = ask(sandbox, tmp_path / "a.txt")
            assert not isinstance(outcome, FileFault), outcome.reason
        assert sandbox.started == 1
