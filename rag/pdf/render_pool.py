"""Page rendering in a pool of killable subprocesses: a hostile page may hang, fill or crash one of them, nothing else.

pdfium can be asked to stop, but asks back only between the objects of a page ("progressive rendering",
https://pdfium.googlesource.com/pdfium/+/refs/heads/main/public/fpdf_progressive.h), and one object may be a form of
thousands: measured, a file of 1 KB was at work for minutes without asking once. So the renderer must be a process that
can be killed.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rag.domain.values import Box
from rag.errors import FailureStatus, FileFault
from rag.runtime.subprocess_pool import SubprocessPool, WorkerProcess

_MAX_HEAD_BYTES: Final = 1 << 16
# More than a PNG of 16 million pixels of noise has.
_MAX_PNG_BYTES: Final = 64 << 20


class RenderPool:
    """Renders pages in subprocesses that are reused; one whose page takes too long ends. Thread-safe."""

    def __init__(self, processes: int = 2, seconds: float = 10.0) -> None:
        """Starts no process yet.

        Args:
            processes: pages that are rendered at a time; further ones wait.
            seconds: most time for a page.
        """
        self.processes = processes
        self._seconds = seconds
        self._pool = SubprocessPool(processes, RenderProcess, restart=True)

    def prepare(self) -> None:
        """Starts a process, so that the first page need not wait for that; returns before it is ready."""
        self._pool.prepare()

    def draw(self, path: Path, number: int, boxes: Sequence[Box] = (), *, scale: float = 2.0) -> bytes:
        """As :func:`rag.pdf.document.render_page`, within bounds of time and memory.

        Raises:
            FileFault: ``encrypted``, ``malformed``, ``unreadable``; ``timeout``, ``out_of_memory`` or ``crashed`` where
                rendering takes too long or too much memory.
        """
        with self._pool.lend() as process:
            try:
                return process.draw(path, number, boxes, scale, self._seconds)
            except RenderProcessEnded as ended:
                raise FileFault(ended.status, f"page {number} cannot be drawn: {ended}") from ended

    def close(self) -> None:
        """Ends the processes, also those that render; later calls of :meth:`draw` fail as ``crashed``."""
        self._pool.close()


class RenderProcessEnded(Exception):
    """The process ended while it rendered a page; the status of the page, and the reason."""

    def __init__(self, status: FailureStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class RenderProcess(WorkerProcess):
    """A subprocess that renders one page after the other; :mod:`rag.pdf.render_worker` describes the protocol."""

    def __init__(self) -> None:
        super().__init__("rag.pdf.render_worker")

    def draw(self, path: Path, number: int, boxes: Sequence[Box], scale: float, seconds: float) -> bytes:
        """Renders a page to PNG.

        Raises:
            FileFault: the page cannot be rendered.
            RenderProcessEnded: that ended the process.
        """
        page = {"path": str(path.resolve()), "number": number, "boxes": boxes, "scale": scale, "seconds": seconds}
        try:
            self.stdin.write(json.dumps(page).encode() + b"\n")
            self.stdin.flush()
            head = json.loads(self.stdout.readline(_MAX_HEAD_BYTES))
            if "status" in head:
                raise FileFault(head["status"], head["reason"])
            data = self.stdout.read(min(head["bytes"], _MAX_PNG_BYTES))
        except (OSError, ValueError, LookupError, TypeError) as error:  # it has ended, or breaks the protocol
            raise self._post_mortem(seconds) from error
        if len(data) < head["bytes"]:
            raise self._post_mortem(seconds)
        return data

    def _post_mortem(self, seconds: float) -> RenderProcessEnded:
        """Why it ended; kills it if it has broken the protocol and not ended by itself."""
        code = self.wait(1)
        self.close()
        if code == -signal.SIGALRM:
            return RenderProcessEnded("timeout", f"it takes more than {seconds:g} s")
        return RenderProcessEnded(
            "crashed", f"the renderer {'broke the protocol' if code is None else f'ended with {code}'}"
        )
