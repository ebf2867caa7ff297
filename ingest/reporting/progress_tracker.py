"""Where a run is, in numbers: what is done, how fast it goes, and how long it will take."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from ingest.reading import ReadRequest
from ingest.reporting.progress import Progress

# Speeds are those of so many seconds, looked at in so many steps.
_WINDOW: Final = 20.0
_STEP: Final = 0.5


@dataclass(frozen=True)
class ProgressSnapshot:
    """Where a run is.

    Attributes:
        stage: ``starting``, ``checking``, ``reading``, ``encoding`` (all is read) or ``publishing``.
        files, files_done: that are read in this run; while checking, ``files`` are those that are looked at.
        size: of these files, in bytes.
        pages: read so far, those of files that are half read too.
        chunks, encoded: known so far, and done.
        share: of the work, 0..1; it never falls.
        seconds_left: None where nobody can know.
    """

    stage: str
    files: int
    files_done: int
    size: int
    pages: int
    pages_per_second: float
    chunks: int
    encoded: int
    share: float
    seconds_left: float | None


class _Sample(NamedTuple):
    time: float
    pages: float
    bytes: float
    encoded: float


@dataclass
class _HalfRead:
    size: int
    done: int = 0
    total: int = 1


class ProgressTracker(Progress):
    """Counts what it is told, from several threads.

    Reading and encoding overlap, and whichever takes longer decides: what is still to encode are the chunks that are
    known, and as many for each unread byte as the bytes that are read have given.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stage = "starting"
        self._files = self._files_done = 0
        self._size = self._bytes_done = 0
        self._pages = 0
        self._chunks = self._encoded = 0
        self._share = 0.0
        self._half: dict[Path, _HalfRead] = {}
        self._samples: deque[_Sample] = deque()

    def checking(self, files: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._stage, self._files = "checking", files

    def reading(self, files: int, size: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._stage, self._files, self._size = "reading", files, size
            self._sample()

    def page(self, request: ReadRequest, done: int, total: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            if request.path not in self._half:
                self._half[request.path] = _HalfRead(_size(request.path))
            half = self._half[request.path]
            half.done, half.total = done, max(done, total, 1)
            self._sample()

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            half = self._half.pop(request.path, _HalfRead(size))
            self._files_done += 1
            self._bytes_done += size
            self._pages += max(pages, half.done)
            self._chunks += chunks
            self._sample()

    def encoded(self, chunks: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._encoded += chunks
            self._sample()

    def publishing(self) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._stage = "publishing"

    @property
    def snapshot(self) -> ProgressSnapshot:
        """As of now."""
        with self._lock:
            now = self._now()
            pages, read, encoded = self._speeds(now)
            self._share = max(self._share, self._done(now))
            all_read = self._stage == "reading" and self._files_done == self._files
            return ProgressSnapshot(
                stage="encoding" if all_read else self._stage,
                files=self._files,
                files_done=self._files_done,
                size=self._size,
                pages=int(now.pages),
                pages_per_second=pages,
                chunks=self._chunks,
                encoded=self._encoded,
                share=self._share,
                seconds_left=self._seconds_left(now, read, encoded),
            )

    def _now(self) -> _Sample:
        half = self._half.values()
        return _Sample(
            self._clock(),
            self._pages + sum(file.done for file in half),
            self._bytes_done + sum(file.size * file.done / file.total for file in half),
            self._encoded,
        )

    def _sample(self) -> None:
        """Remembers now and then how much was done, for as long as it takes to tell the speed."""
        if self._samples and self._clock() - self._samples[-1].time < _STEP:
            return
        self._samples.append(self._now())
        while len(self._samples) > 2 and self._samples[-1].time - self._samples[1].time >= _WINDOW:
            self._samples.popleft()

    def _speeds(self, now: _Sample) -> tuple[float, float, float]:
        """Pages, bytes and chunks a second."""
        first = self._samples[0] if self._samples else now
        seconds = now.time - first.time
        if seconds <= 0:
            return 0.0, 0.0, 0.0
        return (
            (now.pages - first.pages) / seconds,
            (now.bytes - first.bytes) / seconds,
            (now.encoded - first.encoded) / seconds,
        )

    def _expected(self) -> float | None:
        """Chunks that are known, and those that unread bytes are likely to give; None while no file is done."""
        if not self._bytes_done:
            return None
        return self._chunks * max(self._size / self._bytes_done, 1.0)

    def _done(self, now: _Sample) -> float:
        expected = self._expected()
        if expected is None:
            return 0.0
        read = min(now.bytes / self._size, 1.0) if self._size else 1.0
        return min(read, self._encoded / expected) if expected else read

    def _seconds_left(self, now: _Sample, read: float, encoded: float) -> float | None:
        expected = self._expected()
        if self._stage != "reading" or expected is None:
            return None
        lefts = [(self._size - now.bytes, read), (expected - self._encoded, encoded)]
        if any(left > 0 and speed <= 0 for left, speed in lefts):
            return None
        return max(left / speed if left > 0 else 0.0 for left, speed in lefts)


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
