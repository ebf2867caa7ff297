"""I/O errors at each write, fsync, open and rename in turn: a run that reports "published" has published."""

from __future__ import annotations

import errno
import re
import shutil
from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Final

import pytest

from rag.errors import IndexMissing
from rag.index.layout import IndexLayout
from rag.index.reading import generation_names
from tests.faults.conftest import FULL, Injectors, Say
from tests.faults.corpus import Corpus
from tests.faults.injection import ALL, Action, Fault, Injector, Kind, Outcome
from tests.faults.power import Operation, read_log
from tests.faults.test_kills import run_again

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

WRITING: Final = frozenset({Kind.OPEN, Kind.WRITE, Kind.RENAME, Kind.MKDIR})
# What a message about a full disk must say.
ROOM: Final = re.compile(r"\((about [\d.]+ MB needed|more is needed), [\d.]+ MB free\)")

# Which operations fail, and with what.
MATRIX: Final = {
    "EIO at each fsync": (frozenset({Kind.SYNC}), errno.EIO, False),
    "EIO at each write": (frozenset({Kind.WRITE}), errno.EIO, False),
    "EIO from each operation on": (ALL, errno.EIO, True),
    "ENOSPC at each write, open, rename, mkdir": (WRITING, errno.ENOSPC, False),
    "ENOSPC from each of them on": (WRITING, errno.ENOSPC, True),
    "EDQUOT at each of them": (WRITING, errno.EDQUOT, False),
    "EROFS from each operation on": (ALL, errno.EROFS, True),
}


@pytest.mark.parametrize("what", MATRIX)
def test_refused(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say, what: str) -> None:
    kinds, error, lasting = MATRIX[what]
    root, log = corpus.start(tmp_path / "counted"), tmp_path / "log"
    count = injectors.one.ingest(root, corpus.new, Fault(Action.NOTHING, 0, kinds), log=log).counted
    needed = before_the_commit(read_log(log), root, kinds)
    # The commit comes late: of the last ones more are tried.
    numbers = range(1, count + 1) if FULL else sorted({*range(1, count, 40), *range(count - 15, count, 5)})
    faults = [Fault(Action.FAIL, number, kinds, error, lasting) for number in numbers if number > 0]
    ends: Counter[str] = Counter()

    def case(injector: Injector, fault: Fault) -> None:
        root = corpus.start(tmp_path / str(fault.at))
        outcome = injector.ingest(root, corpus.new, fault)
        try:
            end = check(outcome, corpus, root, lasting=lasting)
            ends[end] += 1
            if kinds in ({Kind.SYNC}, {Kind.WRITE}):
                # Without any of these nobody can rely on what was published, even if it looks whole.
                assert outcome.published == (fault.at > needed)
            run_again(injector, corpus, root)
        except Exception as problem:
            raise AssertionError(f"{fault}, {outcome.operation}: {problem}; it said {outcome.said}") from problem
        shutil.rmtree(root)

    injectors.each(faults, case)
    say(f"{len(faults)} runs: {dict(ends)}; 0 false")


def before_the_commit(operations: Sequence[Operation], root: Path, kinds: Container[Kind]) -> int:
    """Number of operations of these kinds up to the fsync that makes CURRENT durable."""
    commit = [(operation.kind, operation.path) for operation in operations].index((Kind.SYNC, root.resolve()))
    return sum(1 for operation in operations[: commit + 1] if operation.kind in kinds)


def check(outcome: Outcome, corpus: Corpus, root: Path, *, lasting: bool) -> str:
    """Checks that the run reported its result correctly; returns it in a word."""
    assert not outcome.killed
    if outcome.published:
        # What failed was the clearing away, or it was tried again.
        assert outcome.code == 0
        assert corpus.state(root) == "new"
        return "published, and it was"
    assert outcome.code == 1, outcome
    assert "Traceback" not in outcome.stderr, outcome.stderr
    assert outcome.error
    if "could not be taken back" in outcome.error:
        # The disk has failed for good between the commit and what makes it sure.
        assert lasting
        assert corpus.state(root) == "new"
        return "refused, and unsure"
    assert corpus.state(root) == "old"
    return "refused"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_refused_the_first_time(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say, error: int) -> None:
    """A failed first run leaves no index."""
    (tmp_path / "volume").mkdir()
    count = injectors.one.ingest(tmp_path / "volume" / "counted", corpus.new).counted
    numbers = range(1, count + 1) if FULL else sorted({*range(1, count + 1, 40), 2, *range(count - 16, count, 5)})
    ends: Counter[str] = Counter()

    def case(injector: Injector, at: int) -> None:
        root = tmp_path / "volume" / str(at)
        outcome = injector.ingest(root, corpus.new, Fault(Action.FAIL, at, ALL, error))
        ends["published" if outcome.published else "refused"] += 1
        assert "Traceback" not in outcome.stderr, (outcome.operation, outcome.stderr)
        assert outcome.published == (outcome.code == 0)
        if outcome.published:
            assert corpus.state(root) == "new"
        else:
            assert outcome.code == 1
            with pytest.raises(IndexMissing):
                corpus.state(root)
        run_again(injector, corpus, root)
        shutil.rmtree(root)

    injectors.each(numbers, case)
    say(f"{len(numbers)} runs: {dict(ends)}; 0 false")


def test_message_of_a_full_disk(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """The message names the needed and the free space, whichever library met the full disk.

    But where a library keeps the disk's error to itself: numpy ignores that of the C library's buffer, and what was
    written is then found to be short when it is read back; SQLite cannot say why it could not make a file. On a disk
    that is really full the message says so nevertheless, which ``test_full_disk.py`` shows.
    """
    kinds = frozenset({Kind.OPEN, Kind.WRITE, Kind.RENAME})
    count = injectors.one.ingest(
        corpus.start(tmp_path / "counted"), corpus.new, Fault(Action.NOTHING, 0, kinds)
    ).counted
    short: Counter[bool] = Counter()

    def case(injector: Injector, at: int) -> None:
        root = corpus.start(tmp_path / str(at))
        outcome = injector.ingest(root, corpus.new, Fault(Action.FAIL, at, kinds, errno.ENOSPC))
        if not outcome.published:
            named = bool(ROOM.search(outcome.error))
            silent = (
                outcome.operation.startswith("WRITE")
                and outcome.operation.endswith(".npy")
                and "read back" in outcome.error
            ) or (
                outcome.operation.startswith("OPEN")
                and outcome.operation.endswith(".sqlite")
                and "unable to open" in outcome.error
            )
            assert named or silent, (outcome.operation, outcome.error)
            short[named] += 1
        shutil.rmtree(root)

    injectors.each(range(1, count + 1) if FULL else range(1, count + 1, 10), case)
    assert short[True] > short[False]
    say(f"{short[True]} messages name needed and free, {short[False]} cannot know")


def test_the_last_fsync_fails(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """fsync fails after CURRENT was replaced: the run fails, and the generation before is current again."""
    kinds = frozenset({Kind.SYNC})
    found = 0
    for at in range(1, 60):
        root = corpus.start(tmp_path / str(at))
        # Kept from being cleared away, so that CURRENT can be compared.
        before, names = (root / "CURRENT").read_bytes(), generation_names(IndexLayout(root))
        outcome = injectors.one.ingest(root, corpus.new, Fault(Action.FAIL, at, kinds, errno.EIO))
        if outcome.reached and outcome.operation == f"SYNC {root.resolve()}":
            found += 1
            assert not outcome.published
            assert outcome.code == 1
            assert (root / "CURRENT").read_bytes() == before
            assert generation_names(IndexLayout(root)) == names
            assert corpus.state(root) == "old"
            run_again(injectors.one, corpus, root)
        if not outcome.reached:
            break
        shutil.rmtree(root)
    assert found > 0
    say(f"{found} failures of the fsync after CURRENT: it was put back each time")


def test_writes_are_cut_short(injectors: Injectors, corpus: Corpus, tmp_path: Path, say: Say) -> None:
    """Short writes: the rest is written by the next call."""
    kinds = frozenset({Kind.WRITE})
    count = injectors.one.ingest(
        corpus.start(tmp_path / "counted"), corpus.new, Fault(Action.NOTHING, 0, kinds)
    ).counted
    numbers = range(1, count + 1) if FULL else range(1, count + 1, 12)

    def case(injector: Injector, at: int) -> None:
        root = corpus.start(tmp_path / str(at))
        outcome = injector.ingest(root, corpus.new, Fault(Action.SHORTEN, at, kinds))
        assert outcome.published, (outcome.operation, outcome.error)
        assert corpus.state(root) == "new"
        shutil.rmtree(root)

    injectors.each(numbers, case)
    say(f"{len(numbers)} writes cut to half: all were completed")
