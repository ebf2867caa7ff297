"""Build script for llama-server and llama-bench, from the source that our llama-cpp-python was built from.

    python -m benchmarks.serving.build_llama_server

The peer is the same llama.cpp, compiled for this machine: a peer from a package may lack its vector instructions. Takes
about ten minutes on two cores, and a network; it does nothing where it was done before. It goes to ``build``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

LLAMA_CPP: Final = Path(__file__).parents[2] / "build" / "llama.cpp"
SERVER: Final = LLAMA_CPP / "build" / "bin" / "llama-server"
BENCH: Final = SERVER.with_name("llama-bench")
_VENDORED: Final = "vendor/llama.cpp/"
_OPTIONS: Final = (
    "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DLLAMA_BUILD_SERVER=ON", "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_CURL=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF",
)  # fmt: skip


def main() -> int:
    """Downloads, unpacks and builds, or says what is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.build_llama_server", description=__doc__)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="compilers at work at a time")
    options = parser.parse_args()
    if SERVER.exists() and BENCH.exists():
        print(f"{SERVER} is there")
        return 0
    if not shutil.which("cmake"):
        print("cmake is needed (Debian: apt install cmake; or pip install cmake)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        _unpack(_download(Path(folder)))
    subprocess.run(["cmake", "-S", LLAMA_CPP, "-B", LLAMA_CPP / "build", *_OPTIONS], check=True)
    targets = ["--target", "llama-server", "--target", "llama-bench"]
    subprocess.run(["cmake", "--build", LLAMA_CPP / "build", *targets, "-j", str(options.jobs)], check=True)
    print(SERVER)
    return 0


def _download(folder: Path) -> Path:
    """The source package of the version that is installed."""
    wanted = f"llama-cpp-python=={version('llama-cpp-python')}"
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--quiet", "-d", str(folder)]
    subprocess.run([*pip, wanted], check=True)
    return next(folder.glob("*.tar.gz"))


def _unpack(package: Path) -> None:
    """Unpacks llama.cpp's sources from the sdist."""
    LLAMA_CPP.mkdir(parents=True, exist_ok=True)
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            _, _, name = member.name.partition("/")
            if name.startswith(_VENDORED):
                member.name = name.removeprefix(_VENDORED)
                archive.extract(member, LLAMA_CPP, filter="data")


if __name__ == "__main__":
    sys.exit(main())
