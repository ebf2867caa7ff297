"""Pool of killable Python subprocesses, which hostile input may occupy, fill or crash, and nothing else.

Not ``multiprocessing``, which pickles, and would load the whole program anew in each process. The processes know no
settings and no keys: beside ``rag.settings`` and ``rag.runtime.native`` this module alone reads ``os.environ``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import LifoQueue
from threading import Lock
from typing import IO, Final, Generic, TypeVar

_ROOT: Final = Path(__file__).resolve().parents[2]
# What a subprocess may know of the environment, whatever it does, and what it is given; its libraries have one thread.
_PASSED_ON: Final = ("LD_LIBRARY_PATH",)
_SET: Final = {
    "PYTHONPATH": str(_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "LANG": "C.UTF-8",
}


class WorkerProcess:
    """A subprocess that runs ``python -m MODULE`` and is spoken to through its standard input and output."""

    def __init__(
        self,
        module: str,
        *,
        pass_on: Iterable[str] = (),
        variables: Mapping[str, str] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        """Starts it.

        Args:
            module: to run; imported from this source tree.
            pass_on: environment variables that it may know, where they are set.
            variables: further environment variables, and their values.
            stderr: where its standard error goes; by default to this process's.

        Raises:
            OSError: it cannot be started.
        """
        kept = {name: os.environ[name] for name in (*_PASSED_ON, *pass_on) if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],  # -P: modules are not looked for in /
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**kept, **_SET, **(variables or {})},
            cwd="/",
            start_new_session=True,  # Ctrl-C is for this process, which ends its subprocesses itself
        )
        assert self._process.stdin  # noqa: S101 - it was opened as a pipe
        assert self._process.stdout  # noqa: S101
        self.stdin, self.stdout = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """True if it has ended, for whatever reason."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> int | None:
        """Its exit code, negative for a signal; None where it has not ended after so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll()

    def kill(self) -> None:
        """Sends SIGKILL to it, and to the processes that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kills it, unless it has ended, waits for it, and closes its pipes; again does nothing."""
        self.kill()
        self._process.wait()
        for pipe in (self.stdin, self.stdout):
            with suppress(OSError):  # what was not written yet
                pipe.close()


P = TypeVar("P", bound=WorkerProcess)


class SubprocessPool(Generic[P]):
    """At most so many subprocesses, started when they are needed and reused, last in, first out. Thread-safe."""

    def __init__(self, size: int, start: Callable[[], P], *, restart: bool = False) -> None:
        """Starts none yet.

        Args:
            size: how many there are at most.
            start: starts one; called in the thread that borrows it.
            restart: whether one that ended while it was lent is replaced at once, so that the next borrower need not
                wait for that, instead of when it is needed.
        """
        self._start = start
        self._restart = restart
        self._lock = Lock()
        self._processes: set[P] = set()
        self._closed = False
        # The one that was used last is used next: the others start only when they are needed.
        self._idle: LifoQueue[P | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    @property
    def processes(self) -> tuple[P, ...]:
        """The subprocesses, lent and idle."""
        with self._lock:
            return tuple(self._processes)

    @contextmanager
    def lend(self) -> Iterator[P]:
        """A subprocess for the caller alone; waits until one is free. Whoever closes it gives up its place to another.

        One that ended while it was idle is replaced before. After :meth:`kill` or :meth:`close` it is a dead one.

        Raises:
            OSError: it cannot be started; or whatever ``start`` raises.
        """
        process = self._idle.get()
        try:
            process = self._running(process)
            yield process
        finally:
            if process and (self._closed or process.has_ended):
                self._remove(process)
                process = None
                with suppress(OSError):  # the next borrower tries again
                    process = self._running(None) if self._restart and not self._closed else None
            self._idle.put(process)

    def prepare(self) -> None:
        """Starts a subprocess, if none is idle, so that the first borrower need not wait for that."""
        with self.lend():
            pass

    def kill(self) -> None:
        """Kills all subprocesses, also those that are lent and those that start later; does not wait for them."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()

    def close(self) -> None:
        """Kills all subprocesses, as :meth:`kill`, and gives back what they held."""
        self.kill()
        for process in self.processes:
            self._remove(process)

    def _running(self, process: P | None) -> P:
        """The process, or another one in the place of one that has ended."""
        if process and not process.has_ended:
            return process
        if process:
            self._remove(process)
        process = self._start()
        with self._lock:
            self._processes.add(process)
            if self._closed:
                process.kill()
        return process

    def _remove(self, process: P) -> None:
        process.close()
        with self._lock:
            self._processes.discard(process)
