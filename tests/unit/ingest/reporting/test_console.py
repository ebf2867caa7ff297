"""Console output of ingest: the progress bar, the progress log and the report's table."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path

import pytest
from rich.console import Console

from ingest.reading import ReadRequest
from ingest.reporting.console import ProgressLog, bar, duration, progress, show
from ingest.reporting.progress_tracker import ProgressTracker
from ingest.reporting.report import Report
from rag.cli.console import configure_logging
from rag.domain.file_status import FileRow


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _said_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ingest")


def request_of(name: str = "a.pdf") -> ReadRequest:
    return ReadRequest(Path("/nowhere") / name, ".pdf")


def report_of(rows: list[FileRow], **fields: object) -> Report:
    defaults: dict[str, object] = {"published": True, "chunks": 9, "embedded": 4, "reused": 5, "seconds": 2.0}
    return Report(generation="000001-00000000", files=rows, **{**defaults, **fields})  # type: ignore[arg-type]


def shown(report: Report, width: int = 160) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    show(report, console)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]


class TestProgressTracker:
    def test_counts(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.checking(9)
        assert (tracker.snapshot.stage, tracker.snapshot.files) == ("checking", 9)
        tracker.reading(2, 1000)
        clock.now += 2
        tracker.file(request_of(), 500, pages=10, chunks=40)
        tracker.encoded(20)
        clock.now += 2
        at = tracker.snapshot
        assert (at.stage, at.files_done, at.files, at.pages, at.encoded, at.chunks) == ("reading", 1, 2, 10, 20, 40)
        assert at.pages_per_second == pytest.approx(10 / 4)

    def test_pages_of_a_file_that_is_half_read_count(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(1, 1000)
        tracker.page(request_of(), 30, 100)
        assert tracker.snapshot.pages == 30
        # It fails in the end, but its pages were read.
        tracker.file(request_of(), 1000, pages=0, chunks=0)
        assert tracker.snapshot.pages == 30

    def test_the_bar_moves_with_the_pages_of_the_first_file(self, clock: Clock, tmp_path: Path) -> None:
        """One large file may be all there is: a bar that stands at 0 until it is read looks like a hang."""
        big = ReadRequest(tmp_path / "big.pdf", ".pdf")
        big.path.write_bytes(bytes(1000))
        tracker = ProgressTracker(clock)
        tracker.reading(1, 1000)
        shares = []
        for page in (1, 50, 100):
            tracker.page(big, page, 100)
            shares.append(tracker.snapshot.share)
            assert (tracker.snapshot.pages, tracker.snapshot.all_pages) == (page, 100)
        assert shares == pytest.approx([0.005, 0.25, 0.5])
        tracker.file(big, 1000, pages=100, chunks=200)
        assert tracker.snapshot.share == 0.5
        tracker.encoded(150)
        assert tracker.snapshot.share == 0.75

    def test_how_many_pages_there_are_is_not_made_up(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(2, 1000)
        tracker.page(request_of("a.pdf"), 1, 100)
        begun = tracker.snapshot
        tracker.page(request_of("b.pdf"), 3, 20)
        both = tracker.snapshot
        assert [(at.pages, at.all_pages) for at in (begun, both)] == [(1, None), (4, 120)]
        tracker.file(request_of("b.pdf"), 500, pages=20, chunks=1)
        assert tracker.snapshot.all_pages == 120

    def test_a_file_that_is_half_read_is_half_of_its_bytes(self, clock: Clock, tmp_path: Path) -> None:
        big = ReadRequest(tmp_path / "big.pdf", ".pdf")
        big.path.write_bytes(bytes(1000))
        tracker = ProgressTracker(clock)
        tracker.reading(2, 2000)
        tracker.file(request_of(), 1000, pages=1, chunks=0)
        clock.now += 10
        tracker.page(big, 50, 100)
        assert tracker.snapshot.share == pytest.approx(0.75)

    def test_time_left_is_that_of_encoding_where_that_is_slower(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(2, 1000)
        tracker.file(request_of(), 500, pages=10, chunks=100)
        clock.now += 10
        tracker.encoded(50)
        # 500 bytes more are read in 10 s; 100 chunks more are expected of them, 150 in all, at 5 a second.
        assert tracker.snapshot.seconds_left == pytest.approx(30)

    def test_time_left_is_that_of_reading_where_that_is_slower(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(2, 1500)
        clock.now += 10
        tracker.file(request_of(), 500, pages=10, chunks=100)
        tracker.encoded(100)
        assert tracker.snapshot.seconds_left == pytest.approx(20)

    def test_time_left_is_not_made_up(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        assert tracker.snapshot.seconds_left is None
        tracker.reading(2, 1000)
        tracker.page(request_of(), 1, 2)
        clock.now += 10
        assert tracker.snapshot.seconds_left is None  # how much there is to encode is not known before a file is read
        tracker.file(request_of(), 500, pages=2, chunks=10)
        assert tracker.snapshot.seconds_left is None  # nor how fast that goes, before something is encoded

    def test_all_is_read_but_not_encoded(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(1, 1000)
        tracker.file(request_of(), 1000, pages=10, chunks=100)
        clock.now += 10
        tracker.encoded(25)
        assert tracker.snapshot.stage == "encoding"
        assert tracker.snapshot.share == pytest.approx(0.25)
        assert tracker.snapshot.seconds_left == pytest.approx(30)

    def test_the_share_never_falls(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(2, 1000)
        tracker.file(request_of("a"), 500, pages=1, chunks=10)
        tracker.encoded(10)
        assert tracker.snapshot.share == pytest.approx(0.5)
        tracker.file(request_of("b"), 500, pages=1, chunks=990)
        assert tracker.snapshot.share == pytest.approx(0.5)

    def test_speed_is_that_of_the_last_seconds(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(2000, 2000)
        for step in range(200):
            clock.now += 1
            tracker.file(request_of(str(step)), 1, pages=10 if step < 100 else 2, chunks=0)
        assert tracker.snapshot.pages_per_second == pytest.approx(2, abs=0.3)

    def test_nothing_to_divide_by(self, clock: Clock) -> None:
        tracker = ProgressTracker(clock)
        tracker.reading(1, 0)
        tracker.file(request_of(), 0, pages=0, chunks=0)
        at = tracker.snapshot
        assert (at.pages_per_second, at.seconds_left, at.share) == (0.0, None, 0.0)


class TestProgressLog:
    def test_at_the_start_then_every_ten_seconds_then_at_the_end(
        self, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        lines = ProgressLog(clock)
        lines.checking(400)
        lines.reading(400, 400)
        for number in range(399):
            clock.now += 0.125
            lines.file(request_of(str(number)), 1, pages=10, chunks=20)
            lines.encoded(20)
        lines.publishing()
        lines.end()
        assert caplog.messages == [
            "checking 400 files",
            "read 80 of 400 files, 800 pages (80/s), 1,580 chunks encoded, 41 s left",
            "read 160 of 400 files, 1,600 pages (80/s), 3,180 chunks encoded, 30 s left",
            "read 240 of 400 files, 2,400 pages (80/s), 4,780 chunks encoded, 20 s left",
            "read 320 of 400 files, 3,200 pages (80/s), 6,380 chunks encoded, 10 s left",
            "read 399 files, 3,990 pages, 7,980 chunks encoded in 50 s (80 pages/s)",
        ]

    def test_nothing_to_read(self, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
        lines = ProgressLog(clock)
        lines.checking(1200)
        lines.end()
        assert caplog.messages == ["checking 1,200 files", "checked 1,200 files in 0 s; none had to be read"]

    def test_from_several_threads(self, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
        lines = ProgressLog(clock)
        lines.reading(400, 400)

        def work(name: str) -> None:
            for number in range(100):
                lines.page(request_of(f"{name}{number}"), 1, 1)
                lines.file(request_of(f"{name}{number}"), 1, pages=1, chunks=2)
                lines.encoded(2)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        at = lines.snapshot
        assert (at.files_done, at.pages, at.chunks, at.encoded, at.share) == (400, 400, 800, 800, 1.0)
        assert len(caplog.messages) == 1

    def test_elsewhere_than_on_a_terminal_nothing_is_printed(
        self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        with progress() as tell:
            tell.checking(3)
        assert caplog.messages == ["checking 3 files", "checked 3 files in 0 s; none had to be read"]
        assert capsys.readouterr().out == ""

    def test_after_an_error_there_is_no_last_line(self, caplog: pytest.LogCaptureFixture) -> None:
        def run() -> None:
            with progress() as tell:
                tell.checking(3)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run()
        assert caplog.messages == ["checking 3 files"]


class TestProgressBar:
    @pytest.fixture
    def terminal(self) -> Console:
        return Console(file=io.StringIO(), force_terminal=True, width=110, color_system=None)

    def written(self, terminal: Console) -> str:
        return terminal.file.getvalue()  # type: ignore[attr-defined,no-any-return]

    def test_it_shows_where_the_run_is(self, terminal: Console, capsys: pytest.CaptureFixture[str]) -> None:
        with bar(terminal) as tell:
            tell.reading(400, 1000)
            tell.file(request_of(), 100, pages=3412, chunks=9100)
            tell.encoded(128)
        assert "1/400 files" in self.written(terminal)
        assert "3,412 pages" in self.written(terminal)
        assert "128/9,100 chunks" in self.written(terminal)
        assert capsys.readouterr().out == ""

    def test_it_counts_pages_while_a_file_is_read(self, terminal: Console) -> None:
        with bar(terminal) as tell:
            tell.reading(1, 1000)
            tell.page(request_of(), 1234, 3412)
        assert "0/1 files, 1,234/3,412 pages" in self.written(terminal)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, None])
    def test_it_is_gone_afterwards(self, terminal: Console, error: type[BaseException] | None) -> None:
        def run() -> None:
            with bar(terminal) as tell:
                tell.reading(400, 1000)
                if error:
                    raise error

        if error:
            with pytest.raises(error):
                run()
        else:
            run()
        # The cursor is back, and the line is erased.
        assert self.written(terminal).endswith(("\x1b[1A\x1b[2K", "\x1b[2K\x1b[?25h", "\x1b[?25h\r\x1b[1A\x1b[2K"))


class TestTable:
    def test_what_needs_attention_comes_first(self) -> None:
        rows = [
            FileRow("b.pdf", "unchanged", 3, 3, 9),
            FileRow("c.pdf", "unchanged", 3, 2, 9, reason="no text on page 2"),
            FileRow("d.pdf", "ok", 3, 3, 9, remarks={"ocr: tesseract 5": "3, 7-9", "empty: blank": "2"}),
            FileRow("e.pdf", "malformed", reason="not a PDF"),
            FileRow("f.pdf", "duplicate", 3, reason="same content as b.pdf"),
        ]
        lines = shown(report_of(rows))
        assert [line.split()[1] for line in lines[1:6]] == ["e.pdf", "c.pdf", "d.pdf", "f.pdf", "b.pdf"]
        assert "OCR: 3, 7-9; blank: 2" in lines[3]
        assert "not a PDF" in lines[1]

    def test_thousands_of_files(self) -> None:
        rows = [FileRow(f"{number:05d}.pdf", "unchanged", 1, 1, 1) for number in range(3000)]
        rows += [FileRow(f"bad{number}.pdf", "malformed", reason="not a PDF") for number in range(5)]
        lines = shown(report_of(rows))
        assert len(lines) < 60
        assert [line.split()[0] for line in lines[1:6]] == ["malformed"] * 5
        assert "and 2,960 more (all of them: --json, --report FILE, report.json)" in lines
        assert "Files: 5 malformed, 3,000 unchanged." in lines

    def test_characters_and_time(self) -> None:
        rows = [FileRow("a.pdf", "ok", 9, 9, 9, characters=1_234_567, indexed_characters=1_219_752)]
        stages = {"check": 0.1, "read": 1.0, "read and embed": 1.7, "encoder at work": 1.5, "publish": 0.2}
        lines = shown(report_of(rows, stages=stages))
        assert "1,234,567 characters, 98.7 % in passages, the rest running headers and footers." in lines
        assert "Time: checking 0.1 s, reading 1.0 s, encoding beside it 1.5 s, publishing 0.2 s." in lines

    def test_what_is_not_all_does_not_look_like_all(self) -> None:
        row = FileRow("a.pdf", "ok", 1, 1, 1, characters=1_000_000, indexed_characters=999_999)
        assert any("99.9 % in passages, the rest" in line for line in shown(report_of([row])))
        row = FileRow("a.pdf", "ok", 1, 1, 1, characters=1_000_000, indexed_characters=1_000_000)
        assert any("100.0 % in passages." in line for line in shown(report_of([row])))

    def test_a_list_of_pages_that_does_not_end(self) -> None:
        pages = ", ".join(map(str, range(1, 4000, 2)))
        (line,) = (line for line in shown(report_of([FileRow("a.pdf", "ok", remarks={"ocr": pages})])) if "OCR" in line)
        assert "…" in line

    def test_names_and_reasons_that_a_terminal_would_obey(self) -> None:
        row = FileRow("a\x1b[31m.pdf", "crashed", reason="it said [red]\x07\x1b]0;x")
        text = "\n".join(shown(report_of([row])))
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[red]" in text


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59, "59 s"), (185, "3:05 min"), (3725, "1:02 h"), (90_000, "25:00 h")]
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_libraries_that_set_their_own_level_are_not_heard(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        configure_logging()
        loud = logging.getLogger("bm25s")
        loud.setLevel(logging.DEBUG)
        loud.debug("building")
        loud.error("failed")
        logging.getLogger("elsewhere").warning("careful")
        logging.getLogger("ingest.reporting.console").info("read 1 of 2")
        said = "".join(f"{line.partition(' ')[2]}\n" for line in capsys.readouterr().err.splitlines())
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert said == "ERROR bm25s: failed\nWARNING elsewhere: careful\nINFO ingest.reporting.console: read 1 of 2\n"
