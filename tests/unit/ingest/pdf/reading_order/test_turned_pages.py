"""Turned pages: the lines of a page that is turned to the right are read from its right edge on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.pdf.lines import Line, Piece
from ingest.pdf.reading_order.turned_pages import in_turned_order
from rag.domain.values import Box
from tests.unit.ingest.pdf.layouts import read_pages
from tests.unit.ingest.pdf.objects import page_of, shown

SENTENCES = [
    "The pump stands on a plinth in the yard and",
    "is looked after by the keeper, who oils it",
    "every Monday and writes down what it has done.",
    "Nobody else may open the lid of it.",
]
MATRICES = {"left": "0 1 -1 0 560 60", "right": "0 -1 1 0 40 780", "upside down": "-1 0 0 -1 560 800"}


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_prose(tmp_path: Path, matrix: str, rotation: int) -> None:
    content = "".join(shown(text, 480 - 14 * number, 0) for number, text in enumerate(SENTENCES))
    (tmp_path / "a.pdf").write_bytes(page_of(f"q {matrix} cm {content} Q", page=f"/Rotate {rotation}"))
    (page,) = read_pages(tmp_path / "a.pdf")
    assert page.text.split() == " ".join(SENTENCES).split()


def test_a_table_row_by_row(tmp_path: Path) -> None:
    rows = [("Station", "Opened", "Keeper"), ("Harbour", "1925", "Ann Brandt"), ("Market", "1931", "Bob Lund")]
    content = "".join(
        shown(cell, 480 - 18 * row, 150 * column) for row, cells in enumerate(rows) for column, cell in enumerate(cells)
    )
    (tmp_path / "a.pdf").write_bytes(page_of(f"q {MATRICES['right']} cm {content} Q" + shown("17", 20)))
    (page,) = read_pages(tmp_path / "a.pdf")
    assert page.text.split() == [*" ".join(map(" ".join, rows)).split(), "17"]


def test_turned_heads_of_columns_stay() -> None:
    """From left to right, as the columns under them."""
    heads = [turned(["Date", "of", name], x) for name, x in (("birth", 200), ("entry", 230), ("leave", 260))]
    rows = [
        Line([Piece("Ann Brandt of the harbour station", Box(72, y, 300, y + 12), 11.0, bold=False)])
        for y in (400, 420)
    ]
    assert in_turned_order([*heads, *rows]) == [*heads, *rows]


def turned(words: list[str], x: float) -> Line:
    """A line that runs down the page."""
    return Line(
        [Piece(word, Box(x, 100 + 40 * n, x + 12, 135 + 40 * n), 11.0, bold=False) for n, word in enumerate(words)]
    )
