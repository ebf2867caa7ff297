"""Processor of this machine and its roofline limits, measured: bytes per second, and operations per second."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from rag.models.llm.tuning.cpu_features import unused_instructions
from rag.runtime.processor import Processor, read_processor

# Of one array, in f32: many times what the caches hold.
_ELEMENTS: Final = 64 * 1024 * 1024
_SIDE: Final = 2048
_PROMPT: Final = 512
_WRITTEN: Final = 64


def processor_line(processor: Processor | None = None) -> str:
    """The processor in one line, with the vector instructions that figures of speed depend on."""
    processor = processor or read_processor()
    # No build uses what a build without any features leaves unused: that is all that the processor has.
    instructions = ", ".join(unused_instructions(processor.flags, frozenset())) or "no vector instructions known"
    return f"{processor.name}, {processor.usable} threads on {processor.physical} cores: {instructions}"


def read_bandwidth(threads: int) -> float:
    """Bytes per second that all threads read together, as dot products over arrays that no cache holds.

    A dot product only reads, as decoding does: it is the highest rate that weights could come in at.
    """
    arrays = [np.ones(_ELEMENTS // threads, dtype=np.float32) for _ in range(threads)]
    seconds = _in_threads([partial(np.dot, array, array) for array in arrays])
    return sum(array.nbytes for array in arrays) / seconds


def triad_bandwidth(threads: int) -> float:
    """Bytes per second of STREAM's triad, ``a = b + s·c`` (McCalpin, 1995), three arrays counted, in two passes."""
    size = _ELEMENTS // 4 // threads
    arrays = [tuple(np.ones(size, dtype=np.float32) for _ in range(3)) for _ in range(threads)]

    def triad(a: Any, b: Any, c: Any) -> None:  # noqa: ANN401 - arrays
        np.multiply(c, np.float32(3), out=a)
        np.add(a, b, out=a)

    seconds = _in_threads([partial(triad, *each) for each in arrays])
    # numpy has no fused triad: the first pass moves two arrays, the second one three.
    return 5 * threads * arrays[0][0].nbytes / seconds


def matrix_rate(threads: int) -> float:
    """Operations per second, two for each multiplication, of f32 matrix products."""
    matrices = [np.ones((_SIDE, _SIDE), dtype=np.float32) for _ in range(threads)]
    seconds = _in_threads([partial(np.matmul, matrix, matrix) for matrix in matrices])
    return 2 * threads * _SIDE**3 / seconds


def _in_threads(works: Sequence[Callable[[], object]], repeats: int = 5) -> float:
    """The least seconds that all took together: what a machine can do shows when nothing disturbs it."""
    with ThreadPoolExecutor(len(works)) as pool:
        best = float("inf")
        for _ in range(repeats):
            start = perf_counter()
            for done in [pool.submit(work) for work in works]:
                done.result()
            best = min(best, perf_counter() - start)
    return best


def llama_bench(bench: Path, file: Path, threads: int) -> dict[str, float]:
    """Tokens per second by llama-bench: ``read`` of a prompt of 512, ``written`` of 64."""
    command = [
        str(bench), "-m", str(file), "-p", str(_PROMPT), "-n", str(_WRITTEN), "-t", str(threads),
        "-fa", "1", "-r", "3", "-o", "json",
    ]  # fmt: skip
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=os.environ)
    return {"read" if each["n_prompt"] else "written": float(each["avg_ts"]) for each in json.loads(made.stdout)}
