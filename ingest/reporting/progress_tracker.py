"""Progress tracker: counts, speeds and the remaining time of a run."""

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

# Speeds are moving averages over so many seconds, sampled at this interval.
_WINDOW: Final = 20.0
_STEP: Final = 0.5
# Share of the work that reading counts for while it is not known how much there is to encode.
_READING: Final = 0.5


@dataclass(frozen=True)
class ProgressSnapshot:
    """Progress of a run at one moment.

    Attributes:
        stage: ``starting``, ``checking``, ``reading``, ``encoding`` (all is read) or ``publishing``.
        files, files_done: to read in this run, and read; while checking, ``files`` are those to hash.
        size: of these files, in bytes.
        pages: read so far, including those of partly read files.
        all_pages: of all files; None while there is a file that has not been begun.
        chunks, encoded: made so far, and encoded.
        share: of the work, 0..1; it never decreases.
        seconds_left: None while there is no estimate.
        partly_read: SHA-256 of each file that is being read, its pages that are read, and all of them.
    """

    stage: str
    files: int
    files_done: int
    size: int
    pages: int
    all_pages: int | None
    pages_per_second: float
    chunks: int
    encoded: int
    share: float
    seconds_left: float | None
    partly_read: tuple[tuple[str, int, int], ...] = ()


class _Sample(NamedTuple):
    time: float
    pages: float
    bytes: float
    encoded: float


@dataclass
class _PartlyRead:
    size: int
    done: int = 0
    total: int = 1


class ProgressTracker(Progress):
    """Thread-safe counters with an estimate of the remaining time.

    Reading and encoding overlap, so the slower of the two decides. The number of chunks to encode is extrapolated from
    the chunks per byte of the files that are read.
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
        self._partly_read: dict[Path, _PartlyRead] = {}
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
            if request.path not in self._partly_read:
                self._partly_read[request.path] = _PartlyRead(_size(request.path))
            file = self._partly_read[request.path]
            file.done, file.total = done, max(done, total, 1)
            self._sample()

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            read = self._partly_read.pop(request.path, _PartlyRead(size))
            self._files_done += 1
            self._bytes_done += size
            self._pages += max(pages, read.done)
            self._chunks += chunks
            self._sample()

    def stored(self, chunks: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
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
        """Progress at this moment."""
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
                all_pages=self._all_pages(),
                pages_per_second=pages,
                chunks=self._chunks,
                encoded=self._encoded,
                share=self._share,
                seconds_left=self._seconds_left(now, read, encoded),
                # A source is named by its digest.
                partly_read=tuple((path.name, file.done, file.total) for path, file in self._partly_read.items()),
            )

    def _all_pages(self) -> int | None:
        if self._files_done + len(self._partly_read) < self._files:
            return None
        return self._pages + sum(file.total for file in self._partly_read.values())

    def _now(self) -> _Sample:
        partly_read = self._partly_read.values()
        return _Sample(
            self._clock(),
            self._pages + sum(file.done for file in partly_read),
            self._bytes_done + sum(file.size * file.done / file.total for file in partly_read),
            self._encoded,
        )

    def _sample(self) -> None:
        """Adds a sample at each interval, and drops those older than the window."""
        if self._samples and self._clock() - self._samples[-1].time < _STEP:
            return
        self._samples.append(self._now())
        while len(self._samples) > 2 and self._samples[-1].time - self._samples[1].time >= _WINDOW:
            self._samples.popleft()

    def _speeds(self, now: _Sample) -> tuple[float, float, float]:
        """Pages, bytes and chunks per second."""
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
        """Estimated number of chunks of all files; None while no file is read, and there are none of an earlier run."""
        if not self._bytes_done:
            return float(self._chunks) or None
        return self._chunks * max(self._size / self._bytes_done, 1.0)

    def _done(self, now: _Sample) -> float:
        expected = self._expected()
        read = min(now.bytes / self._size, 1.0) if self._size else 1.0
        if expected is None:  # nothing can be encoded yet; the bar moves with the pages of the first files
            return read * _READING if self._partly_read else 0.0
        return min(read, self._encoded / expected) if expected else read

    def _seconds_left(self, now: _Sample, read: float, encoded: float) -> float | None:
        expected = self._expected()
        if self._stage != "reading" or expected is None:
            return None
        remaining = [(self._size - now.bytes, read), (expected - self._encoded, encoded)]
        if any(rest > 0 and speed <= 0 for rest, speed in remaining):
            return None
        return max(rest / speed if rest > 0 else 0.0 for rest, speed in remaining)


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
