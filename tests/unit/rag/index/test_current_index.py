"""Current index: it follows CURRENT, takes intact generations only, and reports the fault of another."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import IndexCorrupt, IndexForeign, IndexMissing
from rag.index import current_index
from rag.index.current_index import CurrentIndex, ServingState
from rag.index.layout import IndexLayout
from rag.index.maintenance import roll_back
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import id_of, publish, quick_folder

IDENTITY = BagOfWordsEncoder().identity
PUMP, VALVE, TANK = ["The pump is blue."], ["The valve is red."], ["The tank is full."]


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    with quick_folder() as folder:
        put(folder / "index", PUMP)
        yield folder / "index"


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """An index with one generation."""
    return shutil.copytree(original, tmp_path / "index")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(current_index, "monotonic", made)
    return made


def put(root: Path, texts: list[str]) -> str:
    data = "\f".join(["a.pdf", *texts]).encode()
    assert id_of("a.pdf", texts)
    return publish(root, {"a.pdf": texts}, BagOfWordsEncoder(), {"a.pdf": data})


def text_of(index: CurrentIndex) -> str:
    return index.generation().passages([0])[0].chunk.text


def damage(root: Path, name: str, part: str = "vectors.faiss") -> None:
    path = root / "gen" / name / part
    path.write_bytes(b"\0" + path.read_bytes()[1:])


class TestSwap:
    def test_is_seen(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        assert text_of(index) == PUMP[0]
        name = put(root, VALVE)
        assert text_of(index) == PUMP[0]
        index.refresh()
        assert (index.generation().id, text_of(index)) == (name, VALVE[0])
        assert index.state == ServingState(swaps=1)
        index.refresh()
        assert index.state == ServingState(swaps=1)

    def test_what_is_held_stays_usable(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        held = index.generation()
        put(root, VALVE)
        index.refresh()
        assert held.passages([0])[0].chunk.text == PUMP[0]
        assert held.bm25_scores("pump").any()
        assert index.generation() is not held

    def test_back_again(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        first = index.generation().id
        put(root, VALVE)
        index.refresh()
        roll_back(root)
        index.refresh()
        assert (index.generation().id, text_of(index)) == (first, PUMP[0])
        assert index.state == ServingState(swaps=2)

    def test_nothing_is_opened_before_it_is_asked_for(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        index.refresh()
        assert index._generation is None
        index.open_if_there()
        assert index._generation is not None

    def test_current_is_looked_at_and_nothing_else(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It happens every second."""
        index = CurrentIndex(root, IDENTITY)
        index.generation()
        monkeypatch.setattr(CurrentIndex, "_open", lambda *_: pytest.fail("it was opened again"))
        for _ in range(3):
            index.refresh()


class TestRefused:
    def test_a_bad_one_is_not_taken_and_a_good_one_clears_it(
        self, root: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        index = CurrentIndex(root, IDENTITY)
        first = index.generation()
        damage(root, put(root, VALVE))
        index.refresh()
        assert index.generation() is first
        assert (index.state.swaps, index.state.refused) == (0, 1)
        assert isinstance(index.state.fault, IndexCorrupt)
        assert "vectors.faiss" in caplog.text
        good = put(root, TANK)
        index.refresh()
        assert index.generation().id == good
        assert index.state == ServingState(swaps=1, refused=1)

    def test_a_rollback_to_the_one_that_is_served_clears_it(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        first = index.generation()
        damage(root, put(root, VALVE))
        index.refresh()
        roll_back(root, first.id)
        index.refresh()
        assert index.generation() is first
        assert index.state == ServingState(refused=1)

    def test_another_encoder(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        first = index.generation()
        publish(root, {"a.pdf": VALVE}, BagOfWordsEncoder(64, "smaller"))
        index.refresh()
        assert index.generation() is first
        assert isinstance(index.state.fault, IndexForeign)

    @pytest.mark.parametrize("data", [b"", b"\xff\xff", b"{}"])
    def test_a_damaged_current(self, root: Path, data: bytes) -> None:
        index = CurrentIndex(root, IDENTITY)
        first = index.generation()
        (root / "CURRENT").write_bytes(data)
        index.refresh()
        assert index.generation() is first
        assert isinstance(index.state.fault, IndexCorrupt)

    def test_current_is_gone(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        first, current = index.generation(), (root / "CURRENT").read_bytes()
        (root / "CURRENT").unlink()
        index.refresh()
        assert index.generation() is first
        assert isinstance(index.state.fault, IndexMissing)
        (root / "CURRENT").write_bytes(current)
        index.refresh()
        assert index.state == ServingState(refused=1)

    def test_it_is_tried_again_after_a_while(self, root: Path, clock: Clock) -> None:
        """A disk may have been away."""
        index = CurrentIndex(root, IDENTITY)
        index.generation()
        name = put(root, VALVE)
        folder = root / "gen" / name
        folder.rename(root / "away")
        index.refresh()
        assert index.state.refused == 1
        (root / "away").rename(folder)
        for seconds in (1, 28.9):
            clock.seconds += seconds
            index.refresh()
            assert index.state.refused == 1
            assert index.generation().id != name
        clock.seconds += 0.2
        index.refresh()
        assert index.generation().id == name
        assert index.state == ServingState(swaps=1, refused=1)

    def test_it_is_not_tried_again_where_all_is_well(self, root: Path, clock: Clock) -> None:
        index = CurrentIndex(root, IDENTITY)
        index.generation()
        clock.seconds += 1000
        assert not index._changed()


class TestStart:
    def test_falls_back_to_the_newest_that_is_whole(self, root: Path, caplog: pytest.LogCaptureFixture) -> None:
        second = put(root, VALVE)
        damage(root, put(root, TANK), "docstore.sqlite")
        damage(root, put(root, TANK), "manifest.json")
        index = CurrentIndex(root, IDENTITY)
        with caplog.at_level(logging.ERROR):
            assert (index.generation().id, text_of(index)) == (second, VALVE[0])
        assert isinstance(index.state.fault, IndexCorrupt)
        assert index.state.refused == 1
        assert "cannot be served" in caplog.text

    def test_takes_the_current_one_when_it_is_mended(self, root: Path, clock: Clock) -> None:
        name = put(root, VALVE)
        whole = (root / "gen" / name / "vectors.faiss").read_bytes()
        damage(root, name)
        index = CurrentIndex(root, IDENTITY)
        assert text_of(index) == PUMP[0]
        (root / "gen" / name / "vectors.faiss").write_bytes(whole)
        clock.seconds += 31
        index.refresh()
        assert index.generation().id == name
        assert index.state.fault is None

    def test_after_a_rollback_the_one_that_was_left_is_not_preferred_to_the_current(self, root: Path) -> None:
        first = IndexLayout(root)
        put(root, VALVE)
        roll_back(root)
        index = CurrentIndex(first.root, IDENTITY)
        assert text_of(index) == PUMP[0]
        assert index.state == ServingState()

    def test_with_a_damaged_current(self, root: Path) -> None:
        put(root, VALVE)
        (root / "CURRENT").write_bytes(b"\0")
        index = CurrentIndex(root, IDENTITY)
        assert text_of(index) == VALVE[0]
        assert index.state.fault is not None

    def test_nothing_is_whole(self, root: Path) -> None:
        for path in (root / "gen").iterdir():
            damage(root, path.name)
        index = CurrentIndex(root, IDENTITY)
        with pytest.raises(IndexCorrupt, match=r"vectors\.faiss"):
            index.generation()
        put(root, TANK)
        assert text_of(index) == TANK[0]

    def test_an_index_of_another_encoder_is_not_passed_over(self, root: Path) -> None:
        """Somebody has set another encoder by mistake: an older index of that one is not what they want."""
        publish(root, {"a.pdf": VALVE}, BagOfWordsEncoder(64, "smaller"))
        with pytest.raises(IndexForeign, match="RAG_ENCODER"):
            CurrentIndex(root, IDENTITY).generation()


class TestFollowed:
    def test_new_generations_are_taken(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        index.generation()
        with index.followed(0.005):
            for texts in (VALVE, TANK):
                name = put(root, texts)
                end = time.monotonic() + 60
                while index.generation().id != name:
                    assert time.monotonic() < end, "it was not taken"
                    time.sleep(0.002)
        name = put(root, PUMP)
        time.sleep(0.02)
        assert index.generation().id != name

    def test_an_unexpected_error_does_not_end_it(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        index, looks = CurrentIndex(root, IDENTITY), list[int]()

        def fail(_self: CurrentIndex) -> None:
            looks.append(1)
            raise RuntimeError("unexpected")

        monkeypatch.setattr(CurrentIndex, "refresh", fail)
        with index.followed(0.002):
            end = time.monotonic() + 60
            while len(looks) < 3:
                assert time.monotonic() < end
                time.sleep(0.002)
        assert "it is tried again" in caplog.text
