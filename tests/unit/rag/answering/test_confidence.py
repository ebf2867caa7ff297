"""The confidence model: against oracles, and monotone in the accepted false-answer rate."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Final, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.confidence import CONFIDENCE_MODEL, ConfidenceModel, Features, Logistic, thresholds_of
from rag.domain.values import Strictness

PLAIN = Features(
    relevance=1.5, coverage=0.5, refusal_probability=0.2, certainty=0.9, share=1.0, agrees=1.0, self_check=0.75,
)  # fmt: skip

METHODS: Final[tuple[Literal["lower"], Literal["higher"]]] = ("lower", "higher")

probabilities = st.floats(0, 1)
thresholds = st.lists(probabilities, min_size=2, max_size=30).map(sorted).map(tuple)


def confidence_model(*at: float, false_answers: float = 0.1) -> ConfidenceModel:
    nothing = Logistic(0.0, {})
    return ConfidenceModel(nothing, Logistic(0.0, {"self_check": 1.0}), nothing, 0.0, at, 0.0, false_answers)


class TestLogistic:
    def test_by_hand(self) -> None:
        logistic = Logistic(-1.0, {"relevance": 2.0, "self_check": 0.5})
        assert logistic.probability(PLAIN) == pytest.approx(1 / (1 + math.exp(-(-1 + 2 * 1.5 + 0.5 * math.log(3)))))

    def test_without_weights_the_bias_decides(self) -> None:
        assert Logistic(0.0, {}).probability(PLAIN) == 0.5

    @given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.floats(-1e9, 1e9))
    def test_is_a_probability_for_any_features(self, bias: float, weight: float, relevance: float) -> None:
        assert 0 <= Logistic(bias, {"relevance": weight}).probability(replace(PLAIN, relevance=relevance)) <= 1

    @pytest.mark.parametrize(
        ("bias", "weights", "message"),
        [
            pytest.param(0.0, {"mood": 1.0}, "mood", id="an unknown feature"),
            pytest.param(math.nan, {}, "not finite", id="no number"),
            pytest.param(0.0, {"share": math.inf}, "not finite", id="infinite"),
        ],
    )
    def test_refuses(self, bias: float, weights: dict[str, float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Logistic(bias, weights)


def test_features_are_logits_of_probabilities_and_bounded() -> None:
    features = replace(PLAIN, share=99.0, relevance=-99.0, certainty=0.0).scaled()
    assert features["share"] == 12.0
    assert features["relevance"] == -12.0
    assert features["certainty"] == pytest.approx(-6.907, abs=1e-3)
    assert features["self_check"] == pytest.approx(math.log(3))
    assert features["coverage"] == 0.5
    assert list(features) == [field.name for field in fields(Features)]


class TestThresholds:
    @given(st.lists(probabilities, min_size=1, max_size=200))
    def test_are_quantiles(self, scores: list[float]) -> None:
        found = thresholds_of(scores)
        low, high = (np.quantile(scores, np.linspace(0, 1, 21), method=method) for method in METHODS)
        assert len(found) == 21
        assert list(found) == sorted(found)
        assert (low - 1e-4 <= found).all()
        assert (found <= high + 1e-4).all()

    @given(thresholds, st.floats(0, 1))
    def test_are_interpolated(self, at: tuple[float, ...], false_answers: float) -> None:
        oracle = np.interp(1 - false_answers, np.linspace(0, 1, len(at)), at)
        assert confidence_model(*at, false_answers=false_answers).threshold == pytest.approx(oracle, abs=1e-9)

    @given(thresholds, probabilities, probabilities, probabilities)
    def test_more_accepted_false_answers_give_more_answers(
        self, at: tuple[float, ...], one: float, other: float, self_check: float
    ) -> None:
        low, high = sorted((one, other))
        strict, lenient = confidence_model(*at, false_answers=low), confidence_model(*at, false_answers=high)
        assert strict.threshold >= lenient.threshold - 1e-12
        features = replace(PLAIN, self_check=self_check)
        if abs(strict.threshold - lenient.threshold) > 1e-9 and strict.is_given(features):
            assert lenient.is_given(features)

    @given(st.lists(probabilities, min_size=21, max_size=200), st.sampled_from([0.05, 0.1, 0.2, 0.5]))
    def test_the_accepted_rate_is_the_share_that_passes(self, scores: list[float], false_answers: float) -> None:
        chosen = replace(confidence_model(*thresholds_of(scores)), false_answers=false_answers)
        distinct = {round(score, 4) for score in scores}
        if len(distinct) == len(scores):
            passing = sum(score >= chosen.threshold for score in scores) / len(scores)
            assert passing == pytest.approx(false_answers, abs=1.5 / 20 + 1 / len(scores))


class TestConfidenceModel:
    def test_prefilter(self) -> None:
        chosen = replace(
            confidence_model(0.0, 1.0), prefilter=Logistic(0.0, {"relevance": 1.0}), prefilter_threshold=0.5
        )
        assert chosen.fails_prefilter(replace(PLAIN, relevance=-0.1))
        assert not chosen.fails_prefilter(replace(PLAIN, relevance=0.0))

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            pytest.param({"thresholds": ()}, "thresholds", id="none"),
            pytest.param({"thresholds": (0.5,)}, "thresholds", id="one"),
            pytest.param({"thresholds": (0.5, 0.4)}, "ascending", id="descending"),
            pytest.param({"thresholds": (0.5, 1.1)}, "thresholds", id="no probabilities"),
            pytest.param({"thresholds": (0.5, math.nan)}, "thresholds", id="no numbers"),
            pytest.param({"prefilter_threshold": 2.0}, "prefilter_threshold", id="prefilter threshold"),
            pytest.param({"false_answers": -0.1}, "false_answers", id="accepted false-answer rate"),
            pytest.param({"yes_bias": math.inf}, "yes_bias", id="yes bias"),
        ],
    )
    def test_refuses(self, changes: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ConfidenceModel(
                **{
                    **{field.name: getattr(CONFIDENCE_MODEL, field.name) for field in fields(ConfidenceModel)},
                    **changes,
                }
            )

    @pytest.mark.parametrize(
        ("strictness", "accepted", "rate"),
        [
            pytest.param("strict", 0.2, 0.1, id="strict: half of it"),
            pytest.param("normal", 0.2, 0.2, id="normal: as it is set"),
            pytest.param("lenient", 0.2, 0.3, id="lenient: half more"),
            pytest.param("lenient", 0.8, 0.95, id="never all"),
            pytest.param("normal", 0.99, 0.99, id="normal changes nothing"),
        ],
    )
    def test_a_person_may_be_stricter(self, strictness: Strictness, accepted: float, rate: float) -> None:
        chosen = replace(CONFIDENCE_MODEL, false_answers=accepted)
        assert chosen.at(strictness).false_answers == pytest.approx(rate)
        assert chosen.at(strictness).digest == chosen.digest

    def test_the_digest_is_of_all_but_the_accepted_rate(self) -> None:
        assert replace(CONFIDENCE_MODEL, false_answers=0.3).digest == CONFIDENCE_MODEL.digest
        changed = {
            replace(CONFIDENCE_MODEL, prefilter_threshold=0.123).digest,
            replace(CONFIDENCE_MODEL, yes_bias=0.123).digest,
            replace(CONFIDENCE_MODEL, thresholds=(0.1, 0.2)).digest,
            replace(CONFIDENCE_MODEL, correct=Logistic(0.1, {})).digest,
        }
        assert len(changed | {CONFIDENCE_MODEL.digest}) == 5

    def test_the_weights_of_the_default_have_the_right_sign(self) -> None:
        """Whatever it is fitted to, a surer model and a better quote speak for an answer."""
        for logistic in (CONFIDENCE_MODEL.prefilter, CONFIDENCE_MODEL.answerable, CONFIDENCE_MODEL.correct):
            assert all(weight > 0 for name, weight in logistic.weights.items() if name != "refusal_probability")
            assert logistic.weights.get("refusal_probability", -1.0) < 0
