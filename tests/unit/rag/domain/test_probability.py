"""The logistic function and its inverse, by hand and against each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.probability import log_odds, logistic


@given(st.floats(0.001, 0.999))
def test_logistic_is_the_inverse_of_log_odds(probability: float) -> None:
    assert logistic(log_odds(probability)) == pytest.approx(probability)


@pytest.mark.parametrize(("probability", "value"), [(0.0, -6.907), (0.5, 0.0), (0.75, math.log(3)), (1.0, 6.907)])
def test_log_odds_by_hand(probability: float, value: float) -> None:
    assert log_odds(probability) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize(
    ("logit", "value"), [(0.0, 0.5), (math.log(3), 0.75), (-1e308, 0.0), (1e308, 1.0), (-2.0, 1 / (1 + math.exp(2)))]
)
def test_logistic_by_hand(logit: float, value: float) -> None:
    assert logistic(logit) == pytest.approx(value)


def test_log_odds_with_a_smaller_clipping_distance() -> None:
    assert log_odds(0.0, nearest=1e-7) == pytest.approx(-16.118, abs=1e-3)
