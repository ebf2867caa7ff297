"""Linear ranking model: scores by hand, and plausibility of the fitted weights."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.scoring import FIRST_STAGE, WITH_RERANKER, Signals, SignalWeights

numbers = st.floats(-10, 10, width=32)


def signals(*rows: tuple[float, float, float, float, float]) -> Signals:
    return Signals(*np.array(rows, dtype=np.float32).reshape(-1, 5).T)


def test_by_hand() -> None:
    weights = SignalWeights(cosine=2.0, bm25=3.0, document=5.0, digit_share=7.0, reranker=0.5)
    scores = weights.scores(signals((0.5, 0.25, 1.0, 0.0, -4.0), (-0.5, 0.0, 0.0, 0.1, 10.0)))
    assert scores == pytest.approx([1.0 + 0.75 + 5.0 + 0.0 - 2.0, -1.0 + 0.7 + 5.0])
    assert scores.dtype == np.float32


def test_no_candidates() -> None:
    assert WITH_RERANKER.scores(signals()).shape == (0,)


def test_names_are_those_of_the_signals() -> None:
    assert [each.name for each in fields(SignalWeights)] == [each.name for each in fields(Signals)]


@pytest.mark.parametrize("weights", [FIRST_STAGE, WITH_RERANKER])
def test_no_signal_counts_against_a_passage(weights: SignalWeights) -> None:
    """The early exit of the retriever needs this of the reranker's weight."""
    assert all(getattr(weights, each.name) >= 0 for each in fields(SignalWeights))


def test_the_first_stage_ignores_the_reranker() -> None:
    assert FIRST_STAGE.reranker == 0


@given(st.tuples(numbers, numbers, numbers, numbers), numbers, numbers)
def test_a_better_logit_is_never_a_lower_score(
    rest: tuple[float, float, float, float], one: float, other: float
) -> None:
    """In float32 too, to the last bit."""
    low, high = sorted((one, other))
    scores = WITH_RERANKER.scores(signals((*rest, low), (*rest, high)))
    assert scores[0] <= scores[1]
