"""Probabilities and log-odds: the logistic function and its inverse."""

from __future__ import annotations

import math
from typing import Final

# Keeps log-odds finite: probabilities are clipped to this distance from 0 and 1.
_NEAREST: Final = 1e-3


def logistic(logit: float) -> float:
    """The logistic function ``1 / (1 + exp(-logit))``, 0..1, without overflow."""
    return 0.5 * (1 + math.tanh(logit / 2))


def log_odds(probability: float, nearest: float = _NEAREST) -> float:
    """The logit, inverse of :func:`logistic`; ``probability`` is first clipped to ``nearest..1 - nearest``."""
    p = min(max(probability, nearest), 1 - nearest)
    return math.log(p / (1 - p))
