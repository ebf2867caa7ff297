"""Progress of a run as JSON Lines."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ingest.reading import ReadRequest
from ingest.reporting.json_lines import json_lines


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line)["progress"] for line in stream.getvalue().splitlines()]


def wait_for(stream: io.StringIO, stage: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while not (found := [line for line in lines(stream) if line["stage"] == stage]):
        assert time.monotonic() < end, "it was not told"
        time.sleep(0.002)
    return found[-1]


def test_tells_now_and_then_where_the_run_is() -> None:
    stream = io.StringIO()
    with json_lines(stream, 0.001) as tracker:
        assert wait_for(stream, "starting")["files"] == 0
        tracker.checking(3)
        assert wait_for(stream, "checking")["files"] == 3
        tracker.reading(2, 2000)
        tracker.file(ReadRequest(Path("a"), ".pdf"), 1000, 4, 7)
        told = wait_for(stream, "reading")
        assert {name: told[name] for name in ("files", "files_done", "pages", "chunks", "encoded")} == {
            "files": 2,
            "files_done": 1,
            "pages": 4,
            "chunks": 7,
            "encoded": 0,
        }
    count = len(lines(stream))
    time.sleep(0.01)
    assert len(lines(stream)) == count


RUN = """
import signal, sys, time
from ingest.reporting.json_lines import json_lines
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in what a script starts in the background
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    with json_lines(sys.stdout, 0.001):
        time.sleep(20)
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
"""


def test_the_run_is_interrupted_when_the_pipe_is_closed() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout
    assert run.stderr
    run.stdout.close()
    assert "interrupted" in run.stderr.read()
    run.stderr.close()
    run.wait(10)
