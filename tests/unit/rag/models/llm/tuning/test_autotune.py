"""Autotuning at the start of a service: when it measures, what it stores, and which settings override it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rag.models.llm.tuning.autotune
from rag.models.llm.tuning.autotune import (
    chosen_tuning,
    default_tuning,
    described,
    expected_seconds,
    machine_digest,
    setup_settings,
    share_of_others,
    tuning_of,
    unused_here,
    with_settings,
)
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.store import Measured, TokensPerSecond, keep_measured
from rag.models.weights.store import Weights
from rag.runtime.processor import Processor
from rag.settings import Settings
from tests.unit.rag.models.llm.tuning.test_store import measured

PROCESSOR = Processor("Some CPU", frozenset({"avx", "avx2"}), logical=8, physical=4, quota=None)
WEIGHTS = Weights("small", "generator", "a" * 64, Path("models"), Path("models/small.gguf"))
EVERYTHING = {"threads": 3, "micro_batch": 64, "flash_attention": "off", "repack": "on"}


@pytest.fixture(autouse=True)
def _processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.models.llm.tuning.autotune, "read_processor", lambda: PROCESSOR)


def found(**changed: Any) -> Measured:
    return measured(machine=machine_digest(PROCESSOR, 0)).model_copy(update=changed)


@pytest.mark.parametrize(
    ("settings", "expected", "overridden"),
    [
        pytest.param({}, Tuning(8, 8), (), id="none"),
        pytest.param({"threads": 3}, Tuning(3, 3), ("RAG_THREADS",), id="threads, of both kinds"),
        pytest.param({"flash_attention": "off"}, Tuning(8, 8, 512, False), ("RAG_FLASH_ATTENTION",), id="off"),
        pytest.param({"flash_attention": "on"}, Tuning(8, 8), ("RAG_FLASH_ATTENTION",), id="on"),
        pytest.param(
            EVERYTHING,
            Tuning(3, 3, 64, False, True),
            ("RAG_THREADS", "RAG_MICRO_BATCH", "RAG_FLASH_ATTENTION", "RAG_REPACK"),
            id="all",
        ),
    ],
)
def test_settings_override_the_measurement(
    settings: dict[str, Any], expected: Tuning, overridden: tuple[str, ...]
) -> None:
    assert with_settings(default_tuning(PROCESSOR), Settings(**settings)) == (expected, overridden)


def test_the_expected_time_of_an_answer_follows_the_measured_speed(tmp_path: Path) -> None:
    settings = Settings(tuning=tmp_path, parallel=4, evidence_tokens=450)
    assert expected_seconds(settings, WEIGHTS) is None
    speed = TokensPerSecond(reading=60.0, writing=10.0, writing_four=20.0)
    keep_measured(tmp_path, found(speed=speed))
    # Four at a time: 600 tokens to read at 60 a second, and 40 to write at 20.
    assert expected_seconds(settings, WEIGHTS) == 4 * (10.0 + 2.0)


def test_the_measurement_is_used(tmp_path: Path) -> None:
    settings = Settings(tuning=tmp_path)
    assert tuning_of(settings, WEIGHTS) == Tuning(8, 8)
    keep_measured(tmp_path, found())
    assert tuning_of(settings, WEIGHTS) == found().tuning
    chosen = chosen_tuning(Settings(tuning=tmp_path, threads=1), WEIGHTS)
    assert chosen.tuning == Tuning(1, 1, 128, False, False, found().further_token)
    assert (chosen.measured, chosen.overridden) == (found(), ("RAG_THREADS",))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Processor("Another", PROCESSOR.flags, 8, 4, None), id="name"),
        pytest.param(Processor("Some CPU", frozenset({"avx"}), 8, 4, None), id="instructions"),
        pytest.param(Processor("Some CPU", PROCESSOR.flags, 8, 4, 2.0), id="a quota"),
        pytest.param(Processor("Some CPU", PROCESSOR.flags, 8, 8, None), id="cores"),
    ],
)
def test_another_machine_is_measured_anew(other: Processor) -> None:
    assert machine_digest(PROCESSOR, 0) == machine_digest(PROCESSOR, 0)
    assert machine_digest(other, 0) != machine_digest(PROCESSOR, 0)
    assert machine_digest(PROCESSOR, -1) != machine_digest(PROCESSOR, 0)


@pytest.mark.parametrize(
    ("busy", "own", "expected"),
    [
        pytest.param(0.0, 0.0, 0.0, id="idle"),
        pytest.param(12.0, 8.0, 0.25, id="four of sixteen"),
        pytest.param(12.0, 12.0, 0.0, id="this process only"),
        pytest.param(7.9, 8.0, 0.0, id="ticks are coarse"),
        pytest.param(99.0, 0.0, 1.0, id="never more than all"),
    ],
)
def test_the_share_of_other_programs(busy: float, own: float, expected: float) -> None:
    assert share_of_others(busy, own, 16.0) == expected
    assert share_of_others(busy, own, 0.0) == 0.0


def test_a_tuning_for_people_and_in_a_record() -> None:
    tuning = Tuning(1, 2, 128, flash_attention=True, repack=False)
    assert described(tuning) == "1 thread, 2 to read; micro batch 128; flash attention on; repacking off"
    assert setup_settings(tuning) == {
        "threads": 1,
        "batch threads": 2,
        "micro batch": 128,
        "flash attention": "on",
        "repack": "off",
        "further token": 0.6,
    }


def test_unused_instructions_are_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    import rag.models.llm.engine.llama_library

    monkeypatch.setattr(rag.models.llm.engine.llama_library, "built_features", lambda: frozenset({"AVX"}))
    assert unused_here(PROCESSOR) == ("AVX2",)
    rag.models.llm.tuning.autotune.warn_of_unused_instructions()
    (record,) = caplog.records
    assert "without AVX2" in record.getMessage()
    assert "CMAKE_ARGS=-DGGML_NATIVE=ON pip install" in record.getMessage()
