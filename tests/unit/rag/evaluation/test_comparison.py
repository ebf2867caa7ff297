"""Comparison with an earlier run: regressions, and differences by chance."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from rag.errors import QuestionsInvalid
from rag.evaluation.comparison import Comparison, Difference, compare, read_run
from rag.evaluation.correctness import graded_result
from rag.evaluation.nuggets import Nugget
from rag.evaluation.results import QuestionResult, SentenceResult
from rag.evaluation.summary import summarise

GOLD = ("24 months",)


def result(number: int, text: str | None = "24 months", **fields: Any) -> QuestionResult:
    """A result with an answer; no text is an abstention."""
    right = text == GOLD[0]
    given_: dict[str, Any] = {
        "answerable": True, "paged": True, "page_rank": 1, "document_rank": 1, "seconds": 1.0, "answers": GOLD,
        "answered": text is not None, "answer": text or "Not in the documents.", "confidence": 0.5,
        "outcome": "false_abstention" if text is None else "right" if right else "wrong",
        "f1": float(right), "contains": right, **fields,
    }  # fmt: skip
    return QuestionResult(id=str(number), question=f"Question {number}?", **given_)


def run_of(results: list[QuestionResult]) -> dict[str, Any]:
    """A run as it is read from a file."""
    run: dict[str, Any] = json.loads(json.dumps(summarise(results, model="m", index="i")))
    return run


def compared(now: list[QuestionResult], before: list[QuestionResult]) -> Comparison:
    return compare(now, summarise(now, model="m", index="i"), run_of(before))


def difference(comparison: Comparison, metric: str) -> Difference:
    return next(one for one in comparison.differences if one.metric == metric)


class TestPaired:
    def test_the_same_run(self) -> None:
        results = [result(number) for number in range(5)]
        comparison = compared(results, results)
        assert (comparison.test, comparison.pairs, comparison.regressions) == ("paired", 5, [])
        assert {one.p for one in comparison.differences} == {1.0}
        assert comparison.became_right == comparison.became_wrong == ()

    def test_worse_than_chance(self) -> None:
        before = [result(number) for number in range(40)]
        now = [result(number, "12 months" if number < 10 else "24 months") for number in range(40)]
        comparison = compared(now, before)
        found = difference(comparison, "right")
        assert (found.before, found.now) == (1.0, 0.75)
        assert found.p is not None
        assert found.p < 0.01
        assert found.regression
        assert any(line.startswith("right was 1.000, is 0.750 (p = 0.00") for line in comparison.regressions)
        assert [change.id for change in comparison.became_wrong] == [str(number) for number in range(10)]
        assert (comparison.became_wrong[0].before, comparison.became_wrong[0].now) == ("right", "wrong")
        better = compared(before, now)
        # At a confidence of .5, a share right of 1 is further off than one of .75.
        assert [line.split()[0] for line in better.regressions] == ["calibration_error"]
        assert len(better.became_right) == 10

    def test_an_earlier_answer_with_the_certainty_in_its_text(self) -> None:
        """Pageproof 0.1 wrote "Possibly: " into the answer, so that a wrong no passed as right."""
        gold, no = ("Yes, it costs 24 euros.",), "No, it costs 24 euros."
        before = [result(1, f"Possibly: {no}", answers=gold, outcome="right")]
        now = [result(1, no, answers=gold, certainty="possible", outcome="wrong")]
        assert difference(compared(now, before), "right").before == 0.0

    def test_worse_by_chance(self) -> None:
        before = [result(number) for number in range(40)]
        now = [result(number, None if number < 3 else "24 months") for number in range(40)]
        comparison = compared(now, before)
        found = difference(comparison, "false_abstain")
        assert (found.loss, found.regression) == (0.075, False)
        assert found.p == pytest.approx(0.25, abs=0.02)
        assert comparison.regressions == []
        assert [change.now for change in comparison.became_wrong] == ["false_abstention"] * 3

    def test_a_guaranteed_metric_may_not_lose_at_all(self) -> None:
        before = [result(number, citations=1, quotes_verbatim=1) for number in range(100)]
        now = [*before[1:], result(0, citations=1, quotes_verbatim=0)]
        (line,) = compared(now, before).regressions
        assert line.startswith("quotes_verbatim was 1.000, is 0.990 (p = ")

    def test_only_the_questions_that_are_in_both(self) -> None:
        before = [result(number) for number in range(9)]
        comparison = compared([result(1, "12 months"), result(99, "12 months")], before)
        assert comparison.pairs == 1
        assert difference(comparison, "right").before == 1.0

    def test_a_reworded_question_is_another_one(self) -> None:
        before = [QuestionResult(**{**vars(result(1)), "question": "Another?"})]
        assert compared([result(1)], before).test == "tolerance"

    def test_an_earlier_answer_is_graded_by_the_current_rule(self) -> None:
        old = asdict(result(1, "It is 24 months."))
        for added_since in ("outcome", "answers", "form", "retrieved", "cited"):
            del old[added_since]
        comparison = compare([result(1)], {}, {"items": [old]})
        assert (difference(comparison, "right").before, comparison.became_right) == (1.0, ())

    def test_completeness_is_compared(self) -> None:
        """An earlier answer is searched for the present facts, also that of a run before there were any."""
        nuggets = (Nugget(True, ("24 months",)), Nugget(True, ("delivery",)))
        text = "24 months from delivery"
        now = [
            graded_result(result(number, "24 months", outcome=None), "24 months", (), nuggets) for number in range(20)
        ]
        before = [result(number, text) for number in range(19)] + [result(19, None)]
        comparison = compared(now, before)
        recalled, complete = difference(comparison, "vital_recall"), difference(comparison, "complete")
        assert (recalled.before, recalled.now, complete.before, complete.now) == (0.95, 0.5, 0.95, 0.0)
        assert recalled.regression
        assert complete.regression
        assert [line.split()[0] for line in comparison.regressions] == ["vital_recall", "all_recall", "complete"]
        words = difference(comparison, "mean_words")
        assert (words.before, words.now, words.regression) == (4.0, 2.0, False)

    def test_citations_of_sentences_are_compared(self) -> None:
        def cited(number: int, *, gold: bool) -> QuestionResult:
            sentence = SentenceResult("24 months", "lead", "supported", 0.9, (1,), shown=True, gold=gold)
            withheld = SentenceResult("Two years", "detail", "unsupported", None, (), shown=False, gold=False)
            return result(number, sentences=(sentence, withheld))

        before = [cited(number, gold=True) for number in range(20)]
        now = [cited(number, gold=number > 9) for number in range(20)]
        found = difference(compared(now, before), "sentence_citation_precision")
        assert (found.before, found.now, found.regression) == (1.0, 0.5, True)
        metrics = {one.metric for one in compared(now, [result(number) for number in range(20)]).differences}
        assert "sentence_citation_precision" not in metrics

    def test_against_a_run_without_answers(self) -> None:
        before = [
            result(number, answered=None, answer=None, outcome=None, f1=None, contains=None, confidence=None)
            for number in range(3)
        ]
        comparison = compared([result(number) for number in range(3)], before)
        metrics = {one.metric for one in comparison.differences}
        assert "page_hit@1" in metrics
        assert "right" not in metrics
        assert comparison.became_right == ()

    def test_cost_is_shown_and_no_regression(self) -> None:
        before = [result(number) for number in range(30)]
        now = [result(number, seconds=9.0) for number in range(30)]
        comparison = compared(now, before)
        assert difference(comparison, "seconds_p50").now == 9.0
        assert comparison.regressions == []

    def test_json(self) -> None:
        printed = compared([result(1, "12 months")], [result(1)]).to_json()
        assert printed["measures"]["right"] == {
            "before": 1.0, "now": 0.0, "difference": -1.0, "p": 1.0, "regression": False,
        }  # fmt: skip
        assert printed["became_wrong"][0]["id"] == "1"
        json.dumps(printed)


class TestTolerance:
    """Where no question is in both runs."""

    def compared(self, metric: str, now: float | None, before: float | None) -> list[str]:
        comparison = compare([result(1)], {metric: now}, {metric: before})
        assert (comparison.test, comparison.pairs) == ("tolerance", 0)
        return comparison.regressions

    @pytest.mark.parametrize("metric", ["page_hit@1", "f1", "quotes_verbatim", "abstain_recall", "vital_recall"])
    def test_less_is_worse(self, metric: str) -> None:
        assert self.compared(metric, 0.5, 0.6) == [f"{metric} was 0.600, is 0.500"]
        assert self.compared(metric, 0.6, 0.5) == []

    @pytest.mark.parametrize("metric", ["unsupported_shown", "false_abstain", "risk", "calibration_error"])
    def test_more_is_worse(self, metric: str) -> None:
        assert self.compared(metric, 0.6, 0.5) == [f"{metric} was 0.500, is 0.600"]
        assert self.compared(metric, 0.5, 0.6) == []

    @pytest.mark.parametrize("before", [0.9, 0.5, 0.33, 0.07])
    def test_up_to_the_tolerance_is_noise(self, before: float) -> None:
        for metric, sign in (("f1", -1), ("false_abstain", 1)):
            assert self.compared(metric, round(before + sign * 0.02, 4), before) == []
            assert len(self.compared(metric, round(before + sign * 0.0201, 4), before)) == 1

    def test_metrics_of_one_run_only_are_not_compared(self) -> None:
        assert self.compared("f1", None, 0.9) == []
        assert self.compared("f1", 0.1, None) == []
        assert self.compared("coverage", 0.1, 0.9) == []


class TestReading:
    @pytest.mark.parametrize("text", ["{", "[]", "3"])
    def test_no_run(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(QuestionsInvalid, match=r"run\.json is not a run"):
            read_run(tmp_path / "run.json")

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(QuestionsInvalid, match=r"gone\.json is not a run"):
            read_run(tmp_path / "gone.json")

    def test_items_in_another_format(self) -> None:
        with pytest.raises(QuestionsInvalid, match=r"items\.0\.question: "):
            compare([result(1)], {}, {"items": [{"id": "1"}]})
