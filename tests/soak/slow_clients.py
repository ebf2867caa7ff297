"""Slow and silent clients against the service over stand-ins for the models, beside a client that behaves.

The attacks are those of :mod:`benchmarks.slow_clients`: 1,300 half-open connections, 200 of slowloris, 30 that owe a
body, 20 that do not read.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.probing import watching
from benchmarks.slow_clients import ATTACKS, FILES, Attack, endured
from tests.soak.row import Row
from tests.soak.service import fake_service


def rows(seconds: float, attacks: Sequence[Attack] = ATTACKS) -> Iterator[Row]:
    """A row for each attack, of so many seconds; the same service endures all of them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        fake_service(Path(folder), files=FILES) as service,
        watching(port := int(service.url.rpartition(":")[2]), service.process.pid) as watch,
    ):
        for attack in attacks:
            start = time.monotonic()
            outcome = endured(port, watch, attack, seconds, Path(folder, "log"))
            lasted = outcome.tally.lasted
            closed = f"{len(lasted)} closed by the service" + (f", after {max(lasted):.0f} s at most" if lasted else "")
            measured = (
                f"{outcome.tally.opened:,} opened, {closed}; a client that behaves kept {100 * outcome.kept:.0f} % of "
                f"its speed, {len(outcome.failed)} of its requests failed; `/livez` p99 {1000 * outcome.livez:.0f} ms; "
                f"{outcome.lines} lines of log"
            )
            yield Row(
                f"{attack.connections:,} connections: {attack.name}", measured, outcome.faults, time.monotonic() - start
            )
