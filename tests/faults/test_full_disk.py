"""Full disk: a small tmpfs, in all sizes from much too small to just enough."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from ingest.discovery import discover
from tests.fakes import ingest_job, make_pdf
from tests.faults.conftest import FULL, Injectors, Say
from tests.faults.corpus import Content, Corpus, State, content_of, encoder
from tests.faults.injection import Injector
from tests.faults.test_errors import ROOM
from tests.faults.test_kills import run_again

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

_STEP: Final = 64 << 10
_BLOCK: Final = 4 << 10
_SIZES: Final = 64


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mounts a filesystem of so many bytes."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture(scope="module")
def large(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The corpus with an unchanged document that makes the index some megabytes."""
    folder = tmp_path_factory.mktemp("large")
    line = "The large harbour book lists every rope, anchor and lantern of the coast again and again"
    pages = [
        f"# Part {page}\n" + "\n".join(f"{line} {page * 50 + n}." for n in range(45))
        for page in range(200 if FULL else 10)
    ]
    make_pdf(folder / "large.pdf", pages)
    for state, documents in (("old", corpus.old), ("new", corpus.new)):
        shutil.copytree(documents, folder / state)
        shutil.copy(folder / "large.pdf", folder / state)
    template, clean = folder / "template", folder / "clean"
    ingest_job(template, encoder()).run(discover([folder / "old"]))
    ingest_job(clean, encoder()).run(discover([folder / "new"]))
    contents: dict[State, Content] = {"old": content_of(template), "new": content_of(clean)}
    return Corpus(folder / "old", folder / "new", template, contents)


def used(folder: Path) -> int:
    """Disk usage of a folder on a tmpfs, in bytes."""
    return sum(-(-path.stat().st_size // _BLOCK) * _BLOCK for path in folder.rglob("*") if path.is_file())


def attempt(large: Corpus, folder: Path, size: int, injector: Injector, *, estimate: bool) -> bool:
    """A run on a disk of this size; True where it reported that it published. Its report is checked."""
    with small_disk(folder, size) as disk:
        root = large.start(disk / "index")
        outcome = injector.ingest(root, large.new, estimate=estimate)
        assert outcome.code == (0 if outcome.published else 1), outcome
        assert "Traceback" not in outcome.stderr
        assert large.state(root) == ("new" if outcome.published else "old"), size
        assert outcome.published or ROOM.search(outcome.error), outcome.error
        assert not list((root / "tmp").iterdir())
        if not outcome.published:
            # With room it goes on.
            subprocess.run(["mount", "-o", f"remount,size={64 << 20}", str(disk)], check=True)
            run_again(injector, large, root)
        return outcome.published


@pytest.mark.parametrize("estimate", [True, False], ids=["as it is", "without the estimate"])
def test_every_size(injectors: Injectors, large: Corpus, tmp_path: Path, say: Say, estimate: bool) -> None:
    """Without the estimate, which refuses before anything is written, the disk is full in the middle of any write."""
    if os.geteuid():
        pytest.skip("a small disk needs root, to mount it")
    start = used(large.template)
    count = 0

    def fits(size: int) -> bool:
        nonlocal count
        count += 1
        return attempt(large, tmp_path / str(count), size, injectors.one, estimate=estimate)

    low, high = (
        0,
        (2 * _SIZES if FULL else 8) * _STEP,
    )  # just enough is above `low`, and at most `high`; both count from `start`
    assert not fits(start)
    assert fits(start + high)
    while high - low > _BLOCK:
        middle = (low + high) // 2 // _BLOCK * _BLOCK
        low, high = (low, middle) if fits(start + middle) else (middle, high)
    below = [high - _BLOCK, *(high - step * _STEP for step in range(1, _SIZES if FULL else 2))]
    above = [high + step * _BLOCK for step in (1, 2, 16)]
    told = [fits(start + room) for room in [*below, *above] if room > 0]
    assert not any(told[: -len(above)])
    assert all(told[-len(above) :])
    say(f"{count} sizes; just enough: {high >> 10} KiB beside the index; 0 false")
