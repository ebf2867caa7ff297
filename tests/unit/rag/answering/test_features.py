"""Each feature of the confidence model, by example."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from rag.answering.draft import Draft
from rag.answering.features import extract_features
from rag.answering.grounding import Evidence, Quote, Support
from rag.domain.values import Chunk, Document, Hit, Passage, Span
from rag.models.llm.language_model import Token
from tests.unit.conftest import page_of

TEXT = "The pump has a blue lid."
PASSAGE = Passage(0, Document("0" * 64, ("manual.pdf",), "Manual", 1, 1), Chunk(Span(1, 0, len(TEXT)), TEXT))
HIT = Hit(PASSAGE, 2.0, math.log(3), 0.5)
QUOTE = Quote(Evidence(HIT, page_of(TEXT)), Span(1, 0, len(TEXT)), 1.0)
SURE = Support("Blue.", (QUOTE,), 1.0, agrees=True)


def features_of(
    *support: Support, question: str = "Which lid?", found: list[Hit] | None = None, draft: Draft | None = None
) -> dict[str, Any]:
    features = extract_features(question, found or [HIT], draft or Draft(), support, 0.6)
    return {name: getattr(features, name) for name in features.__slots__}


def test_of_an_empty_draft() -> None:
    found = extract_features("Which lid?", [HIT], Draft(), (), 0.0)
    assert found.relevance == pytest.approx(math.log(3))
    assert (found.refusal_probability, found.certainty, found.self_check) == (0, 0, 0)
    assert (found.share, found.agrees) == (0, 0)


def test_of_a_draft() -> None:
    draft = Draft(refusal_probability=0.3)
    draft.add(Token("Blue", 0.5))
    draft.add(Token(".", 0.125))
    found = features_of(SURE, draft=draft)
    assert (found["refusal_probability"], found["certainty"]) == (0.3, pytest.approx(0.25))
    assert (found["share"], found["agrees"]) == (1.0, 1.0)
    assert found["self_check"] == 0.6


def test_relevance_is_that_of_the_best_passage() -> None:
    assert features_of(found=[replace(HIT, logit=-2.0), HIT])["relevance"] == pytest.approx(math.log(3))
    assert features_of(found=[replace(HIT, logit=None)])["relevance"] == 0.0


@pytest.mark.parametrize(
    ("question", "coverage"),
    [
        pytest.param("The lid of the pump?", 1.0, id="all"),
        pytest.param("The lid of the manual?", 1.0, id="the document's name counts"),
        pytest.param("Which lid has the boiler?", 0.5, id="half"),
        pytest.param("Is it?", 1.0, id="no word of its own"),
    ],
)
def test_coverage(question: str, coverage: float) -> None:
    assert features_of(question=question)["coverage"] == pytest.approx(coverage)


@pytest.mark.parametrize(
    ("support", "share", "agrees"),
    [
        pytest.param([SURE, replace(SURE, score=0.7)], 0.7, 1.0, id="the weakest one"),
        pytest.param([SURE, replace(SURE, score=0.1)], 1.0, 1.0, id="without the unsupported one"),
        pytest.param([SURE, replace(SURE, agrees=False)], 1.0, 1.0, id="without one that disagrees"),
        pytest.param([replace(SURE, score=0.1), replace(SURE, agrees=False)], 1.0, 0.0, id="none is supported"),
    ],
)
def test_of_several_sentences(support: list[Support], share: float, agrees: float) -> None:
    found = features_of(*support)
    assert (found["share"], found["agrees"]) == (share, agrees)
