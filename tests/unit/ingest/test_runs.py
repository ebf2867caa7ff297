"""Consecutive runs of the ingest job over plain texts: rereading, publishing and deletion."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

import ingest.plan
import ingest.reading
from ingest.discovery import discover
from ingest.readers.ocr import Tesseract
from ingest.readers.source import OCR_OFF, OcrMode, ReadingOptions, Remark, SourceText
from ingest.reporting.report import Report
from rag.domain.file_status import FileRow
from rag.domain.values import Page, Question
from rag.errors import FailureStatus, FileFault, NothingToIngest
from rag.index.generation import Generation
from rag.index.maintenance import list_generations, roll_back, verify_generation
from rag.index.reading import open_current
from rag.models.embedding.interfaces import FloatMatrix
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job

CANARY = "xylophonequark"


@dataclass(eq=False)
class PlainReader:
    """Reads ``[scan]`` only with OCR, and fails with the status in a file; form feeds separate pages.

    Attributes:
        read: the texts that it has read, in order.
    """

    read: list[str] = field(default_factory=list)

    def __call__(self, path: Path, options: ReadingOptions) -> SourceText:
        ocr = options.ocr != "off"
        text = path.read_text()
        self.read.append(text)
        if text.startswith("[fault] "):
            raise FileFault(cast("FailureStatus", text.split()[1]), "as it says")
        pages, remarks = list[Page](), list[Remark]()
        for number, part in enumerate(text.split("\f"), start=1):
            scanned = part.startswith("[scan] ")
            if scanned:
                remarks.append(Remark(number, "ocr") if ocr else Remark(number, "empty", OCR_OFF))
            seen = part.removeprefix("[scan] ") if ocr or not scanned else ""
            pages.append(Page(number, seen, 595.0, 842.0))
        if not any(page.text for page in pages):
            raise FileFault("empty_text", "no text on any page")
        empty = [page.number for page in pages if not page.text]
        return SourceText(None, pages, remarks, f"no text on page {empty[0]}" if empty else None)


class Bench:
    """A folder of texts with the suffix of PDFs, and an index."""

    def __init__(self, root: Path, reader: PlainReader) -> None:
        self.folder = root / "documents"
        self.folder.mkdir()
        self.index = root / "index"
        self.encoder = BagOfWordsEncoder()
        self.reader = reader
        self.ocr: OcrMode = "off"
        self.keep = 3

    def put(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.folder / f"{name}.pdf").write_text(text)

    def run(self) -> Report:
        self.encoder.encoded.clear()
        self.reader.read.clear()
        job = ingest_job(self.index, self.encoder, ocr=self.ocr, keep=self.keep)
        return job.run(discover([self.folder]))

    def open(self) -> Generation:
        return open_current(self.index, self.encoder.identity)

    def texts(self) -> list[str]:
        generation = self.open()
        return [passage.chunk.text for passage in generation.passages(range(len(generation)))]

    def rows(self, report: Report) -> dict[str, FileRow]:
        return {row.path.removesuffix(".pdf"): row for row in report.files}

    def statuses(self, report: Report) -> dict[str, str]:
        return {name: row.status for name, row in self.rows(report).items()}


def no_pictures(*_: object) -> Sequence[bytes]:
    raise FileFault("malformed", "it is no PDF")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    reader = PlainReader()
    for module in (ingest.plan, ingest.reading):
        monkeypatch.setattr(module, "READERS", {".pdf": reader, ".txt": PlainReader()})
    monkeypatch.setattr(ingest.reading, "thumbnails", no_pictures)
    monkeypatch.setattr("ingest.readers.version.find_tesseract", lambda languages: Tesseract("", "5", languages))
    return Bench(tmp_path, reader)


class TestOcr:
    def test_only_what_may_be_read_otherwise_is_read_again(self, bench: Bench) -> None:
        bench.put(plain="Only text.", half="A text.\f[scan] A stamp.", scan="[scan] A letter.")
        assert bench.statuses(bench.run()) == {"half": "partial", "plain": "ok", "scan": "empty_text"}
        bench.ocr = "auto"
        report = bench.run()
        assert sorted(bench.reader.read) == ["A text.\f[scan] A stamp.", "[scan] A letter."]
        assert bench.statuses(report) == {"half": "ok", "plain": "unchanged", "scan": "ok"}
        assert bench.texts() == ["A text.", "A stamp.", "Only text.", "A letter."]
        again = bench.run()
        assert (again.published, bench.reader.read) == (False, [])

    def test_a_text_that_has_changed_by_it_alone_is_published(self, bench: Bench) -> None:
        """The files are the same, and so are their names: only what was read is not."""
        bench.put(half="A text.\f[scan] A stamp.")
        first = bench.run()
        bench.ocr = "auto"
        report = bench.run()
        assert report.published
        assert report.generation != first.generation
        assert bench.texts() == ["A text.", "A stamp."]
        assert bench.rows(report)["half"].remarks == {"ocr": "2"}
        again = bench.run()
        assert (again.published, bench.reader.read) == (False, [])

    def test_without_scans_nothing_is_read_and_nothing_published(self, bench: Bench) -> None:
        bench.put(plain="Only text.")
        bench.run()
        bench.ocr = "auto"
        report = bench.run()
        assert (report.published, bench.reader.read, report.note) == (False, [], None)

    def test_what_was_read_stays_when_ocr_is_switched_off(self, bench: Bench) -> None:
        bench.put(plain="Only text.", scan="[scan] A letter.")
        bench.ocr = "auto"
        bench.run()
        bench.ocr = "off"
        report = bench.run()
        assert bench.statuses(report) == {"plain": "unchanged", "scan": "unchanged"}
        assert (report.published, bench.texts()) == (False, ["Only text.", "A letter."])


class TestFailures:
    def test_duplicates_of_a_file_that_fails(self, bench: Bench) -> None:
        bench.put(a="[fault] malformed", b="[fault] malformed", c="Text.")
        report = bench.run()
        assert bench.statuses(report) == {"a": "malformed", "b": "malformed", "c": "ok"}
        assert bench.reader.read.count("[fault] malformed") == 1
        assert {row.reason for name, row in bench.rows(report).items() if name != "c"} == {"as it says"}
        again = bench.run()
        assert bench.statuses(again) == {"a": "malformed", "b": "malformed", "c": "unchanged"}
        assert (again.published, bench.reader.read) == (False, [])

    @pytest.mark.parametrize("fault", ["crashed", "timeout", "out_of_memory"])
    def test_what_may_have_had_another_cause_is_tried_again(self, bench: Bench, fault: str) -> None:
        bench.put(a=f"[fault] {fault}", b="Text.")
        bench.run()
        report = bench.run()
        assert bench.reader.read == [f"[fault] {fault}"]
        assert (report.published, bench.statuses(report)["a"]) == (False, fault)

    def test_nothing_is_published_where_only_files_that_fail_have_changed(self, bench: Bench) -> None:
        bench.put(a="Text.")
        first = bench.run()
        bench.put(b="[fault] encrypted")
        report = bench.run()
        assert (report.published, report.generation) == (False, first.generation)
        assert bench.statuses(report) == {"a": "unchanged", "b": "encrypted"}
        assert report.failed
        (bench.folder / "b.pdf").unlink()
        assert bench.statuses(bench.run()) == {"a": "unchanged"}

    def test_a_failing_encoder_publishes_nothing(self, bench: Bench) -> None:
        class Broken(BagOfWordsEncoder):
            def encode(self, texts: Sequence[str]) -> FloatMatrix:  # noqa: ARG002
                raise RuntimeError("the encoder broke")

        bench.put(a="Text.")
        first = bench.run()
        bench.put(b="More text.")
        with pytest.raises(RuntimeError, match="the encoder broke"):
            ingest_job(bench.index, Broken()).run(discover([bench.folder]))
        assert bench.open().id == first.generation
        assert list((bench.index / "tmp").iterdir()) == []
        assert bench.run().published

    def test_nothing_left(self, bench: Bench) -> None:
        bench.put(a="Text.")
        first = bench.run()
        bench.put(a="[fault] crashed")
        with pytest.raises(NothingToIngest, match=r"a\.pdf: crashed \(as it says\)") as caught:
            bench.run()
        assert [row["status"] for row in caught.value.files] == ["crashed"]
        assert bench.open().id == first.generation

    def test_a_lost_copy_is_restored_without_a_new_generation(self, bench: Bench) -> None:
        bench.put(a="Text.")
        bench.run()
        (stored,) = (bench.index / "sources").iterdir()
        stored.unlink()
        assert not bench.run().published
        assert stored.read_text() == "Text."

    def test_the_same_content_by_another_reader(self, bench: Bench) -> None:
        bench.put(a="Text.")
        bench.run()
        (bench.folder / "a.pdf").rename(bench.folder / "a.txt")
        report = bench.run()
        assert {row.path: row.status for row in report.files} == {"a.txt": "ok", "a.pdf": "removed"}
        assert (report.published, report.embedded) == (True, 1)

    def test_a_content_that_failed_is_read_under_another_suffix(self, bench: Bench) -> None:
        bench.put(a="Text.", b="[fault] malformed")
        bench.run()
        for name in ("c.txt", "d.txt"):
            shutil.copy(bench.folder / "b.pdf", bench.folder / name)
        (bench.folder / "c.txt").write_text("[fault] malformed")
        report = bench.run()
        assert {row.path: row.status for row in report.files} == {
            "a.pdf": "unchanged",
            "b.pdf": "malformed",
            "c.txt": "malformed",
            "d.txt": "malformed",
        }


class TestCounts:
    def test_every_character_is_in_a_chunk_where_there_is_no_running_header(self, bench: Bench) -> None:
        long = "\n\n".join(
            f"Paragraph {n}: " + "the pump weighs nine kilograms, as does the lid. " * 9 for n in range(9)
        )
        bench.put(a=long, b="One.\f\fThree.", c="Größe 😀 漢字.", d="One.\f\fThree.")
        report = bench.run()
        for row in report.files:
            assert row.characters == row.indexed_characters
            assert (row.characters > 0) == (row.status != "duplicate")
        assert bench.rows(report)["a"].characters == len("".join(long.split()))
        said = report.to_json()
        assert said["characters"] == said["indexed_characters"] == sum(row.characters for row in report.files)
        again = bench.run().to_json()
        assert (again["characters"], again["indexed_characters"]) == (said["characters"], said["characters"])

    def test_stages_are_reported(self, bench: Bench) -> None:
        bench.put(a="Text.")
        assert set(bench.run().stages) == {"check", "read", "read and embed", "encoder at work", "publish"}
        assert set(bench.run().stages) == {"check"}


class TestGenerations:
    @pytest.mark.parametrize("keep", [1, 2, 3])
    def test_only_so_many_stay(self, bench: Bench, keep: int) -> None:
        bench.keep = keep
        for number in range(5):
            bench.put(a=f"Text {number}.")
            bench.run()
            rows = list_generations(bench.index)
            assert len(rows) == min(keep, number + 1)
            assert len(list((bench.index / "sources").iterdir())) == min(keep, number + 1)
            for row in rows:
                verify_generation(bench.index, row.name)

    def test_a_run_after_a_rollback_goes_on_from_there(self, bench: Bench) -> None:
        bench.put(a="Text.")
        bench.run()
        bench.put(b="More text.")
        bench.run()
        roll_back(bench.index)
        assert bench.texts() == ["Text."]
        report = bench.run()
        assert bench.statuses(report) == {"a": "unchanged", "b": "ok"}
        assert bench.texts() == ["Text.", "More text."]

    def test_a_failed_garbage_collection_does_not_undo_what_is_published(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("ingest.job.collect_garbage", refuse)
        bench.put(a="Text.")
        assert bench.run().published
        assert "rag index gc" in caplog.text


class TestDeletion:
    def test_a_deleted_document_is_gone_from_every_byte(self, bench: Bench) -> None:
        bench.keep = 1
        bench.put(a="The pump is blue.", b=f"The secret word is {CANARY}.")
        bench.run()
        held = [path for path in bench.index.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
        assert {path.name for path in held} >= {"docstore.sqlite"}
        retriever = Retriever(bench.encoder, None)
        assert CANARY in retriever.retrieve(bench.open(), Question(CANARY), 10)[0].passage.chunk.text
        (bench.folder / "b.pdf").unlink()
        assert bench.run().published
        for path in bench.index.rglob("*"):
            if path.is_file():
                assert CANARY.encode() not in path.read_bytes(), path
                assert CANARY[:-2].encode() not in path.read_bytes(), path
        found = retriever.retrieve(bench.open(), Question(CANARY), 10)
        assert [hit.passage.chunk.text for hit in found] == ["The pump is blue."]

    def test_so_is_what_an_edit_took_out(self, bench: Bench) -> None:
        bench.keep = 1
        bench.put(a=f"The pump is {CANARY}.", b="The valve is red.")
        bench.run()
        bench.put(a="The pump is blue.")
        bench.run()
        assert not [p for p in bench.index.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
