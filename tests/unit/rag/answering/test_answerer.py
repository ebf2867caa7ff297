"""Nobody waits for the answer any more: each part of the work stops before its next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rag.answering.answerer import Answerer
from rag.domain.values import Question
from rag.errors import Cancelled
from rag.index.reading import CurrentIndex
from rag.models.embedding.interfaces import FloatMatrix, FloatVector
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

COLOURS = "red green blue black white brown grey pink".split()
PAGES = [
    f"# Pump {n}\nThe pump number {n} on floor {n} is {COLOURS[n % 8]} and weighs {n * 7} kilos." for n in range(40)
]
TELLING = "The pump number 3 on floor 3 is black."


@dataclass
class Leaving:
    """Somebody who goes away in a step of the work."""

    cancellation: Cancellation = field(default_factory=Cancellation)
    steps: list[str] = field(default_factory=list)

    def step(self, name: str, leaves_in: str) -> None:
        self.steps.append(name)
        if name == leaves_in:
            self.cancellation.cancel()


@dataclass(eq=False)
class LeftEncoder(BagOfWordsEncoder):
    leaving: Leaving
    leaves_in: str

    def __post_init__(self) -> None:
        super().__init__()

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        self.leaving.step("encode", self.leaves_in)
        return super().encode(texts)


@dataclass(eq=False)
class LeftReranker(OverlapReranker):
    leaving: Leaving
    leaves_in: str

    def relevance(self, question: str, texts: Sequence[str]) -> FloatVector:  # noqa: ARG002 - the seam
        self.leaving.step("rerank", self.leaves_in)
        return np.full(len(texts), 0.9, np.float32)


def answerer_for(root: Path, model: ScriptedModel, leaving: Leaving, leaves_in: str) -> Answerer:
    publish(root, {"a.pdf": PAGES}, BagOfWordsEncoder())
    encoder = LeftEncoder(leaving, leaves_in)
    retriever = Retriever(encoder, LeftReranker(leaving, leaves_in))
    return Answerer(CurrentIndex(root, encoder.identity), retriever, model, 4, 800, 64, PLAIN_CONFIDENCE_MODEL)


@pytest.mark.parametrize(
    ("leaves_in", "text", "steps"),
    [
        pytest.param("encode", "Which pump is black?", ["encode"], id="search"),
        pytest.param("rerank", "Which pump is black?", ["encode", "rerank"], id="reranker"),
        pytest.param("encode", "Summarise page 1", ["encode"], id="summary"),
    ],
)
def test_what_is_found_out_before_the_model_is_asked(
    tmp_path: Path, leaves_in: str, text: str, steps: list[str]
) -> None:
    leaving, model = Leaving(), ScriptedModel([TELLING])
    events = answerer_for(tmp_path, model, leaving, leaves_in).stream(Question(text), leaving.cancellation)
    with pytest.raises(Cancelled):
        next(events)
    assert leaving.steps == steps
    assert model.chats == []
