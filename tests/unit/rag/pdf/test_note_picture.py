"""Pictures of pages with forms and notes: values are drawn, and the note that a quote is in."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from rag.domain.values import Box
from rag.pdf.annotations import Annotation
from rag.pdf.document import render_page
from rag.pdf.note_picture import draw_note
from tests.unit.ingest.pdf.objects import page_of, shown, stream

NOTE = "<</Type/Annot/Subtype/Text/F 4/P 3 0 R/Rect[400 700 420 720]/T(Ann)/Contents(It opens at 4.2 bar.)>>"
FIELD = (
    "<</Type/Annot/Subtype/Widget/FT/Tx/F 4/P 3 0 R/T(a)/V(Ann)/Rect[200 696 400 716]/DA(/F 10 Tf 0 g)/AP<</N 6 0 R>>>>"
)


def picture(path: Path, boxes: list[Box]) -> Image.Image:
    return Image.open(io.BytesIO(render_page(path, 1, boxes, scale=1.0))).convert("RGB")


def ink_in(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    return sum(image.crop(box).convert("L").histogram()[:100])


def test_values_of_fields_are_drawn(tmp_path: Path) -> None:
    look = stream(
        "BT /F 12 Tf 2 5 Td (Ann) Tj ET",
        "/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>",
    )
    data = page_of(
        shown("Name:", 700), catalog="/AcroForm<</Fields[5 0 R]>>", page="/Annots[5 0 R]", extra=[FIELD, look]
    )
    (tmp_path / "a.pdf").write_bytes(data)
    assert ink_in(picture(tmp_path / "a.pdf", []), (200, 126, 400, 146)) > 20


def test_a_note_is_drawn_where_a_quote_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(page_of(shown("A line.", 700), page="/Annots[5 0 R]", extra=[NOTE]))
    beside = picture(tmp_path / "a.pdf", [Box(72, 130, 110, 145)])
    inside = picture(tmp_path / "a.pdf", [Box(400.02, 121.99, 420, 142)])
    below = (375, 143, 594, 170)
    assert ink_in(beside, below) == 0
    assert ink_in(inside, below) > 50
    assert beside.size == inside.size


@pytest.mark.parametrize(
    "box",
    [Box(0, 0, 0, 0), Box(590, 835, 595, 842), Box(0, 0, 595, 842), Box(300, 400, 310, 410)],
    ids=["corner", "last corner", "whole page", "middle"],
)
@pytest.mark.parametrize("text", ["Short.", "long words " * 500, "x" * 20_000, "Ä漢字 \x00 é"])
def test_any_note_is_drawn_within_the_picture(box: Box, text: str) -> None:
    blank = Image.new("RGB", (595, 842), "white")
    drawn = blank.copy()
    draw_note(drawn, Annotation("note", text, box, "Ann"), 1.0)
    assert drawn.size == blank.size
    assert ImageChops.difference(blank, drawn).getbbox() is not None
