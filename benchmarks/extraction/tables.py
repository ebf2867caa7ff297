"""TEDS of the tables that are read from PDFs, by kind, ``python -m benchmarks.extraction.tables``.

The tables are drawn for this, with rules and without, with merged heads, groups of rows, cells of several lines, and
over two pages. ``--beside`` reads them with pymupdf4llm too, where that is installed.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import TypeAlias

from benchmarks.extraction.drawn_tables import KINDS, DrawnTable, draw_tables
from benchmarks.extraction.teds import teds
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from rag.domain.stored import PageRecord

Cells: TypeAlias = list[list[str]]


def main() -> int:
    """Draws and reads the tables, and prints the mean TEDS of each kind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction.tables", description=__doc__)
    parser.add_argument("--count", type=int, default=15, help="tables of each kind (default 15)")
    parser.add_argument("--beside", action="store_true", help="read them with pymupdf4llm too")
    parser.add_argument("--show", metavar="KIND", help="print what was read of the tables of this kind")
    options = parser.parse_args()
    readers: dict[str, Callable[[Path], Cells]] = {"pageproof": ours}
    if options.beside:
        readers["pymupdf4llm"] = theirs
    with TemporaryDirectory() as folder:
        tables = draw_tables(Path(folder), options.count)
        scores = {
            name: {table.path: _score(read(table.path), table) for table in tables} for name, read in readers.items()
        }
        if options.show:
            _show(tables, scores["pageproof"], options.show)
    print(f"{'kind':14}" + "".join(f"{name:>13}" for name in readers))
    for kind in [*KINDS, "all"]:
        of_kind = [table.path for table in tables if kind in (table.kind, "all")]
        print(f"{kind:14}" + "".join(f"{mean(scores[name][path] for path in of_kind):13.3f}" for name in readers))
    print(f"{len(tables)} tables, mean TEDS")
    return 0


def _score(found: Cells, table: DrawnTable) -> float:
    return max(teds(found, gold) for gold in table.readings)


def _show(tables: Sequence[DrawnTable], scores: dict[Path, float], kind: str) -> None:
    for table in tables:
        if table.kind == kind and scores[table.path] < 1:
            print(f"{scores[table.path]:.3f} {table.path.name}")
            for found, gold in zip(ours(table.path), table.readings[0], strict=False):
                print(f"    {' | '.join(found)}\n  = {' | '.join(gold)}")


def ours(path: Path) -> Cells:
    """The tables of a PDF as they are parsed for answers, those of following pages joined."""
    rows: Cells = []
    for page in read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off")).pages:
        stored = PageRecord.of(page).page()
        for table in parse_tables(stored.text, stored.words):
            found = list(_rows(table))
            rows += found[1:] if rows and found[0] == rows[0] else found
    return rows


def _rows(table: ParsedTable) -> Iterator[list[str]]:
    if any(table.heads):
        yield list(table.heads)
    groups: tuple[str, ...] = ()
    for row in table.rows:
        for place, group in enumerate(row.groups):
            if row.groups[: place + 1] != groups[: place + 1]:
                yield [group]
        groups = row.groups
        yield list(row.cells)


def theirs(path: Path) -> Cells:
    """The tables of a PDF in pymupdf4llm's Markdown."""
    text = import_module("pymupdf4llm").to_markdown(str(path), show_progress=False)
    rows: Cells = []
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|:\- ]+", line):
            cells = [re.sub(r"<br>|\*\*|_", " ", cell).strip() for cell in line.strip("|").split("|")]
            if not rows or cells != rows[0]:
                rows.append(["" if re.fullmatch(r"Col\d+", cell) else cell for cell in cells])
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
