"""Nuggets: normal form, wordings and patterns, and the metrics against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import QuestionsInvalid
from rag.evaluation.correctness import graded_result
from rag.evaluation.nuggets import Nugget, comparable, graded, recall
from rag.evaluation.results import QuestionResult
from rag.evaluation.summary import summarise

UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def is_found(wording: str, text: str) -> bool:
    (nugget,) = graded([Nugget(True, (wording,))], text)
    return nugget.found


def spelt(number: int) -> str:
    """A number below a million in words, as it is spoken in English."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{UNITS[number % 10]}" if number % 10 else "")
    power, word = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" and {spelt(number % power)}" if number % power else ""
    return f"{spelt(number // power)} {word}{rest}"


class TestComparable:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("The U.S. Steward's 12-month term", "u s stewards 12 month term", id="punctuation"),
            pytest.param("It can't, won't and doesn't.", "it can not will not and does not", id="negations"),
            pytest.param("$1,250.00 or 12,34", "1250 or 12 34", id="thousands and whole numbers"),
            pytest.param("twenty-five, one hundred and five", "25 105", id="number words"),
            pytest.param("seventy and five", "70 and 5", id="an and that joins no number"),
            pytest.param("zero hundred", "0", id="nothing times a hundred"),
            pytest.param("3.5 % at 30 °C", "3.5 percent at 30 degrees c", id="signs"),
            pytest.param("30 degrees Celsius", "30 degrees c", id="degrees in words"),
            pytest.param("5mm, 20kg, 100+ hours", "5 mm 20 kg 100 hours", id="units"),
            pytest.param("12 hrs, 30mins and 5-sec", "12 hours 30 minutes and 5 seconds", id="times"),
            pytest.param("−5 to –7, 10–20", "minus 5 to minus 7 10 20", id="minus and dash"),
            pytest.param("see [1], [2, 3] and (p. 7) or (pages 3 to 4)", "see and or", id="citations"),
            pytest.param("hours (page [1] 7) on", "hours page 7 on", id="a citation in another is the only one"),
            pytest.param("grade A is a grade", "grade a is grade", id="the article only"),
            pytest.param("so\u00adft hy\u00ad\nphen\u200b", "soft hyphen", id="soft hyphens"),
            pytest.param("½ ﬁne ２", "1 2 fine 2", id="compatibility forms"),
            pytest.param("foo_bar 7th 1st", "foo bar 7th first", id="ordinals"),
            pytest.param("version 2.0 and 2.0.1", "version 2 and 2.0.1", id="versions"),
            pytest.param("1. **Lock** the lid.\n| a | b |", "1 lock lid b", id="Markdown"),
            pytest.param(" \n", "", id="nothing"),
        ],
    )
    def test_examples(self, text: str, expected: str) -> None:
        assert comparable(text) == expected

    @given(st.integers(0, 999), st.integers(0, 99))
    def test_number_words(self, thousands: int, rest: int) -> None:
        """Hundreds after thousands are not joined."""
        number = 1000 * thousands + rest
        assert comparable(spelt(number)) == str(number)

    def test_no_number_grows_without_end(self) -> None:
        """Python refuses to write an integer of more than 4300 digits."""
        assert len(comparable("one " + "hundred " * 5000)) < 20

    @given(st.text())
    def test_single_spaces(self, text: str) -> None:
        found = comparable(text)
        assert found == " ".join(found.split())


class TestWordings:
    @pytest.mark.parametrize(
        ("wording", "text", "found"),
        [
            pytest.param("24 months", "It is 24 months.", True, id="within"),
            pytest.param("24 months", "It is 124 months.", False, id="part of a number"),
            pytest.param("24", "24.5 days", False, id="whole part of a number"),
            pytest.param("month", "It lasts 3 months.", True, id="plural"),
            pytest.param("lock", "It is locked.", True, id="past"),
            pytest.param("lock", "the block", False, id="part of a word"),
            pytest.param("us", "uses", False, id="two letters have no ending"),
            pytest.param("24 months", "twenty-four\nmonths (p. 3)", True, id="number words and a citation"),
            pytest.param("1,250", "1250 euros", True, id="thousands"),
            pytest.param("5 percent", "5%", True, id="sign"),
            pytest.param("not", "can't", True, id="negation"),
            pytest.param("quarter turn", "a quarter-turn", True, id="hyphen"),
            pytest.param("red key", "key red", False, id="another order"),
            pytest.param(r"re:lock\w* off", "It is LOCKED, off", True, id="pattern in the normal form"),
            pytest.param("re:1,250", "costs 1,250", True, id="pattern in the text"),
            pytest.param(r"re:\$5", "$5 each", True, id="pattern with a sign"),
            pytest.param(r"re:\ba lid", "It has  A lid", True, id="pattern in lower case with single spaces"),
            pytest.param("re:^", "", False, id="an abstention has nothing"),
            pytest.param("24 months", "", False, id="no answer"),
        ],
    )
    def test_examples(self, wording: str, text: str, found: bool) -> None:
        assert is_found(wording, text) is found

    @given(st.text())
    def test_a_text_is_found_in_itself(self, text: str) -> None:
        if comparable(text) and not text.startswith("re:"):
            assert is_found(text, text)

    def test_one_wording_is_enough(self) -> None:
        vital, welcome = graded([Nugget(True, ("24 months", "two years")), Nugget(False, ("lid",))], "Two years.")
        assert (vital.found, welcome.found) == (True, False)
        assert (vital.vital, vital.any) == (True, ("24 months", "two years"))

    def test_a_pattern_that_cannot_be_compiled(self) -> None:
        with pytest.raises(QuestionsInvalid, match=r"the pattern 're:\(' is no regular expression: missing \)"):
            is_found("re:(", "Text.")

    @pytest.mark.parametrize(
        ("nugget", "label"),
        [
            pytest.param(Nugget(True, ("lid",), "its lid"), "its lid", id="fact"),
            pytest.param(Nugget(True, ("re:l.d", "lid")), "lid", id="first plain wording"),
            pytest.param(Nugget(True, ("re:l.d",)), "re:l.d", id="pattern"),
        ],
    )
    def test_label(self, nugget: Nugget, label: str) -> None:
        assert nugget.label == label

    def test_recall_of_nothing(self) -> None:
        assert recall([]) is None


def asked(identifier: str, kind: str, text: str | None, *nuggets: Nugget) -> QuestionResult:
    """A graded result; no text is an abstention."""
    result = QuestionResult(
        identifier, "?", answerable=bool(nuggets), paged=False, page_rank=None, document_rank=None, seconds=1.0,
        kind=kind, answered=text is not None, answer=text or "Not in the documents: lid.", confidence=0.5,
    )  # fmt: skip
    return graded_result(result, text or "", (), nuggets)


RESULTS = (
    asked("a", "x", "The warranty is 24 months, free of charge.",
          Nugget(True, ("24 months",)), Nugget(True, ("from delivery", r"re:since\s+delivery"), "its begin"),
          Nugget(False, ("free of charge",))),
    asked("b", "x", "Turn the red keys; loosen 12 bolts.",
          Nugget(True, ("red key",)), Nugget(False, ("twelve bolts",))),
    asked("c", "y", None, Nugget(True, ("lid",))),
    asked("d", "y", "The valve.", Nugget(False, ("valve",))),
    asked("e", "y", "It is blue."),
    asked("f", "y", None),
)  # fmt: skip


class TestMetrics:
    SUMMARY = summarise(RESULTS, model="m", index="i")

    @pytest.mark.parametrize(
        ("metric", "expected"),
        [
            # Of "a" a half, of "b" all, of the abstention "c" none; "d" has no vital nugget, so it is never complete.
            pytest.param("vital_recall", (0.5 + 1 + 0) / 3, id="vital_recall"),
            pytest.param("all_recall", (2 / 3 + 1 + 0 + 1) / 4, id="all_recall"),
            pytest.param("complete", 1 / 4, id="complete"),
            pytest.param("mean_words", (8 + 7 + 2 + 3) / 4, id="mean_words"),
            pytest.param("false_abstain", 1 / 4, id="false_abstain"),
            pytest.param("abstain_recall", 1 / 2, id="abstain_recall"),
        ],
    )
    def test_overall(self, metric: str, expected: float) -> None:
        assert self.SUMMARY[metric] == pytest.approx(expected, abs=1e-4)
        low, high = self.SUMMARY["intervals"][metric]
        assert low <= expected <= high

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            pytest.param("x", {"n": 2, "vital_recall": 0.75, "all_recall": 0.8333, "complete": 0.5, "mean_words": 7.5},
                         id="x"),
            pytest.param("y", {"n": 4, "vital_recall": 0.0, "all_recall": 0.5, "complete": 0.0, "mean_words": 2.5},
                         id="y"),
        ],
    )  # fmt: skip
    def test_by_kind(self, kind: str, expected: dict[str, Any]) -> None:
        of_kind = self.SUMMARY["kinds"][kind]
        assert {name: of_kind[name] for name in expected} == expected

    def test_without_gold_answers_there_is_no_f1(self) -> None:
        assert (self.SUMMARY["f1"], self.SUMMARY["contains"], self.SUMMARY["content_recall"]) == (None, None, None)

    def test_half_of_the_vital_facts_make_an_answer_right(self) -> None:
        """A true answer that is not complete is no wrong answer."""
        assert [result.outcome for result in RESULTS] == [
            "right", "right", "false_abstention", "right", "false_answer", "abstained",
        ]  # fmt: skip
        wrong = asked("g", "x", "A lid.", Nugget(True, ("key",)), Nugget(True, ("bolt",)), Nugget(True, ("lid",)))
        assert wrong.outcome == "wrong"

    def test_missing(self) -> None:
        assert [result.vital_missing for result in RESULTS] == [("its begin",), (), ("lid",), (), (), ()]
