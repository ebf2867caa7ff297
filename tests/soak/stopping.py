"""SIGTERM while answers stream: ``python -m tests.soak.stopping --rounds 60``.

Each round starts the service over stand-ins, opens streams, and sends SIGTERM while they are at work. It must end with
0 within the grace period, and every stream that was admitted must end with its answer.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.soak.service import QUESTION, FakeService, fake_service

_GRACE_SECONDS: Final = 20.0
_STREAMS: Final = 6
# A word of the model; an answer has about twenty.
_SECONDS_PER_TOKEN: Final = 0.05


def stopped(service: FakeService) -> tuple[int | None, float, int]:
    """Exit code of a service that is stopped while it answers (None if it did not end), seconds, and cut streams."""
    port = int(service.url.rpartition(":")[2])
    opened = [_opened(port) for _ in range(_STREAMS)]
    start = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    with ThreadPoolExecutor(_STREAMS) as threads:
        cut = sum(not whole for whole in threads.map(_is_whole, opened))
    try:
        code: int | None = service.process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        code = None
    return code, time.monotonic() - start, cut


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


def main() -> int:
    """Prints a line for each round that failed, and the count; 1 where one did."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.stopping")
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    good, longest = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            with fake_service(Path(folder), seconds_per_token=_SECONDS_PER_TOKEN) as service:
                code, seconds, cut = stopped(service)
            longest = max(longest, seconds)
            good += code == 0 and not cut
            if code or cut:
                sys.stdout.write(f"round {number + 1}: exit code {code}, {seconds:.1f} s, {cut} streams cut\n")
    sys.stdout.write(f"{good} of {options.rounds} ended with 0 and cut no stream, the slowest in {longest:.1f} s\n")
    return 0 if good == options.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
