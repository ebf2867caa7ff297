"""Chinese PDFs without embedded fonts: text and chunks end at sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.chunking import Chunker
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions
from tests.unit.conftest import page_of

LINES = ("第二章 年假", "员工每年享有十二天带薪年假。", "出差住宿费每晚不得超过四百五十元。")


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """A PDF with a line of each text, in a font that is in no file."""
    shown = "".join(
        f"BT /F0 12 Tf 72 {700 - 18 * place} Td <{line.encode('utf-16-be').hex()}> Tj ET\n"
        for place, line in enumerate(LINES)
    )
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F0 5 0 R>>>>>>",
        f"<</Length {len(shown)}>>stream\n{shown}endstream",
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
        "/Supplement 0>>/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 4"
        "/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>>>",
    ]
    body = "".join(f"{number} 0 obj\n{row}\nendobj\n" for number, row in enumerate(objects, start=1))
    path = tmp_path / "员工手册.pdf"
    path.write_text(f"%PDF-1.4\n{body}trailer<</Root 1 0 R/Size {len(objects) + 1}>>\n%%EOF")
    return path


def test_text_is_read(handbook: Path) -> None:
    (page,) = read_pdf(handbook, ReadingOptions(ReadingLimits(), ocr="off")).pages
    assert page.text.split() == " ".join(LINES).split()


def test_chunks_end_with_sentences() -> None:
    text = "".join(LINES[1:]) * 30
    chunks = [chunk.text for chunk in Chunker().chunks([page_of(text)], len)]
    assert "".join(chunks) == text
    assert len(chunks) > 1
    assert {chunk[-1] for chunk in chunks} == {"。"}
