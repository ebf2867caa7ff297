"""Console output of the ingest job: progress on stderr, then the report as a table."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from ingest.reading import ReadRequest
from ingest.reporting.progress import Progress
from ingest.reporting.progress_tracker import ProgressSnapshot, ProgressTracker
from ingest.reporting.report import Report, pages_by_kind
from rag.domain.file_status import FAILED, INDEXED, FileRow
from rag.text.characters import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_log = logging.getLogger(__name__)

# Least interval of progress lines in the log, in seconds.
_EVERY: Final = 10.0
# Most rows of files that need attention, and of the others; there may be thousands.
_PROBLEMS: Final = 200
_OTHERS: Final = 40
_LONGEST_REMARK: Final = 60
_NEWS_FIRST: Final = ("partial", "ok", "removed", "duplicate", "unsupported", "unchanged")
_STYLES: Final = {"ok": "green", "unchanged": "green", "partial": "yellow"}
# Labels of remarks that are not in the reason of a file, which covers missing text only.
_REMARKS: Final = {
    "crossed_out": "crossed-out text left out",
    "deleted": "deleted text left out",
    "hidden": "hidden text left out",
    "ocr": "OCR",
    "blank": "blank",
    "figure": "figures, not read",
}
_STAGES: Final = {
    "check": "checking",
    "read": "reading",
    "encoder at work": "encoding beside it",
    "publish": "publishing",
}


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress bar on a terminal, removed at the end; elsewhere occasional lines in the log. Nothing on stdout."""
    if not sys.stderr.isatty():
        lines = ProgressLog()
        yield lines
        lines.end()
        return
    from rich.console import Console

    with bar(Console(stderr=True)) as tracker:
        yield tracker


@contextmanager
def bar(console: Console) -> Iterator[ProgressTracker]:
    """Progress bar on a terminal, refreshed a few times each second by a thread of its own."""
    from rich.live import Live

    tracker = ProgressTracker()
    with Live(
        get_renderable=lambda: _bar(tracker.snapshot),
        console=console,
        refresh_per_second=5,
        transient=True,
        redirect_stdout=False,
    ):
        yield tracker


def _bar(snapshot: ProgressSnapshot) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(width=20)
    line.add_column(no_wrap=True, overflow="ellipsis")
    total = 1.0 if snapshot.stage in ("reading", "encoding") else None  # None: an indeterminate bar
    numbers = Text(", ".join(_numbers(snapshot)), style="dim")
    line.add_row(Text(snapshot.stage, style="bold"), ProgressBar(total, snapshot.share, width=20), numbers)
    return line


def _numbers(snapshot: ProgressSnapshot) -> Iterator[str]:
    if snapshot.stage == "starting":
        return
    if snapshot.stage == "checking":
        yield f"{snapshot.files:,} files"
        return
    if snapshot.seconds_left is not None:
        yield f"{duration(snapshot.seconds_left)} left"
    yield f"{snapshot.files_done:,}/{snapshot.files:,} files"
    speed = f" ({snapshot.pages_per_second:.0f}/s)" if snapshot.stage == "reading" else ""
    yield f"{_pages(snapshot)} pages{speed}"
    yield f"{snapshot.encoded:,}/{snapshot.chunks:,} chunks"


def _pages(snapshot: ProgressSnapshot) -> str:
    """The pages that are read, and of how many, where that is known and not all are."""
    rest = f"/{snapshot.all_pages:,}" if snapshot.all_pages and snapshot.all_pages > snapshot.pages else ""
    return f"{snapshot.pages:,}{rest}"


class ProgressLog(ProgressTracker):
    """Progress as log lines: at the start, at intervals, and at the end."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(clock)
        self._clock = clock
        self._log_lock = threading.Lock()
        self._started = clock()
        self._last_line = float("-inf")

    def checking(self, files: int) -> None:
        """See :class:`Progress`."""
        super().checking(files)
        self._write(lambda at: f"checking {at.files:,} files", always=True)

    def reading(self, files: int, size: int) -> None:
        """See :class:`Progress`."""
        super().reading(files, size)
        self._write(lambda at: f"reading {at.files:,} files ({at.size / 1e6:,.1f} MB)")

    def page(self, request: ReadRequest, done: int, total: int) -> None:
        """See :class:`Progress`."""
        super().page(request, done, total)
        self._write(_line)

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:
        """See :class:`Progress`."""
        super().file(request, size, pages, chunks)
        self._write(_line)

    def encoded(self, chunks: int) -> None:
        """See :class:`Progress`."""
        super().encoded(chunks)
        self._write(_line)

    def publishing(self) -> None:
        """See :class:`Progress`."""
        super().publishing()
        self._write(lambda _: "publishing")

    def end(self) -> None:
        """The run has succeeded."""
        seconds = self._clock() - self._started
        self._write(lambda at: _ended(at, seconds), always=True)

    def _write(self, line: Callable[[ProgressSnapshot], str], *, always: bool = False) -> None:
        with self._log_lock:
            if always or self._clock() - self._last_line >= _EVERY:
                self._last_line = self._clock()
                _log.info("%s", line(self.snapshot))


def _line(at: ProgressSnapshot) -> str:
    left = f", {duration(at.seconds_left)} left" if at.seconds_left is not None else ""
    speed = f" ({at.pages_per_second:.0f}/s)" if at.stage == "reading" else ""
    return (
        f"read {at.files_done:,} of {at.files:,} files, {_pages(at)} pages{speed}, {at.encoded:,} chunks encoded{left}"
    )


def _ended(at: ProgressSnapshot, seconds: float) -> str:
    if not at.files_done:
        return f"checked {at.files:,} files in {duration(seconds)}; none had to be read"
    speed = at.pages / seconds if seconds else 0.0
    return (
        f"read {at.files_done:,} files, {at.pages:,} pages, {at.encoded:,} chunks encoded "
        f"in {duration(seconds)} ({speed:.0f} pages/s)"
    )


def duration(seconds: float) -> str:
    """Formats a duration: ``8 s``, ``3:05 min`` or ``1:02 h``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"


def show(report: Report, console: Console) -> None:
    """Prints the report as a table: files that need attention first, then changes; at most some hundred rows."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (("status", "left"), ("file", "left"), ("pages", "right"), ("chunks", "right")):
        table.add_column(heading, justify=justify, no_wrap=heading != "file", overflow="fold")  # type: ignore[arg-type]
    table.add_column("")
    rows, more = _shown(report.files)
    for row in rows:
        table.add_row(
            Text(row.status, style="bold red" if row.status in FAILED else _STYLES.get(row.status, "dim")),
            Text(printable(row.path)),
            f"{row.pages:,}" if row.pages else "",
            f"{row.chunks:,}" if row.chunks else "",
            Text(_notes(row), style="dim"),
        )
    console.print(table)
    if more:
        console.print(Text(f"and {more:,} more (all of them: --json, --report FILE, report.json)", style="dim"))
    if report.note:
        console.print(Text(printable(report.note), style="yellow"))
    for line in _summary(report):
        console.print(Text(line))


def needs_attention(row: FileRow) -> bool:
    """True if a file needs attention: it is not in the index, or some of its text is missing."""
    return row.status in FAILED or (row.reason is not None and row.status in INDEXED - {"duplicate"})


def _shown(files: Sequence[FileRow]) -> tuple[Sequence[FileRow], int]:
    """The rows to print, and how many are left out."""
    problems = [row for row in files if needs_attention(row)]
    problems.sort(key=lambda row: (row.status not in FAILED, row.path))
    others = [row for row in files if not needs_attention(row)]
    others.sort(key=lambda row: (_NEWS_FIRST.index(row.status) if row.status in _NEWS_FIRST else -1, row.path))
    shown = [*problems[:_PROBLEMS], *others[:_OTHERS]]
    return shown, len(files) - len(shown)


def _notes(row: FileRow) -> str:
    """The reason, then the pages with hidden text, OCR or nothing on them; other remarks are in the reason."""
    notes = [printable(row.reason)] if row.reason else []
    pages_of = pages_by_kind(row)
    for kind, words in _REMARKS.items():
        if pages := printable(pages_of.get(kind, "")):
            notes.append(f"{words}: {pages if len(pages) <= _LONGEST_REMARK else pages[:_LONGEST_REMARK] + '…'}")
    return "; ".join(notes)


def _summary(report: Report) -> Iterator[str]:
    state = "Published" if report.published else "Nothing has changed; still"
    yield (
        f"{state} generation {report.generation}: {report.pages:,} pages, {report.chunks:,} chunks "
        f"({report.embedded:,} embedded, {report.reused:,} reused) in {report.seconds:.1f} s."
    )
    if len(report.files) > _OTHERS:
        yield f"Files: {', '.join(f'{count:,} {status}' for status, count in report.counts.items())}."
    if line := _characters(report):
        yield line
    if report.published:
        times = (f"{words} {report.stages[stage]:.1f} s" for stage, words in _STAGES.items() if stage in report.stages)
        yield f"Time: {', '.join(times)}."


def _characters(report: Report) -> str:
    """The share of the text that is in passages, in one line; empty without text."""
    rows = [row for row in report.files if row.status in INDEXED]
    total = sum(row.characters for row in rows)
    if not total:
        return ""
    indexed = sum(row.indexed_characters for row in rows)
    # Rounded down: 100 % means all of it.
    share = indexed * 1000 // total / 10
    rest = ", the rest running headers and footers" if indexed < total else ""
    return f"{total:,} characters, {share:.1f} % in passages{rest}."
