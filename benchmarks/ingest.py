"""Ingest speed: from nothing, against the tutorial's; again with nothing changed; and with one file in a hundred.

Each measurement is a process of its own, from its start to its end, as a user runs it; ours and the peer's take turns.

    python -m benchmarks.ingest FOLDER --copies 2 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from benchmarks.corpus import copies_of
from benchmarks.isa import add_isa, conditions, hold_to

RESULTS: Final = Path(__file__).parent / "results"
_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Timed:
    """A run of ours: its wall time in seconds, with the interpreter's start, and what it printed."""

    seconds: float
    report: dict[str, Any]


def main() -> int:
    """Measures and prints a table, which is written to ``benchmarks/results`` too."""
    options = _parser().parse_args()
    hold_to(options.isa)
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        table = _measure(options, Path(scratch))
    table += f"\n\n{conditions()}"
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ingest.md").write_text(table + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of PDFs, 700 pages or more")
    parser.add_argument("--copies", type=int, default=2, help="of each file, in the runs after the first")
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement; the medians are told")
    parser.add_argument(
        "--part", choices=("cold", "again", "both"), default="both", help="from nothing, again, or both"
    )
    add_isa(parser)
    parser.add_argument("--scratch", type=Path, help="where to write (default: the system's temporary folder)")
    return parser


def _measure(options: argparse.Namespace, scratch: Path) -> str:
    rows = [
        *(_cold(options, scratch) if options.part != "again" else ()),
        *(_again(options, scratch) if options.part != "cold" else ()),
    ]
    return "\n".join([f"| {options.folder}, medians of {options.rounds} | |", "| --- | --- |", *rows])


def _cold(options: argparse.Namespace, scratch: Path) -> Sequence[str]:
    """From nothing, ours and the tutorial's in turn."""
    once = copies_of(options.folder, scratch / "once", copies=1)
    cold, peer, asked = [], [], []
    for number in range(options.rounds):
        with _first_generation(scratch / f"cold-{number}") as first:
            cold.append(_ingest(once, scratch / f"cold-{number}"))
        asked.append(first[0])
        peer.append(_tutorial(once, scratch))
        shutil.rmtree(scratch / f"cold-{number}")
    pages, theirs = cold[0].report["pages"], peer[0][1]
    ours, tutorial = median(run.seconds for run in cold), median(seconds for seconds, _ in peer)
    first_question = median(asked)
    return [
        f"| pages, passages | {pages}, {cold[0].report['chunks']} |",
        f"| tutorial's pages with text, pieces | {theirs['pages']}, {theirs['pieces']} |",
        f"| from nothing | {ours:.1f} s, {pages / ours:.1f} pages/s |",
        f"| tutorial, from nothing | {tutorial:.1f} s, {theirs['pages'] / tutorial:.1f} pages/s |",
        f"| **times as fast as the tutorial** | **{tutorial / ours:.2f}** |",
        f"| until the first question can be asked | {first_question:.1f} s |",
        f"| **as a share of the tutorial's ingest** | **{first_question / tutorial:.3f}** |",
    ]


@contextmanager
def _first_generation(index: Path) -> Iterator[list[float]]:
    """The seconds from now until an index has a generation to ask, which are there when the context is left."""
    found: list[float] = []
    start, ended = perf_counter(), threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            if (index / "CURRENT").exists():
                found.append(perf_counter() - start)
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        found.append(perf_counter() - start)


def _again(options: argparse.Namespace, scratch: Path) -> Sequence[str]:
    """A full build of a larger corpus, then runs over it with nothing and with a hundredth changed."""
    corpus, index = copies_of(options.folder, scratch / "many", copies=options.copies), scratch / "many-index"
    full = _ingest(corpus, index)
    unchanged, changed = [], []
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    # Neither the smallest nor the largest: those around the middle.
    by_size = sorted(files, key=lambda path: path.stat().st_size)
    count = math.ceil(len(files) / 100)
    some = by_size[len(by_size) // 2 :][:count]
    for number in range(options.rounds):
        unchanged.append(_ingest(corpus, index).seconds)
        for path in some:
            path.write_bytes(path.read_bytes() + f"\n% changed {number}\n".encode())
        changed.append(_ingest(corpus, index).seconds)
    return [
        f"| full build of {len(files)} files, {full.report['chunks']} passages | {full.seconds:.1f} s |",
        f"| again, nothing changed | {median(unchanged):.3f} s |",
        f"| **times as fast as the full build** | **{full.seconds / median(unchanged):.0f}** |",
        f"| again, {count} of {len(files)} files changed | {median(changed):.2f} s |",
        f"| **times as fast as the full build** | **{full.seconds / median(changed):.0f}** |",
    ]


def _ingest(folder: Path, index: Path) -> Timed:
    seconds, printed = _run(["-m", "ingest", str(folder), "--index", str(index), "--json"])
    return Timed(seconds, json.loads(printed))


def _tutorial(folder: Path, target: Path) -> tuple[float, dict[str, int]]:
    seconds, printed = _run(["-m", "benchmarks.tutorial", str(folder), str(target)])
    return seconds, json.loads(printed)


def _run(arguments: Sequence[str]) -> tuple[float, str]:
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=_ROOT, env=os.environ, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}")
    return perf_counter() - start, done.stdout


if __name__ == "__main__":
    sys.exit(main())
