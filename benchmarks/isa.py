"""Instruction sets of a benchmark: ``--isa avx2`` measures, on any x86 machine, what a processor without AVX-512 does.

The libraries are held by switches of their own, environment variables that they read when they are loaded: so the
program is run again with them, before anything is loaded. Two libraries have no such switch: ONNX Runtime, and
llama.cpp where it was built for one machine. What is printed beside the figures says so.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.machine import processor_line

_HELD: Final = "PAGEPROOF_BENCHMARK_ISA"
# Instruction sets that numpy may not use: those of its dispatch that are above AVX2, each with what it builds on.
_ABOVE_AVX2: Final = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
SWITCHES: Final[Mapping[str, Mapping[str, str]]] = {
    "native": {},
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # OpenVINO, and torch's own copy
        "FAISS_SIMD_LEVEL": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",  # of numpy and FAISS
        "NPY_DISABLE_CPU_FEATURES": _ABOVE_AVX2,
        "ATEN_CPU_CAPABILITY": "avx2",  # torch, which the tutorial uses
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
}


def add_isa(parser: argparse.ArgumentParser) -> None:
    """Adds ``--isa`` to a benchmark's options."""
    parser.add_argument(
        "--isa", choices=list(SWITCHES), default="native", help="instructions that the libraries may use"
    )


def hold_to(isa: str, arguments: Sequence[str] | None = None) -> None:
    """Runs this program again with the switches of an instruction set, unless it runs with them.

    Args:
        isa: one of :data:`SWITCHES`.
        arguments: of the interpreter; None for those of this process.
    """
    if os.environ.get(_HELD, "native") == isa:
        return
    environment = {**os.environ, **SWITCHES[isa], _HELD: isa}
    os.execve(sys.executable, [sys.executable, *(arguments or sys.orig_argv[1:])], environment)  # noqa: S606


def conditions() -> str:
    """The processor of this machine in one line, and what the libraries were held to."""
    isa = os.environ.get(_HELD, "native")
    if isa == "native":
        return processor_line()
    return f"{processor_line()}; held to {isa}: OpenVINO, FAISS, numpy, torch; not held: ONNX Runtime, llama.cpp"
