"""Cold start: seconds from the start of a process to its first passages, beside the tutorial's, with the same vectors.

    python -m benchmarks.sizing --index DIR --rows 100000 --work WORK      once: builds an index of so many passages
    python -m benchmarks.sizing.cold_start WORK/100000 --rounds 5

Each start is a new process, from its first instruction to the passages of one question; ours and the peer's take turns.
Ours verifies the index by its digests, and reranks. Neither loads a language model, nor listens on a port. Files are
dropped from the kernel's cache before each start, unless ``--warm``. The first run writes the peer's files.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import faiss

from benchmarks.isa import add_isa, conditions, hold_to
from benchmarks.sizing.build import open_source
from benchmarks.sizing.measure import forget_files
from benchmarks.sizing.starts import LIMIT
from rag.models.opening import tokenizer_file
from rag.settings import read_settings

RESULTS: Final = Path(__file__).parent.parent / "results"


def write_peer(index: Path, files: Path) -> None:
    """Writes the vectors and texts of an index as the tutorial keeps them."""
    generation = open_source(index)
    flat = faiss.IndexFlatL2(generation.vectors_of(generation.documents[0].id).shape[1])
    texts: list[str] = []
    for document in generation.documents:
        flat.add(generation.vectors_of(document.id))
        texts += [passage.chunk.text for passage in generation.passages_on(document.id, 1, document.pages)]
    files.mkdir()
    faiss.write_index(flat, str(files / "index.faiss"))
    (files / "pieces.json").write_text(json.dumps(texts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints a table, which is written to ``benchmarks/results`` too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing.cold_start", description=__doc__)
    parser.add_argument("index", type=Path, help="index of the encoder of the settings")
    parser.add_argument("--rounds", type=int, default=5, help="starts of each, of which the median counts")
    parser.add_argument("--warm", action="store_true", help="leave files in the kernel's cache")
    add_isa(parser)
    options = parser.parse_args(arguments)
    hold_to(options.isa)
    table = f"{_table(options.index, options.rounds, warm=options.warm)}\n\n{conditions()}"
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cold_start.md").write_text(table + "\n")
    return 0


def _table(index: Path, rounds: int, *, warm: bool) -> str:
    model, files = tokenizer_file(read_settings()).parent, index / "tutorial"
    if not files.exists():
        write_peer(index, files)
    commands = {"pageproof": [str(index)], "tutorial": [str(files), str(model)]}
    seconds: dict[str, list[float]] = {side: [] for side in commands}
    for _ in range(rounds):
        for side, given in commands.items():
            if not warm:
                forget_files(index)
                forget_files(model)
            seconds[side].append(_started(side, given))
    rows = [f"| {side} | {median(some):.2f} | {min(some):.2f}–{max(some):.2f} |" for side, some in seconds.items()]
    share = median(seconds["pageproof"]) / median(seconds["tutorial"])
    head = f"| {index}, medians of {rounds} starts | s | range |"
    return "\n".join(
        [head, "| --- | ---: | ---: |", *rows, f"| **as a share of the tutorial's** | **{share:.2f}** | |"]
    )


def _started(side: str, arguments: Sequence[str]) -> float:
    """Seconds of a process of one side."""
    command = [sys.executable, "-m", "benchmarks.sizing.starts", side, *arguments]
    start = perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds = perf_counter() - start
    if done.stdout.split()[-1] != str(LIMIT):
        sys.exit(f"{side} found {done.stdout.strip()} passages of {LIMIT}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
