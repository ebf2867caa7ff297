"""Files with one line for each id: what is put last is kept, by several writers, and on a disk that refuses."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.runtime.keyed_lines import KeyedLines
from tests.unit.conftest import files_of_at_most


@pytest.fixture
def lines(tmp_path: Path) -> KeyedLines:
    return KeyedLines(tmp_path / "questions.jsonl")


def rows(lines: KeyedLines) -> list[Any]:
    return [json.loads(line) for line in lines.path.read_text().splitlines()]


def test_the_last_of_an_id_is_kept(lines: KeyedLines) -> None:
    for line in ({"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "a", "n": 3}):
        lines.put(line)
    assert rows(lines) == [{"id": "b", "n": 2}, {"id": "a", "n": 3}]
    assert stat.S_IMODE(lines.path.stat().st_mode) == 0o600


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=20))))
def test_any_history(history: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = KeyedLines(Path(folder) / "lines.jsonl")
        for key, text in history:
            lines.put({"id": key, "text": text})
        if history:
            found = {row["id"]: row["text"] for row in map(json.loads, lines.path.read_bytes().split(b"\n")[:-1])}
            assert found == dict(history)


def test_what_a_person_has_written_stays(lines: KeyedLines) -> None:
    lines.path.write_text('{"id": "own"}\nno JSON\n[1]\n\n')
    lines.put({"id": "a"})
    assert lines.path.read_text() == '{"id": "own"}\nno JSON\n[1]\n{"id": "a"}\n'


def test_several_writers(lines: KeyedLines) -> None:
    others = [KeyedLines(lines.path) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: others[number % 4].put({"id": number}), range(40)))
    assert sorted(row["id"] for row in rows(lines)) == list(range(40))


def test_lines_are_dropped(lines: KeyedLines) -> None:
    assert lines.drop(lambda _: True) == 0
    for key in "abc":
        lines.put({"id": key})
    assert lines.drop(lambda line: b'"b"' in line) == 1
    assert [row["id"] for row in rows(lines)] == ["a", "c"]
    assert lines.drop(lambda line: b"nothing" in line) == 0
    assert lines.drop(lambda _: True) == 2
    assert not lines.path.exists()


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    lines = KeyedLines(tmp_path / "lines.jsonl", most_bytes=30)
    lines.put({"id": "a"})
    lines.put({"id": "b"})
    with pytest.raises(OSError, match="too large"):
        lines.put({"id": "c"})
    assert [row["id"] for row in rows(lines)] == ["a", "b"]


def test_a_full_disk(lines: KeyedLines) -> None:
    lines.put({"id": "a"})
    with files_of_at_most(50), pytest.raises(OSError):  # noqa: PT011 - whatever the system says
        lines.put({"id": "b", "text": "x" * 100})
    assert rows(lines) == [{"id": "a"}]
    assert {path.name for path in lines.path.parent.iterdir()} == {"questions.jsonl", ".questions.jsonl.lock"}


def test_no_other_user_reads_it(lines: KeyedLines) -> None:
    lines.path.touch(0o644)
    lines.put({"id": "a"})
    assert not stat.S_IMODE(os.stat(lines.path).st_mode) & 0o077  # noqa: PTH116
