"""Autotuning of this machine with the smallest model: it works and ends; the result depends on the machine."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from rag.answering.confidence import CONFIDENCE_MODEL
from rag.cli.main import main
from rag.composition import setup_of
from rag.errors import ModelUnusable
from rag.models.embedding.interfaces import Encoder
from rag.models.llm.tuning.autotune import tuning_of
from rag.models.llm.tuning.benchmark import Bench, measure
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.search import search_space
from rag.models.llm.tuning.store import tuning_path
from rag.models.opening import generator_weights
from rag.models.weights.store import Weights
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from tests.real_models.conftest import ROOT, SMALL

pytestmark = pytest.mark.real_models


@pytest.fixture
def weights(settings: Settings) -> Weights:
    found = generator_weights(settings)
    assert found
    return found


def test_every_tuning_of_the_search_space_runs(weights: Weights) -> None:
    default = Tuning(1, 1)  # on a busy machine two threads wait for each other
    with Bench(weights.file, gpu_layers=0) as bench:
        for dimension in search_space(usable=1, physical=1):
            for tuning in dimension.others(default):
                assert bench.seconds(tuning, dimension.phase) > 0
        speed = bench.speed(default)
    assert min(speed.reading, speed.writing, speed.writing_four) > 1


def test_it_ends_in_time(weights: Weights) -> None:
    """Without time for any comparison, only the speed of the default is measured."""
    begun = time.monotonic()
    found = measure(weights.file, default=Tuning(2, 2), dimensions=search_space(usable=2, physical=2), seconds=0)
    assert found.seconds <= time.monotonic() - begun
    assert found.tuning == Tuning(2, 2)
    assert found.speed == found.default_speed


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"GGUF, but not really")
    with pytest.raises(ModelUnusable, match="models verify"):
        measure(tmp_path / "no.gguf", default=Tuning(1, 1), dimensions=search_space(usable=1, physical=1))


def test_the_doctor_tunes_and_the_model_runs_with_it(
    settings: Settings,
    encoder: Encoder,
    weights: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"MODEL": SMALL, "TUNING": str(tmp_path), "INDEX": str(tmp_path / "none")}.items():
        monkeypatch.setenv(f"RAG_{name}", value)
    monkeypatch.setenv("RAG_MODELS", str(ROOT / "models"))
    assert main(["doctor", "--tune", "--json"]) == 1  # no index
    findings = {row["subject"]: row for row in json.loads(capsys.readouterr().out)["findings"]}
    measured = findings["tuning"]["measured"]
    assert measured["model"] == weights.digest
    assert tuning_path(tmp_path).is_file()
    tuned = settings.model_copy(update={"tuning": tmp_path})
    tuning = tuning_of(tuned, weights)
    assert tuning == Tuning(**findings["tuning"]["tuning"])
    assert tuning.threads == measured["threads"]
    setup = setup_of(tuned, Retriever(encoder, None), CONFIDENCE_MODEL)
    assert setup.settings["threads"] == tuning.threads
    assert setup.settings["flash attention"] == ("on" if tuning.flash_attention else "off")
