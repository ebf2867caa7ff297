"""Reliability diagram and risk-coverage curve of an evaluation run as SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

from rag.evaluation.reliability import Bin, Point, bins, curve
from rag.evaluation.results import QuestionResult
from rag.evaluation.summary import estimated
from rag.runtime.files import write_atomically
from rag.text.templates import fill

_TEMPLATE: Final = Path(__file__).with_name("plots.svg")
_Z: Final = 1.96
# Upper ends of the risk axis: a fifth of each is a round number.
_TOPS: Final = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class DrawnBin(Bin):
    """A bin of the reliability diagram, with the 95 % interval of its share of right answers."""

    least: float
    most: float


@dataclass(frozen=True)
class Reliability:
    """Reliability diagram: a bar for the share of right answers in each bin; the dashed line is perfect calibration."""

    note: str
    bins: Sequence[DrawnBin]


@dataclass(frozen=True)
class RiskCoverage:
    """Risk-coverage curve: solid up to the operating point, dashed beyond it, where abstentions count as wrong.

    Attributes:
        top: the risk at the upper end of the axis.
    """

    note: str
    answered: Sequence[Point]
    beyond: Sequence[Point]
    top: float


def write_plots(path: Path, results: Sequence[QuestionResult]) -> None:
    """Writes both diagrams, side by side, as one SVG file.

    Raises:
        OSError: it cannot be written.
    """
    write_atomically(path, fill(_TEMPLATE, drawings(results)))


def drawings(results: Sequence[QuestionResult]) -> Mapping[str, Reliability | RiskCoverage]:
    """The data of the diagrams, by the names of the macros in ``panels.svg``."""
    return {"reliability": _reliability(results), "risk_coverage": _risk_coverage(results)}


def _reliability(results: Sequence[QuestionResult]) -> Reliability:
    drawn = [DrawnBin(one.low, one.high, one.n, one.confidence, one.right, *_wilson(one)) for one in bins(results)]
    error = estimated(results)["calibration_error"]
    answers = sum(one.n for one in drawn)
    note = f"{answers} answers; calibration error {error:.3f}" if error is not None else "no answer with a confidence"
    return Reliability(note, drawn)


def _wilson(one: Bin) -> tuple[float, float]:
    """The 95 % Wilson score interval of the share of right answers, which holds for few answers too.

    Wilson: Probable Inference, the Law of Succession, and Statistical Inference (1927).
    """
    spread = _Z**2 / one.n
    middle = (one.right + spread / 2) / (1 + spread)
    half = _Z * sqrt(one.right * (1 - one.right) / one.n + spread / (4 * one.n)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _risk_coverage(results: Sequence[QuestionResult]) -> RiskCoverage:
    points = curve(results)
    answered = [point for point in points if point.answered]
    measured = estimated(results)
    note = "no answer with a confidence" if measured["aurc"] is None else f"area under the curve {measured['aurc']:.3f}"
    if answered:
        note += f"; in force: coverage {measured['coverage']:.2f}, risk {measured['risk']:.2f}"
    highest = max((point.risk for point in points), default=0.0)
    top = next(top for top in _TOPS if highest <= top)
    return RiskCoverage(note, answered, [*answered[-1:], *points[len(answered) :]], top)
