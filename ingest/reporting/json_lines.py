"""Where a run is, for programs: a JSON object on each line of stdout, a few times each second."""

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
    """``{"progress": {...}}`` with what :class:`ingest.reporting.progress_tracker.Standing` has, until the context is left.

    Where nobody reads it any more the run gets SIGTERM, which ends it as Ctrl-C does: whoever started it has gone.
    """
    tracker, ended = ProgressTracker(), threading.Event()

    def tell() -> None:
        while not ended.wait(every_seconds):
            try:
                stream.write(f"{json.dumps({'progress': asdict(tracker.snapshot)})}\n")
                stream.flush()
            except BrokenPipeError:
                # A real signal: one that Python only pretends to have does not wake a thread that waits. Not SIGINT:
                # what a script started in the background has inherited that it is to be ignored.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
                return

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield tracker
    finally:
        ended.set()
        thread.join()
