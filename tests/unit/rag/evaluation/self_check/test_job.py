"""The self-check of a model that confidence was not fitted to, over a small index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answering.answerer import Answerer
from rag.answering.calibration_store import calibration_path, read_calibration
from rag.answering.confidence import FittedLater
from rag.domain.values import Question
from rag.errors import CalibrationFailed, Cancelled, ModelUnusable
from rag.evaluation.self_check import job
from rag.evaluation.self_check.job import self_check_job
from rag.evaluation.self_check.progress import progress_path, read_progress
from rag.evaluation.synthetic.prompt import SYSTEM
from rag.index.current_index import CurrentIndex
from rag.models.llm.language_model import Message, Prompt
from rag.retrieval.retriever import Retriever
from rag.runtime.background import BackgroundTurn, Later
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker
from tests.unit.conftest import publish
from tests.unit.rag.evaluation.test_calibrate import ReadingModel

MODELS = ("a" * 64,)
NAMES = (
    "alder birch cedar dogwood elm fir gum hazel ivy juniper larch maple nutmeg oak pine quince rowan spruce teak yew"
)
DOCUMENTS = {
    f"{name}.pdf": [f"The {name} tower of the Bittern stands {number + 100} metres above the deck of the ship."]
    for number, name in enumerate([*NAMES.split(), "zelkova", "walnut", "willow", "sumac", "sorrel", "acacia"])
}
QUESTIONS = 24


class AskingModel(ReadingModel):
    """Makes a question of each fact, and answers with the number in the first passage."""

    made: int = 0

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        prompt = super().prompt(messages)
        if messages[0].text == SYSTEM:
            name = messages[-1].text.partition("Fact: The ")[2].split()[0]
            self.replies = [f"Question: How many metres above the deck stands the {name} tower of the Bittern?"]
            self.made += 1
        return prompt


@pytest.fixture
def answerer(tmp_path: Path) -> Answerer:
    encoder = BagOfWordsEncoder()
    publish(tmp_path, DOCUMENTS, encoder)
    return Answerer(
        CurrentIndex(tmp_path, encoder.identity),
        Retriever(encoder, OverlapReranker()),
        AskingModel([""]),
        passages=1,
        evidence_tokens=99,
        max_tokens=9,
        confidence_model=replace(PLAIN_CONFIDENCE_MODEL, false_answers=0.5),
        fitted_later=FittedLater(),
    )


def turn_of(answerer: Answerer, index: Path) -> BackgroundTurn:
    check = self_check_job(answerer, index, MODELS, questions=QUESTIONS)
    assert check
    return BackgroundTurn(check)


ASKED = Question("How many metres above the deck stands the elm tower of the Bittern?")


def test_answers_are_uncalibrated_until_it_is_done(answerer: Answerer, tmp_path: Path) -> None:
    before = answerer.ask(ASKED)
    assert (before.answered, before.certainty, before.confidence) == (True, "uncalibrated", None)
    assert before.sentences[0].confidence is None
    turn = turn_of(answerer, tmp_path)
    assert turn.job.run(turn) is None
    assert (turn.done, turn.total) == (QUESTIONS - 1, QUESTIONS)
    after = answerer.ask(ASKED)
    assert after.answered
    assert after.certainty in ("stated", "possible")
    assert after.confidence is not None
    assert answerer.is_calibrated


def test_the_next_start_has_it(answerer: Answerer, tmp_path: Path) -> None:
    turn = turn_of(answerer, tmp_path)
    turn.job.run(turn)
    kept = read_calibration(tmp_path, MODELS)
    assert kept
    assert kept.questions == QUESTIONS
    default = answerer.confidence_model
    assert kept.confidence_model.correct != default.correct
    assert (kept.confidence_model.answerable, kept.confidence_model.thresholds) == (
        default.answerable,
        default.thresholds,
    ), "what is refused stays"
    assert answerer.current_confidence_model.false_answers == 0.5
    assert not progress_path(tmp_path).exists()


def test_a_question_stops_it_and_it_goes_on_from_there(answerer: Answerer, tmp_path: Path) -> None:
    turn = turn_of(answerer, tmp_path)
    assert isinstance(answerer.model, AskingModel)
    told = turn.progress

    def stop_after_five(done: int, total: int) -> None:
        told(done, total)
        if done == 5:
            turn.cancellation.cancel()

    turn.progress = stop_after_five  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        turn.job.run(turn)
    generation = answerer.generation().id
    done = read_progress(tmp_path, MODELS, generation)
    assert done.questions == 5
    assert read_progress(tmp_path, ("b" * 64,), generation).questions == 0, "another model begins anew"
    assert read_progress(tmp_path, MODELS, "another").questions == 0, "other documents, too"
    assert "Bittern" not in progress_path(tmp_path).read_text("utf-8"), "no text of the documents"
    made = answerer.model.made
    again = turn_of(answerer, tmp_path)
    again.job.run(again)
    assert answerer.is_calibrated
    assert answerer.model.made - made <= QUESTIONS - 5 + len(DOCUMENTS) - QUESTIONS, "no question was made again"


def test_a_damaged_file_of_progress_begins_anew(answerer: Answerer, tmp_path: Path) -> None:
    progress_path(tmp_path).write_text("{", "utf-8")
    turn = turn_of(answerer, tmp_path)
    turn.job.run(turn)
    assert answerer.is_calibrated


def test_where_nothing_can_be_written_it_holds_until_the_end(
    answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CalibrationFailed("no")

    monkeypatch.setattr(job, "write_calibration", refuse)
    turn = turn_of(answerer, tmp_path)
    turn.job.run(turn)
    assert answerer.is_calibrated
    assert not calibration_path(tmp_path).exists()


def test_too_few_documents_leave_answers_uncalibrated(answerer: Answerer, tmp_path: Path) -> None:
    check = self_check_job(answerer, tmp_path, MODELS, questions=3)
    assert check
    assert check.run(BackgroundTurn(check)) is None
    assert not answerer.is_calibrated


def test_a_model_that_fails_is_tried_again_later(
    answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelUnusable("no")

    monkeypatch.setattr(job, "question_about", fail)
    turn = turn_of(answerer, tmp_path)
    assert isinstance(turn.job.run(turn), Later)


def test_a_fitted_model_needs_none(answerer: Answerer, tmp_path: Path) -> None:
    assert self_check_job(replace(answerer, fitted_later=None), tmp_path, MODELS) is None
