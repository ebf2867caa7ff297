"""Monitor of a running service, in a process of its own: latency of ``/livez``, and memory."""

from __future__ import annotations

import http.client
import multiprocessing
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Final

_EVERY_SECONDS: Final = 0.02
# What was seen is here after this time.
_ON_THE_WAY_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Sample:
    """Sample of a process at one moment.

    Attributes:
        moment: of ``time.monotonic``, the same for all processes of a machine.
        livez: seconds until ``/livez`` was answered; infinite where it was not.
        fault: why it was not.
        resident: MiB.
    """

    moment: float
    livez: float
    fault: str
    resident: float
    files: int
    threads: int


class Watch:
    """Samples so far."""

    def __init__(self, queue: Queue[Sample]) -> None:
        self._queue = queue
        self._samples: list[Sample] = []
        threading.Thread(target=self._collect, daemon=True).start()

    def samples(self, since: float = 0.0) -> Sequence[Sample]:
        """Those from a moment on."""
        time.sleep(_ON_THE_WAY_SECONDS)
        return [sample for sample in self._samples if sample.moment >= since]

    def _collect(self) -> None:
        while True:
            self._samples.append(self._queue.get())


@contextmanager
def watching(port: int, process: int) -> Iterator[Watch]:
    """While the context is open, a service is watched by its port and the id of its process."""
    context = multiprocessing.get_context("spawn")
    # Not a pipe: the watcher would wait as soon as it is full.
    queue: Queue[Sample] = context.Queue()
    watcher = context.Process(target=_watch, args=(port, process, queue), daemon=True)
    watcher.start()
    try:
        yield Watch(queue)
    finally:
        watcher.terminate()
        watcher.join()


def _watch(port: int, process: int, queue: Queue[Sample]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    while True:
        start = time.monotonic()
        try:
            connection.request("GET", "/livez")
            connection.getresponse().read()
            seconds, fault = time.monotonic() - start, ""
        except (OSError, http.client.HTTPException) as error:
            seconds, fault = float("inf"), repr(error)
            connection.close()
        queue.put(Sample(start, seconds, fault, *_held(process)))
        time.sleep(_EVERY_SECONDS)


def _held(process: int) -> tuple[float, int, int]:
    """Memory, open files, threads; zeros once the process has ended."""
    folder = Path("/proc") / str(process)
    try:
        status = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", (folder / "status").read_text(), re.M))
        files = len(list((folder / "fd").iterdir()))
    except OSError:
        return 0.0, 0, 0
    return int(status.get("VmRSS", 0)) / 1024, files, int(status.get("Threads", 0))
