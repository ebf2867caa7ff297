"""Ingest jobs: runs the ingest command in a subprocess, one run at a time, and tracks its status.

A run is a job of the background queue: while a question is answered, the processes of ingest are stopped.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from rag.domain.file_status import FileRow
from rag.runtime.background import BackgroundJob, BackgroundQueue, BackgroundTurn, Later
from rag.runtime.process_tree import ProcessTree

_log = logging.getLogger(__name__)

# Niceness of the subprocess: answers have priority over ingest, where it goes on beside them.
_NICENESS: Final = 10
# Exit codes, as in `python -m ingest --help`: published, published with unreadable files, index locked.
_PUBLISHED: Final = (0, 3)
_BUSY: Final = 75
# Exponential backoff while another writer holds the lock.
_FIRST_RETRY_SECONDS: Final = 5.0
_LONGEST_RETRY_SECONDS: Final = 60.0
# Time that a job has to end after SIGTERM; then it is killed, which is safe at any moment.
_STOP_SECONDS: Final = 0.8


@dataclass(frozen=True)
class FileProgress:
    """Progress of a file that is being read.

    Attributes:
        id: SHA-256 of the file.
        done, total: pages.
    """

    id: str
    done: int
    total: int


@dataclass(frozen=True)
class IngestJobStatus:
    """Status of the latest run.

    Attributes:
        state: ``idle``: there was no run since the service was started.
        stage: ``waiting`` (another writer is at work), ``starting``, ``checking``, ``reading``, ``encoding`` or
            ``publishing``; None if no run is in progress.
        done, total: progress of the stage in files; of ``encoding``, in chunks.
        share: progress of the whole run, 0..1.
        seconds_left: estimate; None if there is none.
        started, finished: in ISO 8601.
        index: the generation that was current when the run had finished.
        error: why the run failed, or waits.
        again: whether another run follows this one.
        reading: files that are being read.
        files: rows of the report, once the run has ended.
    """

    state: Literal["idle", "running", "finished", "failed"] = "idle"
    stage: str | None = None
    done: int = 0
    total: int = 0
    share: float = 0.0
    seconds_left: float | None = None
    started: str | None = None
    finished: str | None = None
    index: str | None = None
    error: str | None = None
    again: bool = False
    reading: tuple[FileProgress, ...] = ()
    files: tuple[FileRow, ...] = ()


class IngestJobs:
    """Runs the ingest job on request, one run at a time. Thread-safe."""

    def __init__(
        self,
        command: Sequence[str],
        queue: BackgroundQueue,
        on_published: Callable[[], object],
        on_ended: Callable[[IngestJobStatus], object] = lambda _status: None,
    ) -> None:
        """No run yet.

        Args:
            command: of the job, with ``--json-lines``.
            queue: runs it; a run ends with the queue.
            on_published: called in another thread when a run has succeeded, before its state becomes ``finished``.
            on_ended: called in another thread with the outcome of each run.
        """
        self._command = command
        self._queue = queue
        self._on_published = on_published
        self._on_ended = on_ended
        self._lock = threading.Lock()
        self._status = IngestJobStatus()
        self._retry_seconds = _FIRST_RETRY_SECONDS

    @property
    def status(self) -> IngestJobStatus:
        """The current status."""
        return self._status

    def start(self) -> IngestJobStatus:
        """Starts a run; if one is in progress, another one follows it. After the queue was stopped, none is started."""
        with self._lock:
            if self._status.state == "running":
                self._status = replace(self._status, again=True)
            elif self._submit():
                self._status = _running()
            return self._status

    def _submit(self) -> bool:
        self._retry_seconds = _FIRST_RETRY_SECONDS
        return self._queue.submit(BackgroundJob("ingest", self._run, pausable=True))

    def _run(self, turn: BackgroundTurn) -> Later | None:
        """One run; it is tried again while another writer holds the lock of the index."""
        try:
            code, report = self._run_process(turn)
            if code == _BUSY:
                return self._wait_for_lock()
            ended = self._ended(code, report)
        except Exception:  # noqa: BLE001 - a boundary
            # Otherwise the status would stay "running" forever.
            _log.exception("the ingest job could not be run")
            ended = IngestJobStatus("failed", error="the ingest job could not be run; the service's log says why")
        self._on_ended(ended)
        with self._lock:
            if self._status.again and self._submit():
                self._status = _running()
            else:
                self._status = replace(ended, started=self._status.started, finished=_now())
        return None

    def _wait_for_lock(self) -> Later:
        seconds = self._retry_seconds
        message = f"another ingest is at work in this index; it is tried again every {seconds:g} s"
        self._update(stage="waiting", error=message)
        self._retry_seconds = min(seconds * 2, _LONGEST_RETRY_SECONDS)
        return Later(seconds)

    def _ended(self, code: int, report: Mapping[str, Any]) -> IngestJobStatus:
        files = tuple(_file(row) for row in report.get("files", ()))
        if code in _PUBLISHED and report.get("generation"):
            self._on_published()
            return IngestJobStatus("finished", index=report["generation"], share=1.0, files=files)
        return IngestJobStatus("failed", error=_failure(code, report), files=files)

    def _run_process(self, turn: BackgroundTurn) -> tuple[int, Mapping[str, Any]]:
        """Runs the subprocess once; returns its exit code, and its report, which is empty if it printed none."""
        report: Mapping[str, Any] = {}
        # A process group of its own, so that Ctrl-C in a terminal goes to the service, which then stops the job.
        process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0)
        with process, _ended_by(turn, process):
            with suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
            for line in process.stdout or ():
                fields = _parsed(line)
                # Stage "starting" is before it has the lock: it may still have to wait.
                if (progress := fields.get("progress")) and progress["stage"] != "starting":
                    self._update(**_progress(progress), error=None)
                    turn.progress(self._status.done, self._status.total)
                report = fields.get("report", report)
        return process.returncode, report

    def _update(self, **fields: Any) -> None:  # noqa: ANN401 - fields of IngestJobStatus
        with self._lock:
            self._status = replace(self._status, **fields)


@contextmanager
def _ended_by(turn: BackgroundTurn, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Inside the context a question pauses the process, and the end of the queue ends it."""
    tree = ProcessTree(process.pid)
    timer = threading.Timer(_STOP_SECONDS, _kill, (process.pid,))
    timer.daemon = True

    def end() -> None:
        process.terminate()  # the job ends its reading processes then
        timer.start()

    try:
        with turn.cancellation.calling(end), turn.pausing(tree.pause, tree.resume):
            yield
            process.wait()
    finally:
        timer.cancel()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _running() -> IngestJobStatus:
    return IngestJobStatus("running", stage="starting", started=_now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _parsed(line: bytes) -> Mapping[str, Any]:
    """A line of the job's output as JSON; empty for lines that other libraries have printed."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _progress(line: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the status from a progress line of the job (``ingest.reporting.json_lines``)."""
    done, total = ("encoded", "chunks") if line["stage"] == "encoding" else ("files_done", "files")
    return {
        "stage": line["stage"],
        "done": line[done],
        "total": line[total],
        "share": round(line["share"], 4),
        "seconds_left": line["seconds_left"],
        "reading": tuple(FileProgress(*file) for file in line.get("partly_read", ())),
    }


def _file(row: Mapping[str, Any]) -> FileRow:
    return FileRow(row["path"], row["status"], row["pages"], reason=row["reason"])


def _failure(code: int, report: Mapping[str, Any]) -> str:
    if report.get("error"):
        return str(report["error"])
    if code < 0:
        killed = " (is there enough memory?)" if -code == signal.SIGKILL else ""
        return f"the ingest job was ended by {signal.Signals(-code).name}{killed}; run it again"
    return f"the ingest job ended with exit code {code}; the service's log says why"
