"""Ingest plan: files with known content are not read again, unless the readers may give other text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import plan as module
from ingest.discovery import SourceFile, discover
from ingest.plan import FileLimits, KnownFiles, PlannedFile, make_plan, manifest_row
from rag.domain.file_status import FileRow, FileStatus
from rag.index.manifest import Counts, Manifest
from rag.index.sources import SourceStore
from rag.index.writer import IndexWriter, open_writer

CHUNKER = {"name": "test"}


def read_nothing(*_: object) -> None:
    raise AssertionError("a plan reads nothing")


def read_nothing_else(*_: object) -> None:
    raise AssertionError("a plan reads nothing")


@pytest.fixture(autouse=True)
def _readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers: one for .pdf, another for .txt and .text."""
    known = {".pdf": read_nothing, ".txt": read_nothing_else, ".text": read_nothing_else}
    monkeypatch.setattr(module, "READERS", known)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[IndexWriter]:
    with open_writer(tmp_path / "index") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    return made


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def row(path: str, data: bytes, status: FileStatus = "ok", **more: Any) -> FileRow:
    fields = {"pages": 3, "chunks": 4, **more}
    return FileRow(path, status, sha256=digest(data), size=len(data), **fields)


def failed(path: str, data: bytes, status: FileStatus) -> FileRow:
    return row(path, data, status, pages=0, chunks=0, reason=f"it is {status}")


def known(*rows: FileRow, before: str = "off", now: str = "off") -> KnownFiles:
    manifest = Manifest(
        generation="000001-00000000",
        parent=None,
        created="2026-11-30T12:00:00+00:00",
        files=(),
        encoder={},
        chunker={**CHUNKER, "ocr": before},
        counts=Counts(documents=0, pages=0, chunks=0),
        sources=rows,
    )
    return KnownFiles.of(manifest, {**CHUNKER, "ocr": now})


def planned(
    folder: Path, writer: IndexWriter, what: KnownFiles | None = None, limit: int = 1000
) -> dict[str, tuple[str, str]]:
    """Action and status of each file."""
    return {plan.file.name: (plan.action, plan.row.status) for plan in plans(folder, writer, what, limit)}


def plans(folder: Path, writer: IndexWriter, what: KnownFiles | None = None, limit: int = 1000) -> list[PlannedFile]:
    return make_plan(discover([folder]), what or KnownFiles(), FileLimits(limit), writer)


def put(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)


class TestKnown:
    def test_unchanged(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"one")
        (plan,) = plans(folder, writer, known(row("a.pdf", b"one", pages_with_text=2, characters=90)))
        assert (plan.action, plan.digest, plan.size) == ("carry", digest(b"one"), 3)
        assert (plan.row.status, plan.row.pages, plan.row.pages_with_text) == ("unchanged", 3, 2)
        assert (plan.row.chunks, plan.row.characters) == (4, 90)

    def test_new(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"one")
        (plan,) = plans(folder, writer)
        assert (plan.action, plan.digest) == ("read", digest(b"one"))
        assert writer.sources.path(digest(b"one")).read_bytes() == b"one"

    def test_edited(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"two")
        assert planned(folder, writer, known(row("a.pdf", b"one"))) == {"a.pdf": ("read", "ok")}

    def test_renamed(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "b.pdf", b"one")
        assert planned(folder, writer, known(row("a.pdf", b"one"))) == {"b.pdf": ("carry", "ok")}
        partly = known(row("a.pdf", b"one", "partial", reason="no text on page 2"))
        assert planned(folder, writer, partly) == {"b.pdf": ("carry", "partial")}

    def test_renamed_onto_another_one(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"two")
        put(folder, "b.pdf", b"one")
        both = known(row("a.pdf", b"one"), row("b.pdf", b"two"))
        assert planned(folder, writer, both) == {"a.pdf": ("carry", "ok"), "b.pdf": ("carry", "ok")}

    def test_what_was_a_duplicate_and_is_alone_now(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "b.pdf", b"one")
        both = known(row("a.pdf", b"one"), row("b.pdf", b"one", "duplicate", chunks=0, reason="same content as a.pdf"))
        (plan,) = plans(folder, writer, both)
        assert (plan.action, plan.row.status, plan.row.chunks, plan.row.reason) == ("carry", "unchanged", 4, None)


class TestDuplicates:
    def test_of_what_is_read(self, folder: Path, writer: IndexWriter) -> None:
        for name in ("a.pdf", "b.pdf", "c.pdf"):
            put(folder, name, b"one")
        first, *others = plans(folder, writer)
        assert first.action == "read"
        for plan in others:
            assert (plan.action, plan.row.status, plan.digest) == ("report", "duplicate", first.digest)
            assert plan.row.reason == "same content as a.pdf"

    def test_of_what_is_carried_over(self, folder: Path, writer: IndexWriter) -> None:
        for name in ("a.pdf", "b.pdf"):
            put(folder, name, b"one")
        one = known(row("b.pdf", b"one"))
        assert planned(folder, writer, one) == {"a.pdf": ("carry", "ok"), "b.pdf": ("report", "duplicate")}

    def test_of_what_is_known_to_fail(self, folder: Path, writer: IndexWriter) -> None:
        """What cannot be read once cannot be read twice: both have that status."""
        for name in ("a.pdf", "b.pdf"):
            put(folder, name, b"one")
        broken = known(failed("a.pdf", b"one", "malformed"))
        assert planned(folder, writer, broken) == {"a.pdf": ("report", "malformed"), "b.pdf": ("report", "malformed")}


class TestFailed:
    @pytest.mark.parametrize("status", ["malformed", "encrypted", "empty_text", "too_large"])
    def test_a_fault_of_the_content_is_remembered(self, folder: Path, writer: IndexWriter, status: FileStatus) -> None:
        put(folder, "b.pdf", b"one")
        (plan,) = plans(folder, writer, known(failed("a.pdf", b"one", status)))
        assert (plan.action, plan.row.status, plan.row.reason) == ("report", status, f"it is {status}")
        assert not writer.sources.path(digest(b"one")).exists()

    @pytest.mark.parametrize("status", ["timeout", "out_of_memory", "crashed", "unreadable"])
    def test_one_that_may_have_had_another_cause_is_not(
        self, folder: Path, writer: IndexWriter, status: FileStatus
    ) -> None:
        put(folder, "a.pdf", b"one")
        assert planned(folder, writer, known(failed("a.pdf", b"one", status))) == {"a.pdf": ("read", "ok")}


class TestOcr:
    """A file that was read with another OCR is read again where that may give another text."""

    @pytest.mark.parametrize(
        ("before", "now", "remarks", "again"),
        [
            pytest.param("off", "off", {"empty: ocr off": "2"}, False, id="the same"),
            pytest.param("off", "x 1", {}, False, id="no page without text"),
            pytest.param("off", "x 1", {"empty: ocr off": "2"}, True, id="a page without text"),
            pytest.param("none", "x 1", {"empty: ocr unavailable": "2"}, True, id="OCR was installed"),
            pytest.param("none", "x 1", {"empty: blank": "2"}, False, id="a blank page"),
            pytest.param("off", "x 1", {"suspect: ocr off": "2"}, True, id="a page with odd text"),
            pytest.param("x 1", "off", {"ocr: x 1": "2"}, False, id="what was read stays"),
            pytest.param("x 1", "x 2", {"ocr: x 1": "2"}, False, id="another version"),
            pytest.param("x 1", "x 2", {"second_opinion": "2"}, False, id="nothing scanned"),
            pytest.param("x 1", "forced x 1", {}, True, id="all pages now"),
            pytest.param("forced x 1", "x 1", {"ocr: x 1": "2"}, True, id="all pages before"),
        ],
    )
    def test_documents(
        self, folder: Path, writer: IndexWriter, before: str, now: str, remarks: dict[str, str], again: bool
    ) -> None:
        put(folder, "a.pdf", b"one")
        what = known(row("a.pdf", b"one", remarks=remarks), before=before, now=now)
        action = ("read", "ok") if again else ("carry", "unchanged")
        assert planned(folder, writer, what) == {"a.pdf": action}

    def test_only_scans_are_forced(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.txt", b"one")
        what = known(row("a.txt", b"one"), before="off", now="forced x 1")
        assert planned(folder, writer, what) == {"a.txt": ("carry", "unchanged")}

    def test_failures(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"one")
        put(folder, "b.pdf", b"two")
        rows = failed("a.pdf", b"one", "empty_text"), failed("b.pdf", b"two", "encrypted")
        what = known(*rows, before="off", now="x 1")
        assert planned(folder, writer, what) == {"a.pdf": ("read", "ok"), "b.pdf": ("report", "encrypted")}


class TestSuffixes:
    def test_another_reader_for_the_same_content(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.txt", b"one")
        assert planned(folder, writer, known(row("a.pdf", b"one"))) == {"a.txt": ("read", "ok")}
        assert planned(folder, writer, known(failed("a.pdf", b"one", "malformed"))) == {"a.txt": ("read", "ok")}

    def test_the_same_reader_under_another_suffix(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.text", b"one")
        assert planned(folder, writer, known(row("a.txt", b"one"))) == {"a.text": ("carry", "ok")}

    def test_a_failure_under_one_suffix_is_none_under_the_other(self, folder: Path, writer: IndexWriter) -> None:
        for name in ("a.pdf", "b.txt", "c.txt"):
            put(folder, name, b"one")
        what = known(failed("a.pdf", b"one", "malformed"))
        assert planned(folder, writer, what) == {
            "a.pdf": ("report", "malformed"),
            "b.txt": ("read", "ok"),
            "c.txt": ("report", "duplicate"),
        }
        # A copy is there to be read, although none is kept of what fails.
        assert writer.sources.path(digest(b"one")).read_bytes() == b"one"

    def test_unsupported(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.exe", b"one")
        put(folder, "b", b"one")
        reasons = [plan.row.reason for plan in plans(folder, writer)]
        assert planned(folder, writer) == dict.fromkeys(("a.exe", "b"), ("report", "unsupported"))
        assert reasons == ["no reader for .exe", "no reader for this type"]
        assert list((writer.layout.sources).iterdir()) == []


class TestBounds:
    def test_too_large(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", bytes(1_000_001))
        put(folder, "b.pdf", bytes(1_000_000))
        first, second = plans(folder, writer, limit=1_000_000)
        assert (first.action, first.row.status, first.digest) == ("report", "too_large", None)
        assert first.row.reason == "1 MB; RAG_FILE_MEGABYTES allows 1"
        assert second.action == "read"
        assert not writer.sources.path(digest(bytes(1_000_001))).exists()

    def test_gone(self, folder: Path, writer: IndexWriter) -> None:
        (plan,) = make_plan([SourceFile(folder / "a.pdf", "a.pdf")], KnownFiles(), FileLimits(), writer)
        assert (plan.action, plan.row.status) == ("report", "unreadable")
        assert plan.row.reason == "No such file or directory"


class TestSources:
    def test_a_missing_copy_is_made_again(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"one")
        assert planned(folder, writer, known(row("a.pdf", b"one"))) == {"a.pdf": ("carry", "unchanged")}
        assert writer.sources.path(digest(b"one")).read_bytes() == b"one"

    def test_a_copy_that_was_cut_short_is_made_again(self, folder: Path, writer: IndexWriter) -> None:
        put(folder, "a.pdf", b"one")
        writer.sources.path(digest(b"one")).write_bytes(b"o")
        planned(folder, writer, known(row("a.pdf", b"one")))
        assert writer.sources.path(digest(b"one")).read_bytes() == b"one"

    def test_what_is_there_is_not_copied(
        self, folder: Path, writer: IndexWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(folder, "a.pdf", b"one")
        writer.sources.path(digest(b"one")).write_bytes(b"one")
        monkeypatch.setattr(SourceStore, "store", lambda *_: pytest.fail("it was copied"))
        assert planned(folder, writer, known(row("a.pdf", b"one"))) == {"a.pdf": ("carry", "unchanged")}

    @pytest.mark.parametrize(
        ("status", "has_digest"), [("ok", True), ("duplicate", True), ("malformed", True), ("unsupported", False)]
    )
    def test_rows_for_the_manifest(self, folder: Path, status: FileStatus, has_digest: bool) -> None:
        file = SourceFile(folder / "a.pdf", "a.pdf", file="/documents/a.pdf")
        counts: dict[str, Any] = {"pages": 2, "pages_with_text": 1, "chunks": 5, "characters": 90}
        found = FileRow("a.pdf", status, **counts, indexed_characters=80, remarks={"ocr": "1"}, reason="why")
        held = manifest_row(PlannedFile(file, "read", found, digest(b"one"), 3), found, {digest(b"one"): "then"})
        assert held.sha256 == (digest(b"one") if has_digest else None)
        assert (held.path, held.status, held.size, held.pages, held.pages_with_text) == ("a.pdf", status, 3, 2, 1)
        assert (held.chunks, held.reason, held.characters, held.indexed_characters) == (5, "why", 90, 80)
        assert held.remarks == {"ocr": "1"}
        assert (held.file, held.added) == ("/documents/a.pdf", "then" if has_digest else None)
