"""How sure the system may be: from what was observed of a draft to two probabilities, and to whether it is said.

Both are logistic regressions over the same few observations, because that is the simplest model whose output can be
read as a probability (Platt, Probabilistic Outputs for Support Vector Machines, 1999). What they were fitted on, and
how well they hold on questions they have not seen, is in docs/abstention.md. Arithmetic only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

# A logit beyond this says no more.
_CLIP: Final = 12.0
_SMALL: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Observation:
    """What was observed of a draft answer and of its evidence.

    Attributes:
        relevance: the reranker's logit of the best passage that was read.
        margin: by how much its score leads that of the fifth passage.
        coverage: largest share of the question's words that one passage has, 0..1.
        document: how far the best passage's document is the one that the question names, 0..1.
        declined: probability that the model would have declined to answer, 0..1.
        certainty: geometric mean of the probabilities of the draft's tokens, 0..1.
        lowest: the lowest of them, 0..1.
        share: share of the draft's weight that its quotes hold, 0..1.
        agrees: 1 if each number of the draft is in its quotes or in the question, else 0.
        quoted: the reranker's logit of the best quote, for the question with the draft.
        affirmed: probability that the model says yes when asked whether the passages say so, 0..1.
    """

    relevance: float
    margin: float
    coverage: float
    document: float
    declined: float
    certainty: float
    lowest: float
    share: float
    agrees: float
    quoted: float
    affirmed: float

    def features(self) -> dict[str, float]:
        """The observation on scales where a weighted sum makes sense: probabilities as logits."""
        values: dict[str, float] = asdict(self)
        for name in ("declined", "certainty", "lowest", "affirmed"):
            values[name] = log_odds(values[name])
        return {name: max(-_CLIP, min(_CLIP, value)) for name, value in values.items()}


def log_odds(probability: float) -> float:
    """The log-odds of a probability, kept finite at 0 and 1."""
    p = min(max(probability, _SMALL), 1 - _SMALL)
    return math.log(p / (1 - p))


@dataclass(frozen=True, slots=True)
class Logistic:
    """``P = 1 / (1 + exp(-(bias + Σ weight · feature)))``; features without a weight count nothing."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, observation: Observation) -> float:
        """0..1."""
        features = observation.features()
        return 1 / (1 + math.exp(-(self.bias + sum(w * features[name] for name, w in self.weights.items()))))


NAMES: Final = tuple(field.name for field in fields(Observation))
