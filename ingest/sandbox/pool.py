"""Reading in other processes, which hostile files may crash, hang or fill, and nothing else.

Processes are started once and reused; one that misbehaves is killed, and its file has its status. They have no network
and bounded memory (``ingest/sandbox/confinement.py``), no settings and no keys in their environment, and what they say is
checked (``ingest/sandbox/protocol.py``).
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue
from time import monotonic, sleep
from typing import Final

from ingest.reading import Reading, ReadRequest
from ingest.reporting.report import FAILED
from ingest.sandbox import protocol
from ingest.sandbox.worker import WorkerConfig
from rag.errors import FileFault, IngestFault
from rag.text.characters import clean

_ROOT: Final = Path(__file__).resolve().parents[2]
_START_SECONDS: Final = 60.0
# A process whose pipe is closed has ended, or is about to.
_END_SECONDS: Final = 5.0
# A process that died with this share of its memory in use most likely died of it: pdfium aborts when it gets none.
_FULL: Final = 0.5
_GAVE_UP: Final = frozenset({signal.SIGABRT, signal.SIGTRAP, signal.SIGILL})

OnPage = Callable[[ReadRequest, int, int], None]
Outcome = tuple[ReadRequest, Reading | FileFault]


@dataclass(frozen=True)
class Timeouts:
    """How long a file may take.

    Attributes:
        seconds_per_page: until it is read.
        seconds_per_file: for all pages that have text.
        seconds_per_scan: more for each page that needed OCR.
    """

    seconds_per_page: float = 60.0
    seconds_per_file: float = 600.0
    seconds_per_scan: float = 30.0


class SandboxedReaders:
    """Reads files in confined processes. Leave it as a context manager, and they are gone."""

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
            orders: how they read.
            workers: how many processes.
            patience: how long a file may take.
            on_page: called from other threads, for each page that was read.
        """
        self._orders = config
        self._timeouts = timeouts or Timeouts()
        self._on_page = on_page
        self._workers = workers
        # Its threads live as long as their processes do: the kernel ends a process with the thread that started it.
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="reader")
        self._idle: LifoQueue[_Process | None] = LifoQueue()
        self._all: set[_Process] = set()
        self._closed = False
        for _ in range(workers):
            self._idle.put(None)

    def __enter__(self) -> SandboxedReaders:
        return self

    def __exit__(self, *_: object) -> None:
        self._abandon()
        self._pool.shutdown(cancel_futures=True)
        for process in self._all:
            process.close()

    def _abandon(self) -> None:
        """Ends every process; the threads that wait for them come back at once."""
        self._closed = True
        for process in list(self._all):
            process.kill()

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
                    running.add(self._pool.submit(self._read_one, request))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            # However this ends, nobody waits for a file that nobody wants any more.
            for future in running:
                future.cancel()
            if running:
                self._abandon()

    def _read_one(self, request: ReadRequest) -> Outcome:
        process, recycle = self._idle.get(), True
        try:
            if process and process.has_ended:  # while it had nothing to do: that is not this file's fault
                process.close()
                self._all.discard(process)
                process = None
            process = process or self._start()
            outcome, recycle = process.read(request, self._timeouts, self._on_page)
        except _Broken as broken:
            outcome = broken.fault
        finally:
            if recycle and process:
                process.close()
                self._all.discard(process)
            self._idle.put(None if recycle else process)
        return request, outcome

    def _start(self) -> _Process:
        try:
            process = _Process(self._orders)
            # Before it is ready, so that it need not be waited for when the job is stopped.
            self._all.add(process)
            if self._closed:
                process.kill()
            process.begin(self._orders)
        except (OSError, _Broken, protocol.ProtocolError) as error:
            raise IngestFault(f"the process that reads files cannot be started: {error}") from error
        return process


class _Broken(Exception):
    """A process that can no longer be used, and what that means for its file."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class _Process:
    """One confined process."""

    def __init__(self, config: WorkerConfig) -> None:
        self._memory = config.memory
        self._limits = config.options.limits
        # A child's ru_maxrss begins with that of the process that started it.
        self._inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.sandbox.worker"],  # -P: modules are not looked for in /
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the job, which ends its processes itself
        )
        assert self._process.stdout  # noqa: S101 - it was opened as a pipe
        self._answers = self._process.stdout.fileno()
        # poll, not select: that takes no descriptor above 1023, and a program may have more files open.
        self._answered = select.poll()
        self._answered.register(self._answers, select.POLLIN)
        self._buffer = bytearray()
        self._until = monotonic() + _START_SECONDS

    def begin(self, config: WorkerConfig) -> None:
        """Tells it how to read, and waits until it is ready; _Broken or Nonsense where it cannot be used."""
        self._say(config.to_json())
        self._frame()

    def read(self, request: ReadRequest, timeouts: Timeouts, on_page: OnPage) -> tuple[Reading | FileFault, bool]:
        """The outcome of a file, and whether this process is worn; _Broken if the file broke it."""
        self._say(json.dumps({"path": str(request.path.resolve()), "suffix": request.suffix}).encode() + b"\n")
        try:
            outcome, recycle = protocol.receive(self._frames(request, timeouts, on_page), FAILED, self._limits)
            return outcome, recycle or bool(self._buffer)  # nothing is to be said of a file before it is asked for
        except protocol.ProtocolError as error:
            raise _Broken(FileFault("crashed", f"the reader answered nonsense ({error})")) from error

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, for whatever reason."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """Ends it, and what it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends it, if it still runs, and gives back what it held."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._complaints):
            with suppress(OSError):
                if pipe:
                    pipe.close()

    def _frames(self, request: ReadRequest, timeouts: Timeouts, on_page: OnPage) -> Iterator[protocol.Frame]:
        """Each frame but those of progress, as long as there is progress."""
        last = monotonic() + timeouts.seconds_per_file
        before = 0
        while True:
            self._until = min(last, monotonic() + timeouts.seconds_per_page)
            kind, data = self._frame()
            if kind != protocol.PROGRESS:
                yield kind, data
                continue
            done, total, ocr = map(int, json.loads(data))
            # Progress gives more time, so it must be some.
            if not before < done <= total <= self._limits.pages:
                raise protocol.ProtocolError(f"page {done} of {total} after page {before}")
            before = done
            last += timeouts.seconds_per_scan if ocr else 0.0
            on_page(request, done, total)

    def _say(self, line: bytes) -> None:
        assert self._process.stdin  # noqa: S101 - it was opened as a pipe
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise _Broken(self._post_mortem()) from error

    def _frame(self) -> protocol.Frame:
        length, kind = protocol.unpack_head(self._bytes(protocol.HEAD_BYTES), self._limits)
        return kind, self._bytes(length)

    def _bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            left = self._until - monotonic()
            if left <= 0 or not self._answered.poll(left * 1000):
                raise _Broken(FileFault("timeout", "reading it takes too long"))
            block = os.read(self._answers, 1 << 20)
            if not block:
                raise _Broken(self._post_mortem())
            self._buffer += block
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _post_mortem(self) -> FileFault:
        """What became of a process that ended by itself."""
        until = monotonic() + _END_SECONDS
        while not (waited := os.wait4(self._process.pid, os.WNOHANG))[0]:  # as Popen.wait, but it also tells the memory
            if monotonic() > until:
                return FileFault("crashed", "the reader says no more, and does not end")
            sleep(0.001)
        _, status, usage = waited
        self._process.returncode = os.waitstatus_to_exitcode(status)
        died_of = -self._process.returncode
        if died_of == signal.SIGXCPU:
            return FileFault("timeout", "reading it takes too much processor time")
        if died_of == signal.SIGKILL or self._was_full(usage.ru_maxrss, died_of):
            return FileFault("out_of_memory", f"reading it takes more than {self._memory >> 20} MiB")
        name = signal.Signals(died_of).name if died_of in set(signal.Signals) else f"exit {-died_of}"
        return FileFault("crashed", f"the reader crashed ({name}{self._last_complaint()})")

    def _was_full(self, kilobytes: int, died_of: int) -> bool:
        """Whether it died of want of memory, from the most that it, or the process that started it, has had."""
        full = kilobytes * 1024 > self._memory * _FULL
        # Where that says nothing about it, there is only how it died.
        return full and (kilobytes > self._inherited or died_of in _GAVE_UP)

    def _last_complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read(1 << 20).decode(errors="replace").strip().splitlines()
        return f": {clean(lines[-1])[:200]}" if lines else ""


def _environment() -> dict[str, str]:
    """What a reading process may know: no settings, no keys. Its libraries have one thread."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX") if name in os.environ}
    single = dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"), "1")
    return {
        **kept,
        **single,
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }
