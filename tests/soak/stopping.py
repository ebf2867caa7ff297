"""SIGTERM while answers stream.

Each round starts the service over stand-ins, opens streams, and sends SIGTERM while they are at work. ``/readyz`` must
say 503 before the port is closed, the process must end with 0 within the grace period, and every stream that was
admitted must end with its answer.
"""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.soak.row import Row
from tests.soak.service import QUESTION, FakeService, fake_service

_GRACE_SECONDS: Final = 20.0
# A load balancer looks every second or so; the service drains for two.
_PROBE_SECONDS: Final = 0.1
_STREAMS: Final = 6
# A word of the model; an answer has about twenty.
_SECONDS_PER_TOKEN: Final = 0.05


@dataclass(frozen=True)
class Stop:
    """Outcome of a round.

    Attributes:
        code: exit code; None where the process did not end in time.
        seconds: from the signal to the end.
        cut: streams without an answer.
        probes: statuses of ``/readyz`` from the signal on, each once; None for a closed port.
    """

    code: int | None
    seconds: float
    cut: int
    probes: tuple[int | None, ...]

    @property
    def fault(self) -> str:
        """What was wrong, in one line; empty if nothing was."""
        was_unready = 503 in self.probes and self.probes.index(503) < self.probes.index(None)
        if self.code == 0 and not self.cut and was_unready:
            return ""
        return f"exit code {self.code} after {self.seconds:.1f} s, {self.cut} streams cut, /readyz {self.probes}"


def stopped(service: FakeService) -> Stop:
    """Stops a service while it answers."""
    port = int(service.url.rpartition(":")[2])
    opened = [_opened(port) for _ in range(_STREAMS)]
    start = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    with ThreadPoolExecutor(_STREAMS + 1) as threads:
        probes = threads.submit(_probed, service)
        cut = sum(not whole for whole in threads.map(_is_whole, opened))
    try:
        code: int | None = service.process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        code = None
    return Stop(code, time.monotonic() - start, cut, tuple(probes.result()))


def _probed(service: FakeService) -> list[int | None]:
    """Statuses of ``/readyz`` until the port is closed, each once; the last is None for the closed port."""
    seen: list[int | None] = []
    while not seen or seen[-1] is not None:
        try:
            with urllib.request.urlopen(f"{service.url}/readyz", timeout=30) as response:
                status: int | None = response.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = None
        seen += [] if status in seen else [status]
        time.sleep(_PROBE_SECONDS)
    return seen


def _opened(port: int) -> http.client.HTTPResponse:
    """A stream whose response has begun."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"question": QUESTION, "stream": True})
    connection.request("POST", "/ask", body, {"Content-Type": "application/json"})
    return connection.getresponse()


def _is_whole(response: http.client.HTTPResponse) -> bool:
    try:
        return b"event: answer" in response.read()
    except (OSError, http.client.HTTPException):
        return False


def row(rounds: int) -> Row:
    """The row of so many rounds."""
    start, stops = time.monotonic(), list[Stop]()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            with fake_service(Path(folder), seconds_per_token=_SECONDS_PER_TOKEN) as service:
                stops.append(stopped(service))
    faults = [f"round {number}: {stop.fault}" for number, stop in enumerate(stops, start=1) if stop.fault]
    measured = (
        f"{sum(stop.code == 0 for stop in stops)} of {rounds} ended with 0, "
        f"{sum(503 in stop.probes for stop in stops)} after `/readyz` had said 503; "
        f"{sum(stop.cut for stop in stops)} of {rounds * _STREAMS} streams cut; "
        f"the slowest in {max(stop.seconds for stop in stops):.1f} s"
    )
    return Row("SIGTERM while answers stream", measured, faults, time.monotonic() - start)
