"""A small index, and an answerer of it without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from rag.answering.answerer import Answerer
from rag.answering.confidence import ConfidenceModel, Logistic
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

PAGES = [
    "# Diaphragm\nTo replace the diaphragm of the pump, do this.\n1. Lock the pump off with the red key.\n"
    "2. Open the lid of the pump.\n3. Pull the old diaphragm out.\n4. Put in the new one.",
    "# Warranty\nThe warranty is 24 months. It covers the pump and its lid. It does not cover the diaphragm.",
]
HOW_TO = "How do I replace the diaphragm of the pump?"
COVER = "What does the warranty cover?"
HOW_LONG = "How long is the warranty?"
# What the fake model says to each of them.
DRAFT = "Lock the pump off with the red key. The warranty covers the pump and its lid."
# Answers everything that the model does not refuse.
LENIENT = ConfidenceModel(
    prefilter=Logistic(0.0, {}),
    answerable=Logistic(0.0, {"refusal_probability": -1.0}),
    correct=Logistic(0.0, {"self_check": 1.0}),
    prefilter_threshold=0.0,
    thresholds=(0.5, 0.5),
    yes_bias=0.0,
)
OpenAnswerer: TypeAlias = Callable[..., Answerer]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    publish(folder, {"a.pdf": PAGES, "other.pdf": ["The tank of the pump is black."]}, BagOfWordsEncoder())
    return folder


@pytest.fixture
def open_fake(index: Path) -> Iterator[OpenAnswerer]:
    """Opens an answerer of the index, which says DRAFT to everything unless it is given another model."""
    opened: list[Answerer] = []

    def open_one(model: ScriptedModel | None = None) -> Answerer:
        encoder = BagOfWordsEncoder()
        current = CurrentIndex(index, encoder.identity)
        retriever = Retriever(encoder, OverlapReranker())
        fake = model or ScriptedModel([DRAFT])
        opened.append(Answerer(current, retriever, fake, 4, 800, 64, LENIENT, whole_confidence_model=LENIENT))
        return opened[-1]

    yield open_one
    for answerer in opened:
        answerer.close()
