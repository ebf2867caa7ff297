"""Pages drawn in other processes, which a hostile page may occupy, fill or crash, and nothing else.

pdfium can be asked to stop, but asks back only between the objects of a page ("progressive rendering",
https://pdfium.googlesource.com/pdfium/+/refs/heads/main/public/fpdf_progressive.h), and one object may be a form of
thousands: measured, a file of 1 KB was at work for minutes without asking once. So what draws must be what can be
killed. Not with ``multiprocessing``, which pickles, and would load the whole program anew in each process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from typing import Final

from rag.domain.values import Box
from rag.errors import FileFault

_ROOT: Final = Path(__file__).resolve().parents[2]
_MOST_BYTES_OF_HEAD: Final = 1 << 16
# More than 16 million pixels of noise.
_MOST_BYTES: Final = 64 << 20


class RenderPool:
    """Draws pages in processes that are started once and reused; one whose page takes too long ends. Thread-safe."""

    def __init__(self, processes: int = 2, seconds: float = 10.0) -> None:
        """Starts none yet.

        Args:
            processes: how many draw at a time; a page that is asked for meanwhile waits.
            seconds: that a page may take.
        """
        self.processes = processes
        self._seconds = seconds
        self._started: set[_Process] = set()
        self._closed = False
        # The one that was used last is used next: the others start only when they are needed.
        self._idle: LifoQueue[_Process | None] = LifoQueue()
        for _ in range(processes):
            self._idle.put(None)

    def prepare(self) -> None:
        """Starts a process, so that the first page need not wait for that; does not wait itself."""
        self._idle.put(self._usable(self._idle.get()))

    def draw(self, path: Path, number: int, boxes: Sequence[Box] = (), *, scale: float = 2.0) -> bytes:
        """As :func:`rag.pdf.render_page`, within bounds.

        Raises:
            FileFault: ``encrypted``, ``malformed``, ``unreadable``; ``timeout``, ``out_of_memory`` or ``crashed`` where
                drawing it takes too long or too much.
        """
        process = self._idle.get()
        try:
            process = self._usable(process)
            return process.draw(path, number, boxes, scale, self._seconds)
        except _Ended as ended:
            # At once, so that the next page need not wait for it.
            process = self._usable(process) if not self._closed else None
            raise FileFault(ended.status, f"page {number} cannot be drawn: {ended}") from ended
        finally:
            self._idle.put(process)

    def close(self) -> None:
        """Ends the processes, also those that draw; nothing is drawn any more."""
        self._closed = True
        for process in tuple(self._started):
            process.close()

    def _usable(self, process: _Process | None) -> _Process:
        """The process, or another one in the place of one that has ended."""
        if process and not process.has_ended:
            return process
        if process:
            process.close()
            self._started.discard(process)
        process = _Process()
        self._started.add(process)
        if self._closed:
            process.close()
        return process


class _Ended(Exception):
    """The process is no more, and why, as the status of its page."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Process:
    """One process that draws."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rag.pdf.render_worker"],  # -P: modules are not looked for in /
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the service, which ends its processes itself
        )

    def draw(self, path: Path, number: int, boxes: Sequence[Box], scale: float, seconds: float) -> bytes:
        """The PNG; FileFault for a page that cannot be drawn, _Ended where that ended the process."""
        assert self._process.stdin  # noqa: S101 - it was opened as a pipe
        assert self._process.stdout  # noqa: S101
        page = {"path": str(path.resolve()), "number": number, "boxes": boxes, "scale": scale, "seconds": seconds}
        try:
            self._process.stdin.write(json.dumps(page).encode() + b"\n")
            self._process.stdin.flush()
            head = json.loads(self._process.stdout.readline(_MOST_BYTES_OF_HEAD))
            if "status" in head:
                raise FileFault(head["status"], head["reason"])
            data = self._process.stdout.read(min(head["bytes"], _MOST_BYTES))
        except (OSError, ValueError, LookupError, TypeError) as error:  # it has ended, or talks nonsense
            raise self._ended(seconds) from error
        if len(data) < head["bytes"]:
            raise self._ended(seconds)
        return data

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, for whatever reason."""
        return self._process.poll() is not None

    def close(self) -> None:
        """Ends it, if it still runs, and gives back what it held."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()

    def _ended(self, seconds: float) -> _Ended:
        """Why: what answered half or nonsense is killed, if it has not ended by itself."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        self._process.kill()
        self._process.wait()
        if code == -signal.SIGALRM:
            return _Ended("timeout", f"it takes more than {seconds:g} s")
        return _Ended("crashed", f"what draws it {'talks nonsense' if code is None else f'ended with {code}'}")


def _environment() -> dict[str, str]:
    """What the process may know: no settings, no keys. Its libraries have one thread."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    own = {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "LANG": "C.UTF-8"}
    return {**kept, **own}
