"""The job is killed: at each operation on the disk, and at any time. Nothing is torn, nothing lost."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from rag.index import IndexLayout, collect_garbage, read_current, roll_back, verify_generation, writing
from rag.index.reading import generation_names
from tests.faults.conftest import FULL, Injectors, Say
from tests.faults.corpus import Corpus, State, litter
from tests.faults.injection import ROOT, Action, Fault, Injector, environment
from tests.faults.power import read_log

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

_GENERATIONS: Final = 3


def run_again(injector: Injector, corpus: Corpus, root: Path) -> None:
    """The next run mends everything: the index is that of a clean build, byte for byte, and nothing else is left."""
    outcome = injector.ingest(root, corpus.new)
    assert outcome.code == 0, outcome
    assert corpus.state(root) == "new"
    assert litter(root) == []
    assert len(list(IndexLayout(root).generations.iterdir())) <= _GENERATIONS


def steps(injectors: Injectors, corpus: Corpus, folder: Path) -> list[int]:
    """The numbers of the operations of a run; without FULL those about the commit and some others."""
    root, log = corpus.start(folder / "counted"), folder / "log"
    counted = injectors.one.ingest(root, corpus.new, log=log).counted
    operations = read_log(log)
    assert corpus.state(root) == "new"
    # Folders that are there already are not in the log, for making them changes nothing.
    about = {"CURRENT", "gen", "manifest.json", "manifest.sha256"}
    offset = counted - len(operations)
    commit = [
        number + offset
        for number, operation in enumerate(operations, start=1)
        if about & {operation.path.name, operation.other.name, operation.other.parent.name}
    ]
    return list(range(1, counted + 1)) if FULL else sorted({*range(1, counted + 1, 18), *commit})


def test_killed_at_each_operation(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    numbers = steps(injectors, corpus, tmp_path)
    faults = [Fault(action, at) for at in numbers for action in (Action.KILL_BEFORE, Action.KILL_AFTER)]
    states: Counter[State] = Counter()

    def case(injector: Injector, fault: Fault) -> None:
        root = corpus.start(tmp_path / f"{fault.action.name}-{fault.at}")
        outcome = injector.ingest(root, corpus.new, fault)
        # Threads take turns, so the last operations may fall away.
        assert outcome.killed == outcome.reached, (fault, outcome)
        try:
            states[corpus.state(root)] += 1
            run_again(injector, corpus, root)
        except Exception as error:
            raise AssertionError(f"{fault}, {outcome.operation}: {error}") from error
        shutil.rmtree(root)

    injectors.each(faults, case)
    assert states["old"] > states["new"] > 0
    say(f"{len(faults)} kills, before and after {len(numbers)} operations: {dict(states)}; 0 torn, 0 lost")


def test_what_is_current_is_not_cleared_away(corpus: Corpus, tmp_path: Path) -> None:
    """However old it is: after a roll back the newest generations are not those that are served."""
    root = corpus.start(tmp_path / "index")
    layout = IndexLayout(root)
    newest, *_, oldest = generation_names(layout)
    assert roll_back(root, oldest) == oldest
    for keep, left in ((3, {oldest, newest}), (2, {oldest, newest}), (1, {oldest})):
        with writing(root):
            collect_garbage(layout, keep)
        assert left <= set(generation_names(layout))
        assert len(generation_names(layout)) == keep
        verify_generation(root, oldest)
    assert read_current(layout)[0] == oldest


def test_killed_at_any_time(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """A process of its own, by the clock: also where nothing is written, and within system calls."""
    chance = random.Random(7)
    states: Counter[State] = Counter()
    killed = 0

    def case(injector: Injector, number: int) -> None:
        nonlocal killed
        root = corpus.start(tmp_path / f"random-{number}")
        killed += ingest_and_kill(root, corpus, share=chance.random())
        states[corpus.state(root)] += 1
        run_again(injector, corpus, root)
        shutil.rmtree(root)

    injectors.each(range(200 if FULL else 3), case)
    assert killed >= (150 if FULL else 0)
    say(f"{killed} processes killed at random times: {dict(states)}; 0 torn, 0 lost")


_SCRIPT: Final = """
import sys, time
from pathlib import Path
from ingest.discovery import discover
from tests.faults.corpus import encoder
from tests.fakes import ingest_job
import bm25s, faiss
job, files = ingest_job(Path(sys.argv[1]), encoder()), discover([Path(sys.argv[2])])
print("ready", flush=True)
job.run(files)
print("done", flush=True)
"""
# How long the job takes from "ready" on, in seconds: measured anew by each run that was not killed.
_seconds = [0.3]


def ingest_and_kill(root: Path, corpus: Corpus, share: float) -> bool:
    """Runs the job in a process that is killed after about this share of the job; whether it was."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(root), str(corpus.new)], stdout=subprocess.PIPE, cwd=ROOT, env=environment()
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    start = time.perf_counter()
    time.sleep(share * _seconds[0])
    process.kill()
    said, _ = process.communicate()
    if said:
        _seconds[0] = max(0.02, 0.7 * (time.perf_counter() - start))
    else:
        _seconds[0] = min(1.0, _seconds[0] * 1.05)
    return process.returncode == -signal.SIGKILL and not said
