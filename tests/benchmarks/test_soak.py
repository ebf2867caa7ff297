"""Classification of responses in the soak test: answers, refusals and faults."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks.crowd import Crowd, judged
from rag.service.allowed_hosts import AllowedHosts

OK = b"HTTP/1.1 200 OK\r\ncontent-type: x\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n"
LATE = b'event: error\ndata: {"status": 503, "detail": "not finished within 9 s", "retry_after_seconds": 3}\n\n'


@pytest.mark.parametrize(
    ("response", "seconds", "kind", "retry_after"),
    [
        pytest.param(OK + b'{"answered": false}', 1.0, "answered", None, id="plain"),
        pytest.param(
            OK + b"event: status\ndata: {}\n\nevent: answer\ndata: {}\n\n", 1.0, "answered", None, id="stream"
        ),
        pytest.param(OK + b"event: status\ndata: {}\n\n", 1.0, "failed", None, id="a stream that was cut"),
        pytest.param(BUSY + b'{"detail": "17 requests are waiting"}', 0.1, "refused", 7, id="refused"),
        pytest.param(BUSY + b'{"detail": "not finished within 9 s"}', 9.1, "late", 7, id="late"),
        pytest.param(OK + LATE, 9.1, "late", 3, id="late in a stream"),
        pytest.param(b"HTTP/1.1 503 x\r\n\r\n{}", 0.1, "failed", None, id="without a time to come back"),
        pytest.param(b"HTTP/1.1 500 x\r\nRetry-After: 7\r\n\r\n{}", 0.1, "failed", None, id="a defect"),
        pytest.param(b"", 0.1, "failed", None, id="nothing"),
        pytest.param(OK + b'{"answered": true}', 15.0, "failed", None, id="beyond its deadline"),
    ],
)
def test_outcome(response: bytes, seconds: float, kind: str, retry_after: int | None) -> None:
    outcome = judged(response, seconds, 0.1, limit=9.0)
    assert (outcome.kind, outcome.retry_after) == (kind, retry_after)
    assert bool(outcome.reason) == (kind == "failed")


def test_visits_are_requests_of_many_kinds() -> None:
    crowd = Crowd(["Why?", "How?"], random.Random(1))
    visits = [crowd.visit(number, leaving=0.5) for number in range(300)]
    for visit in visits:
        head, _, body = visit.request.partition(b"\r\n\r\n")
        assert f"X-Forwarded-For: {visit.address}".encode() in head
        (host,) = [line.removeprefix(b"Host: ") for line in head.splitlines() if line.startswith(b"Host: ")]
        assert AllowedHosts(any_address=False).allow(host.decode())
        assert json.loads(body) == visit.body
    assert len({visit.address for visit in visits}) == 300
    assert {visit.body["stream"] for visit in visits} == {True, False}
    assert {visit.body.get("max_tokens") for visit in visits} == {None, 16, 512}
    assert 0.4 < sum(visit.leaves_after is not None for visit in visits) / 300 < 0.6
