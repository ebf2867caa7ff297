"""Merged cells in Word: a cell over rows is repeated in each of them, one over columns in each of those."""

from __future__ import annotations

import pytest

from tests.unit.ingest.readers.conftest import Read
from tests.unit.ingest.readers.test_docx import BREAK, cell, p, table, texts

DOWN = '<w:vMerge w:val="restart"/>'
GOES_ON = "<w:vMerge/>"


def merged(properties: str, *parts: str) -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(*parts)}</w:tc>"


def wide(columns: str, text: str) -> str:
    return merged(f'<w:gridSpan w:val="{columns}"/>', text)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        pytest.param(
            [
                merged(DOWN, "Barley") + cell("sowing") + cell("200"),
                merged(GOES_ON) + cell("growing") + cell("90"),
                merged(DOWN, "Potato") + cell("planting") + cell("350"),
            ],
            "Barley | sowing | 200\nBarley | growing | 90\nPotato | planting | 350",
            id="over rows",
        ),
        pytest.param(
            [cell("Crop") + wide("2", "2024"), cell("") + cell("kg") + cell("€"), cell("Rye") + cell("7") + cell("9")],
            "Crop | 2024 | 2024\n | kg | €\nRye | 7 | 9",
            id="over columns",
        ),
        pytest.param(
            [cell("a") + cell("b"), wide("2", "Group"), cell("c") + cell("d")],
            "a | b\nGroup |\nc | d",
            id="over the whole row",
        ),
        pytest.param([wide("x", "a") + cell("b"), cell("c") + cell("d")], "a | b\nc | d", id="no number"),
    ],
)
def test_merged_cells(read: Read, rows: list[str], text: str) -> None:
    assert texts(read, table(*rows)) == [text]


def test_a_merged_cell_over_a_page_break(read: Read) -> None:
    rows = [merged(DOWN, "Rye") + cell("a"), merged(GOES_ON) + cell(BREAK, "b"), merged(GOES_ON) + cell("c")]
    assert texts(read, table(*rows)) == ["Rye | a", "Rye | b\nRye | c"]
