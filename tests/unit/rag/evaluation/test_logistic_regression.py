"""Logistic regression: the same maximum as scikit-learn, and a finite one for any labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from rag.evaluation.logistic_regression import Matrix, Vector, fit_logistic, probabilities


def drawn(seed: int, rows: int = 60, columns: int = 3, noise: float = 1.0) -> tuple[Matrix, Vector]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, columns)) * [1.0, 5.0, 0.2][:columns]
    truth = features @ np.array([1.0, -0.3, 2.0])[:columns] + 0.7
    return features, (truth + noise * random.logistic(size=rows) > 0).astype(np.float64)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [1.0, 0.0], ids=["noisy", "separable"])
def test_as_scikit_learn_does_it(seed: int, penalty: float, noise: float) -> None:
    features, labels = drawn(seed, noise=noise)
    # Its penalty is on 1/2 |w|^2 too, and the bias has none.
    oracle = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(features, labels)
    bias, weights = fit_logistic(features, labels, penalty)
    assert bias == pytest.approx(float(oracle.intercept_[0]), abs=1e-3)
    assert weights == pytest.approx(oracle.coef_[0], abs=1e-3)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_labels_of_one_kind(label: float) -> None:
    features, _ = drawn(1)
    bias, weights = fit_logistic(features, np.full(len(features), label), 1.0)
    assert np.isfinite([bias, *weights]).all()
    assert np.abs(probabilities(bias + features @ weights) - label).max() < 0.01


def test_an_uninformative_column_has_no_weight() -> None:
    features, labels = drawn(2)
    features[:, 1] = 0.0
    assert fit_logistic(features, labels, 1.0)[1][1] == 0.0


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_gradient_is_zero_at_the_maximum(seed: int, penalty: float) -> None:
    features, labels = drawn(seed, rows=25, columns=2)
    bias, weights = fit_logistic(features, labels, penalty)
    left = labels - probabilities(bias + features @ weights)
    assert features.T @ left - penalty * weights == pytest.approx(np.zeros(2), abs=1e-4)
    assert float(left.sum()) == pytest.approx(0.0, abs=1e-3)


def test_an_observation_that_counts_twice_is_as_two() -> None:
    features, labels = drawn(3, rows=40)
    counts = np.arange(40) % 3
    twice = np.repeat(np.arange(40), counts)
    bias, weights = fit_logistic(features, labels, 2.0, counts.astype(np.float64))
    expected_bias, expected = fit_logistic(features[twice], labels[twice], 2.0)
    assert bias == pytest.approx(expected_bias)
    assert weights == pytest.approx(expected)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_probabilities_do_not_overflow(logits: list[float]) -> None:
    found = probabilities(np.array(logits))
    assert ((found >= 0) & (found <= 1)).all()
    moderate = np.clip(logits, -30, 30)
    assert probabilities(moderate) == pytest.approx(1 / (1 + np.exp(-moderate)))
