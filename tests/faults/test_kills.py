"""SIGKILL at each disk operation, and at any time: the index is of one state, and nothing is lost."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from rag.errors import IndexMissing
from rag.index.layout import IndexLayout
from rag.index.maintenance import collect_garbage, roll_back, verify_generation
from rag.index.reading import generation_names, open_current, read_current
from rag.index.writer import open_writer
from tests.faults.conftest import FULL, Injectors, Say
from tests.faults.corpus import Corpus, State, encoder, litter
from tests.faults.injection import Action, Fault, Injector
from tests.faults.power import read_log

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

_GENERATIONS: Final = 3


def run_again(injector: Injector, corpus: Corpus, root: Path) -> None:
    """The next run repairs everything: the index equals a clean build, byte for byte, without leftovers."""
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


def test_killed_while_the_text_goes_first(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """A new index: there is none, or its text, or all of it; and the next run completes it, whatever it does first."""
    counted = injectors.one.ingest(tmp_path / "counted", corpus.new, text_first=True).counted
    assert corpus.state(tmp_path / "counted") == "new"
    numbers = list(range(1, counted + 1)) if FULL else [*range(1, counted + 1, 12), *range(counted - 12, counted + 1)]
    faults = [Fault(action, at) for at in numbers for action in (Action.KILL_BEFORE, Action.KILL_AFTER)]
    states: Counter[str] = Counter()

    def case(injector: Injector, fault: Fault) -> None:
        root = tmp_path / f"{fault.action.name}-{fault.at}"
        outcome = injector.ingest(root, corpus.new, fault, text_first=True)
        assert outcome.killed == outcome.reached, (fault, outcome)
        try:
            states[_stage(corpus, root)] += 1
            assert injector.ingest(root, corpus.new, text_first=fault.at % 2 == 0).code == 0
            assert corpus.state(root) == "new"
            assert litter(root) == []
        except Exception as error:
            raise AssertionError(f"{fault}, {outcome.operation}: {error}") from error
        shutil.rmtree(root)

    injectors.each(faults, case)
    assert all(states[stage] for stage in ("nothing", "text", "complete")), states
    say(f"{len(faults)} kills of a run whose text goes first: {dict(states)}; 0 torn, 0 lost")


def _stage(corpus: Corpus, root: Path) -> str:
    """What a reader finds of the new state; all of it is verified."""
    try:
        generation = open_current(root, encoder().identity)
    except IndexMissing:
        return "nothing"
    with closing(generation):
        verify_generation(root, generation.id)
        names = {path.name for path in corpus.new.iterdir()}
        assert {document.name for document in generation.documents} == names
        if generation.has_vectors:
            assert corpus.state(root) == "new"
            return "complete"
        assert generation.matching("anchor", 1)
        return "text"


def test_what_is_current_is_not_cleared_away(corpus: Corpus, tmp_path: Path) -> None:
    """The current generation may be old: after a rollback the newest ones are not served."""
    root = corpus.start(tmp_path / "index")
    layout = IndexLayout(root)
    newest, *_, oldest = generation_names(layout)
    assert roll_back(root, oldest) == oldest
    for keep, left in ((3, {oldest, newest}), (2, {oldest, newest}), (1, {oldest})):
        with open_writer(root):
            collect_garbage(layout, keep)
        assert left <= set(generation_names(layout))
        assert len(generation_names(layout)) == keep
        verify_generation(root, oldest)
    assert read_current(layout)[0] == oldest


def test_killed_at_any_time(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """By the clock, and without a tracer: also where nothing is written, and within system calls."""
    chance = random.Random(7)
    states: Counter[State] = Counter()
    kills = 200 if FULL else 20
    start = time.perf_counter()
    assert injectors.one.ingest(corpus.start(tmp_path / "timed"), corpus.new, seconds=600).published
    longest = 1.2 * (time.perf_counter() - start)

    def case(injector: Injector, number: int) -> None:
        root = tmp_path / str(number)
        seconds = chance.uniform(0.0, longest)
        # One that has ended before is no case: it goes on earlier, until one is killed.
        while not injector.ingest(corpus.start(root), corpus.new, seconds=seconds).killed:
            shutil.rmtree(root)
            seconds *= chance.uniform(0.7, 1.0)
        states[corpus.state(root)] += 1
        run_again(injector, corpus, root)
        shutil.rmtree(root)

    injectors.each(range(kills), case)
    assert sum(states.values()) == kills
    say(f"{kills} processes killed at random times: {dict(states)}; 0 torn, 0 lost")
