"""Robustness tests with hostile files: ``python -m tests.hostile`` runs all and prints the results."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from ingest.reporting.report import row_to_json
from tests.hostile.bombs import BOMBS
from tests.hostile.programme import HURRIED, PATIENCE, Outcomes, run


def main() -> int:
    """Runs everything; returns 1 if a guarantee was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--mutants", type=int, default=1020, metavar="N", help="how many damaged files")
    parser.add_argument("--quick", action="store_true", help="only the bombs that always run")
    parser.add_argument("--only", metavar="PART", help="only bombs with this in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a row for each file there")
    options = parser.parse_args()
    chosen = [bomb for bomb in BOMBS.values() if bomb.quick or not options.quick]
    chosen = [bomb for bomb in chosen if not options.only or options.only in bomb.name]
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(Path(folder), chosen, options.mutants, timeouts=HURRIED if options.quick else PATIENCE)
        violations = outcomes.violations()
    print("\n".join(summary(outcomes)))
    print("\n".join(f"BROKEN  {line}" for line in violations) or "No promise was broken.")
    if options.json:
        rows = [{**row_to_json(row), "wall": outcomes.seconds.get(row.path)} for row in outcomes.report.files]
        options.json.write_text("\n".join(json.dumps(row) for row in rows))
    return 1 if violations else 0


def summary(outcomes: Outcomes) -> list[str]:
    """Counts, the slowest files, memory and duration."""
    counts = ", ".join(f"{status} {count}" for status, count in outcomes.report.counts.items())
    slowest = sorted(outcomes.seconds.items(), key=lambda item: -item[1])[:12]
    rows, watch = outcomes.rows(), outcomes.watch
    return [
        f"{len(outcomes.report.files)} files in {outcomes.duration:.0f} s: {counts}",
        f"{outcomes.processes} processes; the largest had {watch.peak_child >> 20} MiB of address space and "
        f"{watch.peak_resident >> 20} MiB resident; the job grew by {watch.grown_by_reading >> 20} MiB while reading "
        f"and {watch.grown >> 20} MiB in all",
        "Slowest:",
        *(f"  {seconds:5.1f} s  {name} ({rows[name].status if name in rows else '?'})" for name, seconds in slowest),
    ]


if __name__ == "__main__":
    sys.exit(main())
