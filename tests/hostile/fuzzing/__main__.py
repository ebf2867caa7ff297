"""Fuzzing of all targets, one after the other: ``python -m tests.hostile.fuzzing --seconds 60 [TARGET...]``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.hostile.fuzzing.targets import TARGETS

_ROOT: Final = Path(__file__).parents[3]
# Each read writes a file.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made there
# For imports, and for one read that hangs.
_SPARE_SECONDS: Final = 120


@dataclass(frozen=True)
class Fuzzed:
    """Outcome for a target.

    Attributes:
        outcomes: numbers of reads by the error that they led to; the empty name is that of right reads.
        mebibytes: most memory of the process.
        fault: traceback of the first fault, and the file with the input that led to it; empty where there was none.
    """

    target: str
    seconds: float
    outcomes: dict[str, int]
    mebibytes: int
    fault: str

    def __str__(self) -> str:
        errors = ", ".join(f"{name} {count:,}" for name, count in sorted(self.outcomes.items()) if name)
        return (
            f"{sum(self.outcomes.values()):,} reads in {self.seconds:.0f} s: {self.outcomes.get('', 0):,} right, "
            f"{errors or 'no error'}; at most {self.mebibytes} MiB"
        )


def fuzzed(name: str, seconds: float, seed: int) -> Fuzzed:
    """Fuzzes a target in a process of its own."""
    folder = Path(tempfile.mkdtemp(prefix=f"pageproof-fuzzing-{name}-", dir=_MEMORY if _MEMORY.is_dir() else None))
    command = [sys.executable, "-m", "tests.hostile.fuzzing.process", name, "--into", str(folder)]
    command += ["--seconds", str(seconds), "--seed", str(seed)]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, errors="replace", check=False,
            timeout=seconds + _SPARE_SECONDS,
        )  # fmt: skip
        code, log = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:
        code, log = -1, f"it did not end: {error}"
    noted = folder / "counts.json"
    counts: dict[str, Any] = json.loads(noted.read_text()) if noted.exists() else {"outcomes": {}, "mebibytes": 0}
    fault = f"{log[-4000:]}\nthe input is {folder / 'input'}" if code else ""
    return Fuzzed(name, time.monotonic() - start, counts["outcomes"], counts["mebibytes"], fault)


def all_fuzzed(seconds: float, seed: int = 1, names: Sequence[str] = ()) -> Iterator[Fuzzed]:
    """Fuzzes the targets with these names, or all, for so many seconds each."""
    for name in names or TARGETS:
        yield fuzzed(name, seconds, seed)


def main() -> int:
    """Prints a line for each target, and each fault; 1 where there was one."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzzing", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faults = 0
    for outcome in all_fuzzed(options.seconds, options.seed, options.targets):
        faults += bool(outcome.fault)
        sys.stdout.write(f"{outcome.fault}\n" * bool(outcome.fault) + f"{outcome.target}: {outcome}\n")
        sys.stdout.flush()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
