"""Autotuning in the background of a service: when it measures, what it keeps, and that a question ends it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rag.models.llm.tuning.autotune
import rag.models.llm.tuning.background
from rag.errors import Cancelled
from rag.models.llm.tuning.autotune import tuning_of
from rag.models.llm.tuning.background import main, tuning_job
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.store import Measured, tuning_path
from rag.runtime.background import BackgroundJob, BackgroundTurn, Later
from rag.settings import Settings
from tests.unit.rag.models.llm.tuning.test_autotune import EVERYTHING, PROCESSOR, WEIGHTS, found


@pytest.fixture(autouse=True)
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the share of the machine that other programs have; 0 at first."""
    monkeypatch.setattr(rag.models.llm.tuning.autotune, "read_processor", lambda: PROCESSOR)

    def load(share: float) -> None:
        monkeypatch.setattr(rag.models.llm.tuning.autotune.OtherPrograms, "share", lambda _: share)

    monkeypatch.setattr(rag.models.llm.tuning.background, "_LOAD_SECONDS", 0)
    load(0.0)
    return load


def printing(text: str, code: int = 0) -> list[str]:
    """A program that prints a text in the place of the benchmark."""
    return [sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})"]


def job(settings: Settings, measured: Measured | None = None) -> BackgroundJob:
    made = tuning_job(settings, WEIGHTS, printing((measured or found(busy=0.05)).model_dump_json()))
    assert made
    return made


def run(made: BackgroundJob) -> Later | None:
    return made.run(BackgroundTurn(made))


def test_once_and_then_never_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    settings = Settings(tuning=tmp_path)
    assert run(job(settings)) is None
    assert "from the next start on: " in caplog.text
    assert tuning_of(settings, WEIGHTS) == found().tuning
    assert tuning_job(settings, WEIGHTS) is None


def test_it_is_kept_beside_the_weights_unless_set(tmp_path: Path) -> None:
    run(job(Settings(models=tmp_path)))
    assert tuning_path(tmp_path).is_file()
    run(job(Settings(models=tmp_path, tuning=tmp_path / "other")))
    assert tuning_path(tmp_path / "other").is_file()


@pytest.mark.parametrize(
    "changed", [pytest.param({"tune": "off"}, id="off"), pytest.param(EVERYTHING, id="everything is set")]
)
def test_not_where_the_settings_decide_everything(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert tuning_job(Settings(tuning=tmp_path, **changed), WEIGHTS) is None


def test_not_where_it_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(rag.models.llm.tuning.background, "can_be_kept", lambda _: False)
    assert tuning_job(Settings(tuning=tmp_path), WEIGHTS) is None
    assert "set RAG_TUNING" in caplog.text


def test_later_while_others_are_at_work(tmp_path: Path, load: Callable[[float], None]) -> None:
    load(0.5)
    made = job(Settings(tuning=tmp_path))
    assert run(made) == Later(600.0)
    assert not tuning_path(tmp_path).exists()
    load(0.0)
    assert run(made) is None
    assert tuning_path(tmp_path).exists()


def test_a_machine_that_became_busy_is_measured_again_later(tmp_path: Path) -> None:
    settings = Settings(tuning=tmp_path)
    assert run(job(settings, found(busy=0.4))) == Later(600.0)
    assert tuning_of(settings, WEIGHTS) == Tuning(8, 8)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param(printing("no memory", 1), "no memory", id="a reason"),
        pytest.param([sys.executable, "-c", "raise SystemExit(3)"], "ended with exit code 3", id="no reason"),
        pytest.param(printing('{"model": 1}'), "no measurement", id="nonsense"),
    ],
)
def test_a_model_that_cannot_be_measured_keeps_the_default(
    tmp_path: Path, program: list[str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = tuning_job(Settings(tuning=tmp_path), WEIGHTS, program)
    assert made
    assert run(made) is None
    assert reason in caplog.text
    assert not tuning_path(tmp_path).exists()


def test_a_question_ends_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = [sys.executable, "-c", f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"]
    made = tuning_job(Settings(tuning=tmp_path), WEIGHTS, program)
    assert made
    turn = BackgroundTurn(made)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            made.run(turn)
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not started.exists():
        time.sleep(0.002)
    turn.hold()
    thread.join(30)
    assert len(raised) == 1
    assert not tuning_path(tmp_path).exists()


def test_the_program_prints_the_measurement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[tuple[int, str, Path]] = []

    def tune(settings: Settings, weights: Any) -> Measured:
        asked.append((settings.gpu_layers, weights.digest, weights.file))
        return found()

    monkeypatch.setattr(rag.models.llm.tuning.background, "tune", tune)
    assert main(str(tmp_path / "m.gguf"), "a" * 64, "-1") == 0
    assert Measured.model_validate_json(capsys.readouterr().out) == found()
    assert asked == [(-1, "a" * 64, tmp_path / "m.gguf")]
