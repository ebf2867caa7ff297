"""Control codes of TeX's fonts: ligatures, quotation marks and dashes come back, other codes stay what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.fonts.font_codes import with_letters
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions

# Enough plain text that the codes are few.
REST = " The greengrocer displays a sign in his shop, and nobody reads it."


@pytest.mark.parametrize(
    ("codes", "letters"),
    [
        pytest.param("signi\x1ccation", "signi\ufb01cation", id="fi"),
        pytest.param("su\x1ece", "su\ufb03ce", id="ffi"),
        pytest.param("e\x0ecient", "e\ufb03cient", id="ffi of the older encoding"),
        pytest.param("\x1crst", "\ufb01rst", id="at the beginning of a word"),
        pytest.param("sheri\x1b.", "sheri\ufb00.", id="at the end of a word"),
        pytest.param("in\ruence", "in\ufb02uence", id="fl, which is a carriage return"),
        pytest.param("\x10Workers, Unite!\x11", "“Workers, Unite!”", id="quotation marks"),
        pytest.param("1990\x152000", "1990–2000", id="dash between numbers"),
        pytest.param("one\r\ntwo", "one\r\ntwo", id="end of a line"),
        pytest.param("wo\x02 rd", "wo\x02 rd", id="pdfium's hyphen"),
        pytest.param("end\x0cNext", "end\x0cNext", id="form feed between words"),
    ],
)
def test_codes(codes: str, letters: str) -> None:
    assert with_letters(codes + REST) == letters + REST


def test_text_of_codes_stays() -> None:
    text = "\x07\x1c\x1d\x08\x1a-\t/ \x17\x18\x18\x05\x19a\x1cb"
    assert with_letters(text) == text


@given(st.text(alphabet=st.sampled_from("ab N1.\r\n\x0c\x10\x15\x1c"), max_size=200))
def test_each_character_keeps_its_place(text: str) -> None:
    found = with_letters(text + REST * 4)
    assert len(found) == len(text + REST * 4)
    assert all(one == other or ord(other) < 32 for one, other in zip(found, text, strict=False))


@pytest.mark.parametrize(
    ("text", "ligature", "expected"),
    [
        pytest.param("stu\x1f", "ff", "stu\ufb00", id="another ligature than TeX has there"),
        pytest.param("a\x1enal draft", "fi", "a\ufb01nal draft", id="fi"),
        pytest.param("of\x1fce", "ffl", "of\ufb04ce", id="the one that TeX has there"),
        pytest.param("approa\rh", "", "approa\rh", id="a glyph of another width"),
    ],
)
def test_ligatures_are_told_by_their_width(text: str, ligature: str, expected: str) -> None:
    assert with_letters(text, lambda _index, letters: letters == ligature) == expected


@pytest.mark.parametrize(
    ("name", "width", "word"),
    [pytest.param("f_f", 540, "stuff", id="ff"), pytest.param("f_f_l", 760, "stuffl", id="ffl")],
)
def test_a_ligature_at_a_control_code_of_a_page(tmp_path: Path, name: str, width: int, word: str) -> None:
    shown = "BT /F0 12 Tf 72 700 Td (stu\\037) Tj ET\n"
    widths = {31: width, **dict.fromkeys(range(97, 123), 500), ord("f"): 280, ord("i"): 222, ord("l"): 222}
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F0 5 0 R>>>>>>",
        f"<</Length {len(shown)}>>stream\n{shown}endstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Calibre/FirstChar 31/LastChar 122/Encoding<</Type/Encoding"
        f"/BaseEncoding/WinAnsiEncoding/Differences[31/{name}]>>"
        f"/Widths[{' '.join(str(widths.get(code, 0)) for code in range(31, 123))}]/FontDescriptor<</Type/FontDescriptor"
        "/FontName/Calibre/Flags 32/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 894/Descent -217/CapHeight 614"
        "/StemV 100>>>>",
    ]
    body = "".join(f"{number} 0 obj\n{row}\nendobj\n" for number, row in enumerate(objects, start=1))
    path = tmp_path / "ligature.pdf"
    path.write_text(f"%PDF-1.4\n{body}trailer<</Root 1 0 R/Size {len(objects) + 1}>>\n%%EOF")
    (page,) = read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off")).pages
    assert page.text == word
