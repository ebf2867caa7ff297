"""Runs of the ingest job in a process of its own, one after the other, and what is known of them."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

_log = logging.getLogger(__name__)

# Answers come first: what is added may come a little later.
_NICENESS: Final = 10
# The job's exit codes, as `python -m ingest --help` tells them: all is well, with some unreadable files, lock is held.
_PUBLISHED: Final = (0, 3)
_BUSY: Final = 75
# Between two tries where another writer is at work; twice as long each time, up to the longest.
_FIRST_RETRY_SECONDS: Final = 5.0
_LONGEST_RETRY_SECONDS: Final = 60.0
# What a job that is told to stop may take for it.
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class IngestedFile:
    """What a run said about a file."""

    name: str
    status: str
    reason: str | None
    pages: int


@dataclass(frozen=True)
class IngestJobStatus:
    """Where the latest run is.

    Attributes:
        state: ``idle``: there was none since the service was started.
        stage: ``waiting`` (another writer is at work), ``starting``, ``checking``, ``reading``, ``encoding`` or
            ``publishing``; None where none runs.
        done, total: of the stage: files, while encoding chunks.
        share: of the whole work, 0..1.
        seconds_left: None where nobody can know.
        started, finished: in ISO 8601.
        index: the generation that was current when it had finished.
        error: why it failed, or waits.
        again: whether another run follows.
        files: of the report, when it has ended.
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
    files: tuple[IngestedFile, ...] = ()


class IngestJobs:
    """Runs the job when somebody wants it, once at a time. Methods may be called in any thread."""

    def __init__(self, command: Sequence[str], published: Callable[[], object]) -> None:
        """Runs nothing yet.

        Args:
            command: of the job, which prints ``--json-lines``.
            published: called in another thread when a run has ended well, before it is said to be finished.
        """
        self._command = command
        self._published = published
        self._lock = threading.Lock()
        self._standing = IngestJobStatus()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    @property
    def standing(self) -> IngestJobStatus:
        """As of now."""
        return self._standing

    def start(self) -> IngestJobStatus:
        """Starts a run; where one is at work, another one follows it."""
        with self._lock:
            if self._standing.state == "running":
                self._standing = replace(self._standing, again=True)
            elif not self._closing.is_set():
                self._standing = _begun()
                self._thread = threading.Thread(target=self._work, name="ingest", daemon=True)
                self._thread.start()
            return self._standing

    def close(self) -> None:
        """Stops the run that is at work, if there is one, and waits until it is gone. None is started any more."""
        with self._lock:
            self._closing.set()
            process, thread = self._process, self._thread
        if process:
            process.terminate()  # the job ends its reading processes then
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if thread:
            thread.join()

    def _work(self) -> None:
        """In the thread: one run, and another one as long as somebody has asked for it meanwhile."""
        more = True
        while more:
            try:
                ended = self._run()
            except Exception:  # noqa: BLE001 - a boundary
                # Were the thread to die of it, the run would seem to be at work for ever.
                _log.exception("the ingest job could not be run")
                ended = IngestJobStatus("failed", error="the ingest job could not be run; the service's log says why")
            with self._lock:
                more = self._standing.again and not self._closing.is_set()
                self._standing = _begun() if more else replace(ended, started=self._standing.started, finished=_now())

    def _run(self) -> IngestJobStatus:
        """One run to its end, tried again while another writer is at work."""
        seconds = _FIRST_RETRY_SECONDS
        while True:
            code, report = self._process_run()
            if code != _BUSY or self._closing.is_set():
                break
            said = f"another ingest is at work in this index; it is tried again every {seconds:g} s"
            self._tell(stage="waiting", error=said)
            self._closing.wait(seconds)
            seconds = min(seconds * 2, _LONGEST_RETRY_SECONDS)
        files = tuple(_file(row) for row in report.get("files", ()))
        if code in _PUBLISHED and report.get("generation"):
            self._published()
            return IngestJobStatus("finished", index=report["generation"], share=1.0, files=files)
        return IngestJobStatus("failed", error=_why(code, report), files=files)

    def _process_run(self) -> tuple[int, Mapping[str, Any]]:
        """The job's exit code, and its report; empty where it gave none."""
        report: Mapping[str, Any] = {}
        with self._lock:
            if self._closing.is_set():
                return -signal.SIGTERM, report
            # A group of its own, so that Ctrl-C in a terminal is for the service, which then stops the job.
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0
            )
        with self._process as process:
            with suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
            for line in process.stdout or ():
                said = _said(line)
                # Before it has the lock there is nothing to tell; perhaps it will have to wait.
                if (progress := said.get("progress")) and progress["stage"] != "starting":
                    self._tell(**_progress(progress), error=None)
                report = said.get("report", report)
        self._process = None
        return process.returncode, report

    def _tell(self, **fields: Any) -> None:  # noqa: ANN401 - those of IngestStanding
        with self._lock:
            self._standing = replace(self._standing, **fields)


def _begun() -> IngestJobStatus:
    return IngestJobStatus("running", stage="starting", started=_now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _said(line: bytes) -> Mapping[str, Any]:
    """What the job says in a line; nothing where something else has written there."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _progress(told: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a standing from those of :class:`ingest.reporting.progress_tracker.Standing`."""
    done, total = ("encoded", "chunks") if told["stage"] == "encoding" else ("files_done", "files")
    return {
        "stage": told["stage"],
        "done": told[done],
        "total": told[total],
        "share": round(told["share"], 4),
        "seconds_left": told["seconds_left"],
    }


def _file(row: Mapping[str, Any]) -> IngestedFile:
    return IngestedFile(row["path"], row["status"], row["reason"], row["pages"])


def _why(code: int, report: Mapping[str, Any]) -> str:
    if report.get("error"):
        return str(report["error"])
    if code < 0:
        killed = " (is there enough memory?)" if -code == signal.SIGKILL else ""
        return f"the ingest job was ended by {signal.Signals(-code).name}{killed}; run it again"
    return f"the ingest job ended with exit code {code}; the service's log says why"
