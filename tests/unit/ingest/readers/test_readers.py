"""Invariants of all readers, remarks and the reader version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import text
from ingest.readers import version as module
from ingest.readers.limits import ReadingLimits
from ingest.readers.ocr import Tesseract
from ingest.readers.registry import READERS
from ingest.readers.source import ReadingOptions, Remark, missing_reason
from ingest.readers.version import VERSION, needs_rereading, reader_version
from rag.errors import FileFault
from tests.unit.conftest import quick_folder

OPTIONS = ReadingOptions(ReadingLimits(), ocr="off")


def test_kinds() -> None:
    assert set(READERS) == {".pdf", ".txt", ".text", ".md", ".markdown", ".html", ".htm", ".docx"}


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_that_is_gone(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FileFault) as caught:
        READERS[suffix](tmp_path / "gone", OPTIONS)
    assert (caught.value.status, caught.value.reason) == ("unreadable", "No such file or directory")


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200))
def test_any_bytes(suffix: str, data: bytes) -> None:
    """Whatever a file holds, it is read or refused, and what is read can be stored."""
    with quick_folder() as folder:
        (folder / "a").write_bytes(data)
        try:
            source = READERS[suffix](folder / "a", OPTIONS)
        except FileFault as fault:
            status = fault.status
            assert status in ("malformed", "empty_text")
        else:
            assert "".join(page.text for page in source.pages).encode().strip()


def test_memory_and_depth_that_give_out_are_faults_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, status in ((MemoryError, "out_of_memory"), (RecursionError, "malformed")):

        def fail(*_: object, error: type[Exception] = error) -> None:
            raise error

        monkeypatch.setattr(text, "read_text", fail)
        with pytest.raises(FileFault) as caught:
            READERS[".txt"](tmp_path, OPTIONS)
        assert caught.value.status == status


def test_importing_the_readers_loads_no_library_of_one_kind() -> None:
    heavy = "{'pypdf', 'docx', 'lxml', 'selectolax', 'markdown_it', 'charset_normalizer', 'torch'}"
    code = f"import ingest.readers, sys; print(*sorted({heavy} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_missing_reason() -> None:
    remarks = [
        Remark(1, "empty", "blank"),
        Remark(2, "ocr", "tesseract 5"),
        Remark(3, "empty", "ocr unavailable"),
        Remark(4, "second_opinion"),
        Remark(5, "empty", "ocr unavailable"),
        Remark(6, "suspect", "letters apart"),
    ]
    assert missing_reason(remarks) == (
        "no text on pages 3, 5: a scan; install tesseract-ocr for OCR; no highlights on page 4; garbled text on page 6"
    )
    assert missing_reason(remarks[:2]) is None


class TestIdentity:
    BEFORE = {"reader": 2, "ocr": "none"}  # noqa: RUF012
    NOW = {"reader": 2, "ocr": "tesseract 5.3.0 eng"}  # noqa: RUF012
    FORCED = {"reader": 2, "ocr": "forced tesseract 5.3.0 eng"}  # noqa: RUF012
    SCAN = (Remark(3, "empty", "ocr unavailable"),)
    SEEN = (Remark(3, "ocr", "tesseract 5.3.0 eng"),)

    def test_of_options(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert reader_version(OPTIONS) == {"reader": VERSION, "ocr": "off"}
        for tesseract, auto, force in (
            (None, "none", "forced none"),
            (Tesseract("tesseract", "5.3.0", ("eng",)), "tesseract 5.3.0 eng", "forced tesseract 5.3.0 eng"),
        ):
            monkeypatch.setattr(module, "find_tesseract", lambda _, tesseract=tesseract: tesseract)
            assert reader_version(ReadingOptions(ReadingLimits()))["ocr"] == auto
            assert reader_version(ReadingOptions(ReadingLimits(), ocr="force"))["ocr"] == force

    def test_ocr_that_was_installed_reads_the_scans_and_only_those(self) -> None:
        assert needs_rereading(self.SCAN, self.BEFORE, self.NOW)
        assert not needs_rereading((), self.BEFORE, self.NOW)
        assert not needs_rereading((Remark(1, "empty", "blank"),), self.BEFORE, self.NOW)
        assert needs_rereading((Remark(1, "suspect", "ocr off"),), {"reader": 2, "ocr": "off"}, self.NOW)

    def test_what_ocr_read_stays(self) -> None:
        newer = {"reader": 2, "ocr": "tesseract 5.5.0 eng"}
        for now in (self.NOW, newer, self.BEFORE, {"reader": 2, "ocr": "off"}):
            assert not needs_rereading(self.SEEN, self.NOW, now)

    def test_forced(self) -> None:
        assert needs_rereading((), self.NOW, self.FORCED)
        assert not needs_rereading((), self.NOW, self.FORCED, pdf=False)
        assert not needs_rereading(self.SEEN, self.FORCED, self.FORCED)
        assert needs_rereading(self.SEEN, self.FORCED, self.NOW)
        assert not needs_rereading((), self.FORCED, self.NOW)

    def test_another_reader_reads_all(self) -> None:
        assert needs_rereading((), {"reader": 1}, self.NOW, pdf=False)
