"""PDF reading speed in pages per second, compared with pypdf, ``python -m benchmarks.reading FOLDER``.

Ours gives words with their boxes, headings and tables; pypdf gives the text alone.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import pypdf

from benchmarks.isa import add_isa, conditions, hold_to
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions
from rag.errors import FileFault


def main() -> int:
    """Reads every PDF of a folder in turns, and prints the median of the runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of PDFs, with those in it")
    parser.add_argument("--runs", type=int, default=3, help="of each reader (default 3)")
    add_isa(parser)
    options = parser.parse_args()
    hold_to(options.isa)
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    files = [path for path in sorted(options.folder.rglob("*.pdf")) if _is_readable(path)]
    if not files:
        print(f"no readable PDF in {options.folder}", file=sys.stderr)
        return 1
    readers: dict[str, Callable[[Path], int]] = {"pageproof": _ours, "pypdf": _pypdf}
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(options.runs):
        for name, read in readers.items():
            start = perf_counter()
            pages = sum(map(read, files))
            rates[name].append(pages / (perf_counter() - start))
    ours, theirs = (median(rates[name]) for name in readers)
    print(f"{len(files)} files, median of {options.runs} runs, pages/s: pageproof {ours:.0f}, pypdf {theirs:.0f}")
    print(conditions())
    return 0


def _is_readable(path: Path) -> bool:
    try:
        return bool(_ours(path) and _pypdf(path))
    except (FileFault, pypdf.errors.PyPdfError):
        return False


def _ours(path: Path) -> int:
    return len(read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off")).pages)


def _pypdf(path: Path) -> int:
    pages = pypdf.PdfReader(path).pages
    return sum(len(page.extract_text()) >= 0 for page in pages)


if __name__ == "__main__":
    sys.exit(main())
