"""Costs of an index by its number of passages, ``python -m benchmarks.sizing``; see docs/operations.md.

    python -m ingest FOLDER --index DIR                     once: real documents, of which large corpora are made
    python -m benchmarks.sizing --index DIR --rows 10000,100000

A million passages take 10 GB of disk, and about as much memory while they are built. The table is printed, and written
to ``benchmarks/results/sizing.md`` and .json. Each size is built, and measured, in a process of its own; searches take
turns with the peers.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.isa import add_isa, hold_to
from benchmarks.sizing.table import table_of

RESULTS: Final = Path(__file__).parent.parent / "results"


def main() -> int:
    """Builds, measures and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--index", type=Path, required=True, help="index of real documents; it is only read")
    parser.add_argument("--rows", default="10000,100000", help="numbers of passages (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="folder for the indexes, which are kept and used again")
    add_isa(parser)
    options = parser.parse_args()
    hold_to(options.isa)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        sizes = [_measured(options.index, work / str(rows), rows) for rows in map(int, options.rows.split(","))]
    table = table_of(sizes)
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "sizing.md").write_text(table + "\n")
    (RESULTS / "sizing.json").write_text(json.dumps(sizes, indent=1))
    return 0


def _measured(source: Path, target: Path, rows: int) -> dict[str, Any]:
    """Results of one size; what was built before is not built again."""
    built = target / "built.json"
    if not built.exists():
        result = _run("benchmarks.sizing.build", [str(source), str(target), str(rows)])
        built.write_text(json.dumps(result))
    return dict(json.loads(built.read_bytes())) | _run("benchmarks.sizing.measure", [str(source), str(target)])


def _run(module: str, arguments: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
