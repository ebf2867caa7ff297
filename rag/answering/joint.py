"""Joint answerer: one question is put to several indexes, and answered once from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rag.answering.answerer import Answerer
from rag.answering.confidence import CONFIDENCE_MODEL, ConfidenceModel
from rag.index.joint.index import JointIndex


def joined(answerers: Mapping[str, Answerer]) -> Answerer:
    """The answerer over the indexes of several, with the models of the first. Its answers are not recorded.

    Args:
        answerers: at least one, by the names of their collections; they share encoder, reranker and language model.
    """
    first = next(iter(answerers.values()))
    return replace(
        first,
        index=JointIndex({name: answerer.index for name, answerer in answerers.items()}),
        confidence_model=_confidence_model([answerer.confidence_model for answerer in answerers.values()]),
        # A record is kept by one collection, and replayed from a generation of it.
        recorder=None,
        searches=first.searches.emptied(),
    )


def _confidence_model(models: list[ConfidenceModel]) -> ConfidenceModel:
    """The one that all have; where they differ, the one that no documents were calibrated for."""
    if len({model.digest for model in models}) == 1:
        return models[0]
    return replace(CONFIDENCE_MODEL, false_answers=models[0].false_answers)
