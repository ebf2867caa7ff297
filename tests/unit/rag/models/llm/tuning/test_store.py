"""The tuning store: measurements are read back as they were written; a damaged file is ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.store import (
    Measured,
    TokensPerSecond,
    can_be_kept,
    keep_measured,
    read_measured,
    tuning_path,
)
from tests.unit.conftest import files_of_at_most, quick_folder

SPEED = TokensPerSecond(reading=250.0, writing=29.1, writing_four=37.0)


def measured(model: str = "a" * 64, machine: str = "b" * 64, threads: int = 2) -> Measured:
    return Measured(
        model=model,
        machine=machine,
        time="2026-01-02T03:04:05+00:00",
        seconds=14.2,
        busy=0.01,
        threads=threads,
        batch_threads=4,
        micro_batch=128,
        flash_attention=False,
        repack=False,
        speed=SPEED,
        default_speed=SPEED,
    )


A = measured()
speeds = st.floats(0.1, 1e6)
rows = st.builds(
    Measured,
    model=st.sampled_from("ab"),
    machine=st.sampled_from("cd"),
    time=st.text(max_size=5),
    seconds=st.floats(0, 1e3),
    busy=st.floats(0, 1),
    threads=st.integers(1, 512),
    batch_threads=st.integers(1, 512),
    micro_batch=st.integers(1, 4096),
    flash_attention=st.booleans(),
    repack=st.booleans(),
    speed=st.builds(TokensPerSecond, reading=speeds, writing=speeds, writing_four=speeds),
    default_speed=st.just(SPEED),
)


@settings(max_examples=20)
@given(st.lists(rows, max_size=6))
def test_each_machine_and_model_has_its_last_one(kept: list[Measured]) -> None:
    with quick_folder() as folder:
        for row in kept:
            assert keep_measured(folder, row)
        last = {(row.model, row.machine): row for row in kept}
        for model in "ab":
            for machine in "cd":
                assert read_measured(folder, model, machine) == last.get((model, machine))
        assert [path.name for path in folder.iterdir()] == ["tuning.json"] * bool(kept)


def test_the_tuning_of_a_measurement() -> None:
    assert A.tuning == Tuning(
        threads=2, batch_threads=4, micro_batch=128, flash_attention=False, repack=False, further_token=0.7
    )


@pytest.mark.parametrize(
    ("one", "four", "further"),
    [
        pytest.param(30.0, 30.0, 1.0, id="four-take-as-long-as-four"),
        pytest.param(30.0, 120.0, 0.1, id="four-take-as-long-as-one"),
        pytest.param(30.0, 48.0, 0.5, id="between"),
    ],
)
def test_the_cost_of_a_further_token(one: float, four: float, further: float) -> None:
    speed = TokensPerSecond(reading=200.0, writing=one, writing_four=four)
    assert A.model_copy(update={"speed": speed}).further_token == further


def test_none_was_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_measured(tmp_path / "nowhere", A.model, A.machine) is None
    assert caplog.text == ""


def test_another_model_or_machine(tmp_path: Path) -> None:
    keep_measured(tmp_path, A)
    assert read_measured(tmp_path, A.model, A.machine) == A
    assert read_measured(tmp_path, "x", A.machine) is None
    assert read_measured(tmp_path, A.model, "x") is None


def test_the_folder_is_made(tmp_path: Path) -> None:
    assert can_be_kept(tmp_path / "new" / "folder")
    assert keep_measured(tmp_path / "new" / "folder", A)
    assert read_measured(tmp_path / "new" / "folder", A.model, A.machine) == A


def test_the_oldest_go(tmp_path: Path) -> None:
    for number in range(40):
        keep_measured(tmp_path, measured(model=str(number)))
    kept = [row["model"] for row in json.loads(tuning_path(tmp_path).read_text())["measured"]]
    assert kept == [str(number) for number in range(39, 7, -1)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b'{"format": 2, "measured": []}', id="of a later version"),
        pytest.param(b'{"format": 1, "measured": [{"model": "a"}]}', id="a part is missing"),
        pytest.param(
            json.dumps({"format": 1, "measured": [{**A.model_dump(), "threads": 0}]}).encode(), id="no threads"
        ),
    ],
)
def test_a_damaged_file_is_ignored_and_logged(tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    tuning_path(tmp_path).write_bytes(data)
    assert read_measured(tmp_path, A.model, A.machine) is None
    assert "python -m rag doctor --tune" in caplog.text
    assert keep_measured(tmp_path, A)
    assert read_measured(tmp_path, A.model, A.machine) == A


def test_a_folder_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert not keep_measured(tmp_path / "file" / "folder", A)
    assert "RAG_TUNING" in caplog.text


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_measured(tmp_path, A)
    with files_of_at_most(10):
        assert not keep_measured(tmp_path, measured(threads=1))
    assert read_measured(tmp_path, A.model, A.machine) == A
    assert [path.name for path in tmp_path.iterdir()] == ["tuning.json"]
