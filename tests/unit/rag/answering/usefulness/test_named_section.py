"""The section that a question names by its heading, and what is outside of it."""

from __future__ import annotations

import pytest

from rag.answering.evidence.units import units_of
from rag.answering.usefulness.named_section import outside_named_section
from tests.unit.rag.answering.material import evidence_on, page_with_headings

PAGE = """\
# The ring test
Hang the disc from a thread and tap it once.
# The dye test
Brush red dye round the rim of the disc.
# Dust
Wipe the dust from the disc each week.
# Ring test of Tarn 9 discs
These rings are larger than all of the others."""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param("How is the ring test done?", {1, 2, 3}, id="one"),
        pytest.param("ring test", {1, 2, 3}, id="keywords"),
        pytest.param("How do the ring test and the dye test differ?", {2, 3}, id="two"),
        pytest.param("How do I test the ring?", set(), id="in another order"),
        pytest.param("How do I get rid of dust?", set(), id="one word"),
        pytest.param("How is the ring test of Tarn 9 discs done?", {1, 2, 3}, id="a name is no plain words"),
        pytest.param("Who makes the Dye Test?", set(), id="a name"),
        pytest.param("How often is the disc replaced?", set(), id="none"),
        pytest.param("", set(), id="empty"),
    ],
)
def test_outside(question: str, expected: set[int]) -> None:
    assert outside_named_section(question, units_of([evidence_on(page_with_headings(PAGE))])) == expected


def test_the_sections_within_it_are_inside() -> None:
    page = page_with_headings("# By hand\nHang the disc from a thread and tap it once.")
    evidence = [
        evidence_on(page, headings=("The ring test", "By hand")),
        evidence_on(page_with_headings("# Pumps\nThe pump is blue and flat, and round.", 2)),
    ]
    assert outside_named_section("How is the ring test done?", units_of(evidence)) == {1}


def test_what_goes_on_on_the_next_page_is_inside() -> None:
    pages = [
        page_with_headings("# The ring test\nDo this:\n1. Take the disc out of the horn.\n2. Hang it up."),
        page_with_headings("3. Tap it once.\n\nIt rings for six seconds.\n# Dust\nWipe the dust off each week.", 2),
    ]
    units = units_of([evidence_on(page) for page in pages])
    outside = outside_named_section("How is the ring test done?", units)
    assert [units[place].text for place in outside] == ["Wipe the dust off each week."]


def test_no_units() -> None:
    assert outside_named_section("How is the ring test done?", ()) == frozenset()
