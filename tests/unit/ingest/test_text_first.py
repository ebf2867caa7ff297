"""Text first: a new or large folder can be asked before its vectors are there, and ends as any other index."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.discovery import discover
from ingest.erasure import erase
from ingest.reporting.progress_tracker import ProgressTracker
from ingest.reporting.report import Report
from rag.domain.values import Question
from rag.errors import IndexMissing, ModelUnusable
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.index.maintenance import list_generations, roll_back, verify_generation
from rag.index.pending_vectors import count_pending
from rag.index.reading import open_current
from rag.models.embedding.interfaces import FloatMatrix
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder, OverlapReranker
from tests.fakes import ingest_job, make_pdf

DIMENSION = 64
PAGES = {
    f"{topic}.pdf": [
        f"# The {topic}\nThe {topic} has {number} parts.",
        f"The colour of the {topic} is number {number}.",
    ]
    for number, topic in enumerate(("harbour", "ferry", "lantern", "buoy"), start=3)
}


class PartialEncoder(BagOfWordsEncoder):
    """Fails after a number of texts."""

    def __init__(self, texts: int) -> None:
        super().__init__(DIMENSION)
        self._left = texts

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        if len(texts) > self._left:
            raise ModelUnusable("the power is gone")
        self._left -= len(texts)
        return super().encode(texts)


class GatedEncoder(BagOfWordsEncoder):
    """Waits for its gate."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.gate = threading.Event()

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        if texts:
            assert self.gate.wait(60)
        return super().encode(texts)


class Bench:
    def __init__(self, root: Path) -> None:
        self.folder, self.index, self.clean = root / "documents", root / "index", root / "clean"
        self.folder.mkdir()
        for name, pages in PAGES.items():
            make_pdf(self.folder / name, pages)

    def run(self, encoder: BagOfWordsEncoder | None = None, **options: Any) -> Report:
        options = {"slow_seconds": 0.0, **options}
        job = ingest_job(self.index, encoder or BagOfWordsEncoder(DIMENSION), **options)
        return job.run(discover([self.folder]))

    def stop_halfway(self) -> None:
        """A run that ends after its text was published, and some of its vectors were computed."""
        with pytest.raises(ModelUnusable):
            self.run(PartialEncoder(0))

    def open(self, index: Path | None = None) -> Generation:
        return open_current(index or self.index, BagOfWordsEncoder(DIMENSION).identity)

    def content(self, index: Path) -> dict[str, str]:
        with closing(self.open(index)) as generation:
            verify_generation(index, generation.id)
            assert generation.has_vectors
            return {row.name: row.sha256 for row in generation.manifest.files if row.name != "report.json"}

    def check_complete(self) -> None:
        """The index equals a clean build, byte for byte, and nothing else is left."""
        ingest_job(self.clean, BagOfWordsEncoder(DIMENSION)).run(discover([self.folder]))
        assert self.content(self.index) == self.content(self.clean)
        assert not IndexLayout(self.index).pending.exists()
        assert not any(row.provisional for row in list_generations(self.index))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def waiting(bench: Bench) -> Iterator[GatedEncoder]:
    """A run that has published its text, and waits for the encoder."""
    encoder = GatedEncoder()
    thread = threading.Thread(target=bench.run, args=(encoder,))
    thread.start()
    try:
        while not (bench.index / "CURRENT").exists():
            assert thread.is_alive()
            thread.join(0.005)
        yield encoder
    finally:
        encoder.gate.set()
        thread.join(60)


def test_questions_find_passages_before_there_are_vectors(bench: Bench, waiting: GatedEncoder) -> None:
    with closing(bench.open()) as generation:
        assert generation.manifest.provisional
        assert not generation.has_vectors
        retriever = Retriever(BagOfWordsEncoder(DIMENSION), OverlapReranker())
        hits = retriever.retrieve(generation, Question("What is the colour of the ferry?"), 3)
        assert "colour of the ferry" in hits[0].passage.chunk.text
        within = Question("What is the colour of the ferry?", documents=("buoy.pdf",))
        assert {hit.passage.document.name for hit in retriever.retrieve(generation, within, 3)} == {"buoy.pdf"}
        assert generation.page(hits[0].passage.document.id, 2).text
        assert generation.source(hits[0].passage.document.id).is_file()


def test_it_ends_as_any_other_index(bench: Bench) -> None:
    report = bench.run()
    assert (report.chunks, report.embedded, report.reused) == (8, 8, 0)
    bench.check_complete()
    (row,) = list_generations(bench.index)
    assert (row.name[:6], row.parent, row.current) == ("000002", None, True)
    assert report.generation == row.name
    assert not bench.run().published


def test_the_parent_is_the_last_whole_generation(bench: Bench) -> None:
    first = bench.run(slow_seconds=10.0).generation
    make_pdf(bench.folder / "large.pdf", [f"The anchor has {number} chains." * 20 for number in range(30)])
    bench.run()
    newest, before = list_generations(bench.index)
    assert (newest.parent, before.name) == (first, first)


@pytest.mark.parametrize(
    "slow_seconds", [pytest.param(0.0, id="a slow encoder"), pytest.param(10.0, id="a fast encoder")]
)
def test_a_run_that_was_killed_is_finished_by_the_next(bench: Bench, slow_seconds: float) -> None:
    bench.stop_halfway()
    assert bench.open().manifest.provisional
    report = bench.run(slow_seconds=slow_seconds)
    assert (report.published, report.embedded, report.reused) == (True, 8, 0)
    assert report.counts["unchanged"] == 4
    bench.check_complete()


def test_vectors_that_were_computed_are_not_computed_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.embedding_thread._SLAB", 2)
    with pytest.raises(ModelUnusable):
        bench.run(PartialEncoder(5))
    identity = BagOfWordsEncoder(DIMENSION).identity
    assert count_pending(IndexLayout(bench.index), identity) == 4
    encoder = BagOfWordsEncoder(DIMENSION)
    bench.run(encoder)
    assert len(encoder.encoded) == 4
    bench.check_complete()


def test_files_that_come_meanwhile(bench: Bench) -> None:
    bench.stop_halfway()
    make_pdf(bench.folder / "anchor.pdf", ["The anchor is made of iron."])
    (bench.folder / "buoy.pdf").unlink()
    bench.run()
    bench.check_complete()


def test_a_run_that_is_killed_again_and_again(bench: Bench) -> None:
    for _ in range(3):
        bench.stop_halfway()
    assert len(list_generations(bench.index)) == 1
    bench.run()
    bench.check_complete()


def test_a_few_new_documents_do_not_cost_the_others_their_vectors(bench: Bench) -> None:
    bench.run()
    make_pdf(bench.folder / "anchor.pdf", ["The anchor is made of iron."])
    encoder = GatedEncoder()
    encoder.gate.set()
    bench.run(encoder)
    assert [row.name[:6] for row in list_generations(bench.index)] == ["000003", "000002"]
    bench.check_complete()


def test_a_fast_encoder_needs_no_provisional_generation(bench: Bench) -> None:
    report = bench.run(slow_seconds=10.0)
    assert report.generation.startswith("000001")
    bench.check_complete()


def test_rollback_skips_it(bench: Bench) -> None:
    bench.stop_halfway()
    with pytest.raises(IndexMissing, match="no generation before"):
        roll_back(bench.index)
    whole = bench.run().generation
    for name in PAGES:
        make_pdf(bench.folder / name, [*PAGES[name], "A new page."])
    bench.stop_halfway()
    assert [row.provisional for row in list_generations(bench.index)] == [True, False]
    assert roll_back(bench.index) == whole


def test_it_does_not_count_among_the_generations_that_are_kept(bench: Bench) -> None:
    for edition in range(4):
        for name in PAGES:
            make_pdf(bench.folder / name, [*PAGES[name], f"This is edition {edition}."])
        bench.run(keep=3)
    assert [row.provisional for row in list_generations(bench.index)] == [False] * 3
    bench.check_complete()


def test_a_document_is_erased_from_it(bench: Bench) -> None:
    bench.stop_halfway()
    erasure = erase(bench.index, ["ferry.pdf"], None)
    assert not erasure.found_in
    assert bench.open().manifest.provisional
    (bench.folder / "ferry.pdf").unlink()
    bench.run()
    bench.check_complete()


def test_progress_goes_on_to_the_end(bench: Bench) -> None:
    bench.stop_halfway()
    tracker = ProgressTracker()
    bench.run(progress=tracker)
    snapshot = tracker.snapshot
    assert (snapshot.chunks, snapshot.encoded, snapshot.share) == (8, 8, 1.0)
