"""Confidence model: P(answerable) and P(correct) of a draft, and the decision to answer or to abstain.

Both are logistic regressions over the same few features, because that is the simplest model whose output can be read as
a probability (Platt, Probabilistic Outputs for Support Vector Machines, 1999). docs/abstention.md has the training
data, and the calibration on questions that were not in it. Arithmetic only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Final

from rag.domain.probability import log_odds, logistic
from rag.domain.values import Strictness

# Of answers that are less likely right than this, most are wrong: the nearest passages say more.
LEAST_CONFIDENCE: Final = 0.25
# Logits beyond this are no stronger evidence.
_CLIP: Final = 12.0
_QUANTILES: Final = 21
# False-answer rates of a person's strictness, as multiples of the accepted one.
_STRICTNESS: Final[Mapping[Strictness, float]] = {"strict": 0.5, "normal": 1.0, "lenient": 1.5}
_MOST_FALSE_ANSWERS: Final = 0.95


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a draft answer and its evidence.

    Attributes:
        relevance: the reranker's logit for the best passage in the prompt.
        coverage: largest share of the question's words in one passage, 0..1.
        refusal_probability: probability that the model refuses to answer, 0..1.
        certainty: geometric mean of the probabilities of the draft's tokens, 0..1.
        share: share of the draft's term weight in its quotes, 0..1.
        agrees: 1 if each number, name and "not" of the draft is in its quotes or in the question, else 0.
        self_check: P(True), the probability, 0..1, that the model says yes when asked whether the passages state the
            draft; see :func:`rag.answering.draft.self_check`.
    """

    relevance: float
    coverage: float
    refusal_probability: float
    certainty: float
    share: float
    agrees: float
    self_check: float

    def scaled(self) -> dict[str, float]:
        """The features on scales where a weighted sum makes sense: probabilities as logits, clipped to ±12."""
        values: dict[str, float] = asdict(self)
        for name in ("refusal_probability", "certainty", "self_check"):
            values[name] = log_odds(values[name])
        return {name: max(-_CLIP, min(_CLIP, value)) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Logistic:
    """Logistic regression: ``P = 1 / (1 + exp(-(bias + Σ weight · feature)))``. A feature without a weight counts as 0.

    Raises ValueError for a weight of an unknown feature, and for numbers that are not finite.
    """

    bias: float
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if unknown := self.weights.keys() - {field.name for field in fields(Features)}:
            raise ValueError(f"there is no feature named {', '.join(sorted(unknown))}")
        if not all(map(math.isfinite, [self.bias, *self.weights.values()])):
            raise ValueError("a bias or a weight is not finite")

    def probability(self, features: Features) -> float:
        """The probability, 0..1, for these features."""
        scaled = features.scaled()
        exponent = self.bias + sum(w * scaled[name] for name, w in self.weights.items())
        return logistic(exponent)


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """Confidence model: decides whether an answer is given, and how confident it is.

    Raises ValueError where the thresholds are not two or more, ascending and within 0..1.

    Attributes:
        prefilter: P(answerable) from the evidence alone; cheap, computed before the model generates.
        answerable: P(answerable): the probability that the documents hold an answer, once the draft is verified.
        correct: P(correct): the probability that the draft is correct; the confidence of the answer.
        prefilter_threshold: below this P(answerable) of the evidence nothing is generated.
        thresholds: of ``answerable``, ascending: the n-th of N is passed by the share ``1 - n / (N - 1)`` of the
            questions that the documents do not answer.
        yes_bias: log-odds of the model's yes where yes and no are equally often correct; see
            :func:`rag.answering.draft.calibrate_yes_no`.
        false_answers: accepted false-answer rate (RAG_FALSE_ANSWERS), 0..1: the share of those questions that are
            answered all the same.
    """

    prefilter: Logistic
    answerable: Logistic
    correct: Logistic
    prefilter_threshold: float
    thresholds: tuple[float, ...]
    yes_bias: float
    false_answers: float = 0.2

    def __post_init__(self) -> None:
        ascending = all(low <= high for low, high in pairwise((0.0, *self.thresholds, 1.0)))
        if len(self.thresholds) < 2 or not ascending:
            raise ValueError("thresholds are not two or more probabilities, ascending")
        if not math.isfinite(self.yes_bias):
            raise ValueError("yes_bias is not finite")
        if not (0 <= self.prefilter_threshold <= 1 and 0 <= self.false_answers <= 1):
            raise ValueError("prefilter_threshold and false_answers are not within 0 and 1")

    @property
    def digest(self) -> str:
        """SHA-256 of the constants; ``false_answers`` is a setting and not part of it."""
        constants = {name: value for name, value in asdict(self).items() if name != "false_answers"}
        return hashlib.sha256(json.dumps(constants, sort_keys=True).encode()).hexdigest()

    @property
    def threshold(self) -> float:
        """The least P(answerable) of an answer that is given; interpolated linearly between two ``thresholds``."""
        place = (1 - self.false_answers) * (len(self.thresholds) - 1)
        low = min(int(place), len(self.thresholds) - 1)
        high = min(low + 1, len(self.thresholds) - 1)
        return self.thresholds[low] + (place - low) * (self.thresholds[high] - self.thresholds[low])

    def at(self, strictness: Strictness) -> ConfidenceModel:
        """The same with the false-answer rate that a person's strictness makes of the accepted one."""
        rate = min(_MOST_FALSE_ANSWERS, self.false_answers * _STRICTNESS[strictness])
        return self if strictness == "normal" else replace(self, false_answers=rate)

    def fails_prefilter(self, evidence: Features) -> bool:
        """True where the evidence alone shows that the documents do not hold the answer."""
        return self.prefilter.probability(evidence) < self.prefilter_threshold

    def is_given(self, features: Features) -> bool:
        """True where P(answerable) reaches the threshold, so that the answer is given."""
        return self.answerable.probability(features) >= self.threshold


@dataclass
class FittedLater:
    """A confidence model that is fitted to the language model while answers are given, by a job in the background.

    Attributes:
        model: None until then.
    """

    model: ConfidenceModel | None = None


def thresholds_of(scores: Sequence[float]) -> tuple[float, ...]:
    """Twenty-one quantiles of the scores of unanswerable questions, 0..1, ascending; ``scores`` has at least one."""
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
        {
            "relevance": 0.189,
            "refusal_probability": -0.185,
            "certainty": 0.202,
            "share": 0.49,
            "agrees": 0.488,
            "self_check": 0.916,
        },
    ),
    correct=Logistic(
        -4.502,
        {
            "relevance": 0.1,
            "refusal_probability": -0.113,
            "certainty": 0.425,
            "share": 1.225,
            "agrees": 1.176,
            "self_check": 0.735,
        },
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

# For answers of several sentences. Only the relevance of the passages tells whether they can be written: a draft of
# several sentences is as likely, and finds as much support, where it answers something else. See docs/abstention.md.
WHOLE_CONFIDENCE_MODEL: Final = ConfidenceModel(
    prefilter=Logistic(0.315, {"relevance": 0.235}),
    answerable=Logistic(0.315, {"relevance": 0.235}),
    correct=Logistic(-1.248, {"relevance": 0.099, "share": 2.107}),
    prefilter_threshold=0.0,
    thresholds=(
        0.094,
        0.0955,
        0.0993,
        0.1063,
        0.111,
        0.1181,
        0.1226,
        0.1423,
        0.2283,
        0.2852,
        0.3775,
        0.5225,
        0.5451,
        0.6825,
        0.7717,
        0.8136,
        0.8609,
        0.8744,
        0.8875,
        0.9047,
        0.9152,
    ),
    yes_bias=0.0,
)
# Accepted false-answer rate of whole answers, as a multiple of that of values: with the same one, most questions that
# the documents do answer would be refused.
WHOLE_FALSE_ANSWERS: Final = 2.35
