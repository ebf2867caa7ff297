"""Sandboxed reader pool: files are read in subprocesses; a hostile file may crash, hang or fill one, and nothing else.

The subprocesses are reused; one that misbehaves is killed, and its file has a status that says so. They have no network
and bounded memory (``ingest/sandbox/confinement.py``), no settings and no keys in their environment, and their answers
are checked (``ingest/sandbox/protocol.py``).
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from ingest.reading import Reading, ReadRequest
from ingest.sandbox import protocol
from ingest.sandbox.worker import WorkerConfig
from rag.domain.file_status import FAILED
from rag.errors import FileFault, IngestFault
from rag.runtime.subprocess_pool import SubprocessPool, WorkerProcess
from rag.text.characters import clean

# Before it has a file nothing hostile can hold a process up, but a busy machine can: that must not end the whole job.
_START_SECONDS: Final = 300.0
# A wait is cut into pieces of so many seconds; one that took so much longer was stopped, however busy the machine is.
_LOOK_SECONDS: Final = 1.0
_STOPPED_SECONDS: Final = 0.5
# A process that has closed its pipe has ended, or is about to end within these seconds.
_END_SECONDS: Final = 5.0
# Environment variables that name programs and files which reading needs, and those that keep libraries to one thread.
_PASSED_ON: Final = ("PATH", "TESSDATA_PREFIX")
_VARIABLES: Final = {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "TOKENIZERS_PARALLELISM": "false"}
# A process that died at this share of its memory limit most likely died of it: pdfium aborts when an allocation fails.
_NEARLY_FULL: Final = 0.5
_ABORTED: Final = frozenset({signal.SIGABRT, signal.SIGTRAP, signal.SIGILL})

OnPage = Callable[[ReadRequest, int, int], None]
Outcome = tuple[ReadRequest, Reading | FileFault]


class RunningClock:
    """Monotonic clock that stands still while this process is stopped, as a service stops it during questions.

    A wait that takes longer than it was to take shows that it was stopped. Not thread-safe.
    """

    def __init__(self, monotonic: Callable[[], float] = monotonic) -> None:
        self._monotonic = monotonic
        self._stopped = 0.0

    def now(self) -> float:
        """Seconds of running."""
        return self._monotonic() - self._stopped

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[float]:
        """For a wait of at most so many seconds, which are given back."""
        start = self._monotonic()
        yield seconds
        over = self._monotonic() - start - seconds
        if over > _STOPPED_SECONDS:
            self._stopped += over


@dataclass(frozen=True)
class Timeouts:
    """Time limits of a file, in wall-clock time, but for that in which the process was stopped.

    Attributes:
        seconds_per_page: for each page.
        seconds_per_file: for all pages together, without the time for OCR.
        seconds_per_scan: additional time for each page that needed OCR.
    """

    seconds_per_page: float = 60.0
    seconds_per_file: float = 600.0
    seconds_per_scan: float = 30.0


class SandboxedReaders:
    """Reads files in sandboxed subprocesses, which end when the context is left."""

    def __init__(
        self,
        config: WorkerConfig,
        *,
        workers: int,
        timeouts: Timeouts | None = None,
        on_page: OnPage = lambda _request, _done, _total: None,
    ) -> None:
        """Starts no process yet; the first file does.

        Args:
            config: of each process.
            workers: the number of processes.
            timeouts: of a file.
            on_page: called from other threads, for each page that was read.
        """
        self._config = config
        self._timeouts = timeouts or Timeouts()
        self._on_page = on_page
        self._workers = workers
        # Its threads live as long as their processes do: the kernel ends a process with the thread that started it.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="reader")
        self._pool = SubprocessPool(workers, self._start)

    def __enter__(self) -> SandboxedReaders:
        return self

    def __exit__(self, *_: object) -> None:
        # The threads that wait for processes come back at once; only then are the processes waited for.
        self._pool.kill()
        self._threads.shutdown(cancel_futures=True)
        self._pool.close()

    def read(self, requests: Iterable[ReadRequest]) -> Iterator[Outcome]:
        """See :class:`ingest.reading.Readers`.

        Raises:
            IngestFault: the processes cannot be started at all.
        """
        ahead = self._workers * 2
        source = iter(requests)
        running: set[Future[Outcome]] = set()
        try:
            while True:
                while len(running) < ahead and (request := next(source, None)) is not None:
                    running.add(self._threads.submit(self._read_one, request))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            # Where the caller has left, the files that are being read are not wanted any more.
            for future in running:
                future.cancel()
            if running:
                self._pool.kill()

    def _read_one(self, request: ReadRequest) -> Outcome:
        with self._pool.lend() as process:
            recycle = True
            try:
                process.begin()
                outcome, recycle = process.read(request, self._timeouts, self._on_page)
            except _Broken as broken:
                outcome = broken.fault
            finally:
                if recycle:
                    process.close()
        return request, outcome

    def _start(self) -> ReaderProcess:
        try:
            return ReaderProcess(self._config)
        except OSError as error:
            raise _not_started(error) from error


def _not_started(error: Exception | str) -> IngestFault:
    return IngestFault(f"the process that reads files cannot be started: {error}")


class _Broken(Exception):
    """The process can no longer be used; ``fault`` is that of the file that it was reading."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class ReaderProcess(WorkerProcess):
    """A sandboxed subprocess that reads one file after the other; its protocol is in ``ingest/sandbox/protocol.py``."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._memory = config.memory
        self._limits = config.options.limits
        # A child's ru_maxrss begins with that of the process that started it.
        self._inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        super().__init__("ingest.sandbox.worker", pass_on=_PASSED_ON, variables=_VARIABLES, stderr=self._stderr)
        # poll, not select: that takes no descriptor above 1023, and a program may have more files open.
        self._readable = select.poll()
        self._readable.register(self.stdout.fileno(), select.POLLIN)
        self._buffer = bytearray()
        self._clock = RunningClock()
        self._until = self._clock.now() + _START_SECONDS
        self._has_begun = False

    def begin(self) -> None:
        """Sends the configuration and waits until the process is ready, once.

        Raises:
            IngestFault: it cannot be used; it has ended.
        """
        if self._has_begun:
            return
        try:
            self._send(self._config.to_json())
            self._frame()
        except (OSError, _Broken, protocol.ProtocolError) as error:
            if isinstance(error, _Broken) and error.fault.status == "timeout":
                raise _not_started(f"not ready after {_START_SECONDS:.0f} s; is the machine too busy?") from error
            raise _not_started(error) from error
        self._has_begun = True

    def read(self, request: ReadRequest, timeouts: Timeouts, on_page: OnPage) -> tuple[Reading | FileFault, bool]:
        """The contents or the fault of a file, and whether to recycle this process; _Broken if the file broke it."""
        self._send(json.dumps({"path": str(request.path.resolve()), "suffix": request.suffix}).encode() + b"\n")
        try:
            outcome, recycle = protocol.receive(self._frames(request, timeouts, on_page), FAILED, self._limits)
            return outcome, recycle or bool(self._buffer)  # of the next file nothing may be sent before it is requested
        except protocol.ProtocolError as error:
            raise _Broken(FileFault("crashed", f"the reader broke the protocol ({error})")) from error

    def close(self) -> None:
        """As of :class:`WorkerProcess`; its standard error is closed too."""
        super().close()
        self._stderr.close()

    def _frames(self, request: ReadRequest, timeouts: Timeouts, on_page: OnPage) -> Iterator[protocol.Frame]:
        """Yields each frame but those of progress, which extend the time limits."""
        last = self._clock.now() + timeouts.seconds_per_file
        before = 0
        while True:
            self._until = min(last, self._clock.now() + timeouts.seconds_per_page)
            kind, data = self._frame()
            if kind != protocol.PROGRESS:
                yield kind, data
                continue
            done, total, ocr = map(int, json.loads(data))
            # Progress gives more time, so the page numbers must rise.
            if not before < done <= total <= self._limits.pages:
                raise protocol.ProtocolError(f"page {done} of {total} after page {before}")
            before = done
            last += timeouts.seconds_per_scan if ocr else 0.0
            on_page(request, done, total)

    def _send(self, line: bytes) -> None:
        try:
            self.stdin.write(line)
            self.stdin.flush()
        except BrokenPipeError as error:
            raise _Broken(self._post_mortem()) from error

    def _frame(self) -> protocol.Frame:
        length, kind = protocol.unpack_head(self._bytes(protocol.HEAD_BYTES), self._limits)
        return kind, self._bytes(length)

    def _bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            left = self._until - self._clock.now()
            if left <= 0:
                raise _Broken(FileFault("timeout", "reading it takes too long"))
            with self._clock.waiting(min(left, _LOOK_SECONDS)) as seconds:
                if not self._readable.poll(seconds * 1000):
                    continue
            block = os.read(self.stdout.fileno(), 1 << 20)
            if not block:
                raise _Broken(self._post_mortem())
            self._buffer += block
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _post_mortem(self) -> FileFault:
        """The fault of the file at which the process ended by itself."""
        until = monotonic() + _END_SECONDS
        while not (waited := os.wait4(self._process.pid, os.WNOHANG))[0]:  # Popen.wait does not give the memory
            if monotonic() > until:
                return FileFault("crashed", "the reader closed its output, and does not end")
            sleep(0.001)
        _, status, usage = waited
        self._process.returncode = os.waitstatus_to_exitcode(status)
        died_of = -self._process.returncode
        if died_of == signal.SIGXCPU:
            return FileFault("timeout", "reading it takes too much processor time")
        if died_of == signal.SIGKILL or self._was_out_of_memory(usage.ru_maxrss, died_of):
            return FileFault("out_of_memory", f"reading it takes more than {self._memory >> 20} MiB")
        name = signal.Signals(died_of).name if died_of in set(signal.Signals) else f"exit {-died_of}"
        return FileFault("crashed", f"the reader crashed ({name}{self._last_error_line()})")

    def _was_out_of_memory(self, kilobytes: int, died_of: int) -> bool:
        """True if it most likely died for lack of memory, by its peak memory, which begins with that of its parent."""
        full = kilobytes * 1024 > self._memory * _NEARLY_FULL
        # Where the peak may be the parent's, the signal decides.
        return full and (kilobytes > self._inherited or died_of in _ABORTED)

    def _last_error_line(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read(1 << 20).decode(errors="replace").strip().splitlines()
        return f": {clean(lines[-1])[:200]}" if lines else ""
