"""The line that names the processor beside figures of speed."""

from __future__ import annotations

import pytest

from benchmarks.machine import processor_line
from rag.runtime.processor import Processor


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (frozenset({"avx", "fma", "avx2", "sse"}), "A 1, 4 threads on 2 cores: AVX, FMA, AVX2"),
        (frozenset(), "A 1, 4 threads on 2 cores: no vector instructions known"),
    ],
)
def test_processor(flags: frozenset[str], expected: str) -> None:
    assert processor_line(Processor("A 1", flags, 4, 2, None)) == expected


def test_this_one() -> None:
    assert " threads on " in processor_line()
