"""Lists that hold under a condition of quantity, and the quantity of a question."""

from __future__ import annotations

import pytest

from rag.answering.evidence.units import units_of
from rag.answering.usefulness.rival_lists import rival_lists
from tests.unit.rag.answering.material import evidence_on, page_with_headings

PAGE = """\
# Short holidays
No need to shut off the pump if you will be away for less than four weeks.
1. Use up the oil.
2. Raise the arm.
# Long holidays
If you will be gone a month or more:
1. Remove all of the oil.
2. Unplug the pump.
# Moving
When you are moving the pump to a new home:
1. Tape the doors shut."""
SHORT, LONG = 0, 1


@pytest.mark.parametrize(
    ("question", "holding", "failing"),
    [
        pytest.param("I will be away for two months. What now?", {LONG}, {SHORT}, id="longer than both limits"),
        pytest.param("What do I do with it for ten days?", {SHORT}, {LONG}, id="shorter than both"),
        pytest.param("We are gone for a month.", {LONG}, {SHORT}, id="at the limit"),
        pytest.param("We are gone for one week.", {SHORT}, {LONG}, id="another unit"),
        pytest.param("What do I do with a pump of 20 litres?", set(), set(), id="another kind of quantity"),
        pytest.param("What if we are away for more than two months?", set(), set(), id="a limit in the question"),
        pytest.param("What do I do before holidays?", set(), set(), id="no quantity"),
    ],
)
def test_lists_with_conditions(question: str, holding: set[int], failing: set[int]) -> None:
    rivals = rival_lists(question, units_of([evidence_on(page_with_headings(PAGE))]))
    assert (set(rivals.holding), set(rivals.failing)) == (holding, failing)
    assert rivals.only == (next(iter(holding)) if holding else None)


def test_a_limit_without_a_rival_may_be_about_something_else() -> None:
    page = page_with_headings("If the repair takes more than 21 days:\n1. Ask for a loan.\n2. Sign the form.")
    rivals = rival_lists("I am away for 30 days. What do I do?", units_of([evidence_on(page)]))
    assert set(rivals.holding) == {0}
    assert rivals.only is None


def test_no_units() -> None:
    assert rival_lists("What do I do for ten days?", ()).holding == frozenset()
