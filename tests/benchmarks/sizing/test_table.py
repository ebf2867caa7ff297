"""Table of the sizing benchmark: growth exponents, and searches that a size was not asked for."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.sizing.table import exponent, table_of


def size(rows: int, **seconds: float) -> dict[str, Any]:
    memory = {"RssAnon": 0, "RssFile": 0, "Pss": 0}
    return {
        "rows": rows,
        "build_seconds": 1.0,
        "build_peak": 1e9,
        "disk": 1e6,
        "recall": 0.99,
        "same": None,
        "memory": {"idle": memory, "serving": memory, "flat": 15e6},
        "seconds": {"cold_open": [0.1], "first": [0.1], **{name: [each] for name, each in seconds.items()}},
    }


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        pytest.param(1.0, "0.00", id="constant"),
        pytest.param(10.0, "1.00", id="linear"),
        pytest.param(100.0, "2.00", id="square"),
    ],
)
def test_exponent(factor: float, expected: str) -> None:
    assert exponent([size(10_000, bm25=0.002), size(100_000, bm25=0.002 * factor)], "bm25") == expected


def test_exponent_of_the_sizes_that_were_measured() -> None:
    sizes = [size(100, rank_bm25=1.0), size(1_000, rank_bm25=10.0), size(10_000)]
    assert exponent(sizes, "rank_bm25") == "1.00"
    assert exponent(sizes[1:], "rank_bm25") == "–"


def test_table_has_a_column_for_each_size() -> None:
    common = {"vectors": 0.001, "flat": 0.004, "bm25": 0.001, "matching": 0.001, "retrieval": 0.01}
    table = table_of([size(10_000, rank_bm25=0.05, **common), size(1_000_000, **common)])
    assert "| passages | 10,000 | 1,000,000 | exponent |" in table
    assert "| times as fast as LangChain's FAISS | 4.0 | 4.0 |" in table
    assert "| times as fast as rank_bm25 | 50.0 | – |" in table
