"""Memory growth of the ingest job while it reads many pages: there should be none.

    python -m benchmarks.memory FOLDER --pages 10000

The processes that read are not counted: each has a bound of its own, and is replaced when it has grown.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.corpus import copies_of
from benchmarks.isa import add_isa, conditions, hold_to
from ingest.__main__ import open_job
from ingest.discovery import discover
from ingest.reading import ReadRequest
from ingest.reporting.progress import Progress
from rag.settings import read_settings

RESULTS: Final = Path(__file__).parent / "results"
_FIRST: Final = 1_000


@dataclass
class Watch(Progress):
    """Notes how much memory there is in use after each file, in MiB, by pages read so far."""

    pages: int = 0
    resident: list[tuple[int, float]] = field(default_factory=list)
    read_at: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:  # noqa: ARG002 - the seam
        """See :class:`Progress`."""
        with self._lock:
            self.pages += pages
            self.resident.append((self.pages, _resident()))
            self.read_at = len(self.resident)

    def encoded(self, chunks: int) -> None:  # noqa: ARG002 - the seam
        """See :class:`Progress`."""
        with self._lock:
            self.resident.append((self.pages, _resident()))


def main() -> int:
    """Measures and prints a table, which is written to ``benchmarks/results`` too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of PDFs, of which copies are made")
    parser.add_argument("--pages", type=int, default=10_000, help="how many to read")
    add_isa(parser)
    options = parser.parse_args()
    hold_to(options.isa)
    watch = Watch()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = copies_of(options.folder, Path(scratch) / "documents", pages=options.pages)
        with open_job(read_settings(), Path(scratch) / "index", watch) as job:
            report = job.run(discover([corpus]))
        after = _resident()
    reading = watch.resident[: watch.read_at]  # what comes then, puts the words of all passages together
    first = max(size for pages, size in reading if pages <= _FIRST)
    most = max(size for _, size in reading)
    table = "\n".join(
        [
            "| memory of the job, MiB | |",
            "| --- | --- |",
            f"| pages, passages | {report.pages}, {report.chunks} |",
            f"| most in the first {_FIRST} pages | {first:.0f} |",
            f"| most until the last page was read | {most:.0f} |",
            f"| **growth** | **{most - first:.0f}** |",
            f"| most until all was encoded and published | {max(after, *(size for _, size in watch.resident)):.0f} |",
        ]
    )
    table += f"\n\n{conditions()}"
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.md").write_text(table + "\n")
    return 0


def _resident() -> float:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
