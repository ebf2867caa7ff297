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
    "NEON": {"asimd"},
    "DOTPROD": {"asimddp"},
    "MATMUL_INT8": {"i8mm"},
    "SVE": {"sve"},
}
# Kernels that crash with an illegal instruction where GCC 12 compiled them: it drops the configuration of the tiles,
# which it takes for unread (https://github.com/ggml-org/llama.cpp/pull/26954). No build should have them.
_FAULTY: Final = "AMX_INT8"
_WITHOUT_AMX: Final = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
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


def has_faulty_kernels(features: frozenset[str]) -> bool:
    """True for a build whose kernels for Intel's AMX may crash: weights must not be repacked for them.

    Args:
        features: of the build that is loaded.
    """
    return _FAULTY in features


def build_flags(flags: frozenset[str]) -> str:
    """Assignments in front of a command that builds llama.cpp, so that it gets no faulty kernels; else empty.

    Args:
        flags: of the processor, as ``/proc/cpuinfo`` names them.
    """
    return f"CFLAGS='{_WITHOUT_AMX}' CXXFLAGS='{_WITHOUT_AMX}' " if "amx_tile" in flags else ""


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
