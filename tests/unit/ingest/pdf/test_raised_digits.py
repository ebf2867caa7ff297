"""Raised digits after a number: marks of notes are kept apart, exponents and fractions keep their meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.reading import open_pdf
from tests.unit.conftest import quick_folder
from tests.unit.ingest.pdf.objects import pdf_of, stream


def read(path: Path, *runs: str, size: float = 7, rise: float = 4, turn: int = 0) -> str:
    """The text of a line of runs; those that begin with ^ are smaller and raised, those with _ lowered."""
    canvas = Canvas(str(path), invariant=True)
    if turn:
        canvas.translate(300, 400)
        canvas.rotate(turn)
        canvas.translate(-200, -600)
    line = canvas.beginText(72, 600)
    for run in runs:
        small = run[0] in "^_"
        line.setFont("Helvetica", size if small else 12)
        line.setRise({"^": rise, "_": -rise}.get(run[0], 0))
        line.textOut(run[1:] if small else run)
    canvas.drawText(line)
    canvas.save()
    with open_pdf(path) as file:
        return "\n".join(line.text for line in file.lines(1)[1])


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        pytest.param(["It boils at 245", "^9", " degrees."], "It boils at 245 ⁹ degrees.", id="mark of a note"),
        pytest.param(["of 36", "^12", ", and"], "of 36 ¹², and", id="mark of two digits"),
        pytest.param(["of 36", "^1,2", " and"], "of 36 ¹,² and", id="two marks"),
        pytest.param(["of 36", "^(2)", " and"], "of 36 (2) and", id="mark in brackets"),
        pytest.param(["1,150.50", "^3"], "1,150.50 ³", id="after a decimal number"),
        pytest.param(["5 %, 7%", "^3"], "5 %, 7% ³", id="after a sign"),
        pytest.param(["(2019)", "^3"], "(2019) ³", id="after a bracket"),
        pytest.param(["3 x 10", "^-6", " mbar"], "3 x 10^-6 mbar", id="negative exponent"),
        pytest.param(["3 x 10", "^6", " mbar"], "3 x 10^6 mbar", id="exponent of ten"),
        pytest.param(["3 x 10", "^+6"], "3 x 10^+6", id="exponent with a plus"),
        pytest.param(["2", "^-3", " s"], "2^-3 s", id="negative exponent of another number"),
        pytest.param(["110", "^6"], "110 ⁶", id="not ten"),
        pytest.param(["3", "^1", "/", "_2", " kg"], "3 1/2 kg", id="fraction"),
        pytest.param(["50 m", "^2", " of"], "50 m2 of", id="unit"),
        pytest.param(["CO", "_2", " of"], "CO2 of", id="chemical formula"),
        pytest.param(["the 1", "^st", " of"], "the 1st of", id="ordinal"),
        pytest.param(["of 41.5", "^a", " MW"], "of 41.5 a MW", id="letter as the mark of a note"),
        pytest.param(["the 21", "^e", " of"], "the 21e of", id="French ordinal"),
        pytest.param(["in 2024", "^5, 6", " and"], "in 2024 ⁵, 6 and", id="two marks with a space"),
        pytest.param(["at 18 °C", "^4", " in"], "at 18 °C 4 in", id="mark after degrees"),
        pytest.param(["20 kg", "^4", " of"], "20 kg 4 of", id="mark after a unit that has no powers"),
        pytest.param(["20 km", "^2", " of"], "20 km2 of", id="unit of length"),
        pytest.param(["10", "_2", " of"], "102 of", id="lowered digit"),
        pytest.param(["12", "34"], "1234", id="number in two parts"),
        pytest.param(["245", "^9", "124"], "245 ⁹ 124", id="between numbers"),
        pytest.param(["in 2019", "^1–3", " and"], "in 2019 ¹–³ and", id="range of marks"),
        pytest.param(["^1", "245 units"], "¹ 245 units", id="before a number"),
        pytest.param(["^1,2", "2019 was"], "¹,² 2019 was", id="two marks before a number"),
        pytest.param(["^137", "Cs and ", "^14", "C"], "137Cs and 14C", id="isotopes"),
        pytest.param(["^1", "/", "_2", " kg"], "1/2 kg", id="fraction alone"),
        pytest.param(["of 71", "^a)", " and"], "of 71 a) and", id="letter with a bracket"),
    ],
)
def test_raised_digits(tmp_path: Path, runs: list[str], text: str) -> None:
    assert read(tmp_path / "a.pdf", *runs) == text


def test_of_turned_text(tmp_path: Path) -> None:
    assert read(tmp_path / "a.pdf", "245", "^9", turn=90).split() == ["245", "9"]


def test_a_mark_of_full_size(tmp_path: Path) -> None:
    assert read(tmp_path / "a.pdf", "It boils at 245", "^9", " degrees.", size=12) == "It boils at 245 ⁹ degrees."


def test_a_smaller_number_on_the_line_is_none(tmp_path: Path) -> None:
    assert read(tmp_path / "a.pdf", "245", "^9", rise=0) == "2459"


@pytest.mark.parametrize(
    ("written", "text"),
    [("245⁹ and", "245 ⁹ and"), ("10⁻⁶ and", "10^-6 and"), ("10⁶ and", "10^6 and"), ("5 m² and", "5 m² and")],
)
def test_superscripts(tmp_path: Path, written: str, text: str) -> None:
    """Superscripts of the font, which are characters of their own."""
    codes = {character: index + 33 for index, character in enumerate(dict.fromkeys(written))}
    pairs = " ".join(f"<{code:02X}> <{ord(character):04X}>" for character, code in codes.items())
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def "
        f"1 begincodespacerange <00> <FF> endcodespacerange {len(codes)} beginbfchar {pairs} endbfchar endcmap end end"
    )
    shown = "".join(f"{codes[character]:02X}" for character in written)
    font = "<</Type/Font/Subtype/Type1/BaseFont/Courier/ToUnicode 5 0 R>>"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F {font}>>>>>>",
        stream(f"BT /F 12 Tf 72 600 Td <{shown}> Tj ET"),
        stream(table),
    ]
    (tmp_path / "a.pdf").write_bytes(pdf_of(objects))
    with open_pdf(tmp_path / "a.pdf") as file:
        assert "\n".join(line.text for line in file.lines(1)[1]) == text


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "^", "_"]), st.text("0123456789.,()-", min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_no_digit_is_lost(runs: list[tuple[str, str]]) -> None:
    with quick_folder() as folder:
        found = read(folder / "a.pdf", *(place + text for place, text in runs))
    plain = found.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    digits = "".join(filter(str.isdigit, "".join(text for _, text in runs)))
    assert "".join(filter(str.isdigit, plain)) == digits
