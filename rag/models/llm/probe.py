"""Trial of a GGUF file in a process of its own, before this process loads it.

llama.cpp parses the file, and its parser has had vulnerabilities; a damaged file can end the process that loads it. A
trial that crashes or hangs ends in an error with its cause, and a service in no restart loop. It is no sandbox: a file
that takes the trial over could do the same here.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import rag.runtime.native  # noqa: F401 - before llama.cpp, in the child
from rag.errors import ModelUnusable, PageproofError

_COMMAND: Final = (sys.executable, "-m", "rag.models.llm.probe")
# For a small file, and for each gigabyte: a slow disk reads 50 MB a second.
_SECONDS: Final = 60.0
_SECONDS_FOR_GIGABYTE: Final = 20.0
# Address space of the trial: the file is mapped, its weights may be rearranged into a copy, and it needs buffers.
_COPIES: Final = 3
_BUFFERS: Final = 4 << 30
_TOKENS: Final = 256
_SHOWN_CHARACTERS: Final = 300
_REMEDY: Final = "get the file again, or set RAG_MODEL to another one"


def probe(file: Path, *, gpu_layers: int = 0, command: Sequence[str] = _COMMAND, seconds: float | None = None) -> None:
    """Loads a file and generates a token with it, in another process.

    Args:
        file: in GGUF.
        gpu_layers: of the model on the accelerator; -1 for all.
        command: the process; it gets the file and the layers as arguments.
        seconds: longest time; None means by the size of the file.

    Raises:
        ModelUnusable: the process refused the file, crashed or took too long.
    """
    limit = seconds or _SECONDS + file.stat().st_size / 1e9 * _SECONDS_FOR_GIGABYTE
    try:
        done = subprocess.run(
            [*command, str(file), str(gpu_layers)], capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelUnusable(
            f"{file} was not loaded within {limit:.0f} s, in a trial; it is damaged, or the disk too slow: {_REMEDY}"
        ) from None
    if done.returncode == 0:
        return
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ModelUnusable(f"llama.cpp crashed with {file} ({name}), in a trial; it is damaged or hostile: {_REMEDY}")
    lines = (done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}").splitlines()
    fault, _, _ = lines[-1].partition("; ")  # without the remedy for weights of the catalogue
    raise ModelUnusable(f"{fault[:_SHOWN_CHARACTERS]}, in a trial: {_REMEDY}")


def main(file: str, gpu_layers: str) -> int:
    """The trial: 0 where the model generates a token, else 1 with the reason on stdout."""
    from rag.models.llm.language_model import Message
    from rag.models.llm.local_model import LlamaCppModel
    from rag.models.llm.tuning.parameters import Tuning
    from rag.runtime.cancellation import Cancellation

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if gpu_layers == "0":  # a GPU's driver takes address space at will
        size = _COPIES * Path(file).stat().st_size + _BUFFERS
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (size if most < 0 else min(size, most), most))
    try:
        model = LlamaCppModel(
            Path(file),
            name=Path(file).stem,
            context_tokens=_TOKENS,
            tuning=Tuning(threads=1, batch_threads=1),
            parallel=1,
            cache_bytes=0,
            gpu_layers=int(gpu_layers),
        )
        for _ in model.generate(model.prompt([Message("user", "1")]), max_tokens=1, cancelled=Cancellation()):
            pass
        model.close()
    except PageproofError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
