"""The calibration store: round trip, and unusable files, which are ignored with a warning."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.calibration_store import (
    Calibration,
    calibration_path,
    check_writable,
    read_calibration,
    write_calibration,
)
from rag.answering.confidence import CONFIDENCE_MODEL, ConfidenceModel, Features, Logistic
from rag.errors import CalibrationFailed
from rag.index.maintenance import collect_garbage, list_generations, roll_back, verify_generation
from rag.index.writer import open_writer
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import files_of_at_most, publish, quick_folder

MODELS = ("a" * 64, "b" * 64)
MADE = Calibration(models=MODELS, generation="000001-x", questions=60, confidence_model=CONFIDENCE_MODEL)

numbers = st.floats(-1e6, 1e6)
shares = st.floats(0, 1)
logistics = st.builds(
    Logistic, numbers, st.dictionaries(st.sampled_from([field.name for field in fields(Features)]), numbers)
)
confidence_models = st.builds(
    ConfidenceModel,
    logistics,
    logistics,
    logistics,
    shares,
    st.lists(shares, min_size=2, max_size=9).map(sorted).map(tuple),
    numbers,
    shares,
)
calibrations = st.builds(
    Calibration,
    models=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    generation=st.text(max_size=9),
    questions=st.integers(0, 999),
    confidence_model=confidence_models,
)


@given(calibrations)
def test_round_trip(made: Calibration) -> None:
    with quick_folder() as folder:
        write_calibration(folder, made)
        assert read_calibration(folder, made.models) == made
        assert [path.name for path in folder.iterdir()] == ["calibration.json"]


def test_a_file_of_format_1_is_read(tmp_path: Path) -> None:
    """As Pageproof 0.1 wrote it: the same numbers under the old names."""
    names = {
        "confidence_model": "judge", "prefilter": "worth_asking", "prefilter_threshold": "hopeless",
        "correct": "right", "yes_bias": "yes_lean", "refusal_probability": "declined", "self_check": "affirmed",
    }  # fmt: skip

    def in_format_1(value: object) -> object:
        return {names.get(k, k): in_format_1(v) for k, v in value.items()} if isinstance(value, dict) else value

    old = in_format_1(MADE.model_dump(mode="json"))
    assert isinstance(old, dict)
    calibration_path(tmp_path).write_text(json.dumps({**old, "format": 1}))
    assert read_calibration(tmp_path, MODELS) == MADE


def test_no_calibration(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_calibration(tmp_path, MODELS) is None
    assert caplog.text == ""


def changed(**changes: object) -> bytes:
    return json.dumps({**MADE.model_dump(), **changes}).encode()


def with_confidence_model(**changes: object) -> bytes:
    return changed(confidence_model={**MADE.model_dump()["confidence_model"], **changes})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(MADE.model_dump_json().encode()[:-40], id="half written"),
        pytest.param(b"\xff\x00", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="endless brackets"),
        pytest.param(changed(format=3), id="another format"),
        pytest.param(changed(mood="good"), id="an unknown field"),
        pytest.param(changed(questions=-1), id="fewer than no questions"),
        pytest.param(with_confidence_model(thresholds=[]), id="no thresholds"),
        pytest.param(with_confidence_model(thresholds=[0.9, 0.1]), id="descending thresholds"),
        pytest.param(with_confidence_model(correct={"bias": 0.0, "weights": {"mood": 1.0}}), id="an unknown feature"),
        pytest.param(with_confidence_model(correct={"bias": float("nan"), "weights": {}}), id="no number"),
        pytest.param(with_confidence_model(answerable=None), id="half a confidence model"),
    ],
)
def test_a_damaged_file_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes) -> None:
    calibration_path(tmp_path).write_bytes(data)
    assert read_calibration(tmp_path, MODELS) is None
    assert "damaged, or of another version" in caplog.text
    assert "python -m rag calibrate" in caplog.text
    assert caplog.text.count("\n") == 1


def test_a_calibration_of_other_models_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_calibration(tmp_path, MADE)
    assert read_calibration(tmp_path, ("c" * 64,)) is None
    assert "other models made it" in caplog.text
    assert read_calibration(tmp_path, MODELS) == MADE


def test_an_unreadable_file_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    calibration_path(tmp_path).mkdir()
    assert read_calibration(tmp_path, MODELS) is None
    assert "cannot be read" in caplog.text


class TestWriteFailures:
    def test_a_full_disk_leaves_the_previous_file(self, tmp_path: Path) -> None:
        write_calibration(tmp_path, MADE)
        with files_of_at_most(50), pytest.raises(CalibrationFailed, match="what was there stays"):
            write_calibration(tmp_path, MADE.model_copy(update={"questions": 7}))
        assert read_calibration(tmp_path, MODELS) == MADE
        assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]

    def test_a_failing_fsync(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(CalibrationFailed, match="Input/output error"):
            write_calibration(tmp_path, MADE)
        assert list(tmp_path.iterdir()) == []

    def test_a_read_only_index_is_reported_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        check_writable(tmp_path)
        check_writable(tmp_path / "none")  # a missing index is reported elsewhere
        monkeypatch.setattr(os, "access", lambda _path, _mode: False)
        with pytest.raises(CalibrationFailed, match="docker compose run"):
            check_writable(tmp_path)


def test_index_maintenance_leaves_it_alone(tmp_path: Path) -> None:
    encoder = BagOfWordsEncoder()
    first, second = (
        publish(tmp_path, {"a.pdf": [text]}, encoder, sources={"a.pdf": f"a.pdf\f{text}".encode()})
        for text in ("The pump is blue.", "The pump is red.")
    )
    write_calibration(tmp_path, MADE)
    before = calibration_path(tmp_path).read_bytes()
    verify_generation(tmp_path, first)
    assert {row.name for row in list_generations(tmp_path)} == {first, second}
    assert roll_back(tmp_path) == first
    with open_writer(tmp_path) as writer:
        collect_garbage(writer.layout, keep=1)
    assert calibration_path(tmp_path).read_bytes() == before


def test_the_accepted_false_answer_rate_is_not_part_of_the_digest() -> None:
    other = replace(CONFIDENCE_MODEL, false_answers=0.4)
    assert MADE.model_copy(update={"confidence_model": other}).confidence_model.digest == CONFIDENCE_MODEL.digest
