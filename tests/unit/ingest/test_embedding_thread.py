"""Embedding thread: every text gets its vector, failures are raised in the caller, and no side deadlocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import embedding_thread as module
from ingest.embedding_thread import EmbeddingThread, Keep, embedding_thread
from rag.models.embedding.interfaces import Encoder, FloatMatrix, FloatVector
from rag.testing import BagOfWordsEncoder

Kept = dict[tuple[str, int], FloatVector]


class Keeping:
    """Keeps vectors as a run does, and refuses one twice."""

    def __init__(self) -> None:
        self.vectors: Kept = {}

    def __call__(self, document_id: str, position: int, vector: FloatVector) -> None:
        assert (document_id, position) not in self.vectors
        self.vectors[document_id, position] = vector


class FailingEncoder(BagOfWordsEncoder):
    """Fails at its ``fails``-th call."""

    def __init__(self, fails: int = 1) -> None:
        super().__init__()
        self.calls = 0
        self._fails = fails

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        self.calls += bool(texts)
        if texts and self.calls == self._fails:
            raise RuntimeError("the encoder broke")
        return super().encode(texts)


class WaitingEncoder(BagOfWordsEncoder):
    """Encodes when an event is set."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()
        self.asked = threading.Event()

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        if texts:
            self.asked.set()
            assert self.may.wait(60)
        return super().encode(texts)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def encoders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "encoder"]


def small(monkeypatch: pytest.MonkeyPatch, *, window: int = 8, slab: int = 2, waiting: int = 16) -> None:
    for name, value in (("_WINDOW", window), ("_SLAB", slab), ("_WAITING", waiting)):
        monkeypatch.setattr(module, name, value)


@settings(max_examples=30)
@given(st.lists(st.lists(st.text("ab ", max_size=9), max_size=7), max_size=9))
def test_every_text_has_its_own_vector(documents: list[list[str]]) -> None:
    """Whatever the order in which they are encoded."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        small(monkeypatch)
        keep, told = Keeping(), list[int]()
        with embedding_thread(BagOfWordsEncoder(), keep, told.append) as work:
            for number, texts in enumerate(documents):
                work.add(str(number), texts)
            work.finish()
    expected = {
        (str(number), place): text for number, texts in enumerate(documents) for place, text in enumerate(texts)
    }
    assert keep.vectors.keys() == expected.keys()
    assert sum(told) == len(expected)
    for key, text in expected.items():
        np.testing.assert_array_equal(keep.vectors[key], BagOfWordsEncoder().encode([text])[0])


def test_batches_are_filled_across_documents() -> None:
    encoder, sizes = BagOfWordsEncoder(), list[int]()
    with embedding_thread(encoder, Keeping(), sizes.append) as work:
        for number in range(300):
            work.add(str(number), ["a text"])
        work.finish()
    assert sum(sizes) == 300
    # Not one call for each: what has come in the meantime is encoded together.
    assert len(sizes) < 30


def test_similar_lengths_are_encoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, window=8, slab=4)
    encoder = WaitingEncoder()
    with embedding_thread(encoder, Keeping()) as work:
        work.add("first", [""] * 4)
        assert encoder.asked.wait(60)
        work.add("a", ["x" * n for n in (5, 1, 8, 3)])
        work.add("b", ["x" * n for n in (2, 7, 4, 6)])
        encoder.may.set()
        work.finish()
    assert [len(text) for text in encoder.encoded[4:]] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_nothing_to_encode() -> None:
    before = len(encoders())
    encoder = BagOfWordsEncoder()
    with embedding_thread(encoder, Keeping()) as work:
        work.finish()
        assert len(encoders()) == before
    with embedding_thread(encoder, Keeping()) as work:
        work.add("a", [])
        work.finish()
    assert encoder.encoded == []
    assert len(encoders()) == before


def test_seconds_of_encoding_are_counted() -> None:
    class Slow(BagOfWordsEncoder):
        def encode(self, texts: Sequence[str]) -> FloatMatrix:
            time.sleep(0.02)
            return super().encode(texts)

    begun = time.monotonic()
    with embedding_thread(Slow(), Keeping()) as work:
        work.add("a", ["text"])
        work.finish()
        assert 0.02 <= work.seconds <= time.monotonic() - begun


def encode(encoder: Encoder, keep: Keep, count: int) -> None:
    with embedding_thread(encoder, keep) as work:
        work.add("a", ["text"] * count)
        work.finish()


class TestFailure:
    def test_is_raised_at_the_end(self) -> None:
        with pytest.raises(RuntimeError, match="the encoder broke"):
            encode(FailingEncoder(), Keeping(), 1)

    def test_is_raised_when_more_is_brought(self, monkeypatch: pytest.MonkeyPatch) -> None:
        small(monkeypatch, window=2, slab=1)
        with embedding_thread(FailingEncoder(), Keeping()) as work:
            work.add("a", ["text"])
            wait_until(lambda: work._failure is not None and not work._thread.is_alive())
            for _ in range(2):
                with pytest.raises(RuntimeError, match="the encoder broke"):
                    work.add("b", ["text"])
            with pytest.raises(RuntimeError, match="the encoder broke"):
                work.finish()

    def test_is_raised_while_the_producer_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        small(monkeypatch, window=4, slab=2, waiting=4)
        with pytest.raises(RuntimeError, match="the encoder broke"):
            encode(FailingEncoder(3), Keeping(), 100)

    def test_of_the_disk_that_keeps_them(self) -> None:
        def refuse(_document: str, _position: int, _vector: FloatVector) -> None:
            raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space left"):
            encode(BagOfWordsEncoder(), refuse, 1)

    def test_another_error_is_not_covered_up(self) -> None:
        def fail_midway() -> None:
            with embedding_thread(FailingEncoder(), Keeping()) as work:
                work.add("a", ["text"] * 300)
                raise KeyError

        before = len(encoders())
        with pytest.raises(KeyError):
            fail_midway()
        assert len(encoders()) == before


class TestStop:
    def test_ends_soon_whatever_is_left(self) -> None:
        class Slow(BagOfWordsEncoder):
            def encode(self, texts: Sequence[str]) -> FloatMatrix:
                time.sleep(1.0)  # all of them take more than a minute
                return super().encode(texts)

        encoder = Slow()
        with embedding_thread(encoder, Keeping()) as work:
            work.add("a", ["text"] * 3000)
            begun = time.monotonic()
        assert time.monotonic() - begun < 20
        assert len(encoder.encoded) < 3000
        assert not work._thread.is_alive()

    def test_when_the_line_is_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        small(monkeypatch, window=4, slab=2, waiting=4)
        encoder = WaitingEncoder()
        with embedding_thread(encoder, Keeping()) as work:
            work.add("a", ["text"] * 2)
            assert encoder.asked.wait(60)
            work.add("b", ["text"] * 4)
            assert work._texts.full()
            threading.Timer(0.01, encoder.may.set).start()
        assert not work._thread.is_alive()

    def test_when_it_is_idle(self) -> None:
        with embedding_thread(BagOfWordsEncoder(), Keeping()) as work:
            work.add("a", ["text"])
        assert not work._thread.is_alive()


def test_the_producer_waits_when_the_queue_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backpressure: texts do not pile up in memory when reading is faster than encoding."""
    small(monkeypatch, window=4, slab=2, waiting=4)
    encoder, keep = WaitingEncoder(), Keeping()
    with embedding_thread(encoder, keep) as work:
        bringing = threading.Thread(target=work.add, args=("a", ["text"] * 40))
        bringing.start()
        assert encoder.asked.wait(60)
        bringing.join(0.05)
        assert bringing.is_alive()
        assert work._texts.qsize() == 4
        encoder.may.set()
        bringing.join(60)
        assert not bringing.is_alive()
        work.finish()
    assert len(keep.vectors) == 40


def test_it_is_one_thread() -> None:
    work = EmbeddingThread(BagOfWordsEncoder(), Keeping(), lambda _count: None)
    for number in range(5):
        work.add(str(number), ["text"])
    assert len([thread for thread in encoders() if thread is work._thread]) == 1
    work.finish()
