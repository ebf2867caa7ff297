"""Power loss at any moment of publishing: the index opens afterwards, and is of the old or the new state."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from rag.errors import IndexMissing
from tests.faults.conftest import FULL, Injectors, Say
from tests.faults.corpus import Corpus
from tests.faults.injection import Kind
from tests.faults.power import Disk, Operation, read_log
from tests.faults.test_kills import run_again

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

# How likely what was not synced survives: never, seldom, mostly, always.
_KEEP: Final = (0.0, 0.5, 0.2, 0.8, 0.5, 0.9, 0.1, 1.0)


@dataclass(frozen=True)
class Logged:
    """A run that published.

    Attributes:
        before: what was on the disk; the paths of the operations are in ``root``.
        commit: how many operations it took until the new state was sure.
    """

    before: Path
    root: Path
    operations: Sequence[Operation]
    commit: int


def logged(injectors: Injectors, corpus: Corpus, folder: Path, *, first: bool) -> Logged:
    """A run that publishes over an index of the old state, or the first generation."""
    before, root, log = folder / "before", folder / "volume", folder / "log"
    before.mkdir()
    if not first:
        corpus.start(before / "index")
    shutil.copytree(before, root)
    outcome = injectors.one.ingest(root / "index", corpus.new, root=root, log=log)
    assert outcome.published
    operations = read_log(log)
    replaced = next(n for n, operation in enumerate(operations) if operation.other.name == "CURRENT")
    # The job may tell its user as soon as no fsync is missing.
    sure = max(n for n, operation in enumerate(operations) if operation.kind is Kind.SYNC and n < replaced + 3)
    assert sure > replaced
    return Logged(before, root.resolve(), operations, sure + 1)


@pytest.mark.parametrize("first", [False, True], ids=["over another", "the first"])
def test_power_fails(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say, first: bool) -> None:
    run = logged(injectors, corpus, tmp_path, first=first)
    disk = Disk(run.before, run.root)
    states: Counter[str] = Counter()
    after = 0
    for done in range(len(run.operations) + 1):
        if done:
            disk.apply(run.operations[done - 1])
        near = abs(done - run.commit) < 10
        throws = range(len(_KEEP)) if FULL or near else range(done % 4, done % 4 + 1)
        for throw in throws:
            target = tmp_path / "crashed"
            disk.crash(target, random.Random(f"{done} {throw}"), _KEEP[throw])
            try:
                state = state_of(corpus, target / "index")
                states[state] += 1
                assert done < run.commit or state == "new", f"lost after it was published: {state}"
                after += done >= run.commit
                if (done * len(_KEEP) + throw) % (23 if FULL else 97) == 0:
                    run_again(injectors.one, corpus, target / "index")
            except Exception as error:
                last = run.operations[done - 1] if done else None
                what = last and (last.kind.name, str(last.path), str(last.other))
                raise AssertionError(
                    f"power failed after {done} operations ({what}), throw {throw}: {error}"
                ) from error
            shutil.rmtree(target)
    assert states["new"] > after > 0
    if FULL and not first:
        assert sum(states.values()) >= 1000
    total = sum(states.values())
    say(f"{total} states of {len(run.operations)} operations: {dict(states)}, {after} after the commit; 0 torn")


def state_of(corpus: Corpus, root: Path) -> str:
    """State of an index; ``none`` where there is none."""
    try:
        return corpus.state(root)
    except IndexMissing:
        return "none"
