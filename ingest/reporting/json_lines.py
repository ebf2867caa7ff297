"""Progress as JSON Lines: an object on each line of stdout, a few times each second."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final, TextIO

from ingest.reporting.progress_tracker import ProgressTracker

_EVERY_SECONDS: Final = 0.3


@contextmanager
def json_lines(stream: TextIO, every_seconds: float = _EVERY_SECONDS) -> Iterator[ProgressTracker]:
    """Writes ``{"progress": {...}}`` with the fields of :class:`ProgressSnapshot` until the context is left.

    When the reader of the pipe is gone, the run gets SIGTERM, which ends it as Ctrl-C does.
    """
    tracker, ended = ProgressTracker(), threading.Event()

    def report() -> None:
        while not ended.wait(every_seconds):
            try:
                stream.write(f"{json.dumps({'progress': asdict(tracker.snapshot)})}\n")
                stream.flush()
            except BrokenPipeError:
                # A real signal, because interrupt_main() does not wake a waiting thread. Not SIGINT: a process that a
                # script started in the background has inherited that it is ignored.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
                return

    thread = threading.Thread(target=report, name="progress", daemon=True)
    thread.start()
    try:
        yield tracker
    finally:
        ended.set()
        thread.join()
