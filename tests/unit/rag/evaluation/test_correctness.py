"""Answer correctness, by examples of each kind of gold answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.correctness import f1, is_correct, normalised


class TestF1:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("The Quick, brown fox!", "quick brown fox", id="case, marks, article"),
            pytest.param("  a\tbig \n dog ", "big dog", id="spaces"),
            pytest.param("An apple and the pear", "apple and pear", id="articles"),
            pytest.param("theory of another", "theory of another", id="articles inside of words"),
            pytest.param("24-month, $5.00", "24month 500", id="marks inside of words"),
            pytest.param("the a an", "", id="only articles"),
        ],
    )
    def test_normalised_as_squad_does(self, text: str, expected: str) -> None:
        assert normalised(text) == expected

    @pytest.mark.parametrize(
        ("answer", "gold", "expected"),
        [
            pytest.param("24 months", "24 months", 1.0, id="equal"),
            pytest.param("The 24 Months.", "24 months", 1.0, id="equal when normalised"),
            # 2 of 5 words are right, 2 of 2 are there.
            pytest.param("warranty is for 24 months", "24 months", 2 * 0.4 * 1.0 / 1.4, id="too long"),
            # 1 of 1 is right, 1 of 4 is there.
            pytest.param("pump", "pump with blue lid", 2 * 1.0 * 0.25 / 1.25, id="too short"),
            # A word that is twice in the answer, and once in the gold, counts once: 1 of 2, 1 of 1.
            pytest.param("pump pump", "pump", 2 * 0.5 * 1.0 / 1.5, id="repeated"),
            pytest.param("valve", "pump", 0.0, id="nothing"),
            pytest.param("", "pump", 0.0, id="empty answer"),
            pytest.param("pump", "the", 0.0, id="empty gold"),
        ],
    )
    def test_f1(self, answer: str, gold: str, expected: float) -> None:
        assert f1(answer, gold) == pytest.approx(expected)

    @given(*[st.lists(st.sampled_from(["red", "blue", "lid", "pump"]), min_size=1, max_size=6).map(" ".join)] * 2)
    def test_symmetric_and_bounded(self, one: str, other: str) -> None:
        assert f1(one, other) == pytest.approx(f1(other, one))
        assert 0.0 <= f1(one, other) <= 1.0
        assert (f1(one, other) == 1.0) == (sorted(one.split()) == sorted(other.split()))


LONG = (
    "The plan covers emergency care at any hospital without prior authorization. Members pay a copay of $250 for each "
    "visit, and the copay is waived if the member is admitted to the hospital within 24 hours."
)
ASKED = "What does the plan cover for emergency care?"


class TestIsCorrect:
    @pytest.mark.parametrize(
        ("answer", "gold", "right"),
        [
            pytest.param("It lasts for 24 months from delivery.", "24 months", True, id="contained"),
            pytest.param("12 months", "24 months", False, id="another number"),
            pytest.param("December 2022", "November 2022", False, id="another month"),
            pytest.param("Joseph Prass", "Rabbi Joseph Prass", True, id="most of a name"),
            pytest.param("OBS 2.0 and 3.0", "OBS 2.0 and OBS 3.0", True, id="nearly"),
            pytest.param("the big red lamp of 1999", "the big red lamp of 1998", False, id="nearly, with a wrong year"),
            pytest.param(
                "The advertisements appealed to those who like ballet, to children and to parenting in general.",
                "parenting, children, ballet", True, id="a list in another order",
            ),
            pytest.param("within 24 hours or 12 months", "24 months", False, id="two words from two places"),
            pytest.param("Yes, it is allowed.", "Yes", True, id="yes"),
            pytest.param("No. Yes is never said.", "Yes", False, id="the first one counts"),
            pytest.param("There is no such rule.", "No", True, id="no within a sentence"),
            pytest.param("It is allowed.", "Yes", False, id="neither yes nor no"),
            pytest.param("Yes, no action is needed.", "No, no action is needed", False, id="opens with the contrary"),
            pytest.param("", "24 months", False, id="an empty answer"),
        ],
    )  # fmt: skip
    def test_short_gold(self, answer: str, gold: str, right: bool) -> None:
        assert is_correct("?", answer, [gold]) is right

    @pytest.mark.parametrize(
        ("answer", "right"),
        [
            pytest.param("No prior authorization is needed, at any hospital.", True, id="a part of it"),
            pytest.param("A copay of $250, waived if the member is admitted.", True, id="another part of it"),
            pytest.param(f"{LONG} The deductible applies to other services of the hospital too.", True, id="more"),
            pytest.param("A copay of $500, waived if the member is admitted.", False, id="a wrong number"),
            pytest.param("The plan covers emergency care.", False, id="only what was asked"),
            pytest.param("Vision exams and dental cleanings twice each year.", False, id="something else"),
            pytest.param("", False, id="an empty answer"),
        ],
    )
    def test_long_gold(self, answer: str, right: bool) -> None:
        assert is_correct(ASKED, answer, [LONG]) is right

    def test_one_of_several_golds(self) -> None:
        assert is_correct("?", "24 months", ["two years", "24 months"])
        assert not is_correct("?", "24 months", ["two years"])
        assert not is_correct("?", "24 months", [])

    @given(st.lists(st.sampled_from("the lamp of 24 months is not red 12 yes no".split()), min_size=1).map(" ".join))
    def test_the_gold_itself_is_right(self, gold: str) -> None:
        if normalised(gold):
            assert is_correct("?", gold, [gold]) or len(normalised(gold).split()) > 12
