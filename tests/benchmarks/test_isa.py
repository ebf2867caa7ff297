"""``--isa``: a benchmark is run again with the switches of the libraries, and says what it was held to."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.isa import SWITCHES, add_isa, conditions, hold_to


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "execve", lambda *given: found.append(given))
    monkeypatch.delenv("PAGEPROOF_BENCHMARK_ISA", raising=False)
    return found


def test_the_machine_s_own_instructions_by_default(runs: list[tuple[Any, ...]]) -> None:
    parser = argparse.ArgumentParser()
    add_isa(parser)
    hold_to(parser.parse_args([]).isa)
    assert runs == []
    assert "held" not in conditions()


def test_another_one_runs_the_program_again(runs: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    hold_to("avx2", ["-m", "benchmarks.ingest", "--isa", "avx2"])
    ((program, arguments, environment),) = runs
    assert (program, arguments) == (sys.executable, [sys.executable, "-m", "benchmarks.ingest", "--isa", "avx2"])
    assert SWITCHES["avx2"].items() <= environment.items()
    assert os.environ.items() <= environment.items()
    monkeypatch.setattr(os, "environ", environment)
    hold_to("avx2")
    assert len(runs) == 1
    assert "held to avx2: OpenVINO, FAISS, numpy, torch; not held: ONNX Runtime, llama.cpp" in conditions()


def test_faiss_obeys() -> None:
    program = "import rag.runtime.native, faiss; print(faiss.get_compile_options())"
    environment = {**os.environ, **SWITCHES["avx2"]}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "AVX512" not in done.stdout
