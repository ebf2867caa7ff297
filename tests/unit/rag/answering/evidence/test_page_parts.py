"""Parts of a page: lists, rows and headings, and the text between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence.page_parts import PageParts, page_parts
from rag.domain.values import Page
from tests.unit.rag.answering.material import page_with_headings

TABLE = "| Pump | Weight |\n| --- | --- |\n| A 1 | 20 kg |\n| A 2 | 30 kg |"


def between(page: Page, start: int = 0, end: int = 10_000) -> list[str]:
    spans = page_parts(page).between(start, min(end, len(page.text)))
    return [text for first, last in spans if (text := page.text[first:last].strip())]


def parts_of(text: str) -> PageParts:
    return page_parts(page_with_headings(text))


class TestParts:
    def test_text_outside_of_lists_tables_and_headings(self) -> None:
        page = page_with_headings(f"# Care\n\nWipe it.\n\n• a lid\n• a key\n\nThen wait.\n\n{TABLE}\n\nIt is new.")
        assert [text for text in between(page) if "---" not in text] == ["Wipe it.", "Then wait.", "It is new."]

    def test_of_a_range(self) -> None:
        page = page_with_headings("One is on.\n\n• a lid\n\nTwo is on.\n\nThree is on.")
        assert between(page, 4, page.text.index("Three")) == ["is on.", "Two is on."]

    def test_a_numbered_heading_is_no_item(self) -> None:
        assert parts_of("# 1. Scope\n\nIt is so.\n\n# 2. Term\n\nIt is long.").lists == []

    def test_rows_are_of_groups_that_no_list_has(self) -> None:
        parts = parts_of(f"• a lid\n• a key\n\n{TABLE}\n\n1. Open it.\n\n{TABLE}")
        assert len(parts.lists) == 2
        assert [row.group for row in parts.rows] == [2, 2, 3, 3]
        assert [row.cells for row in parts.rows] == [("A 1", "20 kg"), ("A 2", "30 kg")] * 2

    def test_a_row_that_is_too_long_is_text(self) -> None:
        page = page_with_headings(f"{TABLE}\n| A 3 | {'very heavy ' * 50}|")
        assert len(page_parts(page).rows) == 2
        assert any(text.startswith("| A 3") for text in between(page))


class TestGoesOn:
    @pytest.mark.parametrize(
        ("above", "page", "is_near", "place"),
        [
            pytest.param("1. A\n2. B", "3. C", False, 0, id="numbers, with text between"),
            pytest.param(
                "1. A\n2. B\n\nThe lid:\n• a\n• b", "3. C", False, 0, id="numbers of the list before the last"
            ),
            pytest.param("1. A\n2. B", "4. C", True, None, id="numbers with a gap"),
            pytest.param("• A\n• B", "• C", True, 0, id="bullets"),
            pytest.param("• A\n• B", "• C", False, None, id="bullets, with text between"),
            pytest.param("• A\n\nThe lid:\n\n– B", "• C", True, None, id="other bullets than those of the last list"),
            pytest.param("• A\n• B\n\n# Lids", "• C", True, None, id="bullets below a heading above"),
            pytest.param("• A\n• B", "# Lids\n\n• C", True, None, id="bullets below a heading"),
            pytest.param("The lid is blue.", "• C", True, None, id="no list above"),
        ],
    )
    def test_goes_on_from(self, above: str, page: str, is_near: bool, place: int | None) -> None:
        assert parts_of(page).goes_on_from(0, parts_of(above), is_near=is_near) == place


lines = st.sampled_from(["# Care", "• a lid", "1. Open it.", "The pump is blue.", "", "| A | B |", "| --- | --- |"])


@given(st.lists(lines, max_size=15).map("\n".join), st.integers(0, 60), st.integers(0, 200))
def test_stretches_of_text_are_in_order_and_touch_no_part(text: str, start: int, end: int) -> None:
    parts = parts_of(text)
    taken = [(item.start, item.end) for one in parts.lists for item in one.items]
    taken += [*parts.headings, *((row.start, row.end) for row in parts.rows)]
    before = start
    for first, last in parts.between(start, end):
        assert before <= first < last <= end
        assert not any(one < last and first < two for one, two in taken if one < two)
        before = last
