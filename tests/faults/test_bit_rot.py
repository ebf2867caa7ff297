"""Bit rot: damaged files reach no library, the message names them, and the generation before is served."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bm25s
import faiss
import numpy as np
import pytest

from rag.errors import IndexFault
from rag.index.current_index import CurrentIndex
from rag.index.layout import MANIFEST_DIGEST, IndexLayout
from rag.index.maintenance import verify_generation
from rag.index.reading import generation_names, open_current, read_current
from tests.faults.conftest import FULL, Say
from tests.faults.corpus import Corpus, encoder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

_FLIPS, _TRUNCATIONS, _SWAPS = (1000, 200, 50) if FULL else (260, 60, 20)
_IDENTITY: Final = encoder().identity


class Rotten:
    """An index of three generations, of which the current one, or CURRENT, is damaged and repaired."""

    def __init__(self, root: Path, seen: list[str]) -> None:
        self.layout = IndexLayout(root)
        self.current, self.before, self.earliest = generation_names(self.layout)
        assert read_current(self.layout)[0] == self.current
        self._seen = seen

    def files(self, generation: str | None = None) -> list[Path]:
        """Every file of a generation, by default of the current one, with CURRENT."""
        folder = self.layout.generation(generation or self.current)
        inner = sorted(path for path in folder.rglob("*") if path.is_file())
        return inner if generation else [*inner, self.layout.current]

    @contextmanager
    def damaged(self, path: Path, data: bytes | None) -> Iterator[None]:
        """While a file has these bytes, or is not there."""
        whole = path.read_bytes()
        assert data != whole
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
        try:
            yield
        finally:
            path.write_bytes(whole)

    def check(self, path: Path, what: str) -> None:
        """The damage to ``path`` is found, by whoever reads it."""
        if path.name == MANIFEST_DIGEST:
            # It is read where no CURRENT vouches for the manifest: to verify, to roll back, and to fall back.
            with pytest.raises(IndexFault, match=self.current):
                verify_generation(self.layout.root, self.current)
            return
        self._seen.clear()
        with pytest.raises(IndexFault) as caught:
            open_current(self.layout.root, _IDENTITY).close()
        assert self._seen == [], f"{what}: {self._seen} came before the check"
        self._check_message(path, str(caught.value), what)
        index = CurrentIndex(self.layout.root, _IDENTITY)
        served = index.generation()
        # Where only CURRENT is damaged, the generation that it should name is whole.
        assert served.id == (self.current if path == self.layout.current else self.before), what
        assert isinstance(index.state.fault, IndexFault), what
        assert str(index.state.fault) == str(caught.value)
        served.close()

    def _check_message(self, path: Path, message: str, what: str) -> None:
        if path == self.layout.current:
            # A name or digest in it that is still one leads to a generation that is not there, or not that one.
            assert "CURRENT" in message or "generation 0" in message, (what, message)
            return
        assert self.current in message, (what, message)
        assert path.name in message, (what, message)


@pytest.fixture
def rotten(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotten:
    """A damaged index, with the calls of all libraries that read its files recorded."""
    seen: list[str] = []

    def recorded(owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def call(*args: Any, **options: Any) -> Any:
            seen.append(name)
            return original(*args, **options)

        monkeypatch.setattr(owner, name, call)

    for owner, name in ((faiss, "deserialize_index"), (sqlite3, "connect"), (bm25s.BM25, "load"), (np, "load")):
        recorded(owner, name)
    rotten = Rotten(corpus.start(tmp_path / "index"), seen)
    open_current(rotten.layout.root, _IDENTITY).close()
    assert {"deserialize_index", "connect", "load"} <= set(seen)  # the recording works
    return rotten


def test_a_bit_flips(rotten: Rotten, say: Say) -> None:
    chance = random.Random(1)
    files = rotten.files()
    for number in range(_FLIPS):
        # Each file has its turn, however small it is.
        path = files[number % len(files)]
        data = bytearray(path.read_bytes())
        bit = chance.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        with rotten.damaged(path, bytes(data)):
            rotten.check(path, f"bit {bit} of {path.name}")
    say(f"{_FLIPS} flips in {len(files)} files: all refused before a library read a byte")


def test_a_file_is_cut(rotten: Rotten, say: Say) -> None:
    chance = random.Random(2)
    files = rotten.files()
    for number in range(_TRUNCATIONS):
        path = files[number % len(files)]
        data = path.read_bytes()
        cut = [chance.randrange(len(data)), 0, len(data) - 1, None][number // len(files) % 4]
        if cut is None and path == rotten.layout.current:
            continue  # then nothing was ever published here
        with rotten.damaged(path, None if cut is None else data[:cut]):
            rotten.check(path, f"{path.name} cut to {cut}")
    say(f"{_TRUNCATIONS} truncations and removals: all refused before a library read a byte")


def test_files_are_swapped(rotten: Rotten, say: Say) -> None:
    """Each is whole, but of another generation."""
    chance = random.Random(3)
    done = 0
    while done < _SWAPS:
        path = chance.choice(rotten.files()[:-1])
        other = rotten.layout.generation(chance.choice([rotten.before, rotten.earliest]))
        data = (other / path.relative_to(rotten.layout.generation(rotten.current))).read_bytes()
        if data == path.read_bytes():
            continue
        with rotten.damaged(path, data):
            rotten.check(path, f"{path.name} of {other.name}")
        done += 1
    say(f"{_SWAPS} files of other generations: all refused before a library read a byte")


def test_a_whole_generation_in_the_place_of_another(rotten: Rotten) -> None:
    """With its manifest and the digest of that: CURRENT knows better."""
    folder = rotten.layout.generation(rotten.current)
    shutil.rmtree(folder)
    shutil.copytree(rotten.layout.generation(rotten.before), folder)
    rotten.check(folder / "manifest.json", "a whole generation")


def test_nothing_whole_is_left(rotten: Rotten) -> None:
    """The fault of the current generation is reported."""
    for name in (rotten.current, rotten.before, rotten.earliest):
        path = rotten.layout.generation(name) / "docstore.sqlite"
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IndexFault, match=f"{rotten.current}.*docstore"):
        CurrentIndex(rotten.layout.root, _IDENTITY).generation()
