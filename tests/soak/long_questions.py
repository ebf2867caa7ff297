"""Questions that are made to take long, over HTTP, while another process looks whether the service is alive.

They are those of :mod:`benchmarks.understanding`, which has the time of understanding alone: repeats and nesting of
4,000 characters; and the ones that once held the whole process.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.probing import watching
from benchmarks.understanding import LONGEST, questions
from tests.soak.row import Row
from tests.soak.service import fake_service

# Each froze version 0.1: a cubic pattern, and one of the fourth power.
_FREEZING: Final = ("a" + 2000 * " " + "b", "is it red or " + 3980 * "?" + ",")
_MOST_SECONDS: Final = 0.05


def row(count: int, seed: int) -> Row:
    """The row of so many questions, one after the other, beside the freezing ones."""
    start, statuses = time.monotonic(), Counter[int]()
    with (
        tempfile.TemporaryDirectory() as folder,
        fake_service(Path(folder)) as service,
        watching(port := int(service.url.rpartition(":")[2]), service.process.pid) as watch,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        slowest = 0.0
        began = time.monotonic()
        for question in _asked(count, seed):
            sent = time.monotonic()
            connection.request("POST", "/ask", json.dumps({"question": question}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            statuses[response.status] += 1
            slowest = max(slowest, time.monotonic() - sent)
        alive = sorted(sample.livez for sample in watch.samples(began))
    p99 = alive[int(0.99 * len(alive))]
    counts = ", ".join(f"{number:,} × {status}" for status, number in sorted(statuses.items()))
    measured = (
        f"{counts}, the slowest answer in {slowest:.2f} s; `/livez` p99 {1000 * p99:.0f} ms, "
        f"at most {1000 * alive[-1]:.0f} ms, of {len(alive):,}"
    )
    return Row(
        f"{count:,} questions of {LONGEST:,} characters", measured, faults(statuses, p99), time.monotonic() - start
    )


def faults(statuses: Counter[int], livez: float) -> list[str]:
    """What was not as it must be: answers that are neither given nor refused as wrong, and a process that is held.

    Args:
        statuses: of the answers.
        livez: the 99th percentile of ``/livez``, in seconds.
    """
    found = [f"{number} answers with {status}" for status, number in statuses.items() if status not in (200, 422)]
    return found + ([f"`/livez` took {1000 * livez:.0f} ms"] if livez > _MOST_SECONDS else [])


def _asked(count: int, seed: int) -> Iterator[str]:
    yield from _FREEZING
    yield from questions(count - len(_FREEZING), seed=seed)
