"""Requests made from the OpenAPI schema by schemathesis, against the service over stand-ins for the models.

``make soak`` has thousands of them, without keys and with them; each response must be as the schema says, no request
may be answered with a 5xx, and what the schema forbids must be refused. Two checks of schemathesis are left out: that
each request which the schema allows is accepted (it cannot say which documents there are, or that a chat has a
question), and that a request with one right key and one wrong one is refused (either header will do).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.soak.malformed import requests, sent
from tests.soak.row import Row
from tests.soak.service import fake_service

ADMIN_KEY: Final = "an-admin-key"
_LEFT_OUT: Final = "positive_data_acceptance,ignored_auth"
# What schemathesis makes of a schema without chance, for each run; the rest is fuzzing, shared by the operations.
_SYSTEMATIC_CASES: Final = 560
_OPERATIONS: Final = 18


def explored(url: str, cases: int, key: str | None = None, seed: int = 1) -> tuple[int, str]:
    """Runs schemathesis; returns the number of cases, and its report if it found a fault, else an empty string.

    Args:
        url: of the service.
        cases: about so many, and not fewer than those that it makes without chance.
        key: sent with each request.
        seed: of what is made by chance.
    """
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", f"{url}/openapi.json",
        "--phases", "coverage,fuzzing", "--continue-on-failure", "--generation-database", "none",
        "--exclude-checks", _LEFT_OUT, "--seed", str(seed),
        "--max-examples", str(max(1, (cases - _SYSTEMATIC_CASES) // _OPERATIONS)),
        *(["--header", f"X-API-Key: {key}"] if key else []),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    made = re.search(r"(\d+) generated", done.stdout)
    return int(made[1]) if made else 0, "" if done.returncode == 0 else done.stdout + done.stderr


def rows(cases: int, seed: int) -> Iterator[Row]:
    """A row without keys, and one with them, with at least so many cases each.

    The keys have no rate limit: what a 429 answers is not tried.
    """
    for name, settings, key in (
        ("without keys", {"RAG_ADMIN_KEYS": ADMIN_KEY}, ADMIN_KEY),
        ("with keys", {"RAG_ADMIN_KEYS": ADMIN_KEY, "RAG_API_KEYS": "an-access-key"}, ADMIN_KEY),
    ):
        start = time.monotonic()
        settings = {**settings, "RAG_REQUESTS_PER_MINUTE": "0"}
        with tempfile.TemporaryDirectory() as folder, fake_service(Path(folder), settings) as service:
            made, report = explored(service.url, cases, key, seed)
            answered = _statuses(service.url, key)
        faults = [report] if report else []
        faults += [f"{made} cases, not {cases}"] if made < cases else []
        faults += [f"{answered[500]} answers with 500"] if answered[500] else []
        counts = ", ".join(f"{count:,} × {status}" for status, count in sorted(answered.items()))
        measured = f"{made:,} cases, {answered.total():,} requests: {counts}"
        yield Row(f"requests from the schema, {name}", measured, faults, time.monotonic() - start)


def malformed_row() -> Row:
    """The row of requests that are no HTTP, no JSON, or against the schema."""
    start, statuses, faults = time.monotonic(), Counter[int](), list[str]()
    with tempfile.TemporaryDirectory() as folder, fake_service(Path(folder)) as service:
        port = int(service.url.rpartition(":")[2])
        for request in requests():
            reply = sent(port, request)
            statuses[reply.status] += 1
            if reply.status >= 500 or (reply.status >= 400 and reply.body and not reply.is_problem):
                faults.append(f"{request[:100]!r}: {reply.status} {reply.media} {reply.body[:200]!r}")
    counts = ", ".join(f"{count} × {status or 'closed'}" for status, count in sorted(statuses.items()))
    return Row("malformed requests", f"{statuses.total()}: {counts}", faults, time.monotonic() - start)


def _statuses(url: str, key: str) -> Counter[int]:
    """How many requests the service has answered with each status."""
    request = urllib.request.Request(f"{url}/metrics", headers={"X-API-Key": key})
    with urllib.request.urlopen(request, timeout=60) as response:
        text = response.read().decode()
    counts = Counter[int]()
    for status, count in re.findall(r'^pageproof_requests_total\{.*status="(\d+)"\} (\S+)', text, re.MULTILINE):
        counts[int(status)] += int(float(count))
    return counts
