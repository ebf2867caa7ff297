"""Probabilities and log-odds: the logistic function and its inverse."""

from __future__ import annotations

import math
from typing import Final

# Log-odds are kept finite: a probability is not taken to be nearer to 0 or 1 than this.
_NEAREST: Final = 1e-3


def logistic(logit: float) -> float:
    """The logistic function ``1 / (1 + exp(-logit))``, 0..1, without overflow."""
    return 0.5 * (1 + math.tanh(logit / 2))


def log_odds(probability: float, nearest: float = _NEAREST) -> float:
    """The inverse of :func:`logistic`; ``probability`` is first moved to at least ``nearest`` from 0 and from 1."""
    p = min(max(probability, nearest), 1 - nearest)
    return math.log(p / (1 - p))
