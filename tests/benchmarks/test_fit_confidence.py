"""Fit of the confidence models: one for each kind of answer, folds of questions, and measures against oracles."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from benchmarks import fit_confidence
from benchmarks.collect_features import Kind, Observed
from benchmarks.fit_confidence import (
    area_under_curve,
    calibration_error,
    fit_confidence_model,
    fit_yes_bias,
    in_folds,
    judged,
    report,
)
from benchmarks.journal import Journal
from rag.answering.confidence import CONFIDENCE_MODEL, WHOLE_CONFIDENCE_MODEL, ConfidenceModel, Features, Logistic

# The shape of the model of whole answers, whatever its constants are.
WHOLE = ConfidenceModel(
    prefilter=Logistic(0.0, {"relevance": 0.2}),
    answerable=Logistic(0.0, {"relevance": 0.2}),
    correct=Logistic(0.0, {"relevance": 0.1, "share": 1.0}),
    prefilter_threshold=0.0,
    thresholds=(0.1, 0.9),
    yes_bias=0.0,
)
ONCE = np.ones((4, 1))


def observed(identifier: str, kind: Kind, *, answerable: bool, right: bool, seed: int = 0) -> Observed:
    """Its relevance and self-check tell whether it is answerable, its certainty whether it is right, mostly."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=4).tolist()
    features = Features(
        relevance=4.0 * answerable - 2.0 + noise[0],
        coverage=0.5,
        refusal_probability=0.5,
        certainty=min(0.99, max(0.01, 0.3 + 0.4 * right + 0.1 * noise[1])),
        share=min(1.0, max(0.0, 0.7 + 0.1 * noise[2])),
        agrees=1.0,
        self_check=min(0.99, max(0.01, 0.3 + 0.4 * answerable + 0.1 * noise[3])),
    )
    return Observed(identifier, kind, "fact", answerable, right, "", features, features)


def rows(kind: Kind, count: int, first: int = 0) -> list[Observed]:
    return [
        observed(f"{kind}-{n}", kind, answerable=n % 3 > 0, right=n % 3 == 1, seed=n)
        for n in range(first, first + count)
    ]


class TestFit:
    def test_what_is_fitted(self) -> None:
        found = fit_confidence_model(rows("value", 90))
        assert found.prefilter.weights["relevance"] > 0
        assert found.answerable.weights["self_check"] > 0
        assert found.correct.weights["certainty"] > 0
        assert 0 < found.prefilter_threshold < 1
        assert len(found.thresholds) == 21
        assert found.yes_bias == CONFIDENCE_MODEL.yes_bias

    def test_features_are_those_of_the_model_in_the_code(self) -> None:
        for shipped in (CONFIDENCE_MODEL, WHOLE_CONFIDENCE_MODEL):
            found = fit_confidence_model(rows("value", 30), shipped)
            for name in ("prefilter", "answerable", "correct"):
                assert getattr(found, name).weights.keys() == getattr(shipped, name).weights.keys()

    def test_a_whole_answer_is_decided_by_the_evidence_alone(self) -> None:
        changed = [replace(row, verified=replace(row.verified, relevance=0.0)) for row in rows("whole", 90)]
        found, same = (fit_confidence_model(some, WHOLE) for some in (changed, rows("whole", 90)))
        assert found.answerable == same.answerable
        assert found.correct != same.correct
        verdicts = judged(found, changed)
        assert [verdict.given for verdict in verdicts] == [found.is_given(row.evidence) for row in changed]

    def test_whole_answers_have_no_prefilter(self) -> None:
        found = fit_confidence_model(rows("whole", 90), WHOLE)
        assert found.prefilter_threshold == 0.0

    def test_without_unanswerable_questions_everything_is_given(self) -> None:
        some = [row for row in rows("whole", 30) if row.answerable]
        found = fit_confidence_model(some, WHOLE)
        assert all(found.is_given(row.evidence) for row in rows("whole", 30))

    def test_without_answerable_questions(self) -> None:
        found = fit_confidence_model([row for row in rows("value", 30) if not row.answerable])
        assert found.prefilter_threshold == 0.0


class TestYesBias:
    @staticmethod
    def asked(yes: int, no: int, bias: float) -> list[Observed]:
        """A model whose log-odds of yes are 1 above its bias where the answer is yes, 1 below it where it is no."""
        one = observed("1", "value", answerable=True, right=True)
        noise = np.random.default_rng(0).normal(size=yes + no).tolist()
        return [
            replace(one, is_yes=place < yes, yes=bias + (1.0 if place < yes else -1.0) + noise[place])
            for place in range(yes + no)
        ]

    @pytest.mark.parametrize(("yes", "no"), [(200, 200), (400, 100)])
    @pytest.mark.parametrize("bias", [0.0, 2.0])
    def test_it_is_found_again(self, yes: int, no: int, bias: float) -> None:
        assert fit_yes_bias(self.asked(yes, no, bias), 9.0) == pytest.approx(bias, abs=0.25)

    def test_it_stays_where_little_is_known(self) -> None:
        assert fit_yes_bias(self.asked(40, 9, 2.0), 1.75) == 1.75
        assert fit_yes_bias([observed("1", "value", answerable=True, right=True)] * 40, 1.75) == 1.75
        backwards = [replace(row, is_yes=not row.is_yes) for row in self.asked(40, 40, 2.0)]
        assert fit_yes_bias(backwards, 1.75) == 1.75


class TestFolds:
    def test_no_question_is_judged_by_a_model_that_has_seen_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        twice = [row for one in rows("whole", 12) for row in (one, replace(one, withheld=True, answerable=False))]
        outside = observed("outside", "whole", answerable=True, right=True)
        seen: list[set[str]] = []

        def fit(kept: Sequence[Observed], shipped: ConfidenceModel) -> ConfidenceModel:
            seen.append({row.id for row in kept})
            return replace(shipped, correct=Logistic(len(seen) - 1.0, {}))

        monkeypatch.setattr(fit_confidence, "fit_confidence_model", fit)
        verdicts = in_folds({"one": twice, "other": [outside]}, "one", WHOLE_CONFIDENCE_MODEL)
        assert len(verdicts) == 24
        by_fold = {round(float(np.log(v.right / (1 - v.right)))): v for v in verdicts}
        assert len(by_fold) == 5
        for verdict in verdicts:
            kept = seen[round(float(np.log(verdict.right / (1 - verdict.right))))]
            assert verdict.row.id not in kept
            assert "outside" in kept

    def test_one_question_alone_has_no_fold(self) -> None:
        assert in_folds({"one": rows("value", 1)}, "one", CONFIDENCE_MODEL) == []


class TestMeasures:
    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=12))
    def test_area_under_curve_is_scikit_learns(self, drawn: list[tuple[bool, int]]) -> None:
        labels = np.array([label for label, _ in drawn])
        scores = np.array([float(score) for _, score in drawn])
        found = area_under_curve(labels, scores)(np.ones((len(drawn), 1)))[0]
        if labels.all() or not labels.any():
            assert np.isnan(found)
        else:
            assert found == pytest.approx(roc_auc_score(labels, scores))

    def test_area_under_curve_with_weights(self) -> None:
        labels, scores = np.array([True, True, False, False]), np.array([0.9, 0.2, 0.5, 0.1])
        weights = np.array([[1.0, 1.0, 0.0], [1.0, 3.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
        expected = [0.75, float(roc_auc_score(labels[:3], scores[:3], sample_weight=weights[:3, 1]))]
        found = area_under_curve(labels, scores)(weights)
        assert found[:2] == pytest.approx(expected)
        assert np.isnan(found[2])

    def test_calibration_error(self) -> None:
        confidence = np.array([0.95, 0.91, 0.31, 1.0])
        right, given_ = np.array([True, False, False, False]), np.array([True, True, True, False])
        # In the bin from .9: one of two is right, .93 on average; in the one from .3: none, .31.
        assert calibration_error(confidence, right, given_)(ONCE)[0] == pytest.approx((abs(1 - 1.86) + 0.31) / 3)
        nothing = np.zeros(4, dtype=bool)
        assert np.isnan(calibration_error(confidence, right, nothing)(ONCE)[0])


class TestReport:
    def test_a_row_for_each_set_and_fit(self) -> None:
        sets = {"one": [*rows("value", 30), *rows("whole", 6)], "other": rows("value", 30, first=30)}
        lines = report(sets, "value", CONFIDENCE_MODEL).splitlines()
        assert [line.split(" | ")[:2] for line in lines[2:]] == [
            [f"| {name}, 20 + 10", how]
            for name in ("one", "other")
            for how in ("others and other folds", "others", "as in the code, which may have seen them")
        ]
        assert report(sets, "whole", WHOLE_CONFIDENCE_MODEL).splitlines()[2].startswith("| one, 4 + 2 | ")

    @pytest.mark.parametrize("pair", ["small=nowhere.jsonl", "small", "=", "small="])
    def test_no_features(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: str) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["fit_confidence", pair])
        assert fit_confidence.main() == 1

    def test_main(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        journal = Journal(tmp_path / "features.jsonl")
        for row in (*rows("value", 30), *rows("whole", 30)):
            journal.append(asdict(row))
        monkeypatch.setattr(sys, "argv", ["fit_confidence", f"small={journal.path}"])
        monkeypatch.setattr(fit_confidence, "RESULTS", tmp_path / "results")
        assert fit_confidence.main() == 0
        text = capsys.readouterr().out
        assert (tmp_path / "results" / "confidence.md").read_text() == text
        assert text.startswith("| value: set, ")
        assert "\n| whole: set, " in text
        scope: dict[str, object] = {"ConfidenceModel": ConfidenceModel, "Logistic": Logistic, "Final": object}
        for line in text.splitlines():
            if "CONFIDENCE_MODEL" in line:
                exec(line, scope)  # noqa: S102
        found = scope["CONFIDENCE_MODEL"], scope["WHOLE_CONFIDENCE_MODEL"]
        assert found[0] == fit_confidence_model(rows("value", 30))
        assert found[1] == fit_confidence_model(rows("whole", 30), WHOLE_CONFIDENCE_MODEL)

    def test_too_few_rows_of_a_kind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        journal = Journal(tmp_path / "features.jsonl")
        for row in [*rows("whole", 30), *rows("value", 1)]:
            journal.append(asdict(row))
        monkeypatch.setattr(fit_confidence, "RESULTS", tmp_path)
        monkeypatch.setattr(sys, "argv", ["fit_confidence", f"small={tmp_path / 'features.jsonl'}"])
        assert fit_confidence.main() == 0
        assert "CONFIDENCE_MODEL: 1 rows are too few" in capsys.readouterr().out
