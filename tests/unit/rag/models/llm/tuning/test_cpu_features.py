"""CPU features that a build of llama.cpp leaves unused, and the installed build."""

from __future__ import annotations

import pytest

from rag.models.llm.engine.llama_library import accelerators, built_features, library_version
from rag.models.llm.tuning.cpu_features import build_flags, cpu_features, has_faulty_kernels, unused_instructions
from rag.runtime.processor import read_processor

SKYLAKE = "avx avx2 f16c fma avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="no backend is loaded"),
        pytest.param("CPU : AVX = 1 | FMA = 1 | ", "AVX FMA", id="one"),
        pytest.param("CPU : AVX = 1 | SVE = 0 | ", "AVX", id="one that is off"),
        pytest.param("CUDA : ARCHS = 890 | CPU : AVX = 1 | FMA = 1 | ", "AVX FMA", id="the GPU's are not its own"),
        pytest.param("CPU : AVX = 1 | CUDA : FMA = 1 | ", "AVX", id="nor after it"),
    ],
)
def test_features_of_a_build(text: str, expected: str) -> None:
    assert cpu_features(text) == set(expected.split())


@pytest.mark.parametrize(
    ("flags", "features", "expected"),
    [
        pytest.param("sse avx", "AVX", (), id="all are used"),
        pytest.param("avx avx2 fma", "", ("AVX", "FMA", "AVX2"), id="for any processor"),
        pytest.param(SKYLAKE, "AVX AVX2 F16C FMA", ("AVX512",), id="a wheel that knows AVX2"),
        pytest.param(SKYLAKE.replace("avx512bw", ""), "AVX AVX2 F16C FMA", (), id="not all of what AVX512 means"),
        pytest.param("avx2 avx_vnni", "AVX2", ("AVX_VNNI",), id="the smaller VNNI"),
        pytest.param("avx2 avx_vnni avx512_vnni", "AVX2 AVX512_VNNI", (), id="the larger one is used instead"),
        pytest.param("asimd asimddp i8mm", "NEON", ("DOTPROD", "MATMUL_INT8"), id="ARM"),
        pytest.param("asimd asimddp", "NEON DOTPROD", (), id="ARM, all are used"),
        pytest.param("", "AVX2", (), id="nothing is known of the processor"),
    ],
)
def test_unused_instructions(flags: str, features: str, expected: tuple[str, ...]) -> None:
    assert unused_instructions(frozenset(flags.split()), frozenset(features.split())) == expected


@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        pytest.param("CPU : AVX512 = 1 | AMX_INT8 = 1 | REPACK = 1 | ", True, id="AMX"),
        pytest.param("CPU : AVX512 = 1 | AMX_INT8 = 0 | ", False, id="AMX left out"),
        pytest.param("CPU : AVX2 = 1 | ", False, id="an older processor"),
    ],
)
def test_kernels_that_crash_are_known(text: str, faulty: bool) -> None:
    assert has_faulty_kernels(cpu_features(text)) == faulty


def test_a_build_leaves_kernels_that_crash_out_where_the_processor_has_them() -> None:
    assert "-mno-amx-int8" in build_flags(frozenset({"avx2", "amx_tile", "amx_int8"}))
    assert build_flags(frozenset({"avx2"})) == ""  # an old compiler does not know the option


def test_the_installed_build() -> None:
    assert built_features()
    assert built_features().isdisjoint(unused_instructions(read_processor().flags, built_features()))
    assert library_version()
    assert all(device.total_memory >= device.free_memory for device in accelerators())
