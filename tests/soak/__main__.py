"""All long tests of the service over stand-ins for the models: ``make soak``, which is ``python -m tests.soak``.

Prints each row of the table as soon as it is there, each fault, and the table in the end; 1 where there was a fault.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from tests.faults.mutation import caught
from tests.faults.service_mutants import DEFECTS
from tests.hostile.fuzzing.__main__ import all_fuzzed
from tests.soak import canaries, contract, load, long_questions, slow_clients, stopping
from tests.soak.row import Row, table


def _fuzzing(options: argparse.Namespace) -> Iterator[Row]:
    for outcome in all_fuzzed(options.fuzz_seconds, options.seed):
        faults = [outcome.fault] if outcome.fault else []
        yield Row(f"fuzzing: {outcome.target}", str(outcome), faults, outcome.seconds)


def _defects(_: argparse.Namespace) -> Iterator[Row]:
    start = time.monotonic()
    missed = [defect.name for defect in DEFECTS if caught(defect) is None]
    measured = f"{len(DEFECTS) - len(missed)} of {len(DEFECTS)} caught by the test that is named with them"
    yield Row("seeded defects", measured, missed, time.monotonic() - start)


_PROGRAMMES: Final[dict[str, Callable[[argparse.Namespace], Iterator[Row]]]] = {
    "schema": lambda options: contract.rows(options.cases, options.seed),
    "malformed": lambda _: iter([contract.malformed_row()]),
    "stopping": lambda options: iter([stopping.row(options.rounds)]),
    "slow": lambda options: slow_clients.rows(options.attack_seconds),
    "long": lambda options: iter([long_questions.row(options.questions, options.seed)]),
    "canaries": lambda _: iter([canaries.row(5)]),
    "fuzzing": _fuzzing,
    "defects": _defects,
    "load": lambda options: iter([load.row(options.minutes, options.seed)]),
}


def main() -> int:
    """Runs the programmes one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("programmes", nargs="*", metavar="PROGRAMME", help=f"of {', '.join(_PROGRAMMES)}; default: all")
    parser.add_argument("--cases", type=int, default=5000, help="of the schema: without keys, and with them")
    parser.add_argument("--rounds", type=int, default=60, help="stops under load")
    parser.add_argument("--attack-seconds", type=float, default=60.0, help="for each attack of slow clients")
    parser.add_argument("--questions", type=int, default=10_000, help="that are made to take long")
    parser.add_argument("--fuzz-seconds", type=float, default=300.0, help="for each target")
    parser.add_argument("--minutes", type=float, default=60.0, help="of load")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := [name for name in options.programmes if name not in _PROGRAMMES]:
        parser.error(f"there is no programme {unknown[0]}")
    rows: list[Row] = []
    for name in options.programmes or _PROGRAMMES:
        for row in _PROGRAMMES[name](options):
            rows.append(row)
            sys.stdout.write("\n".join([f"{row.what}: {row.measured}", *map(str, row.faults), ""]))
            sys.stdout.flush()
    sys.stdout.write(f"\n{table(rows)}\n")
    return 1 if any(row.faults for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
