"""Slow and silent clients against the real service, and the speed of a client that behaves.

    python -m benchmarks.slow_clients --index DIR

Four attacks, each for a while, with 200 new connections a second until all are open, and then in the place of those
that were closed: half-open ones that send half a header and no more; slowloris, a byte of a header each second; owed
bodies, half of the body of a question, from the address of the client that behaves; and unread ones, which ask for
files and do not read them. Meanwhile one client asks on a new connection each time, as before and after the attack. The
service runs as a process of its own that may open 1,024 files, with the model and the limits that ``RAG_*`` say.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from benchmarks.probing import Sample, Watch, watching
from benchmarks.soak import RESULTS, served

# That the service may open.
FILES: Final = 1024
_STEP_SECONDS: Final = 0.05
_OPENED_PER_SECOND: Final = 200
# For all connections of an attack to be open, and to come to a halt.
_SETTLING_SECONDS: Final = 8.0
_ESTABLISHED: Final = 1  # TCP_ESTABLISHED of Linux
# For the last of them to be closed.
_ENDING_SECONDS: Final = 12.0
_QUESTION: Final = b'{"question": "What does a candidate need to become a member?"}'
# Answered from the program's own text: what is measured is the way there and back.
_GREETING: Final = json.dumps({"question": "Hello!"})


@dataclass(frozen=True)
class Attack:
    """Connections of one kind.

    Attributes:
        opening: what each sends at once.
        drip: what it sends next, one byte each second.
    """

    name: str
    connections: int
    opening: bytes
    drip: bytes = b""


_POST: Final = b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
ATTACKS: Final = (
    Attack("half-open", 1300, b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-"),
    Attack("slowloris", 200, b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-Pad: " + b"a" * 1_000_000),
    Attack("owed bodies", 30, _POST % len(_QUESTION) + _QUESTION[:30]),
    Attack("unread", 20, b"GET /web/style/base.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 400),
)


@dataclass
class _Held:
    """A connection of an attack."""

    socket: socket.socket
    opened: float
    sent: int = 0


@dataclass
class Tally:
    """Outcomes of the connections of an attack.

    Attributes:
        opened: in all.
        lasted: seconds that each lasted which the service closed.
    """

    opened: int = 0
    refused: int = 0
    lasted: list[float] = field(default_factory=list)


def _attack(port: int, attack: Attack, pipe: Connection) -> None:
    """Body of the process that attacks, until it is told to end; then it sends its tally."""
    tally, held = Tally(), list[_Held]()
    while not pipe.poll(_STEP_SECONDS):
        for _ in range(min(attack.connections - len(held), round(_OPENED_PER_SECOND * _STEP_SECONDS))):
            try:
                held.append(_open(port, attack))
                tally.opened += 1
            except OSError:
                tally.refused += 1
                break
        now = time.monotonic()
        for ended in [each for each in held if not _goes_on(each, attack, now)]:
            tally.lasted.append(now - ended.opened)
            held.remove(ended)
            ended.socket.close()
    pipe.send(tally)


def _open(port: int, attack: Attack) -> _Held:
    connection = socket.socket()
    connection.settimeout(1)
    if attack.name == "unread":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    with suppress(OSError):
        connection.sendall(attack.opening)
    connection.settimeout(0)
    return _Held(connection, time.monotonic())


def _goes_on(held: _Held, attack: Attack, now: float) -> bool:
    """Drips what is due, reads what came, and says whether the service has left the connection open."""
    try:
        if attack.name == "unread":
            return held.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
        if attack.drip and now > held.opened + held.sent + 1:
            held.socket.send(attack.drip[held.sent : held.sent + 1])
            held.sent += 1
        return bool(held.socket.recv(65536))
    except BlockingIOError:
        return True
    except OSError:
        return False


@contextmanager
def attacking(port: int, attack: Attack) -> Iterator[list[Tally]]:
    """While the context is open, another process attacks; then the list has its tally."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_attack, args=(port, attack, theirs), daemon=True)
    process.start()
    tallies: list[Tally] = []
    try:
        yield tallies
        ours.send("end")
        tallies.append(ours.recv())
    finally:
        process.terminate()
        process.join()


@dataclass
class Healthy:
    """Requests of the client that behaves: seconds of each, and why some failed."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def ask(self, port: int, duration: float) -> None:
        """Asks one question after the other, each on a new connection."""
        end = time.monotonic() + duration
        while time.monotonic() < end:
            start = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("POST", "/ask", _GREETING, {"Content-Type": "application/json"})
                if (status := connection.getresponse().status) != 200:
                    self.faults.append(str(status))
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(repr(error))
            finally:
                connection.close()
            self.seconds.append(time.monotonic() - start)
            time.sleep(0.01)  # it is no attack itself


HEAD: Final = """\
| attack | opened | closed | after s, median / most | before, during, after, ms | kept | failed | /livez p99, ms | log |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""
_LEAST_KEPT: Final = 0.95
_MOST_LINES: Final = 100


@dataclass(frozen=True)
class Endured:
    """Outcome of an attack.

    Attributes:
        medians: seconds of a request of the client that behaves: before, during and after the attack.
        failed: its requests during the attack that were not answered, with the reason.
        livez: the 99th percentile of ``/livez`` during the attack, in seconds.
        lines: of the log, but for those of requests that were answered.
    """

    attack: Attack
    tally: Tally
    medians: tuple[float, float, float]
    failed: Sequence[str]
    livez: float
    lines: int

    @property
    def kept(self) -> float:
        """Share of its speed that the client that behaves kept."""
        before, during, after = self.medians
        return statistics.mean((before, after)) / during

    @property
    def faults(self) -> list[str]:
        """Faults of the run, a line for each."""
        return [
            *(
                [f"the client that behaves kept {100 * self.kept:.0f} % of its speed"]
                if self.kept < _LEAST_KEPT
                else []
            ),
            *sorted(set(self.failed)),
            *([f"{self.lines} lines of log"] if self.lines > _MOST_LINES else []),
        ]

    @property
    def row(self) -> str:
        """Of the table."""
        lasted = self.tally.lasted
        ends = f"{statistics.median(lasted):.1f} / {max(lasted):.1f}" if lasted else ""
        return (
            f"| {self.attack.connections} {self.attack.name} | {self.tally.opened} | {len(lasted)} | {ends} | "
            f"{' → '.join(f'{1000 * median:.1f}' for median in self.medians)} | {100 * self.kept:.0f} % | "
            f"{len(self.failed)} | {1000 * self.livez:.0f} | {self.lines} |"
        )


def _log_lines(log: Path) -> int:
    """Lines of the log but those of the requests that were answered."""
    return sum(b" rag.access: " not in line for line in log.read_bytes().splitlines())


def endured(port: int, watch: Watch, attack: Attack, seconds: float, log: Path) -> Endured:
    """Attacks a service for so many seconds."""
    lines = _log_lines(log)
    before, during, after = Healthy(), Healthy(), Healthy()
    before.ask(port, seconds / 3)
    with attacking(port, attack) as tallies:
        time.sleep(_SETTLING_SECONDS)
        start = time.monotonic()
        during.ask(port, seconds)
        samples = [sample for sample in watch.samples(start) if sample.moment < start + seconds]
    time.sleep(_ENDING_SECONDS)
    after.ask(port, seconds / 3)
    medians = (statistics.median(before.seconds), statistics.median(during.seconds), statistics.median(after.seconds))
    (tally,) = tallies
    return Endured(attack, tally, medians, during.faults, _percentile(samples), _log_lines(log) - lines)


def _percentile(samples: Sequence[Sample]) -> float:
    ordered = sorted(sample.livez for sample in samples)
    return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")


def main() -> int:
    """Runs the attacks, prints the table, and writes it to ``benchmarks/results``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_clients", description=__doc__)
    parser.add_argument("--index", type=Path, required=True, help="index directory")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each attack")
    parser.add_argument("--only", choices=[attack.name for attack in ATTACKS])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the service must not be left behind
    chosen = [attack for attack in ATTACKS if options.only in (None, attack.name)]
    with (
        tempfile.NamedTemporaryFile(suffix=".log") as log,
        served(options.index, log.file, FILES) as service,
        watching(service.port, service.process.pid) as watch,
    ):
        print(HEAD)
        outcomes = []
        for attack in chosen:
            outcomes.append(endured(service.port, watch, attack, options.seconds, Path(log.name)))
            print("\n".join([outcomes[-1].row, *outcomes[-1].faults]), flush=True)
        held = max(sample.files for sample in watch.samples())
    summary = f"\nThe service held at most {held} of {FILES} files."
    print(summary)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "slow_clients.md").write_text("\n".join([HEAD, *(each.row for each in outcomes), summary]) + "\n")
    return 1 if any(each.faults for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
