"""Dead text: words in layers that are off, under areas that cover them, and with a line through them are left out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.pypdf_fallback import PypdfFallback
from ingest.readers.source import COVERED, CROSSED_OUT, LAYER_OFF, ReadingOptions, Remark, SourceText
from tests.unit.ingest.pdf.objects import HELVETICA, page_of, shown, stream

Draw = Callable[[Canvas], object]


def read(path: Path) -> SourceText:
    return read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off"))


def drawn(path: Path, draw: Draw) -> SourceText:
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(72, 700, "The pump is blue.")
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return read(path)


def layered(
    path: Path,
    content: str,
    catalog: str,
    properties: str = "/L 5 0 R/M 6 0 R",
    old: str = "<</Type/OCG/Name(Old)>>",
) -> SourceText:
    """A page with two layers, "Old" (5 0 R) and "New" (6 0 R), and a form X that is in the first one."""
    data = page_of(
        shown("The pump is blue.", 700) + content,
        catalog=f"/OCProperties<</OCGs[5 0 R 6 0 R]/D<<{catalog}>>>>",
        resources=f"/Properties<<{properties}>>/XObject<</X 7 0 R>>",
        extra=[old, "<</Type/OCG/Name(New)>>", FORM],
    )
    path.write_bytes(data)
    return read(path)


FORM = stream(
    shown("It holds 12 bar.", 600),
    f"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/OC 5 0 R/Resources<<{HELVETICA}>>",
)
OLD = f"/OC /L BDC {shown('It holds 12 bar.', 600)} EMC "


class TestLayers:
    @pytest.mark.parametrize(
        ("content", "catalog", "properties"),
        [
            pytest.param(OLD, "/OFF[5 0 R]", "/L 5 0 R", id="off"),
            pytest.param(OLD, "/BaseState/OFF/ON[6 0 R]", "/L 5 0 R", id="not on"),
            pytest.param(OLD, "/OFF[5 0 R]", "/L<</Type/OCMD/OCGs[5 0 R]>>", id="member of one that is off"),
            pytest.param(
                OLD, "/OFF[6 0 R]", "/L<</Type/OCMD/OCGs[6 0 R 5 0 R]/P/AllOn>>", id="not all of its layers are on"
            ),
            pytest.param(
                f"/OC /L BDC /OC /M BDC {shown('It holds 12 bar.', 600)} EMC EMC",
                "/OFF[5 0 R]",
                "/L 5 0 R/M 6 0 R",
                id="within one that is off",
            ),
            pytest.param(OLD, "/Order[5 0 R]", "/L<</Type/OCMD/OCGs[5 0 R]/P/AllOff>>", id="only if another is off"),
            pytest.param(OLD, "/Order[5 0 R]", "/L<</Type/OCMD/VE[/Not 5 0 R]>>", id="by an expression"),
            pytest.param("/X Do", "/OFF[5 0 R]", "", id="a form"),
            pytest.param(
                OLD + f"/OC /M BDC {shown('It holds 14 bar.', 600)} EMC",
                "/OFF[5 0 R]",
                "/L 5 0 R/M 6 0 R",
                id="under another layer at the same place",
            ),
        ],
    )
    def test_off(self, tmp_path: Path, content: str, catalog: str, properties: str) -> None:
        source = layered(tmp_path / "a.pdf", content, catalog, properties)
        (page,) = source.pages
        assert "12" not in page.text
        assert "The pump is blue." in page.text
        assert ("14 bar" in page.text) == ("14 bar" in content)
        assert source.remarks == [Remark(1, "hidden", LAYER_OFF)]
        assert source.reason is None

    def test_off_by_its_usage(self, tmp_path: Path) -> None:
        usage = "<</Type/OCG/Name(Old)/Usage<</View<</ViewState/OFF>>>>>>"
        source = layered(tmp_path / "a.pdf", OLD, "/Order[5 0 R]", old=usage)
        assert source.pages[0].text == "The pump is blue."
        assert source.remarks == [Remark(1, "hidden", LAYER_OFF)]

    @pytest.mark.parametrize(
        ("content", "catalog"),
        [
            pytest.param(OLD, "", id="on"),
            pytest.param(OLD, "/OFF[6 0 R]", id="another is off"),
            pytest.param("/X Do", "/OFF[6 0 R]", id="a form"),
            pytest.param(OLD, "/BaseState/OFF/ON[5 0 R]", id="on where others are off"),
            pytest.param(OLD.replace("/OC", "/Span"), "/OFF[5 0 R]", id="no layer"),
        ],
    )
    def test_on(self, tmp_path: Path, content: str, catalog: str) -> None:
        source = layered(tmp_path / "a.pdf", content, catalog)
        assert "It holds 12 bar." in source.pages[0].text
        assert source.remarks == []


def line_through(words: str, x: float, y: float, *, rise: float = 3.2, thick: float = 0.6, beyond: float = 0.0) -> Draw:
    """Words of 12 points with a line through them, or ``rise`` above their baseline."""

    def draw(canvas: Canvas) -> None:
        width = canvas.stringWidth(words, "Helvetica", 12)
        canvas.drawString(x, y, words)
        canvas.setLineWidth(thick)
        canvas.line(x - beyond, y + rise, x + width + beyond, y + rise)

    return draw


def each(*draws: Draw) -> Draw:
    def draw(canvas: Canvas) -> None:
        for one in draws:
            one(canvas)

    return draw


def bar_through(words: str, x: float, y: float) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(x, y, words)
        canvas.rect(x, y + 3, canvas.stringWidth(words, "Helvetica", 12), 0.7, stroke=0, fill=1)

    return draw


def two_lines_in_one_path(canvas: Canvas) -> None:
    for y in (600, 580):
        canvas.drawString(72, y, "It holds 12 bar.")
    path = canvas.beginPath()
    for y in (603, 583):
        path.moveTo(72, y)
        path.lineTo(72 + canvas.stringWidth("It holds 12 bar.", "Helvetica", 12), y)
    canvas.drawPath(path)


def within_a_form(draw: Draw) -> Draw:
    def form(canvas: Canvas) -> None:
        canvas.beginForm("X")
        canvas.setFont("Helvetica", 12)
        draw(canvas)
        canvas.endForm()
        canvas.translate(20, -40)
        canvas.doForm("X")

    return form


def turned(draw: Draw) -> Draw:
    def page(canvas: Canvas) -> None:
        canvas.setPageRotation(180)
        draw(canvas)

    return page


def annotated(path: Path, *entries: str, words: str = "It holds 12 bar.") -> SourceText:
    """A page with annotations of these entries, and words at 72, 600."""
    numbers = " ".join(f"{number} 0 R" for number in range(5, 5 + len(entries)))
    extra = [f"<</Type/Annot/F 4{entry}>>" for entry in entries]
    content = shown("The pump is blue.", 700) + shown(words, 600)
    path.write_bytes(page_of(content, page=f"/Annots[{numbers}]", extra=extra))
    return read(path)


def pictured(path: Path, place: str, *, pixels: str = "\x00", text_after: str = "") -> SourceText:
    """A page with words at 72, 600, and an image of grey pixels over them."""
    entries = f"/Subtype/Image/Width {len(pixels)}/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray"
    content = f"{shown('The pump is blue.', 700)}{shown('It holds 12 bar.', 600)} q {place} cm /I Do Q {text_after}"
    path.write_bytes(page_of(content, resources="/XObject<</I 5 0 R>>", extra=[stream(pixels, entries)]))
    return read(path)


class TestStrikes:
    def test_by_a_thin_image(self, tmp_path: Path) -> None:
        source = pictured(tmp_path / "a.pdf", "88 0 0 1 72 603.5")
        assert source.pages[0].text == "The pump is blue."
        assert source.remarks == [Remark(1, "hidden", CROSSED_OUT)]

    @pytest.mark.parametrize(
        "entry",
        [
            pytest.param("/Subtype/Line/Rect[72 602 162 606]/L[72 604 162 604]", id="line"),
            pytest.param("/Subtype/Ink/Rect[70 600 164 608]/InkList[[72 603 90 606 120 604 162 605]]", id="pen"),
        ],
    )
    def test_by_a_line_of_a_reviewer(self, tmp_path: Path, entry: str) -> None:
        source = annotated(tmp_path / "a.pdf", entry)
        assert source.pages[0].text == "The pump is blue."
        assert source.remarks == [Remark(1, "hidden", CROSSED_OUT)]

    @pytest.mark.parametrize(
        "entry",
        [
            pytest.param("/Subtype/Line/Rect[72 597 162 599]/L[72 598 162 598]", id="below"),
            pytest.param("/Subtype/Line/Rect[72 500 400 604]/L[72 500 162 604]", id="slanted"),
            pytest.param("/Subtype/Line/Rect[72 600 500 604]/L[150 604 500 604]", id="a pointer from afar"),
            pytest.param("/Subtype/Ink/Rect[70 500 164 650]/InkList[[72 500 90 650 162 500]]", id="a wave"),
            pytest.param("/Subtype/Ink/Rect[72 603 73 604]/InkList[[72 604]]", id="a point"),
            pytest.param("/Subtype/Line/F 2/Rect[72 602 162 606]/L[72 604 162 604]", id="hidden"),
        ],
    )
    def test_other_lines_of_a_reviewer(self, tmp_path: Path, entry: str) -> None:
        assert "It holds 12 bar." in annotated(tmp_path / "a.pdf", entry).pages[0].text

    @pytest.mark.parametrize(
        ("draw", "left"),
        [
            pytest.param(line_through("It holds 12 bar.", 72, 600), "", id="a line"),
            pytest.param(line_through("It holds 12 bar.", 72, 600, beyond=2), "", id="a line that reaches further"),
            pytest.param(line_through("It holds 12 bar.", 72, 600, thick=1.5), "", id="a thick line"),
            pytest.param(bar_through("It holds 12 bar.", 72, 600), "", id="a bar"),
            pytest.param(two_lines_in_one_path, "", id="lines of one path"),
            pytest.param(within_a_form(line_through("It holds 12 bar.", 72, 600)), "", id="in a form"),
            pytest.param(turned(line_through("It holds 12 bar.", 72, 600)), "", id="on a turned page"),
            pytest.param(
                each(line_through("12", 72, 600), lambda canvas: canvas.drawString(100, 600, "14 bar")),
                "14 bar",
                id="one word of a line",
            ),
            pytest.param(
                each(line_through("12", 72, 600), lambda canvas: canvas.drawString(85.4, 600, "14 bar")),
                "14 bar",
                id="part of a word",
            ),
            pytest.param(
                each(line_through("It holds", 72, 600), line_through("12 bar.", 120, 600)), "", id="several lines"
            ),
        ],
    )
    def test_crossed_out(self, tmp_path: Path, draw: Draw, left: str) -> None:
        source = drawn(tmp_path / "a.pdf", draw)
        assert source.pages[0].text.replace("\n\n", "\n").split("\n") == ["The pump is blue.", *filter(None, [left])]
        assert source.remarks == [Remark(1, "hidden", CROSSED_OUT)]
        assert source.reason is None

    @pytest.mark.parametrize(
        "draw",
        [
            pytest.param(line_through("It holds 12 bar.", 72, 600, rise=-1.5), id="underlined"),
            pytest.param(line_through("It holds 12 bar.", 72, 600, rise=-0.3), id="underlined closely"),
            pytest.param(line_through("It holds 12 bar.", 72, 600, rise=10), id="a line above"),
            pytest.param(line_through("It holds 12 bar.", 72, 600, beyond=200), id="an axis of a chart"),
            pytest.param(line_through("It holds 12 bar.", 72, 600, thick=9), id="a marker"),
            pytest.param(
                each(
                    lambda canvas: canvas.line(72, 603, 160, 603),
                    lambda canvas: canvas.setFillColorRGB(1, 1, 1),
                    lambda canvas: canvas.rect(70, 595, 100, 14, stroke=0, fill=1),
                    lambda canvas: canvas.setFillColorRGB(0, 0, 0),
                    lambda canvas: canvas.drawString(72, 600, "It holds 12 bar."),
                ),
                id="a line that is covered",
            ),
            pytest.param(
                each(
                    lambda canvas: canvas.drawString(72, 607, "It holds 12 bar."),
                    lambda canvas: canvas.line(72, 603, 160, 603),
                    lambda canvas: canvas.drawString(72, 594, "It is blue."),
                ),
                id="a bar between words",
            ),
            pytest.param(
                each(
                    lambda canvas: canvas.setStrokeColorRGB(1, 1, 1),
                    lambda canvas: canvas.line(72, 603, 160, 603),
                    lambda canvas: canvas.drawString(72, 600, "It holds 12 bar."),
                ),
                id="a line of the colour of the paper, below the words",
            ),
        ],
    )
    def test_not_crossed_out(self, tmp_path: Path, draw: Draw) -> None:
        source = drawn(tmp_path / "a.pdf", draw)
        assert "It holds 12 bar." in source.pages[0].text
        assert source.remarks == []


def area(colour: Sequence[float], *, alpha: float = 1.0) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 600, "It holds 12 bar.")
        canvas.setFillColorRGB(*colour, alpha=alpha)
        canvas.rect(70, 594, 100, 16, stroke=0, fill=1)
        canvas.setFillColorRGB(0, 0, 0, alpha=1)

    return draw


PATCHES = {
    "polygon": "1 g 70 595 m 270 595 l 275 605 l 270 615 l 70 615 l 65 605 l h f",
    "thick line": "0 G 18 w 70 604 m 270 604 l S",
}


class TestCovers:
    @pytest.mark.parametrize("operators", PATCHES.values(), ids=PATCHES)
    def test_by_other_areas(self, tmp_path: Path, operators: str) -> None:
        (tmp_path / "a.pdf").write_bytes(
            page_of(shown("The pump is blue.", 700) + shown("It holds 12 bar.", 600) + operators)
        )
        source = read(tmp_path / "a.pdf")
        assert source.pages[0].text == "The pump is blue."
        assert source.remarks == [Remark(1, "hidden", COVERED)]

    def test_by_an_image(self, tmp_path: Path) -> None:
        again = shown("It holds 14 bar.", 560)
        source = pictured(tmp_path / "a.pdf", "200 0 0 20 70 595", text_after=again)
        assert source.pages[0].text.split() == "The pump is blue. It holds 14 bar.".split()
        assert source.remarks == [Remark(1, "hidden", COVERED), Remark(1, "figure")]

    def test_an_image_of_print_over_its_own_text(self, tmp_path: Path) -> None:
        source = pictured(tmp_path / "a.pdf", "200 0 0 20 70 595", pixels="\x00\xff" * 40)
        assert "It holds 12 bar." in source.pages[0].text

    def test_by_an_annotation(self, tmp_path: Path) -> None:
        source = annotated(tmp_path / "a.pdf", "/Subtype/Square/Rect[70 596 165 614]/IC[0 0 0]/C[0 0 0]")
        assert source.pages[0].text == "The pump is blue."
        assert source.remarks == [Remark(1, "hidden", COVERED)]

    @pytest.mark.parametrize(
        "entry",
        ["/Rect[70 596 165 614]/C[1 0 0]", "/Rect[70 596 165 614]/IC[1 1 0]/CA 0.3", "/Rect[300 1 310 9]/IC[0]"],
    )  # fmt: skip
    def test_annotations_that_cover_nothing(self, tmp_path: Path, entry: str) -> None:
        source = annotated(tmp_path / "a.pdf", f"/Subtype/Square{entry}")
        assert "It holds 12 bar." in source.pages[0].text
        assert source.remarks == []

    @pytest.mark.parametrize("colour", [(0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5)], ids=["black", "white", "grey"])
    def test_covered(self, tmp_path: Path, colour: Sequence[float]) -> None:
        corrected = each(area(colour), lambda canvas: canvas.drawString(200, 600, "It holds 14 bar."))
        source = drawn(tmp_path / "a.pdf", corrected)
        assert source.pages[0].text.split() == "The pump is blue. It holds 14 bar.".split()
        assert source.remarks == [Remark(1, "hidden", COVERED)]

    def test_corrected_at_the_same_place(self, tmp_path: Path) -> None:
        source = drawn(tmp_path / "a.pdf", each(area((1, 1, 1)), lambda canvas: canvas.drawString(72, 600, "14 bar.")))
        assert source.pages[0].text.split() == "The pump is blue. 14 bar.".split()

    def test_the_same_words_again(self, tmp_path: Path) -> None:
        again = each(area((1, 1, 1)), lambda canvas: canvas.drawString(72, 601, "It holds 12 bar."))
        source = drawn(tmp_path / "a.pdf", again)
        assert source.pages[0].text.split() == "The pump is blue. It holds 12 bar.".split()

    @pytest.mark.parametrize(
        "draw",
        [
            pytest.param(area((1, 1, 0), alpha=0.4), id="a marker"),
            pytest.param(
                each(
                    lambda canvas: canvas.setFillColorRGB(0.9, 0.9, 0.9),
                    lambda canvas: canvas.rect(70, 594, 100, 16, stroke=0, fill=1),
                    lambda canvas: canvas.setFillColorRGB(0, 0, 0),
                    lambda canvas: canvas.drawString(72, 600, "It holds 12 bar."),
                ),
                id="a ground",
            ),
            pytest.param(
                each(
                    lambda canvas: canvas.drawString(72, 600, "It holds 12 bar."),
                    lambda canvas: canvas.rect(70, 594, 100, 16, stroke=1, fill=0),
                ),
                id="a frame",
            ),
        ],
    )
    def test_not_covered(self, tmp_path: Path, draw: Draw) -> None:
        source = drawn(tmp_path / "a.pdf", draw)
        assert "It holds 12 bar." in source.pages[0].text
        assert source.remarks == []


@pytest.mark.parametrize("layers", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_files_that_pypdf_does_not_read_are_searched_for_layers(tmp_path: Path, layers: bool, packed: bool) -> None:
    catalog = b"<</Type/Catalog/OCProperties<<>>>>" if layers else b"<</Type/Catalog>>"
    if packed:
        catalog = b"<</Type/ObjStm/Length 9>>\nstream\r\n" + zlib.compress(catalog) + b"\nendstream"
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n1 0 obj" + catalog + b"endobj")
    assert PypdfFallback(tmp_path / "a.pdf").has_layers() == layers


def test_object_streams_that_cannot_be_searched_may_hold_layers(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n1 0 obj<</Type /ObjStm>>stream\nencrypted endstream")
    assert PypdfFallback(tmp_path / "a.pdf").has_layers()
