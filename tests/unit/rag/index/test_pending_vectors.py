"""Pending vectors: kept by text, and only as far as they are as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.index.layout import IndexLayout
from rag.index.pending_vectors import PendingVectors, count_pending, pending_file, record_size, remove_pending

IDENTITY: Mapping[str, Any] = {"name": "a", "dimension": 4}


def vector(number: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.arange(number, number + 4, dtype=np.float32)


@pytest.fixture
def layout(tmp_path: Path) -> IndexLayout:
    made = IndexLayout(tmp_path)
    made.trash.mkdir()
    with closing(PendingVectors(made, IDENTITY)) as vectors:
        for number, text in enumerate(("one", "two", "three \ud800")):
            vectors.put(text, vector(number))
    return made


def test_they_are_found_by_text(layout: IndexLayout) -> None:
    assert count_pending(layout, IDENTITY) == 3
    with closing(PendingVectors(layout, IDENTITY)) as vectors:
        np.testing.assert_array_equal(vectors.get("three \ud800"), vector(2))
        assert vectors.get("four") is None
        vectors.put("four", vector(9))
        np.testing.assert_array_equal(vectors.get("four"), vector(9))
        assert len(vectors) == 4
    assert count_pending(layout, IDENTITY) == 4


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        pytest.param(lambda data: data[:-1], 2, id="cut"),
        pytest.param(lambda data: data + b"x" * 7, 3, id="half a record more"),
        pytest.param(lambda data: data[:60] + b"\xff" + data[61:], 1, id="a bit"),
        pytest.param(lambda data: data[:52] + bytes(len(data) - 52), 1, id="zeros"),
        pytest.param(lambda data: data[:0], 0, id="nothing"),
    ],
)
def test_what_is_damaged_is_computed_again(layout: IndexLayout, damage: Any, left: int) -> None:
    path = pending_file(layout, IDENTITY)
    path.write_bytes(damage(path.read_bytes()))
    with closing(PendingVectors(layout, IDENTITY)) as vectors:
        assert len(vectors) == left
        assert (vectors.get("one") is not None) == (left > 0)
        assert (vectors.get("three \ud800") is not None) == (left == 3)
        vectors.put("four", vector(7))
    with closing(PendingVectors(layout, IDENTITY)) as vectors:
        np.testing.assert_array_equal(vectors.get("four"), vector(7))
        assert len(vectors) == left + 1


def test_those_of_another_encoder_are_removed(layout: IndexLayout) -> None:
    other = {**IDENTITY, "name": "b"}
    with closing(PendingVectors(layout, other)) as vectors:
        assert len(vectors) == 0
    assert [path.name for path in layout.pending.iterdir()] == [pending_file(layout, other).name]


def test_removed(layout: IndexLayout) -> None:
    remove_pending(layout)
    remove_pending(layout)
    assert not layout.pending.exists()
    assert count_pending(layout, IDENTITY) == 0
    assert list(layout.trash.iterdir()) == []


def test_the_size_of_a_record() -> None:
    assert record_size(IDENTITY) == 32 + 16 + 4
