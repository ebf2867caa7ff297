"""Fonts that give the numbers of their glyphs instead of letters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.fonts.glyph_order import letters_of_glyphs, may_be_glyph_numbers
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions

OPTIONS = ReadingOptions(ReadingLimits(), ocr="off")
SENTENCE = "The pump must be checked every 400 hours (see page 12)."


def numbers(text: str, less: int = 29) -> str:
    """The glyph numbers of a text in ASCII, as characters."""
    return "".join(chr(ord(letter) - less) for letter in text)


def page_of(*fonts: tuple[str, int]) -> bytes:
    """A PDF with a line of text for each font; the codes are ASCII less a number, or ASCII in a simple font for 0."""
    shown, objects = b"", []
    for place, (text, less) in enumerate(fonts):
        codes = "".join(f"{ord(code):04x}" for code in numbers(text, less))
        string = f"<{codes}>" if less else f"({text})"
        shown += f"BT /F{place} 12 Tf 72 {700 - 40 * place} Td {string} Tj ET\n".encode()
        first = 5 + 3 * place
        composite = (
            f"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Sans/Encoding/Identity-H/DescendantFonts[{first + 1} 0 R]>>"
        )
        objects += [
            composite if less else "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            "<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Sans/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            f"/Supplement 0>>/FontDescriptor {first + 2} 0 R/DW 550/CIDToGIDMap/Identity>>",
            "<</Type/FontDescriptor/FontName/ABCDEF+Sans/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 900"
            "/Descent -200/CapHeight 700/StemV 80>>",
        ]
    names = " ".join(f"/F{place} {5 + 3 * place} 0 R" for place in range(len(fonts)))
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<<{names}>>>>>>"
    stream = f"<</Length {len(shown)}>>stream\n{shown.decode()}endstream"
    rows = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream, *objects]
    body = "".join(f"{number} 0 obj\n{row}\nendobj\n" for number, row in enumerate(rows, start=1))
    return f"%PDF-1.4\n{body}trailer<</Root 1 0 R/Size {len(rows) + 1}>>\n%%EOF".encode()


@pytest.mark.parametrize("less", [24, 28, 29, 31])
def test_a_font_of_a_page_is_read_as_its_letters(tmp_path: Path, less: int) -> None:
    path = tmp_path / "glyphs.pdf"
    path.write_bytes(page_of((SENTENCE, less), ("PLAIN TEXT OF ANOTHER FONT", 0)))
    text = read_pdf(path, OPTIONS)
    assert text.pages[0].text.split("\n") == [SENTENCE, "PLAIN TEXT OF ANOTHER FONT"]
    assert text.remarks == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SENTENCE, id="sentence"),
        pytest.param("ANNUAL REPORT OF THE HARBOUR", id="capitals"),
        pytest.param("12 400 31.5 2026", id="numbers"),
        pytest.param("Die Pumpe ist alle 400 Stunden zu warten", id="German"),
    ],
)
def test_glyph_numbers_are_told_by_what_they_stand_for(text: str) -> None:
    assert letters_of_glyphs(numbers(text)) == text


def test_letters_with_accents_follow_in_the_order_of_mac_os_roman() -> None:
    codes = "".join(
        chr(letter.encode("mac_roman")[0] - 30) if letter > "~" else chr(ord(letter) - 29)
        for letter in "Für die Öffnung der Türen"
    )
    assert letters_of_glyphs(codes) == "Für die Öffnung der Türen"


def windows_numbers(text: str) -> str:
    """The glyph numbers of Russian text in a font of Windows, as Arial's were seen in files."""
    return "".join(chr(ord(letter) - 0x1D6) if letter >= "А" else chr(ord(letter) - 29) for letter in text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Угловая шлифовальная машина", id="sentence"),
        pytest.param("ФЛАНЦЫИПЕРЕХОДЫ", id="capitals without spaces"),
        pytest.param("Масса 12,5 кг, не более 40 кг в час", id="with numbers"),
        pytest.param("Двигатель HX-40 от фирмы Halden Marine", id="with Latin words"),
    ],
)
def test_cyrillic_letters_of_windows(text: str) -> None:
    assert may_be_glyph_numbers(windows_numbers(text))
    assert letters_of_glyphs(windows_numbers(text)) == text


def test_letters_around_those_of_russian() -> None:
    assert letters_of_glyphs(windows_numbers("Машина ездит на") + "\x03\u027a\u022c\u0233\u0281") == (
        "Машина ездит на ёЁЈј"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The pump must be checked", id="plain text"),
        pytest.param("əɪɔɡɪəɛɜɪɪəɔɡɛɪə ɪəɒɛ", id="phonetic script"),
        pytest.param("ˈɪŋɡlɪʃ ɪz ə læŋɡwɪdʒ", id="phonetic words"),
        pytest.param("The\x03pump\x03must\x03be\x03checked", id="plain text with a code for its spaces"),
        pytest.param("THE\x03PUMP\x03MUST\x03BE\x03CHECKED\x03AGAIN", id="capitals with a code for their spaces"),
        pytest.param("\x03\x03\x03", id="codes alone"),
        pytest.param("\x01\x02\x03\x04\x05\x06\x07\x01\x03\x01\x03", id="glyphs in the order of their use"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_row_of_glyph_numbers_stays(text: str) -> None:
    assert letters_of_glyphs(text) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x22B) | st.characters(min_codepoint=0x288), max_size=60))
def test_text_without_codes_is_none(text: str) -> None:
    assert not may_be_glyph_numbers(text)
    assert letters_of_glyphs(text) is None


@given(st.text(st.characters(max_codepoint=0x287), max_size=60))
def test_each_code_is_one_letter(codes: str) -> None:
    text = letters_of_glyphs(codes)
    assert text is None or len(text) == len(codes)
