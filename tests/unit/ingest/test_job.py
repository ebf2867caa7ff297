"""Ingest job: new files are read, known ones carried over, and removed ones leave the index."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from ingest.chunking import Chunker
from ingest.discovery import _refuse, discover
from ingest.reading import ReadRequest
from ingest.reporting.console import show
from ingest.reporting.progress import Progress
from ingest.reporting.report import Report
from rag.domain.file_status import FileRow
from rag.domain.values import Question
from rag.errors import IndexBusy, NothingToIngest, PublishFailed
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.index.writer import open_writer
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder
from tests.fakes import DRAWING, ingest_job, make_pdf
from tests.unit.conftest import files_of_at_most

PUMP = ["# Pump\nThe pump has a blue lid.\nThe lid is held by four screws.", "The pump weighs nine kilograms."]
VALVE = ["# Valve\nThe valve is red and opens to the left."]
TANK = ["# Tank\nThe tank holds eighty litres of water."]
QUESTIONS = ["What colour is the lid?", "Where does the valve open to?", "How many litres?", "How heavy is the pump?"]


class Bench:
    """A folder of documents and an index."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "documents"
        self.index = root / "index"
        self.folder.mkdir()
        self.encoder = BagOfWordsEncoder()

    def put(self, name: str, pages: list[str], title: str | None = None) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        return make_pdf(path, pages, title=title)

    def run(self, *, rebuild: bool = False, chunker: Chunker | None = None) -> Report:
        self.encoder.encoded.clear()
        job = ingest_job(self.index, self.encoder, chunker, rebuild=rebuild)
        return job.run(discover([self.folder]))

    def open(self) -> Generation:
        return open_current(self.index, self.encoder.identity)

    def current(self) -> bytes:
        return (self.index / "CURRENT").read_bytes()


class RecordedProgress(Progress):
    """Records its calls; those of the encoder thread apart, because they come at any time."""

    def __init__(self) -> None:
        self.steps: list[tuple[str | int, ...]] = []
        self.encoded_chunks: list[int] = []

    def checking(self, files: int) -> None:
        self.steps.append(("checking", files))

    def reading(self, files: int, size: int) -> None:
        self.steps.append(("reading", files, size))

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:
        self.steps.append(("file", request.suffix, size, pages, chunks))

    def encoded(self, chunks: int) -> None:
        self.encoded_chunks.append(chunks)

    def publishing(self) -> None:
        self.steps.append(("publishing",))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.put("pump.pdf", PUMP)
    made.put("valve.pdf", VALVE)
    return made


def test_labels_author_and_date_reach_the_index(bench: Bench) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(bench.folder / "guide.pdf"))
    canvas.setAuthor("Ada Byron")
    canvas.addPageLabel(0, style="ROMAN_LOWER")
    canvas.addPageLabel(2, style="ARABIC", start=1)
    for text in ("The preface.", "The contents.", "Lids are blue.", "Valves are red."):
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    bench.run()
    bench.put("tank.pdf", TANK)
    assert statuses(bench.run())["guide.pdf"] == "unchanged"
    generation = bench.open()
    guide, pump, *_ = generation.documents
    assert (guide.name, guide.author, pump.author, pump.created) == ("guide.pdf", "Ada Byron", None, None)
    assert guide.created is not None
    assert [generation.page(guide.id, number).label for number in (1, 2, 3, 4)] == ["i", "ii", "1", "2"]
    assert generation.page(pump.id, 1).label is None
    assert generation.pages_labelled(guide.id, "II") == [2]
    assert [passage.chunk.span.page for passage in generation.passages_on(guide.id, 2, 3)] == [2, 3]
    (second, third) = generation.passages_on(guide.id, 2, 3)
    assert generation.neighbours(second.row, 0, 1) == [second, third]


def statuses(report: Report) -> dict[str, str]:
    return {row.path: row.status for row in report.files}


def row_of(report: Report, path: str) -> FileRow:
    return next(row for row in report.files if row.path == path)


def found(generation: Generation) -> list[list[tuple[str, str, str, int, str, float]]]:
    """The fields that a user sees of the passages for each question."""
    retriever = Retriever(BagOfWordsEncoder(), None)
    return [
        [
            (
                hit.passage.document.name,
                hit.passage.document.title,
                hit.passage.chunk.text,
                hit.passage.chunk.span.page,
                " > ".join(hit.passage.chunk.headings),
                hit.score,
            )
            for hit in retriever.retrieve(generation, Question(question), 10)
        ]
        for question in QUESTIONS
    ]


def sources_of(generation: Generation) -> dict[str, tuple[str, str | None]]:
    return {row.path: (row.status, row.reason) for row in generation.manifest.sources}


class TestFirstRun:
    def test_everything_is_read_and_found(self, bench: Bench) -> None:
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "ok", "valve.pdf": "ok"}
        assert report.published
        assert not report.failed
        assert report.note is None
        assert (report.pages, report.chunks, report.embedded, report.reused) == (3, 3, 3, 0)
        assert len(bench.encoder.encoded) == 3
        generation = bench.open()
        assert generation.id == report.generation
        assert [document.title for document in generation.documents] == ["Pump", "Valve"]
        assert [hits[0][0] for hits in found(generation)[:2]] == ["pump.pdf", "valve.pdf"]

    def test_rows_say_what_is_in_a_file(self, bench: Bench) -> None:
        row = row_of(bench.run(), "pump.pdf")
        assert (row.status, row.pages, row.pages_with_text, row.chunks, row.reason) == ("ok", 2, 2, 2, None)
        assert row.seconds > 0

    def test_vectors_are_those_of_the_text_under_its_headings(self, bench: Bench) -> None:
        bench.run()
        generation = bench.open()
        (document,) = (document for document in generation.documents if document.name == "pump.pdf")
        expected = bench.encoder.encode(
            [
                "Pump\n\nThe pump has a blue lid.\nThe lid is held by four screws.",
                "Pump\nThe pump weighs nine kilograms.",
            ]
        )
        np.testing.assert_allclose(generation.vectors_of(document.id), expected, atol=1e-6)

    def test_more_chunks_than_fit_in_a_slab(self, bench: Bench) -> None:
        """Vectors are made in order of length, and stored in order of the text."""
        bench.put("long.pdf", [" ".join(f"word{page}x{n}" for n in range(1 + page % 7)) for page in range(150)])
        bench.run()
        generation = bench.open()
        for row, passage in enumerate(generation.passages(range(len(generation)))):
            headings = " > ".join(h for h in passage.chunk.headings if not passage.chunk.text.startswith(h))
            vector = bench.encoder.encode([f"{headings} {passage.chunk.text}"])[0]
            assert dict(generation.nearest(vector, 5))[row] == pytest.approx(1.0, abs=1e-5)

    def test_headings_are_left_out_where_the_encoder_would_cut_the_text(self, tmp_path: Path) -> None:
        class ShortEncoder(BagOfWordsEncoder):
            @property
            def max_tokens(self) -> int:
                return 6

        bench = Bench(tmp_path)
        bench.encoder = ShortEncoder()
        bench.put("a.pdf", ["# Two words\nAlpha beta gamma.", "One two three four five.", "One two three."])
        bench.run()
        assert sorted(bench.encoder.encoded) == [
            "One two three four five.",
            "Two words\n\nAlpha beta gamma.",
            "Two words\nOne two three.",
        ]

    def test_the_stored_source_is_the_file(self, bench: Bench) -> None:
        bench.run()
        generation = bench.open()
        for document in generation.documents:
            assert generation.source(document.id).read_bytes() == (bench.folder / document.name).read_bytes()
            assert document.size == (bench.folder / document.name).stat().st_size

    def test_when_the_index_got_a_document(self, bench: Bench) -> None:
        bench.run()
        first = {document.id: bench.open().added(document.id) for document in bench.open().documents}
        (bench.folder / "pump.pdf").rename(bench.folder / "renamed.pdf")
        bench.put("tank.pdf", TANK)
        bench.run(rebuild=True)
        generation = bench.open()
        (tank,) = (document.id for document in generation.documents if document.name == "tank.pdf")
        added = {document.id: generation.added(document.id) for document in generation.documents}
        assert added == {**first, tank: added[tank]}
        assert all(first.values())
        assert sorted(filter(None, added.values()))[-1] == added[tank]
        assert added[tank] == datetime.fromisoformat(generation.manifest.created)
        os.utime(generation.source(tank), (0, 0))  # as a backup may write it
        assert generation.added(tank) == added[tank]

    def test_an_index_of_before_0_3_has_the_time_of_the_copy(self, bench: Bench) -> None:
        bench.run()
        generation = bench.open()
        manifest = generation.manifest
        old = manifest.model_copy(update={"sources": tuple(replace(row, added=None) for row in manifest.sources)})
        parts = (generation._vectors, generation._bm25, generation._docstore)
        generation = Generation(old, "", generation.folder, *parts, bench.index / "sources")
        (pump, _) = generation.documents
        assert generation.added(pump.id) == datetime.fromtimestamp(generation.source(pump.id).stat().st_mtime, UTC)
        generation.source(pump.id).unlink()
        assert generation.added(pump.id) is None

    def test_progress_is_reported(self, bench: Bench) -> None:
        progress = RecordedProgress()
        ingest_job(bench.index, bench.encoder, progress=progress).run(discover([bench.folder]))
        sizes = [(bench.folder / name).stat().st_size for name in ("pump.pdf", "valve.pdf")]
        assert progress.steps == [
            ("checking", 2),
            ("reading", 2, sum(sizes)),
            ("file", ".pdf", sizes[0], 2, 2),
            ("file", ".pdf", sizes[1], 1, 1),
            ("publishing",),
        ]
        assert sum(progress.encoded_chunks) == 3


class TestSecondRun:
    def test_unchanged(self, bench: Bench) -> None:
        first, current = bench.run(), bench.current()
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "unchanged", "valve.pdf": "unchanged"}
        assert not report.published
        assert report.generation == first.generation
        assert bench.current() == current
        assert bench.encoder.encoded == []
        assert (report.pages, report.chunks, report.embedded, report.reused) == (3, 3, 0, 3)
        assert len(list((bench.index / "gen").iterdir())) == 1

    def test_edited(self, bench: Bench) -> None:
        bench.run()
        bench.put("valve.pdf", ["# Valve\nThe valve is green and opens to the right."])
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "unchanged", "valve.pdf": "ok"}
        assert (report.published, report.embedded, report.reused) == (True, 1, 2)
        assert bench.encoder.encoded == ["Valve\n\nThe valve is green and opens to the right."]
        everything = [text for hits in found(bench.open()) for _, _, text, *_ in hits]
        assert any("green" in text for text in everything)
        assert not any("red" in text for text in everything)

    def test_added(self, bench: Bench) -> None:
        bench.run()
        bench.put("tank.pdf", TANK)
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "unchanged", "tank.pdf": "ok", "valve.pdf": "unchanged"}
        assert (report.embedded, report.reused) == (1, 3)
        assert found(bench.open())[2][0][0] == "tank.pdf"

    def test_renamed_costs_no_encoding(self, bench: Bench) -> None:
        bench.run()
        (bench.folder / "valve.pdf").rename(bench.folder / "old valve.pdf")
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "unchanged", "old valve.pdf": "ok", "valve.pdf": "removed"}
        assert (report.published, report.embedded) == (True, 0)
        assert bench.encoder.encoded == []
        assert [document.names for document in bench.open().documents] == [("old valve.pdf",), ("pump.pdf",)]

    def test_a_title_that_was_the_name_goes_with_the_name(self, bench: Bench) -> None:
        bench.put("tank_2024.pdf", ["The tank holds eighty litres."])
        bench.run()
        assert "tank 2024" in {document.title for document in bench.open().documents}
        (bench.folder / "tank_2024.pdf").rename(bench.folder / "tank_2025.pdf")
        bench.run()
        assert {document.title for document in bench.open().documents} == {"Pump", "Valve", "tank 2025"}

    def test_a_partial_file_that_is_renamed_is_still_partial(self, bench: Bench) -> None:
        bench.put("half.pdf", ["The first page has text.", DRAWING])
        first = row_of(bench.run(), "half.pdf")
        assert (first.status, first.reason) == ("partial", "no text on page 2: a scan; OCR is off")
        (bench.folder / "half.pdf").rename(bench.folder / "moved.pdf")
        moved = row_of(bench.run(), "moved.pdf")
        assert (moved.status, moved.reason) == (first.status, first.reason)

    def test_missing_text_is_reported_in_every_run(self, bench: Bench) -> None:
        bench.put("half.pdf", ["The first page has text.", DRAWING])
        bench.run()
        for name in ("one.pdf", "two.pdf"):
            bench.put(name, [f"Page of {name}."])
            assert row_of(bench.run(), "half.pdf").reason == "no text on page 2: a scan; OCR is off"
            assert sources_of(bench.open())["half.pdf"][1] == "no text on page 2: a scan; OCR is off"

    def test_deleted_is_found_no_more(self, bench: Bench) -> None:
        bench.run()
        (bench.folder / "pump.pdf").unlink()
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "removed", "valve.pdf": "unchanged"}
        assert (report.published, report.pages, report.chunks) == (True, 1, 1)
        assert {name for hits in found(bench.open()) for name, *_ in hits} == {"valve.pdf"}
        assert statuses(bench.run()) == {"valve.pdf": "unchanged"}

    def test_changed_to_something_unreadable(self, bench: Bench) -> None:
        bench.run()
        (bench.folder / "pump.pdf").write_bytes(b"no PDF any more")
        report = bench.run()
        assert statuses(report) == {"pump.pdf": "malformed", "valve.pdf": "unchanged"}
        assert (report.published, report.failed) == (True, True)
        assert [document.name for document in bench.open().documents] == ["valve.pdf"]

    def test_rebuild_reads_and_encodes_everything(self, bench: Bench) -> None:
        first = bench.run()
        report = bench.run(rebuild=True)
        assert statuses(report) == {"pump.pdf": "ok", "valve.pdf": "ok"}
        assert (report.published, report.embedded, report.reused) == (True, 3, 0)
        assert report.generation != first.generation
        assert report.note is None

    @pytest.mark.parametrize("part", ["CURRENT", "gen/*/manifest.json", "gen/*/vectors.faiss", "gen/*/docstore.sqlite"])
    def test_a_damaged_index_is_made_anew(self, bench: Bench, part: str) -> None:
        bench.run()
        before = found(bench.open())
        (path,) = bench.index.glob(part)
        path.write_bytes(b"\0" + path.read_bytes()[1:])
        report = bench.run()
        assert (report.published, report.embedded, report.reused) == (True, 3, 0)
        assert report.note is not None
        assert report.note.startswith("Everything was read again")
        assert found(bench.open()) == before

    def test_a_damaged_source_is_mended_by_a_rebuild(self, bench: Bench) -> None:
        bench.run()
        before = found(bench.open())
        document = next(document for document in bench.open().documents if document.name == "valve.pdf")
        stored = bench.open().source(document.id)
        stored.write_bytes(b"\0" * document.size)
        report = bench.run(rebuild=True)
        assert not report.failed
        assert stored.read_bytes() == (bench.folder / "valve.pdf").read_bytes()
        assert found(bench.open()) == before

    def test_another_encoder_makes_everything_anew(self, bench: Bench) -> None:
        bench.run()
        bench.encoder = BagOfWordsEncoder(dimension=64, name="smaller")
        report = bench.run()
        assert report.embedded == 3
        assert report.note is not None
        assert "smaller" in report.note
        assert bench.open().vectors_of(bench.open().documents[0].id).shape[1] == 64

    def test_another_chunker_makes_everything_anew(self, bench: Bench) -> None:
        bench.run()
        report = bench.run(chunker=Chunker(max_tokens=10, min_tokens=2))
        assert report.note is not None
        assert "chunks documents differently" in report.note
        assert report.embedded == report.chunks > 3
        assert bench.run(chunker=Chunker(max_tokens=10, min_tokens=2)).note is None


class TestDuplicates:
    def test_same_content_is_held_once(self, bench: Bench) -> None:
        shutil.copy(bench.folder / "pump.pdf", bench.folder / "a copy.pdf")
        report = bench.run()
        assert statuses(report) == {"a copy.pdf": "ok", "pump.pdf": "duplicate", "valve.pdf": "ok"}
        assert row_of(report, "pump.pdf").reason == "same content as a copy.pdf"
        assert (report.pages, report.chunks, report.embedded) == (3, 3, 3)
        names = [document.names for document in bench.open().documents]
        assert names == [("a copy.pdf", "pump.pdf"), ("valve.pdf",)]
        again = bench.run()
        assert not again.published
        assert statuses(again) == {"a copy.pdf": "unchanged", "pump.pdf": "duplicate", "valve.pdf": "unchanged"}

    def test_each_name_finds_it(self, bench: Bench) -> None:
        shutil.copy(bench.folder / "pump.pdf", bench.folder / "a copy.pdf")
        bench.run()
        rows = [bench.open().rows_named([name]) for name in ("a copy.pdf", "pump.pdf")]
        assert [row.tolist() for row in rows if row is not None] == [[0, 1], [0, 1]]

    def test_when_the_first_is_deleted_the_other_stays(self, bench: Bench) -> None:
        shutil.copy(bench.folder / "pump.pdf", bench.folder / "a copy.pdf")
        bench.run()
        (bench.folder / "a copy.pdf").unlink()
        report = bench.run()
        assert [document.names for document in bench.open().documents] == [("pump.pdf",), ("valve.pdf",)]
        assert bench.encoder.encoded == []
        row = row_of(report, "pump.pdf")
        assert (row.pages, row.pages_with_text, row.chunks) == (2, 2, 2)
        assert row.reason is None
        assert sources_of(bench.open())["pump.pdf"][1] is None

    def test_when_the_second_is_deleted_the_first_has_one_name(self, bench: Bench) -> None:
        shutil.copy(bench.folder / "pump.pdf", bench.folder / "zcopy.pdf")
        bench.run()
        (bench.folder / "zcopy.pdf").unlink()
        report = bench.run()
        assert statuses(report)["zcopy.pdf"] == "removed"
        assert [document.names for document in bench.open().documents] == [("pump.pdf",), ("valve.pdf",)]


class TestBadFiles:
    def test_beside_good_ones(self, bench: Bench) -> None:
        make_pdf(bench.folder / "locked.pdf", VALVE, password="secret")
        make_pdf(bench.folder / "scan.pdf", [DRAWING, DRAWING])
        make_pdf(bench.folder / "half.pdf", ["Some text.", DRAWING])
        (bench.folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
        (bench.folder / "empty.pdf").write_bytes(b"")
        (bench.folder / "notes.csv").write_text("text")
        (bench.folder / "none").write_text("text")
        report = bench.run()
        assert statuses(report) == {
            "broken.pdf": "malformed",
            "empty.pdf": "malformed",
            "half.pdf": "partial",
            "locked.pdf": "encrypted",
            "none": "unsupported",
            "notes.csv": "unsupported",
            "pump.pdf": "ok",
            "scan.pdf": "empty_text",
            "valve.pdf": "ok",
        }
        assert all(row.reason for row in report.files if row.status != "ok")
        assert row_of(report, "notes.csv").reason == "no reader for .csv"
        assert report.failed
        assert report.counts == {
            "empty_text": 1, "encrypted": 1, "malformed": 2, "ok": 2, "partial": 1, "unsupported": 2,
        }  # fmt: skip
        assert [document.name for document in bench.open().documents] == ["half.pdf", "pump.pdf", "valve.pdf"]
        assert set(sources_of(bench.open())) == set(statuses(report))

    def test_they_stay_bad_without_a_new_generation(self, bench: Bench) -> None:
        (bench.folder / "broken.pdf").write_bytes(b"broken")
        first = bench.run()
        report = bench.run()
        assert statuses(report)["broken.pdf"] == "malformed"
        assert (report.published, report.generation) == (False, first.generation)

    def test_unsupported_is_no_failure(self, bench: Bench) -> None:
        (bench.folder / "notes.csv").write_text("text")
        assert not bench.run().failed

    def test_suffix_in_capitals(self, bench: Bench) -> None:
        (bench.folder / "valve.pdf").rename(bench.folder / "VALVE.PDF")
        assert statuses(bench.run())["VALVE.PDF"] == "ok"

    def test_only_bad_files(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path)
        (bench.folder / "broken.pdf").write_bytes(b"broken")
        with pytest.raises(NothingToIngest, match=r"broken\.pdf: malformed"):
            bench.run()
        assert not (bench.index / "CURRENT").exists()

    def test_only_bad_files_leave_the_old_index(self, bench: Bench) -> None:
        bench.run()
        before, current = found(bench.open()), bench.current()
        for path in bench.folder.iterdir():
            path.write_bytes(b"broken")
        with pytest.raises(NothingToIngest, match="the index is as it was"):
            bench.run()
        assert bench.current() == current
        assert found(bench.open()) == before

    def test_a_file_that_vanishes_before_it_is_read(self, bench: Bench) -> None:
        files = discover([bench.folder])
        (bench.folder / "pump.pdf").unlink()
        report = ingest_job(bench.index, bench.encoder).run(files)
        assert statuses(report) == {"pump.pdf": "unreadable", "valve.pdf": "ok"}
        assert row_of(report, "pump.pdf").reason == "No such file or directory"

    def test_a_name_that_is_no_text(self, bench: Bench) -> None:
        """As a file from an old archive may have."""
        os.rename(os.fsencode(bench.folder / "valve.pdf"), os.fsencode(bench.folder) + b"/caf\xe9.pdf")  # noqa: PTH104
        report = bench.run()
        assert len(report.files) == 2
        assert row_of(report, "pump.pdf").status == "ok"
        assert bench.open().documents
        json.dumps(report.to_json(), ensure_ascii=False).encode()


class TestFaults:
    def test_another_writer(self, bench: Bench) -> None:
        with open_writer(bench.index), pytest.raises(IndexBusy):
            bench.run()

    def test_index_cannot_be_written(self, bench: Bench) -> None:
        bench.index.write_bytes(b"a file")
        with pytest.raises(PublishFailed):
            bench.run()

    def test_a_full_disk_is_no_fault_of_the_file(self, bench: Bench) -> None:
        """Otherwise a document would leave the index because its copy found no room."""
        bench.run()
        current = bench.current()
        make_pdf(bench.folder / "tank.pdf", [f"{TANK[0]} {page}" for page in range(200)])
        with files_of_at_most(50_000), pytest.raises(PublishFailed):
            bench.run()
        assert bench.current() == current


class TestDiscover:
    def test_by_name_with_folders(self, tmp_path: Path) -> None:
        for name in ("b.pdf", "a/z.pdf", "a/b/c.pdf"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        files = discover([tmp_path])
        assert [file.name for file in files] == ["a/b/c.pdf", "a/z.pdf", "b.pdf"]
        assert [file.path for file in files] == [tmp_path / file.name for file in files]

    def test_hidden_ones_are_left_out(self, tmp_path: Path) -> None:
        root = tmp_path / ".documents"
        for name in ("a.pdf", ".b.pdf", ".git/c.pdf", "d/.e/f.pdf"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(b"x")
        assert [file.name for file in discover([root])] == ["a.pdf"]

    def test_single_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"x")
        (tmp_path / "b.pdf").write_bytes(b"x")
        assert [file.name for file in discover([tmp_path / "a.pdf"])] == ["a.pdf"]

    def test_names_are_in_one_unicode_form(self, tmp_path: Path) -> None:
        """macOS gives them in another one."""
        name = unicodedata.normalize("NFD", "Prüfbericht Müller #2 100%.pdf")
        (tmp_path / name).write_bytes(b"x")
        (file,) = discover([tmp_path])
        assert file.name == unicodedata.normalize("NFC", name) != name
        assert file.path.read_bytes() == b"x"

    def test_two_names_that_differ_in_their_form_alone(self, tmp_path: Path) -> None:
        for form in ("NFC", "NFD"):
            (tmp_path / unicodedata.normalize(form, "ü.pdf")).write_text(form)
        files = discover([tmp_path])
        assert [file.name for file in files] == sorted([f"{tmp_path.name}/ü.pdf", "ü.pdf"])
        assert sorted(file.path.read_text() for file in files) == ["NFC", "NFD"]

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToIngest, match="nowhere does not exist"):
            discover([tmp_path, tmp_path / "nowhere"])

    def test_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "inner").mkdir()
        with pytest.raises(NothingToIngest, match="no file in"):
            discover([tmp_path])

    def test_two_folders(self, tmp_path: Path) -> None:
        for name in ("one/a.pdf", "two/b.pdf", "two/a.pdf"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(name.encode())
        files = discover([tmp_path / "one", tmp_path / "two"])
        assert {file.name: file.path.read_text() for file in files} == {
            "a.pdf": "one/a.pdf",
            "b.pdf": "two/b.pdf",
            "two/a.pdf": "two/a.pdf",
        }

    @pytest.mark.parametrize(
        ("places", "roots"),
        [
            pytest.param(["1/a.pdf", "2/a.pdf", "3/a.pdf"], ["1/a.pdf", "2/a.pdf", "3/a.pdf"], id="three files"),
            pytest.param(["1/x/a.pdf", "2/x/a.pdf", "3/x/a.pdf"], ["1/x", "2/x", "3/x"], id="three folders"),
            pytest.param(["1/a.pdf", "1/x/a.pdf", "x/a.pdf"], ["1", "x"], id="folder in a folder"),
        ],
    )
    def test_no_file_is_lost_to_one_of_the_same_name(self, tmp_path: Path, places: list[str], roots: list[str]) -> None:
        for place in places:
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_bytes(b"x")
        files = discover([tmp_path / root for root in roots])
        assert sorted(str(file.path.relative_to(tmp_path)) for file in files) == sorted(places)


class TestReport:
    def test_shape(self, bench: Bench) -> None:
        report = bench.run().to_json()
        assert set(report) == {
            "generation", "published", "files", "counts", "pages", "chunks", "embedded", "reused", "seconds",
            "pages_per_second", "note", "characters", "indexed_characters", "stages",
        }  # fmt: skip
        for row in report["files"]:
            assert set(row) == {
                "path", "status", "pages", "pages_with_text", "chunks", "reason", "seconds", "characters",
                "indexed_characters", "remarks",
            }  # fmt: skip
        assert json.loads(json.dumps(report)) == report

    def test_report_json_in_the_generation_has_the_same_shape(self, bench: Bench) -> None:
        (bench.folder / "broken.pdf").write_bytes(b"broken")
        report = bench.run()
        held: dict[str, Any] = json.loads((bench.index / "gen" / report.generation / "report.json").read_bytes())
        said = report.to_json()
        assert set(held) == set(said)
        for key in ("generation", "files", "counts", "pages", "chunks", "embedded", "reused"):
            assert held[key] == said[key]

    def test_numbers(self) -> None:
        rows = [
            FileRow("a.pdf", "ok", 10, 10, 20),
            FileRow("b.pdf", "duplicate", 10),
            FileRow("c.pdf", "partial", 5, 4, 6),
            FileRow("d.pdf", "unchanged", 3, 3, 4),
            FileRow("e.pdf", "removed"),
            FileRow("f.pdf", "encrypted"),
        ]
        report = Report("000001-00000000", True, rows, chunks=30, embedded=26, reused=4, seconds=4.0)
        said = report.to_json()
        assert said["pages"] == 18
        assert said["pages_per_second"] == 4.5
        assert said["counts"] == {"duplicate": 1, "encrypted": 1, "ok": 1, "partial": 1, "removed": 1, "unchanged": 1}
        assert list(said["files"][0].items()) == [
            *(("path", "a.pdf"), ("status", "ok"), ("pages", 10), ("pages_with_text", 10), ("chunks", 20)),
            *(("reason", None), ("seconds", 0.0), ("characters", 0), ("indexed_characters", 0), ("remarks", {})),
        ]
        assert report.failed
        assert not Report("g", True, rows[:-1], 30, 26, 4, 4.0).failed


def edit(bench: Bench) -> None:
    bench.put("pump.pdf", ["# Pump\nThe pump has a black lid."])


def rename(bench: Bench) -> None:
    (bench.folder / "pump.pdf").rename(bench.folder / "zebra.pdf")


def delete(bench: Bench) -> None:
    (bench.folder / "valve.pdf").unlink()


def add(bench: Bench) -> None:
    bench.put("tank.pdf", TANK)
    bench.put("inner/a tank without a title.pdf", ["Two litres of oil are left."])


def copy(bench: Bench) -> None:
    shutil.copy(bench.folder / "pump.pdf", bench.folder / "a copy.pdf")


def swap(bench: Bench) -> None:
    (bench.folder / "pump.pdf").rename(bench.folder / "third.pdf")
    (bench.folder / "valve.pdf").rename(bench.folder / "pump.pdf")
    (bench.folder / "third.pdf").rename(bench.folder / "valve.pdf")


@pytest.mark.parametrize(
    "changes",
    [[edit], [rename], [delete], [add], [copy], [swap], [add, rename], [copy, delete, edit], [swap, add, copy]],
    ids=lambda changes: "-".join(change.__name__ for change in changes),
)
def test_step_by_step_is_the_same_as_all_at_once(
    bench: Bench, tmp_path: Path, changes: list[Callable[[Bench], None]]
) -> None:
    bench.run()
    for change in changes:
        change(bench)
        bench.run()
    clean = ingest_job(tmp_path / "clean", BagOfWordsEncoder())
    clean.run(discover([bench.folder]))
    other = open_current(tmp_path / "clean", bench.encoder.identity)
    assert found(bench.open()) == found(other)
    assert list(bench.open().documents) == list(other.documents)


class TestOddEntries:
    def test_names_that_look_like_markup_and_commands(self, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
        make_pdf(bench.folder / "weird [#final] \x1b[31m [bold] name.pdf", ["Some text of a page."])
        report = ingest_job(bench.index, bench.encoder).run(discover([bench.folder]))
        show(report, Console(width=200))
        printed = capsys.readouterr().out
        assert "weird [#final]" in printed
        assert "[bold]" in printed
        assert "\x1b[31m" not in printed

    def test_a_folder_that_cannot_be_opened_stops_the_run(self) -> None:
        error = PermissionError(13, "Permission denied", "secret")
        with pytest.raises(NothingToIngest, match="secret cannot be read: Permission denied"):
            _refuse(error)

    def test_links_and_pipes_have_a_row(self, bench: Bench, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (bench.folder / "link").symlink_to(tmp_path / "elsewhere")
        (bench.folder / "nowhere.pdf").symlink_to(tmp_path / "missing")
        os.mkfifo(bench.folder / "pipe.pdf")
        report = ingest_job(bench.index, bench.encoder).run(discover([bench.folder]))
        found = statuses(report)
        assert {name: found[name] for name in ("link", "nowhere.pdf", "pipe.pdf")} == dict.fromkeys(
            ("link", "nowhere.pdf", "pipe.pdf"), "unsupported"
        )

    def test_a_name_that_is_too_long_for_a_path(self) -> None:
        with pytest.raises(NothingToIngest, match="does not exist"):
            discover([Path("x" * 5000)])
