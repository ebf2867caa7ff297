"""Ingest jobs: progress, one run at a time, retries, failures, and shutdown. Shell scripts stand in for the job."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.domain.file_status import FileRow
from rag.runtime.background import BackgroundQueue
from rag.service.uploads.ingest_jobs import FileProgress, IngestJobs, IngestJobStatus

REPORT = {
    "generation": "000002-0a0b0c0d",
    "files": [
        {"path": "a.pdf", "status": "ok", "reason": None, "pages": 3, "chunks": 9},
        {"path": "b.pdf", "status": "malformed", "reason": "damaged", "pages": 0, "chunks": 0},
    ],
}
FILES = (FileRow("a.pdf", "ok", 3), FileRow("b.pdf", "malformed", reason="damaged"))


def progress(stage: str, **numbers: float | None) -> dict[str, Any]:
    nothing = {"files": 0, "files_done": 0, "chunks": 0, "encoded": 0, "share": 0.0, "seconds_left": None}
    return {"progress": {"stage": stage, **nothing, **numbers}}


def say(*lines: dict[str, Any]) -> str:
    """A shell command that prints the lines as JSON; their text must not contain a quote."""
    return "".join(f"echo '{json.dumps(line)}'; " for line in lines)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Bench:
    """Runs scripts as jobs; a script may wait for the file ``go``, and signals its start with the file ``ready``."""

    def __init__(self, folder: Path) -> None:
        self.go = folder / "go"
        self.ready = folder / "ready"
        self.pids = folder / "pids"
        self.published: list[IngestJobStatus] = []
        self.opened: list[IngestJobs] = []
        self.queue = BackgroundQueue()

    def jobs(self, script: str) -> IngestJobs:
        command = ["sh", "-c", f"echo $$ >>{self.pids}; {script}"]
        made = IngestJobs(command, self.queue, lambda: self.published.append(made.status))
        self.opened.append(made)
        return made

    def until_go(self) -> str:
        return f"until [ -e {self.go} ]; do sleep 0.01; done; "

    def signal_ready(self) -> str:
        return f"echo >{self.ready}; "

    def started(self) -> list[int]:
        return [int(line) for line in self.pids.read_text().split()] if self.pids.exists() else []

    def ended(self, script: str) -> IngestJobStatus:
        jobs = self.jobs(script)
        jobs.start()
        wait_until(lambda: jobs.status.state != "running")
        return jobs.status


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("rag.service.uploads.ingest_jobs._FIRST_RETRY_SECONDS", 0.01)
    made = Bench(tmp_path)
    yield made
    made.queue.close(60)
    for pid in made.started():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_nothing_has_run(bench: Bench) -> None:
    assert bench.jobs("exit 0").status == IngestJobStatus()
    assert bench.started() == []


@pytest.mark.parametrize("code", [pytest.param(0, id="all is well"), pytest.param(3, id="a file cannot be read")])
def test_a_run(bench: Bench, code: int) -> None:
    status = bench.ended(say({"report": REPORT}) + f"exit {code}")
    assert (status.state, status.stage, status.index, status.error) == (
        "finished",
        None,
        "000002-0a0b0c0d",
        None,
    )
    assert status.files == FILES
    assert status.started
    assert status.finished
    assert status.finished >= status.started
    # The new generation was taken before the run was said to be finished.
    assert [before.state for before in bench.published] == ["running"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(progress("checking", files=7), ("checking", 0, 7, 0.0, None), id="checking"),
        pytest.param(
            progress("reading", files=7, files_done=2, chunks=20, encoded=5, share=0.25, seconds_left=9.5),
            ("reading", 2, 7, 0.25, 9.5),
            id="reading",
        ),
        pytest.param(
            progress("encoding", files=7, files_done=7, chunks=70, encoded=35, share=0.5),
            ("encoding", 35, 70, 0.5, None),
            id="encoding",
        ),
        pytest.param(
            progress("publishing", files=7, files_done=7, share=1.0), ("publishing", 7, 7, 1.0, None), id="publishing"
        ),
    ],
)
def test_progress(bench: Bench, line: dict[str, Any], expected: tuple[Any, ...]) -> None:
    jobs = bench.jobs(say(progress("starting"), line) + bench.until_go() + say({"report": REPORT}))
    begun = jobs.start()
    assert (begun.state, begun.stage, begun.files, begun.finished) == ("running", "starting", (), None)
    wait_until(lambda: jobs.status.stage == expected[0])
    at = jobs.status
    assert (at.stage, at.done, at.total, at.share, at.seconds_left) == expected
    assert at.state == "running"
    bench.go.touch()
    wait_until(lambda: jobs.status.state == "finished")
    assert jobs.status.started == begun.started


def test_the_files_that_are_being_read(bench: Bench) -> None:
    line = progress("reading", files=2, partly_read=[["a" * 64, 3, 100]])  # type: ignore[arg-type]
    jobs = bench.jobs(say(line) + bench.until_go() + say({"report": REPORT}))
    jobs.start()
    wait_until(lambda: bool(jobs.status.reading))
    assert [*jobs.status.reading] == [FileProgress("a" * 64, 3, 100)]
    bench.go.touch()
    wait_until(lambda: jobs.status.state == "finished")
    assert [*jobs.status.reading] == []


def test_a_run_requested_during_another_follows_it(bench: Bench) -> None:
    jobs = bench.jobs(bench.until_go() + say({"report": REPORT}))
    jobs.start()
    wait_until(lambda: len(bench.started()) == 1)
    assert jobs.start().again
    assert jobs.start().again
    time.sleep(0.03)
    assert len(bench.started()) == 1
    bench.go.touch()
    wait_until(lambda: jobs.status.state == "finished")
    assert len(bench.started()) == 2
    assert not jobs.status.again
    assert jobs.start().state == "running"
    wait_until(lambda: jobs.status.state == "finished")
    assert len(bench.started()) == 3


def test_a_locked_index_is_tried_again(bench: Bench) -> None:
    busy = say(progress("starting"), {"report": {"generation": None, "error": "another ingest", "files": []}})
    jobs = bench.jobs(f"if [ ! -e {bench.go} ]; then {busy} exit 75; fi; {say({'report': REPORT})}")
    jobs.start()
    wait_until(lambda: len(bench.started()) >= 2)
    assert (jobs.status.state, jobs.status.stage) == ("running", "waiting")
    assert "another ingest is at work in this index; it is tried again" in str(jobs.status.error)
    bench.go.touch()
    wait_until(lambda: jobs.status.state == "finished")
    assert (jobs.status.error, jobs.status.files) == (None, FILES)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param(
            say({"report": {"generation": None, "error": "no file could be read", "files": REPORT["files"]}})
            + "exit 1",
            "no file could be read",
            id="it says why",
        ),
        pytest.param("exit 1", "the ingest job ended with exit code 1; the service's log says why", id="it does not"),
        pytest.param("exit 0", "the ingest job ended with exit code 0; the service's log says why", id="no report"),
        pytest.param("echo nonsense; echo '[1]'; exit 2", "the ingest job ended with exit code 2", id="nonsense"),
        pytest.param("kill -9 $$", "the ingest job was ended by SIGKILL (is there enough memory?)", id="killed"),
        pytest.param("kill -11 $$", "the ingest job was ended by SIGSEGV; run it again", id="crashed"),
    ],
)
def test_a_run_that_fails(bench: Bench, script: str, error: str) -> None:
    status = bench.ended(script)
    assert (status.state, status.index, status.stage) == ("failed", None, None)
    assert str(status.error).startswith(error)
    assert status.finished
    assert bench.published == []
    if "could be read" in error:
        assert status.files == FILES


def test_a_job_that_cannot_be_started_fails(caplog: pytest.LogCaptureFixture) -> None:
    queue = BackgroundQueue()
    jobs = IngestJobs(["/nonexistent/program"], queue, lambda: None)
    jobs.start()
    wait_until(lambda: jobs.status.state == "failed")
    assert "No such file" in caplog.text
    assert jobs.start().state == "running"
    queue.close(60)


def test_it_has_a_lower_priority_than_answers(bench: Bench) -> None:
    jobs = bench.jobs(bench.until_go() + say({"report": REPORT}))
    jobs.start()
    wait_until(lambda: len(bench.started()) == 1)
    (pid,) = bench.started()
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == min(10, 19))
    assert os.getpgid(pid) == pid
    bench.go.touch()


def test_a_question_stops_it_until_it_is_answered(bench: Bench) -> None:
    count = bench.go.with_name("count")
    jobs = bench.jobs(f"until [ -e {bench.go} ]; do echo >>{count}; sleep 0.005; done; {say({'report': REPORT})}")
    jobs.start()
    wait_until(count.exists)
    with bench.queue.question():
        wait_until(lambda: bench.queue.status.state == "paused")
        time.sleep(0.1)
        before = count.stat().st_size
        time.sleep(0.1)
        assert count.stat().st_size == before
        assert jobs.status.state == "running"
    wait_until(lambda: count.stat().st_size > before)
    bench.go.touch()
    wait_until(lambda: jobs.status.state == "finished")


def test_progress_is_that_of_the_queue(bench: Bench) -> None:
    jobs = bench.jobs(say(progress("encoding", chunks=70, encoded=35)) + bench.until_go() + say({"report": REPORT}))
    jobs.start()
    wait_until(lambda: bench.queue.status.done == 35)
    assert (bench.queue.status.job, bench.queue.status.total) == ("ingest", 70)
    bench.go.touch()
    wait_until(lambda: jobs.status.state == "finished")


class TestStopping:
    def test_a_run_in_progress(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.service.uploads.ingest_jobs._STOP_SECONDS", 60.0)
        jobs = bench.jobs(f"trap 'echo >{bench.go}; exit 1' TERM; {bench.signal_ready()} while :; do sleep 0.01; done")
        jobs.start()
        wait_until(bench.ready.exists)
        start = time.monotonic()
        bench.queue.close(60)
        assert time.monotonic() - start < 30
        assert bench.go.exists()  # it got SIGTERM, and had time to clean up
        assert jobs.status.state == "failed"
        assert jobs.start().state == "failed"  # no run is started after close
        assert len(bench.started()) == 1

    def test_a_run_that_is_paused(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.service.uploads.ingest_jobs._STOP_SECONDS", 60.0)
        jobs = bench.jobs(f"trap 'echo >{bench.go}; exit 1' TERM; {bench.signal_ready()} while :; do sleep 0.01; done")
        jobs.start()
        wait_until(bench.ready.exists)
        with bench.queue.question():
            bench.queue.close(60)
        assert bench.go.exists()
        assert jobs.status.state == "failed"

    def test_a_job_that_ignores_sigterm(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.service.uploads.ingest_jobs._STOP_SECONDS", 0.05)
        jobs = bench.jobs(f"trap '' TERM; {bench.signal_ready()} sh -c 'while :; do sleep 0.01; done'; exit 0")
        jobs.start()
        wait_until(bench.ready.exists)
        bench.queue.close(60)
        assert "SIGKILL" in str(jobs.status.error)

    def test_a_run_that_waits_for_the_lock(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.service.uploads.ingest_jobs._FIRST_RETRY_SECONDS", 60.0)
        jobs = bench.jobs("exit 75")
        jobs.start()
        wait_until(lambda: jobs.status.stage == "waiting")
        start = time.monotonic()
        bench.queue.close(60)
        assert time.monotonic() - start < 30

    def test_a_finished_run(self, bench: Bench) -> None:
        bench.ended(say({"report": REPORT}))
        bench.queue.close(60)
        assert bench.opened[0].status.state == "finished"
