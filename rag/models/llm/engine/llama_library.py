"""The installed llama.cpp library: loading, version, CPU features of the build, and visible GPUs."""

from __future__ import annotations

import ctypes
import logging
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, TypeAlias

import llama_cpp as llama
from llama_cpp._ggml import libggml_base_path

from rag.models.llm.tuning.cpu_features import cpu_features, has_faulty_kernels

_log = logging.getLogger(__name__)

_Library: TypeAlias = Any  # libllama

# Of ggml_backend_dev_type: 0 is the CPU; 3 assists it (BLAS, AMX) and has no memory of its own.
_ACCELERATORS: Final = (1, 2)


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A GPU that llama.cpp can use; memory in bytes."""

    name: str
    description: str
    free_memory: int
    total_memory: int


def _forward_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    # Levels of ggml_log_level: 3 warning, 4 error. The rest is chatter about tensors.
    if level in (3, 4):
        _log.debug("llama.cpp: %s", text.decode(errors="replace").rstrip())


# llama.cpp keeps the pointer for as long as the process runs.
_LOG_CALLBACK: Final = llama.llama_log_callback(_forward_log)


def open_library() -> None:
    """Initializes llama.cpp; may be called again.

    Where it was built with loadable backends, loads the best one for this processor, and those of its accelerators.
    """
    llama.llama_log_set(_LOG_CALLBACK, ctypes.c_void_p(0))
    # From libllama, not from llama_cpp._ggml.libggml: a wheel has copies in place of links, so that can be a second
    # libggml, whose backends libllama does not see.
    library = _library()
    if library.ggml_backend_reg_count() == 0:
        library.ggml_backend_load_all_from_path(str(libggml_base_path).encode())
    llama.llama_backend_init()


def library_version() -> str:
    """Versions of the binding and of its ggml: ``0.3.36 (ggml 0.25.3)``."""
    ggml_version = _library().ggml_version
    ggml_version.restype = ctypes.c_char_p
    return f"{version('llama-cpp-python')} (ggml {ggml_version().decode()})"


def built_features() -> frozenset[str]:
    """Features that the CPU backend was built with: ``AVX2``, ``REPACK``."""
    open_library()
    return cpu_features(llama.llama_print_system_info().decode())


def can_repack() -> bool:
    """False where the kernels for repacked weights that llama.cpp was built with may crash."""
    return not has_faulty_kernels(built_features())


def accelerators() -> tuple[Accelerator, ...]:
    """The GPUs that this build of llama.cpp can use on this machine."""
    open_library()
    library = _library()
    library.ggml_backend_dev_count.restype = ctypes.c_size_t
    library.ggml_backend_dev_get.restype = ctypes.c_void_p
    library.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    devices = [library.ggml_backend_dev_get(number) for number in range(library.ggml_backend_dev_count())]
    library.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    return tuple(_described(device) for device in devices if library.ggml_backend_dev_type(device) in _ACCELERATORS)


def _described(device: int) -> Accelerator:
    library = _library()
    texts = []
    for function in (library.ggml_backend_dev_name, library.ggml_backend_dev_description):
        function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
        texts.append(function(device).decode(errors="replace"))
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    library.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
    return Accelerator(texts[0], texts[1], free.value, total.value)


def _library() -> _Library:
    return llama.llama_cpp._lib
