"""Calibration of the confidence model on questions asked with and without the passages that answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from rag.answering.answerer import Answerer
from rag.answering.confidence import ConfidenceModel, Features, Logistic
from rag.domain.probability import log_odds
from rag.domain.values import Span
from rag.errors import CalibrationFailed
from rag.evaluation.calibrate import FEWEST, Trial, fitted, try_labelled, try_questions
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.synthetic.negatives import withheld_rows
from rag.evaluation.synthetic.types import Fact, SyntheticQuestion
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.models.llm.language_model import Message, Prompt
from rag.retrieval.retriever import Retriever
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

PAGES = [
    "The pump of the Bittern holds 72 litres of oil when it is full.",
    "The mast of the Bittern stands 19 metres above the deck.",
    "The trumpet of the Bittern weighs 340 kilograms with its flange.",
]
ASKED = [
    ("How many litres of oil does the pump of the Bittern hold?", "72"),
    ("How many metres above the deck stands the mast of the Bittern?", "19"),
]


class ReadingModel(ScriptedModel):
    """A fake model that answers with the number in the first passage, or refuses where there is none."""

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        evidence = messages[-1].text.rpartition("Question")[0]
        self.replies = [next((word for word in evidence.split() if word.isdigit()), "")]
        return super().prompt(messages)


@pytest.fixture
def answerer(tmp_path: Path) -> Answerer:
    encoder = BagOfWordsEncoder()
    publish(tmp_path, {"a.pdf": PAGES}, encoder)
    index, retriever = CurrentIndex(tmp_path, encoder.identity), Retriever(encoder, OverlapReranker())
    return Answerer(index, retriever, ReadingModel([""]), passages=1, evidence_tokens=99, max_tokens=9)


def made(generation: Generation, question: str, answer: str) -> SyntheticQuestion:
    passages = generation.passages(range(len(generation)))
    passage = next(found for found in passages if f" {answer} " in found.chunk.text)
    span = Span(passage.chunk.span.page, passage.chunk.span.start, passage.chunk.span.end)
    return SyntheticQuestion(question, Fact(passage, span, "number", answer), "number")


class TestTrials:
    def test_each_question_is_asked_with_and_without_its_answer(self, answerer: Answerer) -> None:
        answerer = replace(answerer, confidence_model=replace(PLAIN_CONFIDENCE_MODEL, prefilter_threshold=0.0))
        generation, done = answerer.generation(), list[int]()
        trials = try_questions(answerer, generation, (made(generation, *each) for each in ASKED), done.append)
        assert [(trial.answerable, trial.right) for trial in trials] == [(True, True), (False, False)] * 2
        assert done == [1, 2]
        assert all(trial.features for trial in trials)

    def test_labelled_questions_are_asked_once(self, answerer: Answerer) -> None:
        answerer = replace(answerer, confidence_model=replace(PLAIN_CONFIDENCE_MODEL, prefilter_threshold=0.0))
        done = list[int]()
        asked = [
            LabelledQuestion(id="right", question=ASKED[0][0], answers=("72",)),
            LabelledQuestion(id="wrong", question=ASKED[1][0], answers=("20",)),
            LabelledQuestion(id="absent", question="How many litres of oil does the mast hold?", answers=()),
            LabelledQuestion(id="not a value", question="How do I fill the pump with oil?", answers=("Slowly",)),
        ]
        trials = try_labelled(answerer, answerer.generation(), asked, done.append)
        assert [(trial.answerable, trial.right) for trial in trials] == [(True, True), (True, False), (False, False)]
        assert done == [1, 2, 3, 4]

    def test_withheld_passages_are_not_retrieved(self, answerer: Answerer) -> None:
        answerer = replace(
            answerer, passages=9, confidence_model=replace(PLAIN_CONFIDENCE_MODEL, prefilter_threshold=0.0)
        )
        generation = answerer.generation()
        question = made(generation, *ASKED[0])
        try_questions(answerer, generation, [question], lambda _: None)
        assert isinstance(answerer.model, ReadingModel)
        texts = ["".join(message.text for message in chat) for chat in answerer.model.chats]
        put = [text for text in texts if "mast" in text]
        assert {PAGES[0] in text for text in put} == {True, False}
        # The second half of the chats is of the second trial.
        assert PAGES[0] not in "".join(texts[len(texts) // 2 :])
        (row,) = withheld_rows(generation, question)
        assert generation.passages([row])[0].chunk.text == PAGES[0]

    def test_a_question_that_fails_the_prefilter_has_no_features(self, answerer: Answerer) -> None:
        answerer = replace(answerer, confidence_model=replace(PLAIN_CONFIDENCE_MODEL, prefilter_threshold=1.0))
        generation = answerer.generation()
        trials = try_questions(answerer, generation, [made(generation, *ASKED[0])], lambda _: None)
        assert trials == [Trial(None, answerable=True, right=False), Trial(None, answerable=False, right=False)]

    def test_a_question_that_asks_for_more_than_a_value_is_left_out(self, answerer: Answerer) -> None:
        """The draft of a whole answer has other features, and another confidence model."""
        generation, done = answerer.generation(), list[int]()
        question = made(generation, "How do I fill the pump of the Bittern with 72 litres of oil?", "72")
        trials = try_questions(answerer, generation, [question, made(generation, *ASKED[0])], done.append)
        assert len(trials) == 2
        assert done == [1, 2]

    def test_the_answerer_is_unchanged(self, answerer: Answerer) -> None:
        generation = answerer.generation()
        try_questions(answerer, generation, [made(generation, *ASKED[0])], lambda _: None)
        assert (answerer.recorder, answerer.retriever.withheld) == (None, frozenset())


NOTHING = Features(**{field.name: 0.0 for field in fields(Features)})
BY_RELEVANCE = replace(
    PLAIN_CONFIDENCE_MODEL, answerable=Logistic(0.0, {"relevance": 1.0}), correct=Logistic(0.0, {"relevance": 1.0})
)


def trials_of(count: int = 400, scale: float = 0.5, bias: float = -1.0, seed: int = 0) -> list[Trial]:
    """Trials whose log-odds of being answerable, and correct, are ``scale · relevance + bias``."""
    random = np.random.default_rng(seed)
    relevances = random.normal(scale=3.0, size=count)
    chances = 1 / (1 + np.exp(-(scale * relevances + bias)))
    drawn = random.random(count) < chances
    return [
        Trial(replace(NOTHING, relevance=float(relevance)), bool(true), bool(true))
        for relevance, true in zip(relevances, drawn, strict=True)
    ]


class TestFitted:
    def test_the_scale_is_that_of_the_trials(self) -> None:
        confidence_model = fitted(BY_RELEVANCE, trials_of(4000))
        for logistic in (confidence_model.answerable, confidence_model.correct):
            assert logistic.weights["relevance"] == pytest.approx(0.5, abs=0.06)
            assert logistic.bias == pytest.approx(-1.0, abs=0.12)
        assert (confidence_model.prefilter, confidence_model.prefilter_threshold, confidence_model.yes_bias) == (
            BY_RELEVANCE.prefilter,
            BY_RELEVANCE.prefilter_threshold,
            BY_RELEVANCE.yes_bias,
        )

    @pytest.mark.parametrize("false_answers", [0.05, 0.1, 0.3])
    def test_the_false_answer_rate_holds_on_similar_trials(self, false_answers: float) -> None:
        confidence_model = replace(fitted(BY_RELEVANCE, trials_of(4000)), false_answers=false_answers)
        unseen = [t.features for t in trials_of(4000, seed=1) if not t.answerable and t.features]
        assert sum(map(confidence_model.is_given, unseen)) / len(unseen) == pytest.approx(false_answers, abs=0.03)

    def test_trials_without_features_count_as_refused(self) -> None:
        trials = trials_of(400)
        prefilter_threshold = [Trial(None, answerable=False, right=False)] * 4000
        assert fitted(BY_RELEVANCE, [*trials, *prefilter_threshold]).thresholds[:15] == (0.0,) * 15
        assert (
            fitted(BY_RELEVANCE, [*trials, *prefilter_threshold]).answerable == fitted(BY_RELEVANCE, trials).answerable
        )

    def test_a_reversed_order_is_not_fitted(self) -> None:
        confidence_model = fitted(BY_RELEVANCE, trials_of(scale=-0.5))
        assert confidence_model.answerable.weights["relevance"] == pytest.approx(0.1)

    def test_the_result_is_a_confidence_model(self) -> None:
        confidence_model = fitted(BY_RELEVANCE, trials_of())
        assert isinstance(confidence_model, ConfidenceModel)
        assert len(confidence_model.thresholds) == 21
        assert log_odds(confidence_model.answerable.probability(NOTHING)) == pytest.approx(
            confidence_model.answerable.bias
        )

    @pytest.mark.parametrize(
        ("answerable", "unanswerable"),
        [pytest.param(FEWEST, FEWEST - 1, id="negatives"), pytest.param(FEWEST - 1, FEWEST, id="positives")],
    )
    def test_too_few(self, answerable: int, unanswerable: int) -> None:
        trials = [Trial(NOTHING, True, True)] * answerable + [Trial(NOTHING, False, False)] * unanswerable
        with pytest.raises(CalibrationFailed, match=f"only {FEWEST - 1} "):
            fitted(BY_RELEVANCE, trials)

    def test_no_answerable_trial_has_features(self) -> None:
        trials = [Trial(None, True, False)] * FEWEST + [Trial(None, False, False)] * FEWEST
        with pytest.raises(CalibrationFailed, match="only 0 "):
            fitted(BY_RELEVANCE, trials)
