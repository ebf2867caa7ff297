"""Soak test of the real service: clients that disconnect at any moment, long load, and a burst.

    python -m benchmarks.soak --index DIR --disconnects 1000 --minutes 10 --clients 24 --burst 200

The service runs as a process of its own, with the model and the limits that ``RAG_*`` say. Each client has an address
of its own, in ``X-Forwarded-For``. Ends with 1 where anything was that should not be: a 5xx but a 503 with
``Retry-After``, a request that outlived its deadline, a service that died, a place that was not free in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from benchmarks.crowd import Connection, Crowd, Outcome, Visit, visited
from benchmarks.probing import Sample, Watch, watching
from rag.evaluation.questions import read_questions

RESULTS: Final = Path(__file__).parent / "results"
_QUESTIONS: Final = Path("knowledge_base/questions.jsonl")
_START_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 40.0
# Clients that leave: as many as are at work, and as many that wait.
_LEAVING: Final = 16
# Of those that are refused meanwhile, in seconds.
_LONGEST_PAUSE: Final = 2.0


@dataclass
class Service:
    """The service, as a process."""

    process: subprocess.Popen[bytes] | subprocess.Popen[str]
    port: int

    def read(self, path: str) -> str:
        """Response body of a GET; OSError where there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return str(response.read().decode())

    @property
    def busy(self) -> str:
        """Places that are taken; empty where none is."""
        counts = dict(line.split() for line in self.read("/metrics").splitlines() if not line.startswith("#"))
        names = ("pageproof_waiting_requests", "pageproof_answers_at_work")
        return ", ".join(f"{name} {counts[name]}" for name in names if float(counts[name]))


@dataclass
class Phase:
    """Outcomes of the visits of a part of the run."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    samples: Sequence[Sample] = ()
    seconds: float = 0.0

    def row(self) -> str:
        """Of the table."""
        kinds = Counter(outcome.kind for outcome in self.outcomes)
        counts = " | ".join(str(kinds[kind]) for kind in ("answered", "refused", "late", "left", "failed"))
        answered = [outcome.seconds for outcome in self.outcomes if outcome.kind == "answered"]
        refused = [1000 * outcome.first_byte for outcome in self.outcomes if outcome.kind == "refused"]
        told = [outcome.retry_after or 0 for outcome in self.outcomes if outcome.kind == "refused"]
        livez = [1000 * sample.livez for sample in self.samples]
        return (
            f"| {self.name} | {self.seconds:.0f} | {counts} | {_quantiles(answered, 1)} | {_quantiles(refused, 0)} | "
            f"{_quantiles(told, 0)} | {_quantiles(livez, 1)} |"
        )


HEAD: Final = """\
| | s | answered | refused | late | left | failed | answered after, s | refused, ms | Retry-After, s | /livez, ms |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def _quantiles(values: Sequence[float], digits: int) -> str:
    """Median, 99th percentile and the most."""
    if not values:
        return ""
    ordered = sorted(values)
    ninety_nine = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return " / ".join(f"{value:.{digits}f}" for value in (statistics.median(ordered), ninety_nine, ordered[-1]))


class Soak:
    """The run."""

    def __init__(self, service: Service, watch: Watch, crowd: Crowd) -> None:
        limits = json.loads(service.read("/info"))["limits"]
        self.limit = float(limits["answer_seconds"])
        self.phases: list[Phase] = []
        self.faults: list[str] = []
        self._service = service
        self._watch = watch
        self._crowd = crowd

    async def run(self, options: argparse.Namespace) -> None:
        """All of it, one after the other."""
        await self._phase("one client", self._one_after_the_other(5))
        answered = [outcome.seconds for outcome in self.phases[0].outcomes if outcome.kind == "answered"]
        self._crowd.usual_seconds = statistics.median(answered) if answered else 1.0
        await self._phase(f"{options.disconnects} disconnects", self._leaving(options.disconnects))
        seconds = 60.0 * options.minutes
        await self._phase(f"{options.clients} clients", self._staying(options.clients, seconds))
        await self._phase(f"burst of {options.burst}", self._burst(options.burst))
        await self._phase("one client again", self._one_after_the_other(3))

    async def _phase(self, name: str, work: Awaitable[list[Outcome]]) -> None:
        phase, start = Phase(name), time.monotonic()
        phase.outcomes = await work
        phase.seconds = time.monotonic() - start
        phase.samples = self._watch.samples(start)
        await self._becomes_idle(name)
        self.phases.append(phase)
        print(phase.row(), flush=True)
        reasons = Counter(outcome.reason for outcome in phase.outcomes if outcome.kind == "failed")
        reasons += Counter(f"/livez: {sample.fault}" for sample in phase.samples if sample.fault)
        self.faults += [f"{name}: {count} times {reason}" for reason, count in reasons.most_common()]

    async def _becomes_idle(self, name: str) -> None:
        """Whoever has gone gives its place up at once; 10 s are for a machine that has other things to do."""
        busy = "not asked yet"
        for _ in range(100):
            if self._service.process.poll() is not None:
                self.faults.append(f"{name}: the service died with {self._service.process.returncode}")
                return
            try:
                if not (busy := await asyncio.to_thread(lambda: self._service.busy)):
                    return
            except OSError as error:
                busy = repr(error)
            await asyncio.sleep(0.1)
        self.faults.append(f"{name}: places are not free: {busy}")

    async def _one_after_the_other(self, count: int) -> list[Outcome]:
        questions = self._crowd.questions
        visits = [Visit("10.1.0.1", {"question": questions[n % len(questions)]}) for n in range(count)]
        return [await visited(self._service.port, visit, self.limit) for visit in visits]

    async def _leaving(self, count: int) -> list[Outcome]:
        """Until so many were admitted and have left; who was refused comes back later."""
        outcomes = list[Outcome]()

        async def client(number: int) -> None:
            while sum(outcome.kind == "left" for outcome in outcomes) < count and self._service.process.poll() is None:
                outcomes.append(await visited(self._service.port, self._crowd.visit(number, leaving=1.0), self.limit))
                await asyncio.sleep(min(outcomes[-1].retry_after or 0, _LONGEST_PAUSE))

        await asyncio.gather(*(client(number) for number in range(_LEAVING)))
        return outcomes

    async def _staying(self, clients: int, seconds: float) -> list[Outcome]:
        outcomes, end = list[Outcome](), time.monotonic() + seconds

        async def client(number: int) -> None:
            while time.monotonic() < end and self._service.process.poll() is None:
                outcome = await visited(self._service.port, self._crowd.visit(number, leaving=0.15), self.limit)
                outcomes.append(outcome)
                pause = outcome.retry_after or (1.0 if outcome.kind == "failed" else 0.0)
                await asyncio.sleep(min(pause, max(end - time.monotonic(), 0.0)))

        await asyncio.gather(*(client(number) for number in range(clients)))
        return outcomes

    async def _burst(self, count: int) -> list[Outcome]:
        connections = await asyncio.gather(*(Connection.to(self._service.port) for _ in range(count)))
        await asyncio.sleep(0.5)  # they are accepted
        visits = [self._crowd.visit(number, leaving=0.0) for number in range(count)]
        pairs = zip(connections, visits, strict=True)
        return list(await asyncio.gather(*(connection.make(visit, self.limit) for connection, visit in pairs)))


def held(samples: Sequence[Sample]) -> list[str]:
    """Rows: what the service held in each tenth of the run, the median."""
    bounds = [len(samples) * tenth // 10 for tenth in range(11)]
    tenths = [samples[start:end] for start, end in pairwise(bounds) if start < end]
    rows = []
    for name, of in (("resident, MiB", "resident"), ("open files", "files"), ("threads", "threads")):
        medians = [statistics.median(getattr(sample, of) for sample in tenth) for tenth in tenths]
        most = max(getattr(sample, of) for sample in samples)
        rows.append(f"| {name} | {' | '.join(f'{median:.0f}' for median in medians)} | {most:.0f} |")
    head = ["in each tenth of the run", *map(str, range(1, len(tenths) + 1)), "most"]
    return ["", f"| {' | '.join(head)} |", "| --- |" + " --- |" * (len(tenths) + 1), *rows]


@contextmanager
def served(
    index: Path, log: IO[bytes] | int = subprocess.DEVNULL, files: int | None = None, adding: Path | None = None
) -> Iterator[Service]:
    """The service of this working tree, once it is ready.

    Args:
        index: its index directory.
        log: where its log goes.
        files: how many it may open.
        adding: folder that documents are added to on the page; the index may be empty then.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "rag", "serve", "--port", str(port), *(["--adding", str(adding)] if adding else [])],
        env={**os.environ, "RAG_INDEX": str(index)},
        stderr=log,
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files)) if files else None,
    )
    service = Service(process, port)
    try:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                service.read("/livez" if adding else "/readyz")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit("the service does not start; try it: python -m rag serve") from None
                time.sleep(0.2)
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> int:
    """Runs it, prints the table, and writes it to ``benchmarks/results``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--index", type=Path, required=True, help="index directory")
    parser.add_argument("--questions", type=Path, default=_QUESTIONS, help="a questions.jsonl")
    parser.add_argument("--disconnects", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--burst", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the service must not be left behind
    questions = [labelled.question for labelled in read_questions(options.questions)]
    with served(options.index) as service, watching(service.port, service.process.pid) as watch:
        soak = Soak(service, watch, Crowd(questions, random.Random(options.seed)))  # noqa: S311 - no secrets
        print(HEAD)
        asyncio.run(soak.run(options))
        rows = held(watch.samples())
    if service.process.returncode not in (0, -signal.SIGTERM):
        soak.faults.append(f"the service ended with {service.process.returncode}")
    print("\n".join(rows))
    faults = [f"- {fault}" for fault in soak.faults] or ["- none"]
    table = "\n".join([HEAD, *(phase.row() for phase in soak.phases), *rows, "", "Faults:", *faults])
    print("\n".join(["", "Faults:", *faults]))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "soak.md").write_text(table + "\n")
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
