"""What a file gives: text and title, what is missing of it, or why it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import READERS, ReadingOptions, read_pdf
from rag.errors import FileFault
from tests.fakes import make_pdf
from tests.unit.conftest import quick_folder


def fault(path: Path) -> FileFault:
    with pytest.raises(FileFault) as caught:
        read_pdf(path)
    return caught.value


def texts(path: Path) -> list[str]:
    return [page.text for page in read_pdf(path).pages]


class TestWhole:
    def test_text_of_every_page(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["First page.", "Second page."])
        assert texts(path) == ["First page.", "Second page."]
        assert read_pdf(path).reason is None

    def test_pdf_has_a_reader(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["First page."])
        read = READERS[".pdf"](path, ReadingOptions(ocr="off"), lambda _page, _pages, _ocr: None)
        assert [page.text for page in read.pages] == ["First page."]

    def test_an_owner_password_alone_keeps_nobody_from_reading(self, tmp_path: Path) -> None:
        from reportlab.lib.pdfencrypt import StandardEncryption

        lock = StandardEncryption("", ownerPassword="secret", canPrint=0)
        path = make_pdf(tmp_path / "a.pdf", ["Open text."], password=lock)
        assert texts(path) == ["Open text."]


class TestTitle:
    @pytest.mark.parametrize(
        ("metadata", "title"),
        [
            pytest.param("The pump manual", "The pump manual", id="good"),
            pytest.param("  The pump \n manual ", "The pump manual", id="spaces"),
            pytest.param("Größe und Maß", "Größe und Maß", id="beyond ascii"),
            pytest.param("Document Retention Policy", "Document Retention Policy", id="about documents"),
            pytest.param("Documentation of the pump", "Documentation of the pump", id="documentation"),
            pytest.param("Untitled Works of the Bittern", "Untitled Works of the Bittern", id="about untitled works"),
            pytest.param("Notes on sys.textual output", "Notes on sys.textual output", id="a dot inside"),
            pytest.param(None, "Pump", id="none"),
            pytest.param("", "Pump", id="empty"),
            pytest.param("abc", "Pump", id="too short"),
            pytest.param("untitled", "Pump", id="untitled"),
            pytest.param("Document1", "Pump", id="document with a number"),
            pytest.param("Microsoft Word - manual.docx", "Pump", id="Word"),
            pytest.param("manual_final.pdf", "Pump", id="name of a file"),
            pytest.param("manual.INDD", "Pump", id="name of a file in capitals"),
        ],
    )
    def test_from_metadata_or_the_first_heading(self, tmp_path: Path, metadata: str | None, title: str) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["# Pump\nThe pump is blue.\nIts lid is round."], title=metadata)
        assert read_pdf(path).title == title

    def test_the_largest_heading_of_the_first_page(self, tmp_path: Path) -> None:
        from reportlab.pdfgen.canvas import Canvas

        canvas = Canvas(str(tmp_path / "a.pdf"))
        for y, size, line in ((750, 14, "A small one"), (700, 24, "The largest"), (650, 10, "Text and more text.")):
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, y, line)
        canvas.save()
        assert read_pdf(tmp_path / "a.pdf").title == "The largest"

    def test_neither(self, tmp_path: Path) -> None:
        assert read_pdf(make_pdf(tmp_path / "a.pdf", ["Only text.", "# Heading\nof page two."])).title is None


class TestMissing:
    @pytest.mark.parametrize(
        ("pages", "reason"),
        [
            pytest.param("x.", "no text on page 2: images?", id="one"),
            pytest.param("x..x", "no text on pages 2-3: images?", id="range"),
            pytest.param("x...x.x..", "no text on pages 2-4, 6, 8-9: images?", id="ranges"),
            pytest.param(".x.", "no text on pages 1, 3: images?", id="first and last"),
        ],
    )
    def test_pages_without_text(self, tmp_path: Path, pages: str, reason: str) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Text." if page == "x" else "" for page in pages])
        assert read_pdf(path).reason == reason
        assert [bool(text) for text in texts(path)] == [page == "x" for page in pages]

    @pytest.mark.parametrize(("count", "said"), [(1, "1 page:"), (3, "3 pages:")])
    def test_no_text_at_all(self, tmp_path: Path, count: int, said: str) -> None:
        found = fault(make_pdf(tmp_path / "a.pdf", [""] * count))
        assert found.status == "empty_text"
        assert said in found.reason
        assert "OCR" in found.reason


class TestUnreadable:
    def test_zero_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(b"")
        found = fault(tmp_path / "a.pdf")
        assert (found.status, found.reason) == ("malformed", "the file is empty (0 bytes)")

    def test_encrypted(self, tmp_path: Path) -> None:
        found = fault(make_pdf(tmp_path / "a.pdf", ["Text."], password="secret"))
        assert found.status == "encrypted"
        assert "password" in found.reason

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"garbage" * 100, id="garbage"),
            pytest.param(b"%PDF-1.7\n", id="only the header"),
            pytest.param(b"%PDF-1.7\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF", id="no objects"),
            pytest.param(b"PK\x03\x04" + b"\0" * 100, id="an archive"),
        ],
    )
    def test_malformed(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "a.pdf").write_bytes(data)
        found = fault(tmp_path / "a.pdf")
        assert found.status == "malformed"
        assert "\n" not in found.reason

    @given(st.binary(min_size=1, max_size=200), st.booleans())
    def test_any_bytes(self, data: bytes, header: bool) -> None:
        with quick_folder() as folder:
            (folder / "a.pdf").write_bytes(b"%PDF-1.4\n" * header + data)
            assert fault(folder / "a.pdf").status in ("malformed", "empty_text")

    def test_damaged_anywhere(self, tmp_path: Path) -> None:
        """A flipped byte may cost text; it may never raise anything else than a fault."""
        data = make_pdf(tmp_path / "a.pdf", ["Some text.", "More."], title="A title").read_bytes()
        statuses = set[str]()
        for position in range(0, len(data), 61):
            (tmp_path / "b.pdf").write_bytes(data[:position] + bytes([data[position] ^ 0x5A]) + data[position + 1 :])
            try:
                read_pdf(tmp_path / "b.pdf")
            except FileFault as found:
                statuses.add(found.status)
        assert statuses <= {"malformed", "empty_text", "encrypted"}
