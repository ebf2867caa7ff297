"""Tests of name conflicts between a question and a text of the evidence."""

from __future__ import annotations

import pytest

from rag.answering.evidence.units import units_of
from rag.answering.usefulness.name_conflicts import asked_names, more_specific, names_another
from tests.unit.rag.answering.material import evidence_of


@pytest.mark.parametrize(
    ("question", "text", "another"),
    [
        pytest.param("Does Alpine Plus pay for glasses?", "Alpine Basic pays for glasses.", True, id="another plan"),
        pytest.param("Does Alpine Plus pay for glasses?", "Alpine Plus pays for glasses.", False, id="the same plan"),
        pytest.param("Does Alpine Plus pay for glasses?", "Glasses are paid for.", False, id="no name"),
        pytest.param("How tall is the Crane 40?", "The Crane 60 is 9 metres tall.", True, id="another model"),
        pytest.param("How tall is the Crane 40?", "The Crane 40 is lower than the Crane 60.", False, id="both models"),
        pytest.param("How do Crane 40 and Crane 60 differ?", "The Crane 60 is taller.", False, id="a comparison"),
        pytest.param("how tall is it?", "The Crane 60 is 9 metres tall.", False, id="no name asked for"),
        pytest.param("Is the Crane-40 safe?", "The Crane 60 is safe.", True, id="hyphen"),
    ],
)
def test_names_another(question: str, text: str, another: bool) -> None:
    assert names_another(text, asked_names(question)) is another


class TestMoreSpecific:
    CLASSES = "• Standard: for hot data\n• Archive: for data that is rarely read\n• Deep Archive: for cold data"
    TABLE = "| Class | Price |\n| --- | --- |\n| Archive | €9 |\n| Deep Archive | €3 |\n| Standard | €8 |"

    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            pytest.param("When would I use Archive?", ["Deep Archive"], id="the shorter name is asked for"),
            pytest.param("When would I use Deep Archive?", [], id="the longer one"),
            pytest.param("Which classes are there?", [], id="neither"),
            pytest.param("How do Archive and Deep Archive differ?", [], id="both"),
        ],
    )
    @pytest.mark.parametrize("page", [CLASSES, TABLE], ids=["items", "rows"])
    def test_items_of_something_else(self, page: str, question: str, expected: list[str]) -> None:
        units = units_of(evidence_of(page))
        found = [units[place].text for place in sorted(more_specific(question, units))]
        assert [text.partition(":")[0] for text in found] == expected

    def test_in_a_list_that_goes_on_after_a_page_break(self) -> None:
        pages = [
            "• Standard: for hot data\n• Archive: for data that is rarely read",
            "• Deep Archive: for cold data\n• Tape",
        ]
        units = units_of(evidence_of(*pages))
        found = [units[place].text for place in more_specific("When would I use Archive?", units)]
        assert found == ["Deep Archive: for cold data"]

    def test_not_where_no_item_has_the_name_itself(self) -> None:
        units = units_of(evidence_of("• Deep Archive: for cold data\n• Standard: for hot data"))
        assert more_specific("When would I use Archive?", units) == set()
