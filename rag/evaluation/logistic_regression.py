"""Logistic regression with an L2 penalty, fitted by Newton's method: enough for the confidence model's few features."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

_STEPS: Final = 50


def fit_logistic(
    features: Matrix, labels: Vector, penalty: float, counts: Vector | None = None
) -> tuple[float, Vector]:
    """Bias and weights that maximise the log-likelihood less ``penalty / 2 · |weights|²``, by Newton's method.

    Hastie, Tibshirani, Friedman: The Elements of Statistical Learning (2009), section 4.4.1. The bias is not penalised.

    Args:
        features: *Shape:* ``(observations, features)``.
        labels: 0 or 1. *Shape:* ``(observations,)``.
        penalty: more than 0, so that there is a maximum even where the classes can be told apart.
        counts: how often each observation counts, 0 or more; once where None is given. *Shape:* ``(observations,)``.
    """
    counts = np.ones(len(features)) if counts is None else counts
    design = np.column_stack([np.ones(len(features)), features])
    ridge = penalty * np.eye(design.shape[1])
    # A little for the bias too: with labels of one kind only it would grow without end.
    ridge[0, 0] = 1e-6 * penalty
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = probabilities(design @ beta)
        gradient = design.T @ (counts * (labels - p)) - ridge @ beta
        hessian = (design * (counts * p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian, gradient)
        # Newton's step can overshoot far from the maximum.
        beta += step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-8:
            break
    return float(beta[0]), beta[1:]


def probabilities(logits: Vector) -> Vector:
    """The logistic function ``1 / (1 + exp(-x))``, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))
