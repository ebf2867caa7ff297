"""Concurrent writers: one writes, the others fail at once with IndexBusy, and the index stays intact."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from ingest.discovery import discover
from rag.errors import IndexBusy
from rag.index.layout import IndexLayout
from rag.index.writer import open_writer
from tests.fakes import ingest_job
from tests.faults.conftest import FULL, Say
from tests.faults.corpus import Corpus, encoder, litter
from tests.faults.injection import ROOT, environment

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

_PROCESSES: Final = 20
_RACE: Final = """
import bm25s, faiss, json, os, sys, time
from pathlib import Path
from ingest.discovery import discover
from rag.errors import IndexBusy
from rag.index.writer import open_writer
from tests.fakes import (ingest_job)
from tests.faults.corpus import encoder

root, flag, rounds, start = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[5]), time.monotonic() + 0.3
found = [discover([Path(path)]) for path in sys.argv[6:]]

def work(number):
    told = {"busy": 0, "published": 0, "idle": 0, "slowest": 0.0}
    time.sleep(max(0.0, start - time.monotonic()))
    for turn in range(rounds):
        began = time.monotonic()
        try:
            if sys.argv[4] == "hold":
                with open_writer(root):
                    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))  # fails where another one is within
                    time.sleep(0.003)
                    flag.unlink()
                told["published"] += 1
            else:
                report = ingest_job(root, encoder()).run(found[(number + turn) % len(found)])
                told["published" if report.published else "idle"] += 1
        except IndexBusy:
            told["busy"] += 1
            told["slowest"] = max(told["slowest"], time.monotonic() - began)
            time.sleep(0.02)
    os.write(1, (json.dumps(told) + "\\n").encode())

children = []
for number in range(int(sys.argv[1])):
    children.append(os.fork())
    if not children[-1]:
        work(number)
        os._exit(0)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def race(corpus: Corpus, root: Path, what: str, rounds: int) -> list[dict[str, Any]]:
    """Results of the processes."""
    arguments = [
        str(_PROCESSES),
        str(root),
        str(root.parent / "within"),
        what,
        str(rounds),
        str(corpus.old),
        str(corpus.new),
    ]
    run = subprocess.run(
        [sys.executable, "-c", _RACE, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr, run.stderr
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(told) == _PROCESSES
    return told


def test_the_second_writer_fails_at_once(corpus: Corpus, tmp_path: Path, say: Say) -> None:
    root = corpus.start(tmp_path / "index")
    with open_writer(root):
        start = time.monotonic()
        with pytest.raises(IndexBusy):
            ingest_job(root, encoder()).run(discover([corpus.new]))
        seconds = time.monotonic() - start
    assert seconds < 60  # and not until the other one has ended
    assert corpus.state(root) == "old"
    say(f"IndexBusy after {seconds * 1000:.0f} ms")


def test_one_at_a_time(corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """The right to write is one: a file that may not be there yet is made by each who has it."""
    told = race(corpus, corpus.start(tmp_path / "index"), "hold", 50 if FULL else 8)
    held, busy = sum(one["published"] for one in told), sum(one["busy"] for one in told)
    assert held > 0 < busy
    say(f"{_PROCESSES} processes: {held} times one had it, {busy} times another was told so")


def test_a_race_to_publish(corpus: Corpus, tmp_path: Path, say: Say) -> None:
    root = corpus.start(tmp_path / "index")
    told = race(corpus, root, "ingest", 150 if FULL else 8)
    published, busy = sum(one["published"] for one in told), sum(one["busy"] for one in told)
    slowest = max(one["slowest"] for one in told)
    assert published > 0 < busy
    assert slowest < 60
    assert corpus.state(root) in ("old", "new")
    assert litter(root) == []
    assert len(list(IndexLayout(root).generations.iterdir())) <= 3
    say(f"{_PROCESSES} processes: {published} published, {busy} were busy, the last to be told after {slowest:.2f} s")
