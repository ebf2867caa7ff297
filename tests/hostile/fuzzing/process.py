"""Fuzzing of one target in this process: ``python -m tests.hostile.fuzzing.process TARGET --seconds N --into FOLDER``.

By Atheris, guided by the lines that are reached, where it is installed; else by chance alone. The first fault ends the
process with a traceback: an exception that is not of Pageproof, a read that is not right, one that takes more than ten
seconds, or more memory than a process may have.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.hostile.fuzzing.target import Target

_SECONDS_OF_A_READ: Final = 10
_ADDRESS_SPACE: Final = 6 << 30
# Beyond what reading the seeds takes.
_MORE_MEMORY_MIB: Final = 512
_LARGEST: Final = 1 << 20
_NOTE_EVERY: Final = 200


class Fuzzer:
    """Tries bytes on a target, and notes how many led to which error."""

    def __init__(self, target: Target, into: Path) -> None:
        self._target = target
        self._into = into
        self._outcomes: Counter[str] = Counter()
        for seed in target.seeds():
            self.try_bytes(seed)
        self._usual = _most_memory()

    def try_bytes(self, data: bytes) -> None:
        """Reads ``data``; a fault is raised, or ends the process."""
        (self._into / "input").write_bytes(data)
        faulthandler.dump_traceback_later(_SECONDS_OF_A_READ, exit=True)
        self._outcomes[self._target.tried(data)] += 1
        faulthandler.cancel_dump_traceback_later()
        if self._outcomes.total() % _NOTE_EVERY == 0:
            self.note()
            if _most_memory() > self._usual + _MORE_MEMORY_MIB:
                raise MemoryError(f"{_most_memory()} MiB, {self._usual} after the seeds")

    def note(self) -> None:
        """Writes the counts down: Atheris ends the process without a word."""
        counts = {"outcomes": self._outcomes, "mebibytes": _most_memory()}
        (self._into / "counts.json").write_text(json.dumps(counts))


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def by_chance(fuzzer: Fuzzer, target: Target, seconds: float, rng: random.Random) -> None:
    """Tries mutations of the seeds until the time is over."""
    from tests.hostile.fuzzing.mutation import mutated

    end, seeds = time.monotonic() + seconds, target.seeds()
    while time.monotonic() < end:
        fuzzer.try_bytes(mutated(rng.choice(seeds), rng))


def guided(fuzzer: Fuzzer, target: Target, seconds: float, into: Path, seed: int) -> None:
    """Tries mutations of what reached new lines; does not return."""
    import atheris

    from tests.hostile.fuzzing.mutation import mutated

    corpus = into / "corpus"
    corpus.mkdir()
    for number, data in enumerate(target.seeds()):
        (corpus / str(number)).write_bytes(data)

    def mutate(data: bytes, largest: int, chance: int) -> bytes:
        rng = random.Random(chance)
        return atheris.Mutate(data, largest) if rng.random() < 0.3 else mutated(data, rng)[:largest]

    options = [f"-max_total_time={seconds:.0f}", f"-seed={seed}", f"-max_len={_LARGEST}", "-rss_limit_mb=0"]
    options += [f"-artifact_prefix={into}/", "-timeout=0", "-verbosity=0", str(corpus)]
    atheris.Setup(["fuzzing", *options], fuzzer.try_bytes, custom_mutator=mutate)
    atheris.Fuzz()


def _loaded(name: str, *, instrumented: bool) -> Callable[[Path], Target]:
    """The kind of a target, whose modules are imported now."""
    if instrumented:
        import atheris

        with atheris.instrument_imports(include=["rag"], enable_loader_override=False):
            from tests.hostile.fuzzing.targets import TARGETS
    else:
        from tests.hostile.fuzzing.targets import TARGETS
    return TARGETS[name]


def main() -> int:
    """Fuzzes until the time is over; 0 where no fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzzing.process", description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, required=True, help="an empty folder, for counts and the input at work")
    options = parser.parse_args()
    instrumented = find_spec("atheris") is not None
    kind = _loaded(options.target, instrumented=instrumented)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    folder = options.into / "files"
    folder.mkdir()
    target = kind(folder)
    fuzzer = Fuzzer(target, options.into)
    if instrumented:
        guided(fuzzer, target, options.seconds, options.into, max(1, options.seed))
    by_chance(fuzzer, target, options.seconds, random.Random(options.seed))
    fuzzer.note()
    return 0


if __name__ == "__main__":
    sys.exit(main())
