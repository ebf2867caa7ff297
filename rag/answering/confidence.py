"""How sure the system may be: from what was observed of a draft to two probabilities, and to whether it is said.

Both are logistic regressions over the same few observations, because that is the simplest model whose output can be
read as a probability (Platt, Probabilistic Outputs for Support Vector Machines, 1999). What they were fitted on, and
how well they hold on questions they have not seen, is in docs/abstention.md. Arithmetic only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Final

# A logit beyond this says no more.
_CLIP: Final = 12.0
_SMALL: Final = 1e-3
_QUANTILES: Final = 21


@dataclass(frozen=True, slots=True)
class Features:
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
        affirmed: probability that the model says yes when asked whether the passages say so, 0..1.
    """

    relevance: float
    margin: float
    coverage: float
    document: float
    refusal_probability: float
    certainty: float
    lowest: float
    share: float
    agrees: float
    self_check: float

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
    """``P = 1 / (1 + exp(-(bias + Σ weight · feature)))``; features without a weight count nothing.

    Raises ValueError for a weight of what is not observed, and for numbers that are not finite.
    """

    bias: float
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if unknown := self.weights.keys() - {field.name for field in fields(Features)}:
            raise ValueError(f"nothing is observed by the name of {', '.join(sorted(unknown))}")
        if not all(map(math.isfinite, [self.bias, *self.weights.values()])):
            raise ValueError("a bias or a weight is not finite")

    def probability(self, features: Features) -> float:
        """0..1."""
        features = features.features()
        exponent = self.bias + sum(w * features[name] for name, w in self.weights.items())
        # Of tanh, which cannot overflow.
        return 0.5 * (1 + math.tanh(exponent / 2))


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """Decides whether an answer is given, and says how sure it is.

    Raises ValueError where the thresholds are not two or more, ascending and within 0..1.

    Attributes:
        worth_asking: whether the documents hold an answer, from the evidence alone; cheap, and asked first.
        answerable: whether they do, once the draft is verified.
        right: whether the draft is right.
        hopeless: below this the model is not even asked.
        thresholds: of ``answerable``, ascending: the n-th of N is passed by the share ``1 - n / (N - 1)`` of the
            questions that the documents do not answer.
        yes_lean: log-odds of the model's yes where yes and no are equally often right.
        false_answers: the dial: the share of those questions that may be answered all the same, 0..1.
    """

    prefilter: Logistic
    answerable: Logistic
    right: Logistic
    prefilter_threshold: float
    thresholds: tuple[float, ...]
    yes_bias: float
    false_answers: float = 0.2

    def __post_init__(self) -> None:
        ascending = all(low <= high for low, high in pairwise((0.0, *self.thresholds, 1.0)))
        if len(self.thresholds) < 2 or not ascending:
            raise ValueError("thresholds are not two or more probabilities, ascending")
        if not math.isfinite(self.yes_bias):
            raise ValueError("yes_lean is not finite")
        if not (0 <= self.prefilter_threshold <= 1 and 0 <= self.false_answers <= 1):
            raise ValueError("hopeless and false_answers are not within 0 and 1")

    @property
    def digest(self) -> str:
        """SHA-256 of all of it but the dial, which is a setting."""
        constants = {name: value for name, value in asdict(self).items() if name != "false_answers"}
        return hashlib.sha256(json.dumps(constants, sort_keys=True).encode()).hexdigest()

    @property
    def threshold(self) -> float:
        """Below this the system abstains; between two thresholds by linear interpolation."""
        place = (1 - self.false_answers) * (len(self.thresholds) - 1)
        low = min(int(place), len(self.thresholds) - 1)
        high = min(low + 1, len(self.thresholds) - 1)
        return self.thresholds[low] + (place - low) * (self.thresholds[high] - self.thresholds[low])

    def fails_prefilter(self, evidence: Features) -> bool:
        """Whether the evidence alone says that the documents do not hold the answer."""
        return self.prefilter.probability(evidence) < self.prefilter_threshold

    def is_given(self, features: Features) -> bool:
        """Whether the documents are taken to hold the answer."""
        return self.answerable.probability(features) >= self.threshold


def thresholds_of(scores: Sequence[float]) -> tuple[float, ...]:
    """Twenty-one quantiles of what unanswerable questions score, 0..1, from the least to the greatest; at least one."""
    ordered = sorted(scores)
    return tuple(round(ordered[round(n / (_QUANTILES - 1) * (len(ordered) - 1))], 4) for n in range(_QUANTILES))


# Fitted; see docs/abstention.md.
CONFIDENCE_MODEL: Final = ConfidenceModel(
    prefilter=Logistic(
        -0.452,
        {"relevance": 0.199, "coverage": 2.493},
    ),
    answerable=Logistic(
        -1.317,
        {"relevance": 0.189, "declined": -0.185, "certainty": 0.202, "share": 0.49, "agrees": 0.488, "affirmed": 0.916},
    ),
    right=Logistic(
        -4.502,
        {"relevance": 0.1, "declined": -0.113, "certainty": 0.425, "share": 1.225, "agrees": 1.176, "affirmed": 0.735},
    ),
    prefilter_threshold=0.381,
    thresholds=(
        0.0194,
        0.0455,
        0.0706,
        0.09,
        0.1024,
        0.1226,
        0.1363,
        0.1585,
        0.2089,
        0.2723,
        0.3275,
        0.3822,
        0.4487,
        0.4914,
        0.5135,
        0.5678,
        0.6977,
        0.7956,
        0.8392,
        0.9253,
        0.9691,
    ),
    yes_bias=1.75,
)
