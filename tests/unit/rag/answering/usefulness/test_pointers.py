"""Attribution of a draft: which units its statements were written from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence.units import Unit, units_of
from rag.answering.grounding import SUPPORTED
from rag.answering.usefulness.pointers import (
    ends_in_a_loop,
    followed_list,
    pointers_of,
    points_anywhere,
    repeats_itself,
    statements_of,
)
from tests.complexity import assert_linear
from tests.unit.rag.answering.material import evidence_of

PAGE = """\
The pump has a blue lid. The valve opens to the left.

Its warranty lasts 24 months. The lid is sold in blue, red and green at the works.

1. Lift the ring.
2. Wipe the seat with a felt pad."""


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    return units_of(evidence_of(PAGE))


class TestStatements:
    @pytest.mark.parametrize(
        ("draft", "statements"),
        [
            pytest.param("A is on. B is off!", ["A is on.", "B is off!"], id="sentences"),
            pytest.param("1. Open it.\n2) Close it.\n(3) Wait.", ["Open it.", "Close it.", "Wait."], id="numbers"),
            pytest.param("- a lid\n• a key\n* a pad", ["a lid", "a key", "a pad"], id="bullets"),
            pytest.param("Step 1: Open it. Step 2: Close it.", ["Open it.", "Step 2: Close it."], id="named steps"),
            pytest.param("Do this: 1. Open it. 2. Close it.", ["Do this:", "Open it.", "Close it."], id="in one line"),
            pytest.param("A is on [1]. B is off [2, 3].", ["A is on.", "B is off."], id="citations"),
            pytest.param("A is on. A is on.\nA is on.", ["A is on."], id="repetitions"),
            pytest.param("A  is\ton.", ["A is on."], id="blanks"),
            pytest.param("Quality, Respect, and Team work.", ["Quality", "Respect", "Team work"], id="names alone"),
            pytest.param("Quality and Respect.", ["Quality and Respect."], id="two names"),
            pytest.param("It is a lid, a key, and a pad.", ["It is a lid, a key, and a pad."], id="a whole sentence"),
            pytest.param("42\n---\n1.", [], id="no words"),
            pytest.param("", [], id="empty"),
        ],
    )
    def test_statements_of(self, draft: str, statements: list[str]) -> None:
        assert statements_of(draft) == statements

    def test_no_more_than_a_limit(self) -> None:
        assert len(statements_of("\n".join(f"Item {number}" for number in range(99)))) == 40


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        pytest.param("Lions have wings. The valve opens to the left.", True, id="one of two"),
        pytest.param("How long is the warranty? Copy every sentence.", False, id="the question and the order"),
        pytest.param("", False, id="empty"),
    ],
)
def test_points_anywhere(units: list[Unit], draft: str, *, expected: bool) -> None:
    assert points_anywhere(pointers_of("How long is the warranty?", draft, units)) is expected


class TestLoops:
    @pytest.mark.parametrize(
        ("draft", "expected"),
        [
            pytest.param("", False, id="nothing"),
            pytest.param("Turn the blue key. Open the lid. Turn the blue key.", False, id="twice"),
            pytest.param("Turn the blue key. " * 3, True, id="three times"),
            pytest.param("1. Turn the blue key.\n2. Turn the blue key.\n3. Turn the blue key.", True, id="numbered"),
            pytest.param("Turn the blue key. Turn it. Turn the blue key. Turn the blue", False, id="a part of it"),
            pytest.param("It takes 1000" + "0" * 60, True, id="digits"),
            pytest.param("It takes 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 days", False, id="numbers"),
            pytest.param("the lid of" + " the lid of" * 9, True, id="words without an end"),
            pytest.param("Lock off. Open it. Lock off. Wipe it. Lock off.", False, id="short ones may come again"),
        ],
    )
    def test_loops(self, draft: str, *, expected: bool) -> None:
        assert (ends_in_a_loop(draft) or repeats_itself(draft)) == expected


class TestPointers:
    @pytest.mark.parametrize(
        ("statement", "texts", "is_supported"),
        [
            pytest.param("The valve opens to the left.", ["The valve opens to the left."], True, id="a copy"),
            pytest.param("Wipe the seat.", ["Wipe the seat with a felt pad."], True, id="a part of a step"),
            pytest.param("The lid of the pump is blue.", ["The pump has a blue lid."], True, id="the shorter of two"),
            pytest.param(
                "The valve opens left and the warranty lasts 24 months.",
                ["Its warranty lasts 24 months.", "The valve opens to the left."],
                True,
                id="two units, the better first",
            ),
            pytest.param("Its guarantee lasts 36 months.", ["Its warranty lasts 24 months."], False, id="a number"),
            pytest.param("Sing to the moon at night.", [], False, id="from nowhere"),
            pytest.param("Of the.", [], False, id="stop words"),
        ],
    )
    def test_units(self, units: list[Unit], statement: str, texts: list[str], is_supported: bool) -> None:
        (pointer,) = pointers_of("What about it?", statement, units)
        assert pointer.statement == statement
        assert [units[place].text for place in pointer.units] == texts
        assert (pointer.share >= SUPPORTED) is is_supported

    def test_words_of_the_question_prove_little(self, units: list[Unit]) -> None:
        said = "The valve opens upwards."
        (fresh,) = pointers_of("What about it?", said, units)
        (echoed,) = pointers_of("Where does the valve open?", said, units)
        assert echoed.share < fresh.share

    def test_in_the_order_of_the_draft(self, units: list[Unit]) -> None:
        pointers = pointers_of("What?", "2. Wipe the seat with a felt pad.\n1. Lift the ring.", units)
        assert [units[pointer.units[0]].text for pointer in pointers] == [
            "Wipe the seat with a felt pad.",
            "Lift the ring.",
        ]

    def test_without_units(self) -> None:
        (pointer,) = pointers_of("What?", "Lift the ring.", [])
        assert (pointer.units, pointer.share) == ((), 0.0)


words = st.sampled_from("the pump valve lid blue 24 months not opens left ring . , [1] \n 1. - moon".split(" "))


@given(st.lists(words, max_size=40).map(" ".join), st.lists(words, max_size=4).map(" ".join))
def test_shares_and_places_are_in_their_ranges(draft: str, question: str) -> None:
    units = units_of(evidence_of(PAGE))
    for pointer in pointers_of(question, draft, units):
        assert 0 <= pointer.share <= 1 + 1e-9
        assert len(pointer.units) == len(set(pointer.units)) <= 2
        assert all(0 <= place < len(units) for place in pointer.units)
        assert bool(pointer.units) or pointer.share == 0


@pytest.mark.parametrize("piece", ["[1, ", "1. ", "- ", "[", " 1. x", "Step 1 "])
def test_time_is_linear(piece: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        draft = piece * (size // len(piece))
        return lambda: statements_of(draft)

    assert_linear(prepare, 60_000, growth=2.5)


PROCEDURES = """\
To change the upper lamp:

1. Unplug it.
2. Reach behind the panel.
3. Plug it in.

To change the lower lamp:

1. Unplug it.
2. Push in the shield.
3. Plug it in."""


@pytest.fixture(scope="module")
def steps() -> list[Unit]:
    return units_of(evidence_of(PROCEDURES))


class TestProcedures:
    @pytest.mark.parametrize(
        ("draft", "first_step"),
        [
            pytest.param("1. Unplug it.\n2. Push in the shield.\n3. Plug it in.", "Push in the shield.", id="second"),
            pytest.param("1. Unplug it.\n2. Reach behind the panel.", "Reach behind the panel.", id="first"),
        ],
    )
    def test_steps_of_several_are_from_the_one_that_the_others_are_from(
        self, steps: list[Unit], draft: str, first_step: str
    ) -> None:
        own = next(unit.block for unit in steps if unit.text == first_step)
        pointers = pointers_of("how do I change the lamp?", draft, steps)
        assert {steps[each.units[0]].block for each in pointers} == {own}
        assert followed_list(pointers, steps) == own

    @pytest.mark.parametrize(
        "draft",
        [
            pytest.param("Reach behind the panel. Push in the shield.", id="one statement of each"),
            pytest.param("Push in the shield.", id="one statement"),
            pytest.param("Push in the shield. Ask a fitter. Wait for a day.", id="most are from elsewhere"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_no_list_is_followed(self, steps: list[Unit], draft: str) -> None:
        assert followed_list(pointers_of("how do I change the lamp?", draft, steps), steps) is None
