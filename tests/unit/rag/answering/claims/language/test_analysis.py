"""Text analysis: sentences, rows and items as units, and segments between pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.claims.language.analysis import MOST_CHARACTERS, analyze


def units(text: str) -> list[str]:
    analyzed = analyze(text)
    return [analyzed.quoted(unit.start, unit.stop) for unit in analyzed.units]


class TestUnits:
    def test_sentences(self) -> None:
        assert units("The pump is red. The seal is\nblue.") == ["The pump is red", "The seal is blue"]

    def test_rows_of_a_table(self) -> None:
        assert units("Pump 24 months\nSeal 6\nmonths") == ["Pump 24 months", "Seal 6 months"]

    def test_the_number_of_a_step_is_no_number(self) -> None:
        text = "1. Lock off.\n2. Open the vent for 90 seconds."
        assert units(text) == ["Lock off", "Open the vent for 90 seconds"]

    def test_a_number_at_the_end_of_a_sentence_stays(self) -> None:
        assert units("It was one in 100. Now it is one in 20.") == ["It was one in 100", "Now it is one in 20"]

    def test_items_have_their_introduction(self) -> None:
        analyzed = analyze("It does not cover\n• paint;\n• software.")
        assert analyzed.items == (False, True, True)
        assert analyzed.lead_of == (None, 0, 0)

    def test_a_whole_sentence_introduces_nothing(self) -> None:
        assert analyze("It is not red.\n\nsoftware by others").lead_of == (None, None)

    def test_a_sentence_that_goes_on(self) -> None:
        assert analyze("The share costs 9 euros. It cannot be sold. Pay it at once.").linked == (False, True, False)

    def test_no_more_than_the_limit_is_read(self) -> None:
        assert len(analyze("pump " * MOST_CHARACTERS).text) == MOST_CHARACTERS


class TestSegments:
    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("The pump has 24 months", 1),
            ("The pump has 24 months and the seal 6", 2),
            ("On a Bittern 9, within 14 days, on a Bittern 6 within 30", 3),
            ("from 12 million in 2022 to 9 million in 2023", 2),
        ],
    )
    def test_pauses_and_conjunctions(self, text: str, count: int) -> None:
        assert len(set(analyze(text).segment_of)) == count


@given(st.text(max_size=300))
def test_every_token_is_in_one_unit(text: str) -> None:
    analyzed = analyze(text)
    assert [index for unit in analyzed.units for index in unit] == list(range(len(analyzed.tokens)))
    assert len(analyzed.unit_of) == len(analyzed.segment_of) == len(analyzed.tokens)
    assert len(analyzed.lead_of) == len(analyzed.linked) == len(analyzed.items) == len(analyzed.units)
