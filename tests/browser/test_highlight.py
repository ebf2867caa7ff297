"""What is highlighted is what is quoted: by the words of the file, and by what is seen."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from benchmarks.highlights import RECTANGLES, letters, within
from ingest.pdf.reading import open_pdf
from rag.domain.values import Box
from rag.testing import ScriptedModel
from tests.browser.conftest import Serve, ask, at_page
from tests.fakes import make_pdf

LONG = (
    "The pilot boards at the outer buoy before any ship longer than ninety metres enters the channel between the two "
    "breakwaters in the dark."
)
SHORT = "The pilot leaves at the inner buoy."
YELLOW = (255, 225, 104)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Quotes of one and of several lines, with others before, between and after."""
    folder = tmp_path / "documents"
    folder.mkdir()
    half = len(LONG) // 2 + LONG[len(LONG) // 2 :].index(" ")
    text = f"# Pilots\nThe tide turns at noon.\n{LONG[:half]}\n{LONG[half + 1 :]}\n{SHORT}\nThe office sells charts."
    make_pdf(folder / "pilots.pdf", ["# Tides\nNothing of pilots.", text])
    return folder


@pytest.mark.parametrize(
    ("question", "quote"),
    [("Where does the pilot board?", LONG), ("Where does the pilot leave?", SHORT)],
    ids=["two-lines", "one-line"],
)
@pytest.mark.parametrize("zooms", [0, 2])
def test_the_rectangles_hold_the_words_of_the_quote(
    page: Page, serve: Serve, documents: Path, question: str, quote: str, zooms: int
) -> None:
    page.goto(serve(ScriptedModel([quote])).url)
    ask(page, question)
    page.locator(".mark").first.click()
    at_page(page, 2, 2)
    for _ in range(zooms):
        page.get_by_role("button", name="Zoom in").click()
    page.locator("rect.quote").first.scroll_into_view_if_needed()
    boxes = [Box(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5) for x0, y0, x1, y1 in page.evaluate(RECTANGLES)]
    with open_pdf(documents / "pilots.pdf") as file:
        _, lines = file.lines(2)
    assert letters(within(lines, boxes)) == letters(quote)
    for rectangle in page.locator("rect.quote").all():
        seen = Image.open(io.BytesIO(page.screenshot(clip=rectangle.bounding_box()))).convert("RGB")
        colours = [seen.getpixel((x, y)) for x in range(seen.width) for y in range(seen.height)]
        paper = sum(colour == YELLOW for colour in colours) / len(colours)
        ink = sum(sum(colour) < 200 for colour in colours if isinstance(colour, tuple)) / len(colours)
        # Letters, dark as they were, on yellow.
        assert paper > 0.4
        assert 0.02 < ink < 0.5
