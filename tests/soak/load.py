"""Load for minutes: clients that leave at any moment, that stay, and that come all at once; memory stays flat."""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.crowd import Crowd
from benchmarks.probing import Sample, watching
from benchmarks.soak import Service, Soak
from tests.soak.row import Row
from tests.soak.service import QUESTION, fake_service

_SECONDS_PER_TOKEN: Final = 0.01
_QUESTIONS: Final = (
    QUESTION,
    "When does the ferry to Skarholm leave?",
    "Is electricity included?",
    "Who may bring dogs?",
)
_CLIENTS: Final = 24
_BURST: Final = 200
# From the second tenth of the run to the last.
_MOST_GROWTH_MIB: Final = 32.0


def row(minutes: float, seed: int) -> Row:
    """The row of so many minutes, and of 100 disconnects for each of them."""
    start = time.monotonic()
    options = argparse.Namespace(
        disconnects=max(20, int(100 * minutes)), minutes=minutes, clients=_CLIENTS, burst=_BURST
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        fake_service(Path(folder), seconds_per_token=_SECONDS_PER_TOKEN) as fake,
        watching(port := int(fake.url.rpartition(":")[2]), fake.process.pid) as watch,
    ):
        soak = Soak(Service(fake.process, port), watch, Crowd(_QUESTIONS, random.Random(seed)))
        asyncio.run(soak.run(options))
        samples = watch.samples()
    before, after = _medians(samples)
    faults = [
        *soak.faults,
        *([f"memory grew from {before:.0f} to {after:.0f} MiB"] if after > before + _MOST_GROWTH_MIB else []),
    ]
    kinds = Counter(outcome.kind for phase in soak.phases for outcome in phase.outcomes)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    measured = f"{counts}; memory {before:.0f} MiB in the second tenth, {after:.0f} in the last"
    return Row(
        f"{_CLIENTS} clients for {minutes:g} minutes, disconnects, a burst", measured, faults, time.monotonic() - start
    )


def _medians(samples: Sequence[Sample]) -> tuple[float, float]:
    """MiB in the second and in the last tenth of the run."""
    tenth = len(samples) // 10
    parts = samples[tenth : 2 * tenth], samples[-tenth:]
    before, after = (statistics.median(sample.resident for sample in part) for part in parts)
    return before, after
