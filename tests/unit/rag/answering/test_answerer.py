"""Cancellation of an answer: the work stops before its next step; and each page is read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rag.answering.answerer import Answerer
from rag.domain.values import AnswerReady, Page, PassagesFound, Question, TokenGenerated
from rag.errors import Cancelled
from rag.index.generation import Generation
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
REPLY = "The pump number 3 on floor 3 is black."


@dataclass
class CancelledIn:
    """Cancels in a given step of the work."""

    cancellation: Cancellation = field(default_factory=Cancellation)
    steps: list[str] = field(default_factory=list)

    def step(self, name: str, cancel_in: str) -> None:
        self.steps.append(name)
        if name == cancel_in:
            self.cancellation.cancel()


@dataclass(eq=False)
class CancellingEncoder(BagOfWordsEncoder):
    client: CancelledIn
    cancel_in: str

    def __post_init__(self) -> None:
        super().__init__()

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        self.client.step("encode", self.cancel_in)
        return super().encode(texts)


@dataclass(eq=False)
class CancellingReranker(OverlapReranker):
    client: CancelledIn
    cancel_in: str

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:  # noqa: ARG002 - the seam
        self.client.step("rerank", self.cancel_in)
        return np.full(len(texts), 2.2, np.float32)


def answerer_for(root: Path, model: ScriptedModel, client: CancelledIn, cancel_in: str) -> Answerer:
    publish(root, {"a.pdf": PAGES}, BagOfWordsEncoder())
    encoder = CancellingEncoder(client, cancel_in)
    retriever = Retriever(encoder, CancellingReranker(client, cancel_in))
    return Answerer(CurrentIndex(root, encoder.identity), retriever, model, 4, 800, 64, PLAIN_CONFIDENCE_MODEL)


@pytest.mark.parametrize(
    ("cancel_in", "text", "steps"),
    [
        pytest.param("encode", "Which pump is black?", ["encode"], id="search"),
        pytest.param("rerank", "Which pump is black?", ["encode", "rerank"], id="reranker"),
        pytest.param("encode", "Summarise page 1", ["encode"], id="summary"),
    ],
)
def test_cancelled_before_the_model_is_asked(tmp_path: Path, cancel_in: str, text: str, steps: list[str]) -> None:
    client, model = CancelledIn(), ScriptedModel([REPLY])
    events = answerer_for(tmp_path, model, client, cancel_in).stream(Question(text), client.cancellation)
    with pytest.raises(Cancelled):
        next(events)
    assert client.steps == steps
    assert model.chats == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("Which pump on floor 3 is black?", {PassagesFound, TokenGenerated, AnswerReady}, id="answer"),
        pytest.param("Who is the mayor of Skarholm?", {PassagesFound, TokenGenerated, AnswerReady}, id="abstention"),
        pytest.param("Summarise page 1", {PassagesFound, AnswerReady}, id="summary"),
        pytest.param("Hello", {PassagesFound, AnswerReady}, id="reply"),
    ],
)
def test_each_page_is_read_once_and_the_answer_is_the_last_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, kinds: set[type]
) -> None:
    read: list[tuple[str, int]] = []
    page_of = Generation.page

    def page(self: Generation, document_id: str, number: int) -> Page:
        read.append((document_id, number))
        return page_of(self, document_id, number)

    monkeypatch.setattr(Generation, "page", page)
    answerer = answerer_for(tmp_path, ScriptedModel([REPLY]), CancelledIn(), "never")
    first, *others = answerer.stream(Question(text))
    assert isinstance(first, PassagesFound)
    assert {type(event) for event in (first, *others)} == kinds
    assert isinstance(others[-1], AnswerReady)
    assert len(read) == len(set(read))
