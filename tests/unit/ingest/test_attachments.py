"""Attached files of a PDF: read as its further pages, drawn as such, or named as not read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.chunking import Chunker
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import Cutting, Reading, ReadRequest, read_document
from rag.errors import FileFault
from rag.pdf.document import open_document, render_page
from tests.fakes import tiny_pdf
from tests.unit.ingest.pdf.objects import page_of, shown

LIMITS = ReadingLimits()


def with_files(path: Path, text: str, files: Mapping[str, bytes]) -> Path:
    """A PDF of one page with embedded files."""
    names, extra = "", list[str | bytes]()
    for name, data in files.items():
        number = 5 + len(extra)
        names += f"({name}){number} 0 R"
        extra.append(f"<</Type/Filespec/F({name})/UF({name})/EF<</F {number + 1} 0 R>>>>")
        extra.append(b"<</Type/EmbeddedFile/Length %d>>stream\n%s\nendstream" % (len(data), data))
    catalog = f"/Names<</EmbeddedFiles<</Names[{names}]>>>>"
    path.write_bytes(page_of(shown(text, 700) if text else "", catalog=catalog, extra=extra))
    return path


def read(path: Path, limits: ReadingLimits = LIMITS) -> Reading:
    cutting = Cutting(Chunker(), lambda text: len(text.split()), 500)
    return read_document(ReadRequest(path, ".pdf"), cutting, ReadingOptions(limits, ocr="off"))


def test_pages_of_attached_pdfs_come_last(tmp_path: Path) -> None:
    files = {"note.txt": b"The crane is red.", "annex b.pdf": tiny_pdf(["It comes in June.", "It goes in July."])}
    reading = read(with_files(tmp_path / "a.pdf", "See the annex.", files))
    assert [page.text for page in reading.record.pages] == [
        "See the annex.",
        "Attached file: annex b.pdf\n\nIt comes in June.",
        "It goes in July.",
        "Attached file: note.txt\n\nThe crane is red.",
    ]
    assert [page.number for page in reading.record.pages] == [1, 2, 3, 4]
    assert reading.record.chunks[2].headings == ("Attached file: annex b.pdf",)
    assert reading.reason is None
    page = reading.record.pages[1].page()
    start = page.text.index("June")
    (box,) = page.boxes(start, start + 4)
    assert 842 - 720 - 12 < box.y0 < box.y1 < 842 - 720 + 12


def test_pages_of_attached_pdfs_are_drawn(tmp_path: Path) -> None:
    attached = tiny_pdf(["It comes in June.", "It goes in July, or it does not."])
    files = {"a.txt": b"Text.", "broken.pdf": b"%PDF-1.4", "b.pdf": attached}
    path = with_files(tmp_path / "a.pdf", "See the annex.", files)
    (tmp_path / "b.pdf").write_bytes(attached)
    for number in (1, 2):
        assert render_page(path, 1 + number, scale=0.5) == render_page(tmp_path / "b.pdf", number, scale=0.5)
    for number in (4, 900):
        with pytest.raises(FileFault, match="cannot be drawn"):
            render_page(path, number)
    # The lock is free again.
    with open_document(path) as document:
        assert len(document) == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"a.zip": b"PK"}, "a.zip (unreadable)", id="no reader"),
        pytest.param({"broken.pdf": b"%PDF-1.4"}, "broken.pdf (malformed)", id="broken"),
        pytest.param({"empty.pdf": tiny_pdf([""])}, "empty.pdf (empty_text)", id="without text"),
        pytest.param({"../../etc/x.bin": b"x"}, "x.bin (unreadable)", id="a path"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, files: Mapping[str, bytes], said: str) -> None:
    reading = read(with_files(tmp_path / "a.pdf", "See the annex.", files))
    assert reading.reason == f"attached files that were not read: {said}"
    assert reading.record.pages[0].text == "See the annex."


def test_attachments_of_attachments_are_named(tmp_path: Path) -> None:
    inner = with_files(tmp_path / "inner.pdf", "Inner.", {"c.txt": b"Deep."}).read_bytes()
    reading = read(with_files(tmp_path / "a.pdf", "Outer.", {"b.pdf": inner}))
    assert reading.reason == "attached files that were not read: b.pdf › c.txt"


def test_a_portfolio_has_no_text_of_its_own(tmp_path: Path) -> None:
    reading = read(with_files(tmp_path / "a.pdf", "", {"b.txt": b"The crane is red."}))
    assert [page.text for page in reading.record.pages] == ["", "Attached file: b.txt\n\nThe crane is red."]


def test_a_blank_page_with_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match=r"a\.zip"):
        read(with_files(tmp_path / "a.pdf", "", {"a.zip": b"PK"}))


@pytest.mark.parametrize("limits", [ReadingLimits(pages=2), ReadingLimits(characters=60)], ids=["pages", "characters"])
def test_limits_hold_for_all_of_it(tmp_path: Path, limits: ReadingLimits) -> None:
    files = {f"{number}.txt": b"Some words. " * 3 for number in range(3)}
    with pytest.raises(FileFault, match="too_large"):
        read(with_files(tmp_path / "a.pdf", "See.", files), limits)


def test_more_files_than_are_read(tmp_path: Path) -> None:
    files = {f"{number}.txt": b"Word." for number in range(60)}
    reading = read(with_files(tmp_path / "a.pdf", "See.", files))
    assert len(reading.record.pages) == 51
    assert reading.reason == "attached files that were not read: 10 more"


@pytest.mark.parametrize("tree", ["[(a)1 0 R]", "[(a)3 0 R(b)]", "[]", "7", "[(a)<</EF<</F 4 0 R>>>>]"])
def test_hostile_trees_of_names(tmp_path: Path, tree: str) -> None:
    catalog = f"/Names<</EmbeddedFiles<</Names {tree}/Kids[1 0 R 1 0 R]>>>>"
    (tmp_path / "a.pdf").write_bytes(page_of(shown("See.", 700), catalog=catalog))
    assert read(tmp_path / "a.pdf").record.pages[0].text == "See."
