"""``rag calibrate``: questions are made and asked, and the next start uses the fitted confidence model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rag.cli.main as program
from rag import composition
from rag.answering.answerer import Answerer
from rag.answering.calibration_store import calibration_path, read_calibration
from rag.answering.confidence import CONFIDENCE_MODEL
from rag.cli import calibrate
from rag.domain.values import Span
from rag.evaluation.synthetic.types import Fact, SyntheticQuestion
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker
from tests.unit.conftest import publish
from tests.unit.rag.evaluation.test_calibrate import ReadingModel

MODELS = ("a" * 64,)
DOCUMENTS = {
    f"{chr(97 + number)}.pdf": [
        f"The tower{chr(97 + number)} of the Bittern stands {number + 100} metres above the deck."
    ]
    for number in range(26)
}


@pytest.fixture(autouse=True)
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    encoder, root = BagOfWordsEncoder(), tmp_path / "index"
    publish(root, DOCUMENTS, encoder)
    monkeypatch.setenv("RAG_INDEX", str(root))
    retriever = Retriever(encoder, OverlapReranker())
    answerer = Answerer(
        CurrentIndex(root, encoder.identity), retriever, ReadingModel([""]), 1, 99, 9, PLAIN_CONFIDENCE_MODEL
    )
    monkeypatch.setattr(calibrate, "open_answerer", lambda _: answerer)
    monkeypatch.setattr(calibrate, "model_digests", lambda _: MODELS)
    monkeypatch.setattr(composition, "model_digests", lambda _: MODELS)
    monkeypatch.setattr(calibrate, "make_questions", _made)
    return root


def _made(generation: Generation, *_options: object) -> Iterator[SyntheticQuestion]:
    """Without a model: each passage is asked for its number."""
    for passage in generation.passages(range(len(generation))):
        _, name, *_, number, _, _, _, _ = passage.chunk.text.split()
        fact = Fact(passage, Span(1, 0, len(passage.chunk.text)), "number", number)
        yield SyntheticQuestion(f"How many metres above the deck stands the {name} of the Bittern?", fact, "number")


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_the_fitted_confidence_model_is_used_at_the_next_start(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(index=index, false_answers=0.05)
    assert composition.open_confidence_model(settings)[0].thresholds == CONFIDENCE_MODEL.thresholds
    assert program.main(["calibrate", "--questions", "26"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^26 questions made, each asked twice; 2\d answered correctly", out)
    assert "calibration.json" in out
    kept = read_calibration(index, MODELS)
    assert kept is not None
    assert (kept.questions, kept.generation) == (26, "000001-" + kept.generation[7:])
    fitted, later = composition.open_confidence_model(settings)
    assert (fitted.digest, fitted.false_answers) == (kept.confidence_model.digest, 0.05)
    assert fitted.digest != CONFIDENCE_MODEL.digest
    assert later is None


def test_too_few_questions_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["calibrate", "--questions", "5"])
    assert "argument --questions: 5 is not 20 or more" in capsys.readouterr().err


def test_too_few_can_be_made(index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(calibrate, "make_questions", lambda *_: iter(()))
    assert program.main(["calibrate"]) == 1
    assert "only 0 made questions" in error_of(capsys)
    assert not calibration_path(index).exists()


def test_a_read_only_index_fails_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    monkeypatch.setattr(calibrate, "open_answerer", lambda _: pytest.fail("it was loaded"))
    assert program.main(["calibrate"]) == 1
    assert "nothing can be written in" in error_of(capsys)
