"""Matching of terms with the keys of a table."""

from __future__ import annotations

import pytest

from rag.answering.tables.matching import Coverage, TableIndex, coverage
from rag.answering.tables.terms import stem, stems_of
from tests.unit.rag.answering.tables.pages import evidence


def covered(label: str, question: str) -> Coverage:
    return coverage(label, frozenset(stems_of(question)))


@pytest.mark.parametrize(
    ("label", "question", "named", "full"),
    [
        pytest.param("Chicken", "keep chicken", True, True, id="all words"),
        pytest.param("Trumpet, against corrosion", "the trumpet", True, True, id="without a remark"),
        pytest.param("Net income (loss)", "net income", True, True, id="without brackets"),
        pytest.param("Total revenue", "revenue", True, True, id="total may be left out"),
        pytest.param("Ground beef", "beef", True, False, id="head noun"),
        pytest.param("Ground beef", "ground salmon", False, False, id="only a modifier"),
        pytest.param("Revenue growth", "revenue", False, False, id="another head noun"),
        pytest.param("Cost of revenue", "revenue", False, False, id="head noun before of"),
        pytest.param("Deferred revenue", "revenue", False, False, id="qualifier"),
        pytest.param("Marketing, general, and administrative", "marketing", False, False, id="list"),
        pytest.param("Net gains (losses) on derivatives", "net gains", True, False, id="after brackets"),
        pytest.param("Other, net", "net of tax", False, False, id="only the remark"),
    ],
)
def test_coverage(label: str, question: str, *, named: bool, full: bool) -> None:
    found = covered(label, question)
    assert (found.named, found.is_full) == (named, full)


@pytest.mark.parametrize(("label", "expected"), [("Total", True), ("Other, net", True), ("Total sales", False)])
def test_general_label(label: str, *, expected: bool) -> None:
    assert covered(label, "total other sales").general is expected


class TestIndex:
    INDEX = TableIndex(
        evidence(
            """
Table 7. Marks by country

Country    Mark           Reg. Number    Price
CA         Opal Creek         1002365      500
US         Wear Master        1834641      700
""",
            "marks.pdf",
        )[0]
    )

    def test_cells(self) -> None:
        assert set(self.INDEX.match("opal").cells) == {(0, 1)}

    def test_numbers_are_no_keys(self) -> None:
        assert not self.INDEX.match("500").cells

    def test_abbreviated_head(self) -> None:
        assert set(self.INDEX.match(stem("registration")).heads) == {2}

    def test_code_of_a_country(self) -> None:
        assert set(self.INDEX.match(stem("Canada")).cells) == {(0, 0)}

    def test_caption_and_context_without_the_number_of_the_table(self) -> None:
        assert self.INDEX.match(stem("country")).caption
        assert self.INDEX.match(stem("marks")).context
        assert not self.INDEX.match("7").caption
