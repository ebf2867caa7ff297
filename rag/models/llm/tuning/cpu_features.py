"""CPU features: vector instructions of a processor that a build of llama.cpp leaves unused.

A build for "any processor" runs everywhere, with a half or a quarter of the prefill speed.
"""

from __future__ import annotations

from typing import Final

# Features by llama.cpp's names, and the flags of /proc/cpuinfo that each needs: ggml_backend_cpu_get_features in
# ggml-cpu.cpp, and GGML_AVX512 in ggml's CMakeLists.txt.
_FEATURES: Final = {
    "AVX": {"avx"},
    "F16C": {"f16c"},
    "FMA": {"fma"},
    "AVX2": {"avx2"},
    "AVX_VNNI": {"avx_vnni"},
    "AVX512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "AVX512_VNNI": {"avx512_vnni"},
    "AVX512_BF16": {"avx512_bf16"},
    "AMX_INT8": {"amx_int8", "amx_tile"},
    "NEON": {"asimd"},
    "DOTPROD": {"asimddp"},
    "MATMUL_INT8": {"i8mm"},
    "SVE": {"sve"},
}
# A feature, and the better one in whose presence it is never used.
_BETTER: Final = {"AVX_VNNI": "AVX512_VNNI"}


def cpu_features(system_info: str) -> frozenset[str]:
    """Features of the CPU backend, from ``llama_print_system_info``; none where no backend is loaded.

    The text is ``CPU : AVX = 1 | FMA = 1 | ``, one backend after the other.
    """
    features: set[str] = set()
    backend = ""
    for part in system_info.split(" | "):
        if " : " in part:
            backend, part = part.split(" : ", 1)
        name, _, value = part.partition(" = ")
        if backend.strip() == "CPU" and value.strip() not in ("", "0"):
            features.add(name.strip())
    return frozenset(features)


def unused_instructions(flags: frozenset[str], features: frozenset[str]) -> tuple[str, ...]:
    """Features of the processor that the build does not use, by llama.cpp's names.

    Args:
        flags: of the processor, as ``/proc/cpuinfo`` names them.
        features: of the build that is loaded.
    """
    return tuple(
        name
        for name, needed in _FEATURES.items()
        if needed <= flags and name not in features and _BETTER.get(name) not in features
    )
